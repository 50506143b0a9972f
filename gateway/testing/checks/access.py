"""Checks of credentials: renewed once, refused without a loop, told apart by `check`, and shown nowhere."""

import asyncio
import io
import logging
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from typing import Any, Final

import httpx2

from gateway.kernel.log import redacted
from gateway.plugin import Finding, Unauthorized, VendorError
from gateway.testing.check import NotApplicable, Unmet, check
from gateway.testing.places import told, where, where_raised
from gateway.testing.settings import secret_fields, secret_texts, wrong_secrets
from gateway.testing.stage import Reader, Stage
from gateway.testing.subject import Subject
from gateway.testing.transport import answer, no_answer

REQUESTS_MAX: Final = 12
"""So many requests are enough to learn that credentials are refused."""

_SHORT: Final = 8
"""A secret that is shorter may stand in a text by chance."""


@check(
    "access-renewed", "A token that is revoked is renewed once", level="silver", needs=("simulates", "authenticates")
)
async def access_renewed(subject: Subject) -> None:
    """When the vendor declares every token worthless (the fault `revoked`), the next requests renew it, however many at
    once, with one request for a token, and reading goes on as if nothing had happened.

    Why: tokens are revoked without notice; asking for many at once gets accounts blocked.
    Mend: leave tokens to the client: `auth` returns the credentials as data, and the client does the rest.

    Example::

        @staticmethod
        def auth(settings: AcmeSettings) -> Auth:
            return ClientCredentials(f"{settings.base_url}/oauth/token", settings.client_id, settings.client_secret)
    """
    async with subject.stage(objects=3) as on, subject.reader(on) as ours:
        _needs_token(subject, on, ours)
        await _ask(subject, ours)
        on.simulator.fault("revoked")
        before = len(ours.transport.asked)
        await asyncio.gather(*(_ask(subject, ours) for _ in range(3)))
        renewed = [asked for asked in ours.transport.asked[before:] if _is_token(ours, asked)]
        if len(renewed) != 1:
            raise Unmet(f"{len(renewed)} tokens were asked for, and one is due", where=where(subject.kind, "auth"))


@check("access-refused", "Wrong credentials end in Unauthorized", level="bronze", needs=("simulates", "authenticates"))
async def access_refused(subject: Subject) -> None:
    """With wrong credentials, pulling and looking up raise Unauthorized after a few requests.

    Why: only Unauthorized tells people to renew their credentials; a loop of attempts locks the account.
    Mend: let Unauthorized pass, and try nothing again on it.
    """
    async with subject.stage(objects=2) as on, subject.reader(on, values=_wrong(subject, on)) as ours:
        try:
            await _ask(subject, ours)
        except Unauthorized:
            pass
        except VendorError as error:
            raise Unmet(f"it raises {told(error)}, not Unauthorized", where=where(subject.kind, "auth")) from None
        else:
            raise Unmet("wrong credentials are as good as the right ones", where=where(subject.kind, "auth"))
        if len(ours.transport.asked) > REQUESTS_MAX:
            what = f"{len(ours.transport.asked)} requests were sent with wrong credentials"
            raise Unmet(what, where=where(subject.kind, "pull", "fetch"))


@check("check-tells", "check tells good accounts from bad ones", level="bronze", needs=("simulates",))
async def check_tells(subject: Subject) -> None:
    """`check` finds everything ok with the simulator's settings, after something was heard where it listens; with wrong
    credentials, a vendor that is down, resets, or answers HTML, it returns findings that aren't ok, each with words and
    a hint. It raises VendorError at most.

    Why: it is what `gateway doctor` shows to somebody whose account doesn't work.
    Mend: ask the vendor who we are, and say for each refusal what to do about it.

    Example::

        try:
            me = (await self._http.get("/me")).json()
        except VendorError as error:
            return [Finding(False, str(error), "check the credentials and base_url")]
    """
    async with subject.stage(objects=1) as on, subject.reader(on) as ours:
        if "listens" in subject.able:
            await on.acted(*sorted(on.simulator.acts))
            await ours.hear(on.sent())
        good = await _findings(subject, ours, "with good settings")
        if wrong := [finding for finding in good if not finding.ok]:
            raise _unmet(subject, f"with good settings: {wrong[0].what}")
        if not good:
            raise _unmet(subject, "it finds nothing to say")
        if not {"pulls", "fetches", "authenticates"} & set(subject.able):
            return
        for name, fault in (
            ("a vendor that is down", answer(503)),
            ("a connection that is reset", no_answer(httpx2.ReadError)),
            ("HTML at 200", answer(200, b"<html>")),
            ("JSON of another shape", answer(200, b"[]")),
        ):
            ours.transport.fault = fault
            on.clock.pass_(90_000)
            not_ok(subject, await _findings(subject, ours, f"with {name}"), f"with {name}")
        if "authenticates" not in subject.able:
            return
        async with subject.reader(on, values=_wrong(subject, on)) as other:
            not_ok(subject, await _findings(subject, other, "with wrong credentials"), "with wrong credentials")


@check("secrets-hidden", "No secret gets out", level="bronze", needs=("simulates",))
async def secrets_hidden(subject: Subject) -> None:
    """After a story with webhooks, pulls, wrong credentials and a vendor that answers nonsense, no log line, printed
    text, exception, finding, refusal, cursor or `repr` holds a secret of the settings or a token.

    Why: logs are copied into tickets and chats.
    Mend: never put a header, a URL with its query, settings or an answer's body into words.
    """
    secrets: set[str] = set()
    with listening() as heard:
        async with subject.stage(objects=2) as on:
            for values in (dict(on.values), *([_wrong(subject, on)] if "authenticates" in subject.able else [])):
                async with subject.reader(on, values=values) as ours:
                    await _everything(subject, ours, heard)
                    secrets |= {*secret_texts(ours.settings), *ours.transport.tokens}
    for said in heard:
        if leaked := next((text for text in secrets if len(text) >= _SHORT and text in said), None):
            before = said[: said.index(leaked)]
            for text in sorted(secrets, key=len, reverse=True):
                before = before.replace(text, "***") if len(text) >= _SHORT else before
            raise Unmet(f"a secret stands behind {before.strip()[-60:]!r}", where=where(subject.kind))


async def _everything(subject: Subject, ours: Reader, heard: list[str]) -> None:
    """All that can be said of an account, on a good day and on a bad one."""
    on = ours.stage
    try:
        await on.acted(*sorted(on.simulator.acts))
        requests = on.wire.taken()
        await ours.deliver(requests)
        await ours.hear(on.sent())
        for request in requests[:1]:
            changed = type(request)(request.method, request.headers, request.query, b"{}", request.received_at)
            await ours.deliver([changed])
        on.shown()
        await ours.sync()
    except VendorError as error:
        heard.append(_all(error))
    for fault in (answer(500), answer(418), answer(200, b"nonsense"), no_answer(httpx2.ReadError)):
        ours.transport.fault = fault
        on.clock.pass_(90_000)
        try:
            await _ask(subject, ours)
        except VendorError as error:
            heard.append(_all(error))
        except Exception as error:  # foreign code; its words are heard too
            heard.append(_all(error))
        try:
            heard += [f"{finding.what} {finding.hint}" for finding in await ours.connector.check()]
        except VendorError as error:
            heard.append(_all(error))
    ours.transport.fault = None
    heard += [repr(ours.connector), str(ours.connector), repr(ours.settings), repr(ours.http)]
    heard += [f"{body!r}" for _, body in ours.answers]
    heard += [str(await ours.store.cursor(ours.link.name, stream.name)) for stream in ours.streams]
    heard += [str({key: redacted(key, value) for key, value in entry.items()}) for entry in ours.log.entries]
    proves = getattr(subject.kind, "auth", None)
    heard += [repr(proves(ours.settings))] if proves is not None else []


@contextmanager
def listening() -> Iterator[list[str]]:
    """Hear what is printed and logged in the block."""
    heard: list[str] = []

    class Ear(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            heard.append(self.format(record))

    out, err, ear = io.StringIO(), io.StringIO(), Ear(logging.INFO)
    root = logging.getLogger()
    level = root.level
    root.addHandler(ear)
    root.setLevel(logging.INFO)
    try:
        with redirect_stdout(out), redirect_stderr(err):
            yield heard
    finally:
        root.removeHandler(ear)
        root.setLevel(level)
    heard += [out.getvalue(), err.getvalue()]


async def _ask(subject: Subject, ours: Reader) -> None:
    """Ask the vendor something, by whichever ability there is."""
    now = ours.stage.clock.now()
    for stream in ours.streams if "pulls" in subject.able else ():
        await ours.patiently(lambda stream=stream: ours.connector.pull(stream, None, now))  # type: ignore[misc]
    true = ours.stage.simulator.truth()
    if "fetches" in subject.able and true:
        await ours.connector.fetch(true[0].ref, now)


def _wrong(subject: Subject, on: Stage) -> dict[str, Any]:
    """The settings with every secret that isn't the webhooks' replaced. Raises NotApplicable if there is none."""
    webhooks = _proving(subject)
    fields = [name for name in secret_fields(subject.kind.settings_type) if name in on.values and name != webhooks]
    if not fields:
        raise NotApplicable("its settings hold no credentials")
    return {**on.values, **wrong_secrets(on.values, fields)}


def _proving(subject: Subject) -> str:
    """The setting that proves webhooks; empty where there is none."""
    from gateway.testing.checks.webhooks import proving

    try:
        return proving(subject) if "receives" in subject.able else ""
    except (NotApplicable, Unmet):
        return ""


def _needs_token(subject: Subject, on: Stage, ours: Reader) -> None:
    if not ours.transport.spared:
        raise NotApplicable("its credentials are no tokens")
    if "revoked" not in on.simulator.faults:
        raise NotApplicable("its simulator knows no `revoked` (simulator-faults)")


def _is_token(ours: Reader, asked: Any) -> bool:
    return any(url.endswith(asked.path) for url in ours.transport.spared)


async def _findings(subject: Subject, ours: Reader, what: str) -> list[Finding]:
    try:
        found = list(await ours.connector.check())
    except VendorError as error:
        return [Finding(False, str(error), "it raised")]
    except Exception as error:  # foreign code: whatever it raises is what was found
        raise Unmet(f"{what} it raises {told(error)}", where=where_raised(subject.kind, error, "check")) from None
    if odd := [one for one in found if not isinstance(one, Finding)]:
        raise _unmet(subject, f"{what} it gives {type(odd[0]).__name__}, and should give a Finding")
    return found


def not_ok(subject: Subject, found: list[Finding], what: str) -> None:
    """Raise Unmet unless something is wrong among the findings, each that is with words and a hint."""
    wrong = [finding for finding in found if not finding.ok]
    if not wrong:
        raise _unmet(subject, f"{what} it finds everything ok")
    if not all(finding.what.strip() and finding.hint.strip() for finding in wrong):
        raise _unmet(subject, f"{what} a finding has no words, or no hint")


def _all(error: BaseException) -> str:
    return f"{error!r} {error} {error.args!r} {error.__cause__!r}"


def _unmet(subject: Subject, what: str) -> Unmet:
    return Unmet(what, where=where(subject.kind, "check"))
