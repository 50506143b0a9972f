"""What no rule is for: contacts that no routing rule takes, and channels on which nothing is promised."""

from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any, Final

from gateway.kernel.problems import Problem
from gateway.model.contact import Contact, Facts, Strand
from gateway.model.identity import Customer, Ref
from gateway.model.instant import parse_instant
from gateway.model.words import CHANNELS
from gateway.policy.contact_message import NO_PRIORITY, TAG_LENGTH_MAX, TAGS_MAX
from gateway.policy.lint.meaning import Meaning
from gateway.policy.lint.reach import never
from gateway.policy.lint.search import Answer, Cover, GaveUp, Work, outside
from gateway.policy.lint.sheet import Sheet
from gateway.policy.lint.triggers import ALIVE
from gateway.rules.metrics import METRICS
from gateway.rules.policy import Policy
from gateway.rules.verdicts import SEVERITY_OF

TRIED_MAX: Final = 50
"""Contacts that are tried, until one is found that no rule takes."""

_AT: Final = int(parse_instant("2026-01-05T12:00:00Z"))
_NATURAL: Final = {"ticket": "email", "call": "phone", "chat": "chat", "mention": "social"}


def look(sheet: Sheet, meaning: Meaning, work: Work) -> Iterator[Problem]:
    """Both, at the key of the section."""
    if sheet.document.routing and (example := _unrouted(sheet.policy, meaning, work)):
        message = f"a contact of {example} matches no rule and is routed nowhere; add a last rule without `when`"
        yield sheet.problem(("routing",), "unrouted", message, key=True)
    if sheet.document.sla and (channels := _uncovered(sheet, meaning, work)):
        message = f"nothing is promised for {', '.join(channels)}; add a rule if something should be"
        yield sheet.problem(("sla",), "uncovered-channel", message, key=True)


def _uncovered(sheet: Sheet, meaning: Meaning, work: Work) -> list[str]:
    make = meaning.formulas
    covered: set[str] = set()
    for rule, formula in zip(sheet.document.sla, meaning.holds["sla"], strict=True):
        calls = meaning.only("kind", ["call"]) if METRICS[rule.metric].calls_only else make.true
        for channel in CHANNELS:
            if channel not in covered and not never(
                make.both((formula, calls, meaning.only("channel", [channel]))), work
            ):
                covered.add(channel)
        if len(covered) == len(CHANNELS):
            break
    return [channel for channel in CHANNELS if channel not in covered]


def _unrouted(policy: Policy, meaning: Meaning, work: Work) -> str:
    """A contact that no routing rule takes, in words: one that the rules themselves have been asked of."""
    cover = Cover()
    for formula in meaning.holds["routing"]:
        cover.add(formula)
    try:
        answer = outside(meaning.only("status", ALIVE), cover, work)
    except GaveUp:
        return ""
    if answer is None:
        return ""
    tags = _tags(meaning, answer)
    found = meaning.formulas.space.combinations(answer.mask)
    likely = sorted(found, key=lambda words: words["channel"] != _NATURAL[str(words["kind"])])
    for words in islice(likely, TRIED_MAX):
        for more in ({}, _RICH):
            if not _is_routed(policy, _contact(words, tags, more)):
                return _in_words(words, tags) + (", its other fields filled" if more else "")
    return ""


def _tags(meaning: Meaning, answer: Answer) -> tuple[str, ...]:
    """The tags of an answer. What else it asks for may not be to be had: whether it is, the rules are asked."""
    keys = [meaning.formulas.key_of(number) for number in sorted(answer.facts)]
    words = [key[1] for key in keys if isinstance(key, tuple) and key[0] == "tags"]
    return tuple(word for word in words if len(word) <= TAG_LENGTH_MAX)[:TAGS_MAX]


_RICH: Final[Mapping[str, Any]] = {
    "subject": "a question",
    "group": "a group",
    "assignee": "an agent",
    "language": "en",
    "customer": Customer(email="somebody@example.com", phone="+15550100"),
}
"""What a contact may have beside the fields of fixed words."""


def _contact(words: Mapping[str, Any], tags: tuple[str, ...], more: Mapping[str, Any]) -> Contact:
    priority = None if words["priority"] == NO_PRIORITY else words["priority"]
    return Contact(
        kind=words["kind"],
        channel=words["channel"],
        direction=words["direction"],
        opened_at=_AT,
        updated_at=_AT,
        strands=(Strand("desk", Ref("ticket", "1"), words["status"], tags),),
        priority=priority,
        **more,
    )


def _is_routed(policy: Policy, contact: Contact) -> bool:
    """Whether a routing rule takes it, as the rules are asked when a contact opens."""
    opened = tuple(name for name, calendar in policy.calendars.items() if calendar.is_open(_AT))
    facts = Facts(contact=contact, opened_during=opened)
    matched = policy.matcher.verdict("severity", facts).matched
    severity = next(
        (rule.severity for rule, holds in zip(policy.severity, matched, strict=True) if holds),
        SEVERITY_OF[contact.priority],
    )
    facts = Facts(contact=contact, opened_during=opened, severity=severity)
    return any(policy.matcher.verdict("routing", facts).matched)


def _in_words(words: Mapping[str, Any], tags: tuple[str, ...]) -> str:
    told = [f"{field} {words[field]}" for field in ("kind", "channel", "priority")]
    told += [
        f"{field} {words[field]}"
        for field, usual in (("status", "new"), ("direction", "inbound"))
        if words[field] != usual
    ]
    named = ", ".join(tag[:40] for tag in tags[:3])
    told += [f"tagged {named}" + (" and more" if len(tags) > 3 else "")] if tags else []
    return ", ".join(told)
