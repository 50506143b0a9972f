"""Ask the policy's conditions of a contact, section by section, and let the answers take hold.

Laws. Sections are judged in the order severity, routing, sla, escalation; each sees what those before it decided. The
first rule that matches wins, for `sla` the first of each metric. While a contact is ended its clocks keep their rule.
"""

from collections.abc import Iterator, Sequence
from typing import Final

from msgspec.structs import replace

from gateway.model.contact import Contact, Facts
from gateway.model.judgement import Route
from gateway.model.words import Priority
from gateway.rules import clocks, obligations
from gateway.rules.draft import Draft
from gateway.rules.metrics import METRICS
from gateway.rules.policy import ActionRule, EnrichRule, EscalationRule, Policy, Section, Verdict

SEVERITY_OF: Final[dict[Priority | None, int]] = {"urgent": 1, "high": 2, "normal": 3, "low": 4, None: 3}
"""The severity of a contact that no rule speaks of."""

_SOURCE: Final = {"connectors": "strands", "opened_during": "opened_at"}
"""Fields that conditions read which are kept elsewhere in the contact."""


def reads_change(policy: Policy, before: Contact, after: Contact) -> bool:
    """Whether any field that a verdict depends on differs; until then the old verdicts stand."""
    if before.priority != after.priority:
        return True
    for name in policy.matcher.reads:
        source = _SOURCE.get(name, name)
        was, now = getattr(before, source, None), getattr(after, source, None)
        if was is not now and was != now:
            return True
    return False


def judge(draft: Draft, at: int, cause: str) -> None:
    """Judge every section anew at `at`; `cause` is the id of the event, or the name of the policy, that brings it."""
    failures: dict[str, str] = {}
    draft.cut = {}
    facts = facts_of(draft.policy, draft.contact)
    verdict = _ask(draft, "severity", facts, failures)
    _take_severity(draft, verdict)
    facts = replace(facts, severity=draft.severity)
    _take_route(draft, _ask(draft, "routing", facts, failures), at, cause)
    facts = routed(facts, draft.route)
    _take_rules(draft, _ask(draft, "sla", facts, failures))
    policy = draft.policy
    draft.matching = (
        *_matching("escalation", policy.escalation, _ask(draft, "escalation", facts, failures)),
        *_matching("enrich", policy.enrich, _ask(draft, "enrich", facts, failures)),
        *_matching("actions", policy.actions, _ask(draft, "actions", facts, failures)),
    )
    draft.failures = failures


def facts_of(policy: Policy, contact: Contact) -> Facts:
    """What the first section's conditions read; the calendars that were open at the opening are looked up only where a
    condition asks for them."""
    during: tuple[str, ...] = ()
    if "opened_during" in policy.matcher.reads:
        opened_at = contact.opened_at
        during = tuple(name for name, calendar in policy.calendars.items() if calendar.is_open(opened_at))
    return Facts(contact=contact, opened_during=during)


def routed(facts: Facts, route: Route | None) -> Facts:
    """What is read by the sections that come after routing."""
    if route is None:
        return facts
    return replace(
        facts,
        queue=route.queue,
        team=route.team,
        tier=route.tier,
        skills=route.skills,
        route_priority=route.priority,
    )


def let_rules_count(draft: Draft, at: int) -> None:
    """Give every clock the rule now in force for its metric, from `at` on."""
    ended = draft.contact.ended
    for index, clock in enumerate(draft.clocks):
        if clock.over or (ended and (clock.dropped or METRICS[clock.metric].end != "leaves")):
            continue
        # What runs on in the end keeps its rule until the reopen, as long as the policy has it.
        kept = draft.policy.sla_by_id.get(clock.rule) if ended else None
        new = kept if kept is not None and kept.metric == clock.metric else draft.rule_in_force(clock.metric)
        if not clocks.is_counted_by(clock, new):
            clock = clocks.change_rule(clock, draft.rule_of(clock), new, at)
        if new is not None and not clock.instance:
            draft.instances[clock.metric] = draft.instances.get(clock.metric, 0) + 1
            clock = replace(clock, instance=draft.instances[clock.metric])
        draft.clocks[index] = clock


def _ask(draft: Draft, section: Section, facts: Facts, failures: dict[str, str]) -> Verdict:
    if not getattr(draft.policy, section):
        return Verdict(())
    verdict = draft.policy.matcher.verdict(section, facts)
    failures.update(verdict.failed)
    draft.cut.update(verdict.cut)
    return verdict


def _matching(
    section: Section, rules: Sequence[EscalationRule | EnrichRule | ActionRule], verdict: Verdict
) -> Iterator[str]:
    return (f"{section}/{rule.id}" for rule, holds in zip(rules, verdict.matched, strict=True) if holds)


def _take_severity(draft: Draft, verdict: Verdict) -> None:
    for rule, holds in zip(draft.policy.severity, verdict.matched, strict=True):
        if holds:
            draft.severity, draft.severity_rule = rule.severity, rule.id
            return
    draft.severity, draft.severity_rule = SEVERITY_OF[draft.contact.priority], ""


def _take_route(draft: Draft, verdict: Verdict, at: int, cause: str) -> None:
    route = None
    passed_over: list[str] = []
    for rule, holds in zip(draft.policy.routing, verdict.matched, strict=True):
        if holds:
            queue = draft.policy.queues[rule.queue]
            route = Route(
                rule=rule.id,
                queue=queue.id,
                team=queue.team,
                tier=queue.tier,
                skills=rule.skills,
                priority=rule.priority,
                passed_over=tuple(passed_over),
            )
            break
        passed_over.append(rule.id)
    if route is not None and draft.route is not None and route.tier > draft.route.tier:
        obligations.on_handover(draft, at, cause)
    if _place(route) != _place(draft.route):
        draft.routed_by = cause
    draft.route = route


def say_route(draft: Draft, at: int) -> bool:
    """At the end of an instant: say where the contact belongs now, if that has changed. Whether it has."""
    route, before = draft.route, draft.said_route
    if _place(route) == _place(before):
        return False
    draft.said_route = route
    if route is None:
        return True
    passed = f"; {', '.join(route.passed_over)} did not match" if route.passed_over else ""
    draft.say(
        "contact.routed",
        at,
        draft.opened_by,
        draft.routed_by,
        rule=route.rule,
        reason=f"rule {route.rule} matched{passed}",
        queue=route.queue,
        before=before.queue if before else None,
        by_policy=draft.brought_by_policy(at),
        passed_over=list(route.passed_over),
    )
    return True


def _place(route: Route | None) -> tuple[object, ...]:
    return () if route is None else (route.rule, route.queue, route.skills, route.priority)


def _take_rules(draft: Draft, verdict: Verdict) -> None:
    in_force: dict[str, str] = {}
    for rule, holds in zip(draft.policy.sla, verdict.matched, strict=True):
        if holds:
            in_force.setdefault(rule.metric, rule.id)
    draft.in_force = in_force
