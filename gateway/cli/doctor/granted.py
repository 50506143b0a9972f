"""What the doctor sees of the access that people granted: the key that seals tokens, and how the tokens stand."""

from collections.abc import Iterator

from gateway.cli.doctor.finding import Finding, bad, ok
from gateway.cli.table import relative
from gateway.daemon.setup import Chosen, Setup
from gateway.kernel.ports import Rng
from gateway.kernel.sealing import KeyMissing, Seal, SealError
from gateway.kernel.spawn import InlineSpawn
from gateway.kernel.store import Store
from gateway.kernel.vault import Kept, Vault
from gateway.kernel.vendor_auth import AuthorizationCode
from gateway.plugin.account import auth_of

_MAKES_ONE = "`gateway authorize` makes one for the first connector; if there was one, put it back from its copy"


async def granted(setup: Setup, store: Store | None, rng: Rng, now: int) -> list[Finding]:
    """The key, and each connector that a person must authorize; nothing where there is none."""
    asked = [chosen for chosen in setup.connectors if _needs_a_person(chosen)]
    if not asked:
        return []
    seal = Seal(setup.config.key_file, rng)
    try:
        seal.check()
    except KeyMissing as error:
        return [bad("key", str(error), _MAKES_ONE)]
    except SealError as error:
        return [bad("key", str(error), "without it no tokens can be read or stored")]
    found = [ok("key", f"{seal.path} is its owner's alone")]
    for chosen in asked:
        found += await _connector(chosen.name, store, seal, now)
    return found


def _needs_a_person(chosen: Chosen) -> bool:
    try:
        return isinstance(auth_of(chosen.kind, chosen.settings), AuthorizationCode)
    except Exception:  # a plugin's fault is told where its connector is asked
        return False


async def _connector(name: str, store: Store | None, seal: Seal, now: int) -> list[Finding]:
    area, kept = f"connector {name}", None
    if store is not None:
        try:
            kept = await Vault(name, store, seal, InlineSpawn()).kept()
        except SealError as error:
            return [bad(area, str(error), f"if that key is lost: `gateway authorize {name}`")]
    if kept is None:
        return [bad(area, "nobody has authorized it yet", f"`gateway authorize {name}`")]
    return list(_stands(area, name, kept, now))


def _stands(area: str, name: str, kept: Kept, now: int) -> Iterator[Finding]:
    tokens, again = kept.tokens, f"`gateway authorize {name}`"
    if kept.row.refused is not None:
        yield bad(area, f"the vendor renews its tokens no more ({kept.row.refused})", again)
    elif tokens.refresh_ends_at is not None and tokens.refresh_ends_at <= now:
        yield bad(area, f"what was granted ended {relative(tokens.refresh_ends_at, now)}", again)
    elif tokens.refresh is None and tokens.ends_at is not None and tokens.ends_at <= now:
        yield bad(area, f"its token ended {relative(tokens.ends_at, now)}, and there is none to renew it with", again)
    else:
        scope = f", scope {tokens.scope}" if tokens.scope else ""
        yield ok(area, f"authorized{scope}; its tokens were stored {relative(kept.row.stored_at, now)}")
