"""The steps of `gateway authorize`: a question that is kept, a browser that comes back, tokens that are stored.

The question (its state and verifier) is kept sealed in the database, so that its answer can be given by another
command. It is good for one answer.
"""

import asyncio
import os
import sys
import webbrowser
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec

import gateway
from gateway.cli import output
from gateway.cli.actor import actor
from gateway.cli.failures import CONFIGURATION, FOUND, UNAVAILABLE, USAGE, Failed
from gateway.daemon.setup import Chosen
from gateway.kernel.clock import SystemClock
from gateway.kernel.consent import ADDRESS_MAX, NotGranted, Pending, begin, code_in, link
from gateway.kernel.rng import SystemRng
from gateway.kernel.sealing import KeyMissing, Seal, SealError, make_key_file
from gateway.kernel.spawn import LoopSpawn
from gateway.kernel.store import Store
from gateway.kernel.vault import Tokens, Vault, as_tokens
from gateway.kernel.vendor_auth import AuthorizationCode
from gateway.kernel.vendor_errors import Unauthorized, VendorError
from gateway.kernel.vendor_grants import Granted, Refused, TokenEndpoint
from gateway.kernel.vendor_transport import GuardedTransport
from gateway.web.landing import PATH, landing_app
from gateway.web.servers import PortTaken, Servers

HOST = "127.0.0.1"
LOOK_S = 0.5
"""How often it is looked whether another command has brought the answer."""

EXCHANGE_S = 30.0
GRACE_S = 1.0


class Granting:
    """Lets a person grant access to one connector."""

    def __init__(self, chosen: Chosen, auth: AuthorizationCode, store: Store, key_file: Path) -> None:
        self._chosen = chosen
        self._auth = auth
        self._store = store
        self._clock, self._rng, self._spawn = SystemClock(), SystemRng(), LoopSpawn()
        self._seal = Seal(key_file, self._rng)
        self._vault = Vault(chosen.name, store, self._seal, self._spawn)
        self.by_hand = f"gateway authorize {chosen.name} --code 'ADDRESS'"

    async def ready(self, connectors: Sequence[str], *, new_key: bool) -> None:
        """See that tokens can be sealed; the first connector gets a key if there is none. Raises Failed."""
        try:
            self._seal.check()
            return
        except KeyMissing as error:
            sealed = [name for name in connectors if await self._store.tokens(name) is not None]
            if sealed and not new_key:
                hint = f"if it is lost, --new-key makes another; then authorize anew: {', '.join(sealed)}"
                raise Failed(CONFIGURATION, str(error), hint) from None
        except SealError as error:
            raise Failed(CONFIGURATION, str(error)) from None
        try:
            make_key_file(self._seal.path, self._rng)
        except OSError as error:
            raise Failed(UNAVAILABLE, f"{self._seal.path} can't be made: {error.strerror}") from None
        output.say(f"made the key file {self._seal.path}: keep a copy apart from backups of the database")

    async def ask(
        self, port: int, waits_s: float, shown: Callable[[str, str], None], *, browser: bool
    ) -> Tokens | None:
        """Ask a person, and wait for the answer; None if another command has had it. Raises Failed."""
        servers, landed = Servers(), asyncio.get_running_loop().create_future()
        before = await self._generation()
        pending: Pending | None = None

        def take(address: str) -> None:
            # The question needs the port, and the port is known by listening: who comes in between knows nothing.
            if pending is None or landed.done():
                raise NotGranted("there is no question, or it has its answer already")
            _land(landed, pending, address, self._clock)

        try:
            actual = await self._serve(servers, port, take)
            pending = begin(f"http://{HOST}:{actual}{PATH}", self._rng, self._clock.now())
            await self._remember(pending)
            target = self._link(pending)
            shown(target, pending.redirect_uri)
            if browser and _has_browser():
                self._open(target)
            with _Pasted(take):
                code = await self._waited(landed, before, waits_s)
        finally:
            await servers.stop(GRACE_S)
            await self._spawn.close()
        return None if code is None else await self._exchanged(pending, code)

    async def finish(self, address: str) -> Tokens:
        """Take the answer that a browser elsewhere has got. Raises Failed."""
        pending = await self._remembered()
        try:
            code = code_in(pending, address, self._clock.now())
        except NotGranted as error:
            raise Failed(FOUND if error.final else USAGE, str(error)) from None
        return await self._exchanged(pending, code)

    # ── The question ─────────────────────────────────────────────────────────────────────────────────────────────
    def _link(self, pending: Pending) -> str:
        try:
            return link(self._auth, pending)
        except ValueError as error:
            raise Failed(CONFIGURATION, f"the vendor's address for consent is none: {error}") from None

    async def _remember(self, pending: Pending) -> None:
        sealed = self._seal.seal(msgspec.json.encode(pending), self._note)
        await self._store.note(self._note, sealed)

    async def _remembered(self) -> Pending:
        sealed = await self._store.noted(self._note)
        try:
            plain = self._seal.open(sealed, self._note) if sealed else b""
        except SealError:
            plain = b""
        if not plain:
            hint = f"first `gateway authorize {self._chosen.name}`, which shows the link"
            raise Failed(USAGE, f"nobody has been asked to authorize {self._chosen.name}", hint)
        return msgspec.json.decode(plain, type=Pending)

    @property
    def _note(self) -> str:
        return f"authorize {self._chosen.name}"

    # ── The answer ───────────────────────────────────────────────────────────────────────────────────────────────
    async def _serve(self, servers: Servers, port: int, landed: Callable[[str], None]) -> int:
        try:
            return await servers.start(landing_app(landed), HOST, port)
        except PortTaken:
            hint = "--port chooses another one, which the vendor must know"
            raise Failed(UNAVAILABLE, f"{HOST}:{port} is in use", hint) from None
        except OSError as error:
            raise Failed(UNAVAILABLE, f"{HOST}:{port}: {error.strerror}", "--port chooses another one") from None

    def _open(self, target: str) -> None:
        """Open a browser beside us: one that runs in a terminal would hold us up."""
        self._spawn.task("browser", _opened(self._spawn, target))

    async def _waited(self, landed: "asyncio.Future[str]", before: int, waits_s: float) -> str | None:
        ends = self._clock.monotonic() + waits_s
        while (left := ends - self._clock.monotonic()) > 0:
            await asyncio.wait([landed], timeout=min(LOOK_S, left))
            if landed.done():
                try:
                    return landed.result()
                except NotGranted as error:
                    raise Failed(FOUND, str(error)) from None
            if await self._generation() != before:
                return None
        raise Failed(UNAVAILABLE, "nobody has granted access in time", f"the link is good a while: {self.by_hand}")

    async def _generation(self) -> int:
        row = await self._store.tokens(self._chosen.name)
        return 0 if row is None else row.generation

    # ── The tokens ───────────────────────────────────────────────────────────────────────────────────────────────
    async def _exchanged(self, pending: Pending, code: str) -> Tokens:
        await self._store.note(self._note, b"")
        now = self._clock.now()
        tokens = as_tokens(await self._granted(pending, code), now)
        if tokens.scope is None and self._auth.scope:
            tokens = msgspec.structs.replace(tokens, scope=self._auth.scope)  # untold, it is what was asked for
        await self._vault.keep(tokens, now)
        told = f"scope {tokens.scope or 'not told'}"
        await self._store.write_audit(
            at=now, actor=actor("gateway authorize"), action="authorize", object=self._chosen.name, detail=told
        )
        return tokens

    async def _granted(self, pending: Pending, code: str) -> Granted:
        transport = GuardedTransport(self._chosen.reach)
        headers = {"User-Agent": f"orion-gateway/{gateway.__version__}", "Accept": "application/json"}
        again = f"a code is good once, and not for long: `gateway authorize {self._chosen.name}` asks again"
        try:
            async with asyncio.timeout(EXCHANGE_S):
                endpoint = TokenEndpoint(self._auth, transport, headers)
                return await endpoint.for_code(code, pending.verifier, pending.redirect_uri)
        except Refused as error:
            known = error.code in ("invalid_client", "unauthorized_client")
            raise Failed(FOUND, str(error), "see the client's id and secret" if known else again) from None
        except TimeoutError:
            what = f"the vendor's token endpoint didn't answer within {EXCHANGE_S:g} s"
            raise Failed(UNAVAILABLE, what, again) from None
        except VendorError as error:
            raise Failed(FOUND if isinstance(error, Unauthorized) else UNAVAILABLE, str(error), again) from None
        finally:
            await transport.aclose()


def _land(landed: "asyncio.Future[str]", pending: Pending, address: str, clock: SystemClock) -> None:
    """Take an address that a browser ended at. Raises NotGranted; what is final ends the waiting."""
    try:
        landed.set_result(code_in(pending, address, clock.now()))
    except NotGranted as error:
        if error.final:
            landed.set_exception(error)
        raise


class _Pasted:
    """Takes the address from a terminal, if there is one: a line that is pasted while we wait."""

    def __init__(self, landed: Callable[[str], None]) -> None:
        self._landed = landed
        self._file = sys.stdin.fileno() if sys.stdin.isatty() else -1

    def __enter__(self) -> None:
        if self._file != -1:
            asyncio.get_running_loop().add_reader(self._file, self._read)

    def __exit__(self, *_: object) -> None:
        if self._file != -1:
            asyncio.get_running_loop().remove_reader(self._file)

    def _read(self) -> None:
        text = os.read(self._file, ADDRESS_MAX).decode("utf-8", "replace").strip()
        try:
            if text:
                self._landed(text)
        except NotGranted as error:
            output.say(f"{error}")


def _has_browser() -> bool:
    return sys.platform == "darwin" or any(os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY"))


async def _opened(spawn: LoopSpawn, target: str) -> None:
    try:
        await spawn.call("browser", lambda: webbrowser.open(target))
    except (OSError, webbrowser.Error):
        output.say("no browser could be opened")
