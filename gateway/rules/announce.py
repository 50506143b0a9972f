"""Compare what is implied with what has been said: what is new is announced, what no longer holds is corrected once.

Laws. The ledger is never erased. A cause is announced once while it stands; one that was corrected and is implied again
is announced again under a new id. What lies before `live_from`, or follows from nothing but a policy's coming into
force, is recorded as suppressed and never goes out. What an enricher is asked calls nobody, and what goes out later
needs the answer: it is suppressed in a dry run only.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase

from msgspec.structs import replace

from gateway.model.identity import derived_id
from gateway.model.judgement import Effect, Implied, LedgerEntry, NoticeType


@dataclass(frozen=True, slots=True)
class Announced:
    """What has to go out, and the ledger's entries as they are now."""

    effects: tuple[Effect, ...]
    entries: tuple[LedgerEntry, ...]


def announce(
    implied: Iterable[Implied],
    ledger: Mapping[str, LedgerEntry],
    now: int,
    *,
    live_from: int,
    whole: bool,
    dry: bool = False,
) -> Announced:
    """Announce what `implied` adds to the ledger, which has at least the entries of what is implied. All times in ms.
    A `dry` run suppresses all of it.

    With `whole`, `implied` is everything that follows after some instant, and the ledger has all entries after it:
    those that are missing among what follows are corrected.
    """
    effects: list[Effect] = []
    entries: list[LedgerEntry] = []
    standing = set()
    for following in implied:
        standing.add(following.id)
        said = ledger.get(following.id)
        if said is not None and said.stands:
            if said.at != following.at:
                # It is the same cause, at another instant than was thought: the ledger must lie in the order of time.
                entries.append(replace(said, at=following.at))
            continue
        silent = dry or suppressed(following, live_from)
        effects.append(_announcement(following, said, now, suppressed=silent))
        entries.append(_entry(following, said, suppressed=silent))
    if whole:
        for entry in sorted(ledger.values(), key=_in_order):
            if entry.stands and entry.id not in standing:
                entries.append(replace(entry, stands=False))
                effects.extend(_corrections(entry, ledger, now))
    return Announced(tuple(effects), tuple(entries))


def suppressed(following: Implied, live_from: int) -> bool:
    """Whether it is recorded and never goes out."""
    if following.type == "enrichment.requested":
        return following.by_policy
    return following.at < live_from or following.by_policy


def recipients(
    effect: Effect, roles: Mapping[str, tuple[str, ...]], subscriptions: Mapping[str, tuple[str, ...]]
) -> tuple[str, ...]:
    """The endpoints that get a notice, each once: those of its roles first, then whoever subscribes to its type."""
    named = [endpoint for role in effect.roles for endpoint in roles.get(role, ()) if endpoint in subscriptions]
    subscribed = [endpoint for endpoint, patterns in subscriptions.items() if subscribes(patterns, effect.type)]
    return tuple(dict.fromkeys([*named, *subscribed]))


def subscribes(patterns: Iterable[str], type: str) -> bool:
    """Whether any of the patterns, such as `sla.*`, means this type of notice."""
    return any(fnmatchcase(type, pattern) for pattern in patterns)


def _in_order(entry: LedgerEntry) -> tuple[int, bool, str]:
    """Corrections go out in the order of what they correct; a clock's before those of the escalations it raised."""
    return (entry.at, entry.type.startswith("escalation"), entry.id)


def _announcement(following: Implied, said: LedgerEntry | None, now: int, *, suppressed: bool) -> Effect:
    times = said.times + 1 if said else 1
    return Effect(
        id=following.id if times == 1 else derived_id("msg", following.id, times),
        cause=following.id,
        type=following.type,
        at=following.at,
        rule=following.rule,
        policy=following.policy,
        reason=following.reason,
        roles=following.roles,
        late_by_ms=max(0, now - following.at),
        suppressed=suppressed,
        detail=following.detail,
    )


def _entry(following: Implied, said: LedgerEntry | None, *, suppressed: bool) -> LedgerEntry:
    return LedgerEntry(
        id=following.id,
        type=following.type,
        at=following.at,
        rule=following.rule,
        policy=following.policy,
        roles=following.roles,
        suppressed=suppressed,
        times=said.times + 1 if said else 1,
    )


def _corrections(entry: LedgerEntry, ledger: Mapping[str, LedgerEntry], now: int) -> list[Effect]:
    """The notice that takes an announcement back, to everybody whom it or what followed from it called."""
    kind: NoticeType
    if entry.type.startswith("sla."):
        kind, roles = "sla.corrected", entry.roles
    elif entry.type == "escalation.raised":
        kind = "escalation.cancelled"
        called = [role for other in ledger.values() if other.rule == entry.rule for role in other.roles]
        roles = tuple(dict.fromkeys(called))
    else:
        return []
    announced = entry.id if entry.times == 1 else derived_id("msg", entry.id, entry.times)
    return [
        Effect(
            id=derived_id("msg", kind, entry.id, entry.times),
            cause=entry.id,
            type=kind,
            at=now,
            rule=entry.rule,
            policy=entry.policy,
            reason=f"{entry.type} no longer follows from what has happened",
            roles=roles,
            suppressed=entry.suppressed,
            detail={"corrects": announced, "corrected_type": entry.type},
        )
    ]
