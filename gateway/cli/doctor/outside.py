"""What the doctor asks outside: vendors for credentials, scopes and the time, of connectors and
enrichers, endpoints for a connection."""

from collections.abc import Callable, Iterator, Sequence
from functools import partial

from gateway.cli.doctor.finding import Finding, bad, ok
from gateway.config import EndpointConfig
from gateway.daemon.setup import Chosen, ChosenEnricher, Setup
from gateway.engine.checkup import asked
from gateway.kernel.knock import knock
from gateway.kernel.ports import Clock, NetError, Rng, Spawn
from gateway.kernel.sealing import Seal
from gateway.kernel.spawn import LoopSpawn
from gateway.kernel.store import Store
from gateway.kernel.vault import Vault
from gateway.kernel.vendor_http import VendorHttp
from gateway.model.instant import DAY_MS, format_instant
from gateway.plugin import Context
from gateway.plugin import Finding as Found
from gateway.plugin.account import open_account

CHECK_S = 30.0
ENDPOINT_S = 10.0
SKEW_MAX_S = 30.0
"""A clock that is further from the vendors' is told; receivers refuse signatures that are 300 s off."""

SENSIBLE_FROM = 20_454 * DAY_MS
"""The first day of 2026: no clock that goes right is earlier."""

SENSIBLE_UNTIL = SENSIBLE_FROM + 40 * 366 * DAY_MS
SET_IT = "set the machine's clock, by NTP best: deadlines and signatures follow it"


def plausible(now: int) -> Finding | None:
    """A clock that can't be right, whatever others say; None for one that can."""
    if SENSIBLE_FROM <= now < SENSIBLE_UNTIL:
        return None
    return bad("clock", f"this machine's clock shows {format_instant(now)}", SET_IT)


async def connectors(
    setup: Setup, clock: Clock, rng: Rng, told: Callable[[str], None], store: Store | None = None
) -> list[Finding]:
    """What the check of each connector and enricher finds, and how the vendors' clocks stand to ours. Tokens are in the
    `store`."""
    spawn = LoopSpawn()
    try:
        return await _connectors(setup, clock, rng, told, store, spawn)
    finally:
        await spawn.close()


async def _connectors(
    setup: Setup, clock: Clock, rng: Rng, told: Callable[[str], None], store: Store | None, spawn: Spawn
) -> list[Finding]:
    found: list[Finding] = []
    ahead: dict[str, float] = {}
    for chosen in setup.connectors:
        told(f"asking connector {chosen.name}")
        vault = Vault(chosen.name, store, Seal(setup.config.key_file, rng), spawn) if store else None
        account = partial(open_account, reach=chosen.reach, clock=clock, rng=rng, vault=vault)
        found += await _checked(f"connector {chosen.name}", chosen, account, ahead)
    for enricher in setup.enrichers:
        told(f"asking enricher {enricher.name}")
        account = partial(open_account, reach=enricher.reach, clock=clock, rng=rng)
        found += await _checked(f"enricher {enricher.name}", enricher, account, ahead)
    return [*found, *_clocks(ahead)]


async def _checked(
    area: str, chosen: Chosen | ChosenEnricher, open: Callable[..., VendorHttp], ahead: dict[str, float]
) -> list[Finding]:
    """What a check finds. `ahead` gets how far the clock of the account is before ours, by area."""

    async def check() -> Sequence[Found]:
        account = open(chosen.kind, chosen.settings)
        try:
            return await chosen.kind(chosen.name, chosen.settings, Context(account)).check()
        finally:
            if account.clock_ahead_s is not None:
                ahead[area] = account.clock_ahead_s
            await account.aclose()

    found = await asked(check, CHECK_S)
    return [
        ok(area, one.what) if one.ok else bad(area, one.what, one.hint or "see its plugin's documentation")
        for one in found
    ]


def _clocks(ahead: dict[str, float]) -> Iterator[Finding]:
    for area, seconds in ahead.items():
        if abs(seconds) > SKEW_MAX_S:
            way = "ahead of" if seconds > 0 else "behind"
            yield bad("clock", f"this machine's clock is {abs(seconds):.0f} s {way} that of {area}'s vendor", SET_IT)
    if ahead and all(abs(seconds) <= SKEW_MAX_S for seconds in ahead.values()):
        yield ok("clock", f"within {SKEW_MAX_S:g} s of the vendors'")


async def endpoints(setup: Setup, told: Callable[[str], None]) -> list[Finding]:
    """Whether each endpoint can be connected to; no request is sent, `gateway endpoints test` does that."""
    found = []
    for endpoint in setup.config.endpoints.values():
        told(f"knocking at endpoint {endpoint.name}")
        found.append(await _endpoint(endpoint))
    return found


async def _endpoint(endpoint: EndpointConfig) -> Finding:
    area = f"endpoint {endpoint.name}"
    try:
        await knock(endpoint.url, endpoint.reach, deadline_s=ENDPOINT_S)
    except NetError as error:
        hint = (
            "beside its URL `allow_private` and `allow_ports` allow what is meant"
            if error.blocked
            else "see its URL, its name, its certificate and whether it runs; notices wait and are tried again"
        )
        return bad(area, f"can't be reached: {error.reason}", hint)
    secure = "and its certificate is good" if endpoint.url.startswith("https:") else "without TLS"
    return ok(area, f"can be connected to, {secure}")
