"""From a policy file's text to the frozen policy that the rules judge by.

Everything that is wrong is found in one go and raised together. The policy's hash names its content: the file's rules
as they are understood, the calendars with their holidays, and the types of the facts that it uses; comments, layout and
tests don't change it.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from gateway.kernel.document import Document, Problems
from gateway.policy.calendars import Resolved, resolve_calendars
from gateway.policy.conditions import Conditions, compile_conditions
from gateway.policy.contact_message import ContactMessage
from gateway.policy.document import ActionEntry, PolicyDocument, SlaEntry, WeeklyHours
from gateway.policy.durations import read_mark
from gateway.policy.examples.reading import Example, read_examples
from gateway.policy.expressions import Language
from gateway.policy.facts_types import UNTYPED, FactsType, FactsTypes, facts_type_of, read_told, told
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

    facts: bytes = b""
    """The types of the facts that it uses, to be kept with it; empty where it uses none, or nobody knows them."""


def load_policy(
    text: str,
    file: str,
    *,
    enrichers: Mapping[str, type | None] | None = None,
    before: Mapping[str, Calendar] | None = None,
    tests: bool = True,
) -> Loaded:
    """Read, check and compile a policy. Raises Problems with everything that is wrong.

    `file` is the name that problems carry. `enrichers`: the facts type of each that is configured, None where its
    plugin can't tell; a rule that asks another is wrong. Without them nobody knows, and the facts of whoever is asked
    are untyped. `before`: the calendars of the policy that it follows, which hold until the `from` of one of its own.
    Without `tests` those in the file are passed over, right or wrong: they judge nothing.
    """
    known = None if enrichers is None else {name: facts_type_of(declared) for name, declared in enrichers.items()}
    return _load(text, file, known, strict=known is not None, before=before, tests=tests)


def load_kept_text(text: str, file: str, facts: bytes) -> Loaded:
    """A policy that was used once: by the types that its facts had then, whoever is configured now. Raises Problems,
    and ValueError for `facts` that no policy has had."""
    return _load(text, file, read_told(facts), strict=False, before=None, tests=False)


def _load(
    text: str,
    file: str,
    enrichers: FactsTypes | None,
    *,
    strict: bool,
    before: Mapping[str, Calendar] | None,
    tests: bool,
) -> Loaded:
    """Where `strict`, the enrichers are all there are."""
    source = Document.read(text, file)
    if not tests and isinstance(source.data, dict):
        source.data.pop("tests", None)
    parts = read_parts(source)
    calendars = resolve_calendars(parts, before)
    asked = _asked(parts)
    message = ContactMessage({**dict.fromkeys(asked, UNTYPED), **(enrichers or {})})
    language = Language(message)
    conditions = compile_conditions(parts, language)
    problems = [*parts.problems, *calendars.problems, *conditions.problems]
    problems += check_references(parts, enrichers.keys() if strict and enrichers is not None else None)
    examples, wrong_examples = read_examples(source)
    problems += wrong_examples
    problems = source.with_wrong(problems)
    if problems or parts.whole is None:
        raise Problems(problems)
    matcher = CompiledMatcher(message, language, conditions.sections)
    used = {name: type_ for name, type_ in (enrichers or {}).items() if name in asked | _read(conditions)}
    policy = _policy(parts.whole, calendars, matcher, _hash(parts.whole, calendars, used))
    return Loaded(policy, parts.whole, text, file, tuple(examples), source, told(used))


def asks_for_former_hours(loaded: Loaded) -> bool:
    """Whether a calendar begins on a date, so that until then the hours count which the policy before has."""
    return any(isinstance(shape, WeeklyHours) and shape.from_ for shape in loaded.document.calendars.values())


def follows(loaded: Loaded, before: Policy) -> Loaded:
    """The policy as it is when it follows another one: until the `from` of a calendar that one's hours count."""
    if not asks_for_former_hours(loaded):
        return loaded
    facts = read_told(loaded.facts)
    return _load(loaded.text, loaded.file, facts, strict=False, before=before.calendars, tests=True)


def _asked(parts: Parts) -> frozenset[str]:
    """The enrichers that a file asks."""
    named = (entry.get("enricher") for _, entry in parts.listed("enrich"))
    return frozenset(name for name in named if isinstance(name, str))


def _read(conditions: Conditions) -> frozenset[str]:
    """The enrichers whose facts conditions read."""
    compiled = (rule.condition for rules in conditions.sections.values() for rule in rules if rule.condition)
    reads = (read for condition in compiled for read in condition.uses.reads)
    return frozenset(read.key for read in reads if read.field == "facts" and read.key is not None)


def _policy(document: PolicyDocument, resolved: Resolved, matcher: Matcher, hash: str) -> Policy:
    calendars = resolved.calendars
    return Policy(
        name=document.name,
        hash=hash,
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


def _hash(document: PolicyDocument, resolved: Resolved, facts: Mapping[str, FactsType]) -> str:
    content = {"document": document.model_dump(mode="json", exclude={"tests"}), "calendars": resolved.content}
    if typed := {name: type_ for name, type_ in facts.items() if type_ != UNTYPED}:
        content["facts"] = typed
    canonical = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(canonical.encode("ascii")).hexdigest()[:16]
