"""From a policy file's text to the frozen policy that the rules judge by.

Everything that is wrong is found in one go and raised together. The policy's hash names its content: the file's rules
as they are understood, and the calendars with their holidays; comments, layout and tests don't change it.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from gateway.kernel.document import Document, Problems
from gateway.policy.calendars import Resolved, resolve_calendars
from gateway.policy.conditions import compile_conditions
from gateway.policy.contact_message import ContactMessage
from gateway.policy.document import ActionEntry, PolicyDocument, SlaEntry, WeeklyHours
from gateway.policy.durations import read_mark
from gateway.policy.examples.reading import Example, read_examples
from gateway.policy.expressions import Language
from gateway.policy.matcher import CompiledMatcher
from gateway.policy.parts import Parts, read_parts
from gateway.policy.references import check_references
from gateway.rules.calendar import Calendar, midnight
from gateway.rules.policy import (
    ActionRule,
    Chain,
    Deed,
    EnrichRule,
    EscalationRule,
    Matcher,
    Policy,
    Queue,
    RoutingRule,
    SeverityRule,
    SlaRule,
    Step,
)


@dataclass(frozen=True)
class Loaded:
    """A policy that may come into force, with the file that it was read from."""

    policy: Policy
    document: PolicyDocument
    text: str
    file: str = ""
    tests: tuple[Example, ...] = ()
    """Those in the file itself."""

    source: Document | None = field(default=None, repr=False, compare=False)
    """The file with its places."""


def load_policy(
    text: str,
    file: str,
    *,
    enrichers: Mapping[str, type] | None = None,
    before: Mapping[str, Calendar] | None = None,
    tests: bool = True,
) -> Loaded:
    """Read, check and compile a policy. Raises Problems with everything that is wrong.

    `file` is the name that problems carry. `enrichers`: the facts type of each installed enricher; the facts of one
    that only the file names are untyped. `before`: the calendars of the policy that it follows, which hold until the
    `from` of one of its own. Without `tests` those in the file are passed over, right or wrong: they judge nothing.
    """
    installed = enrichers or {}
    source = Document.read(text, file)
    if not tests and isinstance(source.data, dict):
        source.data.pop("tests", None)
    parts = read_parts(source)
    calendars = resolve_calendars(parts, before)
    message = ContactMessage(_facts_types(parts, installed))
    language = Language(message)
    conditions = compile_conditions(parts, language)
    problems = [*parts.problems, *calendars.problems, *conditions.problems]
    problems += check_references(parts, frozenset(installed))
    examples, wrong_examples = read_examples(source)
    problems += wrong_examples
    problems = source.with_wrong(problems)
    if problems or parts.whole is None:
        raise Problems(problems)
    matcher = CompiledMatcher(message, language, conditions.sections)
    return Loaded(_policy(parts.whole, calendars, matcher), parts.whole, text, file, tuple(examples), source)


def asks_for_former_hours(loaded: Loaded) -> bool:
    """Whether a calendar begins on a date, so that until then the hours count which the policy before has."""
    return any(isinstance(shape, WeeklyHours) and shape.from_ for shape in loaded.document.calendars.values())


def follows(loaded: Loaded, before: Policy) -> Loaded:
    """The policy as it is when it follows another one: until the `from` of a calendar that one's hours count."""
    return load_policy(loaded.text, loaded.file, before=before.calendars) if asks_for_former_hours(loaded) else loaded


def _facts_types(parts: Parts, installed: Mapping[str, type]) -> dict[str, type | None]:
    named = (entry.get("enricher") for _, entry in parts.listed("enrich"))
    return {**{name: None for name in named if isinstance(name, str)}, **installed}


def _policy(document: PolicyDocument, resolved: Resolved, matcher: Matcher) -> Policy:
    calendars = resolved.calendars
    return Policy(
        name=document.name,
        hash=_hash(document, resolved),
        starts=None if document.from_ is None else midnight(resolved.zone, document.from_),
        calendars=calendars,
        severity=tuple(SeverityRule(rule.id, rule.severity) for rule in document.severity),
        sla=tuple(_sla_rule(rule, calendars[rule.calendar]) for rule in document.sla),
        queues={name: Queue(name, queue.team, queue.tier) for name, queue in document.queues.items()},
        routing=tuple(RoutingRule(rule.id, rule.queue, tuple(rule.skills), rule.priority) for rule in document.routing),
        roles={name: tuple(role.endpoints) for name, role in document.roles.items()},
        chains={
            name: Chain(
                name,
                calendars[chain.calendar],
                tuple(Step(step.after, tuple(step.notify), step.reminder) for step in chain.steps),
                chain.unack_after,
            )
            for name, chain in document.chains.items()
        },
        escalation=tuple(EscalationRule(rule.id, rule.on, rule.chain, rule.metric) for rule in document.escalation),
        enrich=tuple(EnrichRule(rule.id, rule.enricher, rule.ttl) for rule in document.enrich),
        actions=tuple(_action_rule(rule) for rule in document.actions),
        matcher=matcher,
    )


def _sla_rule(rule: SlaEntry, calendar: Calendar) -> SlaRule:
    return SlaRule(
        id=rule.id,
        metric=rule.metric,
        target_ms=rule.within,
        calendar=calendar,
        operator=rule.operator,
        marks=tuple(read_mark(text, rule.within) for text in rule.warn),
        bots_count=rule.bots_count,
        objective=rule.objective,
        below=rule.below,
    )


def _action_rule(rule: ActionEntry) -> ActionRule:
    comment = rule.do.comment
    deed = Deed(
        comment=comment.text if comment else None,
        visibility=comment.visibility if comment else "internal",
        tags_add=tuple(rule.do.tags_add),
    )
    return ActionRule(rule.id, rule.on, deed, rule.metric, rule.connector)


def _hash(document: PolicyDocument, resolved: Resolved) -> str:
    content = {"document": document.model_dump(mode="json", exclude={"tests"}), "calendars": resolved.content}
    canonical = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(canonical.encode("ascii")).hexdigest()[:16]
