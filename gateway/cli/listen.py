"""`gateway listen`: a receiver that proves notices and prints them, to see what an endpoint would get."""

import os
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gateway.cli import output
from gateway.cli.failures import UNAVAILABLE, Failed
from gateway.cli.options import AsJson
from gateway.cli.times import length_ms

if TYPE_CHECKING:
    from gateway.kernel.signing import Secret
    from gateway.web.receiver import Notice

_PREFIXES = ("whsec_", "whpk_")
_SECRET_BYTES = 32
_GRACE_S = 2.0


def listen(
    port: Annotated[int, typer.Option(min=0, max=65_535, help="Where to; 0 is any free port.")] = 9_000,
    host: Annotated[str, typer.Option(help="On which address.")] = "127.0.0.1",
    secret: Annotated[
        str, typer.Option(metavar="NAME", help="The environment variable with the whsec_ secret; else one is made.")
    ] = "",
    fail: Annotated[
        int | None, typer.Option(min=300, max=599, help="Answer this to every notice, so that it is tried again.")
    ] = None,
    during: Annotated[str, typer.Option("--for", metavar="DURATION", help="End after 60s, 5m, …")] = "",
    as_json: AsJson = False,
) -> None:
    """Receive notices. Each is proved and printed as one line."""
    import asyncio

    from gateway.cli.work import log_to_stderr

    log_to_stderr()
    seconds = length_ms(during, "--for") / 1_000 if during else None
    secrets, made = _secrets(secret)
    asyncio.run(_listen(host, port, secrets, made, fail, seconds, as_json=as_json))


async def _listen(
    host: str, port: int, secrets: "list[Secret]", made: str, fail: int | None, seconds: float | None, *, as_json: bool
) -> None:
    import asyncio
    import signal

    from gateway.config import Address
    from gateway.kernel.clock import SystemClock
    from gateway.web.receiver import receiver_app
    from gateway.web.servers import Servers

    clock, servers, printer = SystemClock(), Servers(), _Printer(as_json=as_json)
    try:
        actual = await servers.start(receiver_app(secrets, clock, printer, fail_with=fail), host, port)
    except OSError as error:
        raise Failed(UNAVAILABLE, str(error), "--port chooses another one") from None
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, printer.ended.set)
    if made:
        output.say(f"the secret of this run, for the endpoint: {made}")
    output.say(f"listening on http://{Address(host, actual)}/")
    try:
        async with asyncio.timeout(seconds):
            await printer.ended.wait()
    except TimeoutError:
        pass
    finally:
        loop.remove_signal_handler(signal.SIGTERM)
        await servers.stop(_GRACE_S)
    if printer.closed:
        raise output.OutputClosed


class _Printer:
    """Prints what comes; `ended` is set when nobody reads it any more."""

    def __init__(self, *, as_json: bool) -> None:
        import asyncio

        self._as_json = as_json
        self.ended = asyncio.Event()
        self.closed = False

    def __call__(self, notice: "Notice") -> None:
        try:
            if self._as_json:
                output.json_line(_values(notice))
            else:
                output.line(_told(notice))
        except output.OutputClosed:
            self.closed = True
            self.ended.set()


def _values(notice: "Notice") -> dict[str, Any]:
    return {
        "id": notice.id,
        "type": notice.type,
        "verified": notice.verified,
        "duplicate": notice.duplicate,
        "why": notice.why or None,
        "notice": notice.body,
    }


def _told(notice: "Notice") -> str:
    from gateway.cli.table import clean

    if not notice.verified:
        return f"REFUSED    {clean(notice.id or '-')}: {clean(notice.why)}"
    word = "duplicate" if notice.duplicate else "verified"
    body = notice.body or {}
    data = body.get("data")
    reason = data.get("reason") if isinstance(data, dict) else None
    said = clean(reason or notice.why or "")
    return f"{word:<9}  {clean(notice.type or '-')}  {clean(body.get('subject') or '-')}  {said}  {clean(notice.id)}"


def _secrets(name: str) -> "tuple[list[Secret], str]":
    """The secret that proves notices, and its text if it was made for this run."""
    from gateway.kernel.rng import SystemRng
    from gateway.kernel.signing import new_secret, parse_secret

    made = "" if name else new_secret(SystemRng().token(_SECRET_BYTES))
    text = made or (name if name.startswith(_PREFIXES) else os.environ.get(name, ""))
    if not text.strip():
        raise typer.BadParameter("this environment variable is not set, or empty", param_hint="--secret")
    try:
        return [parse_secret(text.strip())], made
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--secret") from None
