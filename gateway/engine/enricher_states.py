"""How each enricher stands, as one value for people: for pages, API, and commands beside a gateway or without one.

What only a running gateway knows is None or empty where none tells it, and `told_inside` says so. Nothing here changes
anything, and nothing is asked of another system. That an enricher ails keeps nobody from anything.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from gateway.engine.checkup import noted_findings
from gateway.engine.connections import limit_values
from gateway.engine.gateway import Gateway
from gateway.engine.world import EnricherLink
from gateway.kernel.budget import Allowance
from gateway.kernel.store import Store
from gateway.model.instant import format_instant, format_known
from gateway.plugin import Finding

EnricherState = Literal["left_out", "failing", "warned", "ok"]
"""The gravest that holds. `left_out`: it can't be asked here at all. `failing`: its last look-up failed, or it is left
alone. `warned`: its own check finds something wrong."""

NEEDIEST: Final[tuple[EnricherState, ...]] = ("left_out", "failing", "warned", "ok")
"""What needs a person first."""


@dataclass(frozen=True, slots=True)
class EnricherStanding:
    """How an enricher stands at `at`; `why` says in words what its state comes from, empty where it is ok."""

    name: str
    plugin: str
    at: int
    state: EnricherState
    why: str
    told_inside: bool
    waiting: int
    """Questions that have no answer yet."""

    timeout_s: float | None = None
    answered_at: int | None = None
    failed_at: int | None = None
    last_failure: str = ""
    """Its words, until it answers again."""

    alone_until: int | None = None
    limits: tuple[Allowance, ...] = ()
    findings: tuple[Finding, ...] = ()
    counts: Mapping[str, int] | None = None


async def enrichers_of(gateway: Gateway) -> list[EnricherStanding]:
    """How the enrichers of a running gateway stand, by name, those that were left out among them."""
    now, left_out = gateway.world.clock.now(), gateway.enrichers_left_out
    waiting = await gateway.world.store.questions_waiting()
    found = [standing_of(link, waiting.get(link.name, 0), now) for link in gateway.enrichers.values()]
    for name, why in left_out.items():
        found.append(EnricherStanding(name, "", now, "left_out", why, True, waiting.get(name, 0)))
    return sorted(found, key=lambda one: one.name)


def standing_of(link: EnricherLink, waiting: int, now: int) -> EnricherStanding:
    """How one that works here stands; `waiting`: the questions that have no answer yet."""
    wrong = _wrong(link.findings)
    state, why = _state(link, wrong, now)
    return EnricherStanding(
        name=link.name,
        plugin=link.enricher.plugin,
        at=now,
        state=state,
        why=why,
        told_inside=True,
        waiting=waiting,
        timeout_s=link.timeout_s,
        answered_at=link.answered_at,
        failed_at=link.failed_at,
        last_failure=link.last_failure,
        alone_until=link.strain.alone_until if link.strain.alone_until > now else None,
        limits=() if link.budget is None else link.budget.allowances(),
        findings=wrong,
        counts=dict(link.counts),
    )


async def enrichers_beside(store: Store, plugins: Mapping[str, str], now: int) -> list[EnricherStanding]:
    """The same out of the database alone, of enrichers with their plugins."""
    waiting, found = await store.questions_waiting(), []
    for name in sorted(plugins):
        wrong = _wrong(await noted_findings(store, name, enricher=True))
        state, why = _warned(wrong)
        count = waiting.get(name, 0)
        found.append(EnricherStanding(name, plugins[name], now, state, why, False, count, findings=wrong))
    return found


def ailing(gateway: Gateway) -> list[tuple[str, str]]:
    """The enrichers of a running gateway that need a person, and why: for who only asks whether all is well."""
    now = gateway.world.clock.now()
    stands = [standing_of(link, 0, now) for link in gateway.enrichers.values()]
    found = [(one.name, one.why) for one in stands if one.state != "ok"]
    return sorted([*found, *gateway.enrichers_left_out.items()])


def enricher_values(one: EnricherStanding) -> dict[str, Any]:
    """An enricher for JSON: times in RFC 3339. What only a running gateway knows is null where none tells it."""
    told = one.told_inside
    return {
        "name": one.name,
        "plugin": one.plugin or None,
        "state": one.state,
        "why": one.why or None,
        "waiting": one.waiting,
        "timeout_s": one.timeout_s,
        "answered_at": format_known(one.answered_at),
        "failed_at": format_known(one.failed_at),
        "last_failure": one.last_failure or None,
        "alone_until": format_known(one.alone_until),
        "limits": [limit_values(limit) for limit in one.limits] if told else None,
        "findings": [{"what": finding.what, "hint": finding.hint} for finding in one.findings],
        "counts": None if one.counts is None else dict(one.counts),
    }


def _state(link: EnricherLink, wrong: Sequence[Finding], now: int) -> tuple[EnricherState, str]:
    failed = f": {link.last_failure}" if link.last_failure else ""
    if link.strain.alone_until > now:
        return "failing", f"it is left alone until {format_instant(link.strain.alone_until)}{failed}"
    if link.last_failure:
        return "failing", f"the last look-up failed{failed}"
    return _warned(wrong)


def _warned(wrong: Sequence[Finding]) -> tuple[EnricherState, str]:
    return ("warned", f"{wrong[0].what}; {wrong[0].hint}") if wrong else ("ok", "")


def _wrong(findings: Sequence[Finding]) -> tuple[Finding, ...]:
    return tuple(finding for finding in findings if not finding.ok)
