"""The conditions of a policy file: compiled rule by rule, with every error at its place in the file.

Beyond what the expression language checks: a section reads nothing that a later one decides, and a field of fixed words
is compared only with words that it can have.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, get_args

from gateway.kernel.document import Problem, did_you_mean
from gateway.model.words import CHANNELS, DIRECTIONS, KINDS, LIVES, PRIORITIES
from gateway.policy.calendars import BUILT_IN
from gateway.policy.contact_message import NO_PRIORITY
from gateway.policy.expressions import BadExpression, Condition, ExpressionError, Language
from gateway.policy.matcher import CompiledRule
from gateway.policy.parts import Parts, Path
from gateway.policy.scalars import WHEN_MAX
from gateway.rules.policy import Section

JUDGED: Final[tuple[Section, ...]] = get_args(Section)
"""The sections that are judged, in their order."""

_DECIDED_BY: Final[Mapping[str, Section]] = {
    "severity": "severity",
    **dict.fromkeys(("queue", "team", "tier", "skills", "route_priority"), "routing"),
}
_WORDS: Final[Mapping[str, Collection[str]]] = {
    "kind": KINDS,
    "channel": CHANNELS,
    "direction": DIRECTIONS,
    "status": LIVES,
    "priority": (*PRIORITIES, NO_PRIORITY),
}


@dataclass
class Conditions:
    """The compiled rules by section, in the file's order, and what is wrong with their conditions."""

    sections: dict[Section, list[CompiledRule]] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)


def compile_conditions(parts: Parts, language: Language) -> Conditions:
    """Compile every `when` that is text, those of entries with other mistakes too."""
    result = Conditions()
    words = dict(_WORDS)
    queues = parts.names("queues")
    if queues is not None:
        words["queue"] = (*queues, "")
    for section in JUDGED:
        result.sections[section] = [
            CompiledRule(str(entry.get("id")), _condition(parts, path, entry.get("when"), language, words, result))
            for path, entry in parts.listed(section)
        ]
    return result


def _condition(
    parts: Parts,
    rule: Path,
    when: object,
    language: Language,
    words: Mapping[str, Collection[str]],
    result: Conditions,
) -> Condition | None:
    path = (*rule, "when")
    text = str(when).lower() if isinstance(when, bool) else when
    if not isinstance(text, str) or len(text) > WHEN_MAX:
        return None
    try:
        condition = language.compile(text)
    except BadExpression as bad:
        if parts.source.in_flow(path) and not _balanced(text):
            message = "cut by a comma inside {…}; put the expression in quotes, or write the rule over several lines"
            result.problems.append(parts.source.problem(path, "bad-expression", message))
        else:
            result.problems += (_problem(parts, path, error) for error in _worth_telling(bad.errors))
        return None
    calendars = parts.names("calendars")
    for error in (
        *_reads_later(str(rule[0]), condition),
        *_wrong_words(condition, words),
        *_unknown_hours(condition, None if calendars is None else calendars | BUILT_IN.keys()),
    ):
        result.problems.append(_problem(parts, path, error))
    return condition


def _worth_telling(errors: Sequence[ExpressionError]) -> Sequence[ExpressionError]:
    """Of an expression that can't be read only the first error: the others follow from it."""
    unread = [error for error in errors if error.message.startswith("not an expression")]
    return [min(unread, key=lambda error: (error.line, error.column))] if unread else errors


def _problem(parts: Parts, path: Path, error: ExpressionError) -> Problem:
    return parts.source.problem(path, "bad-expression", error.message, offset=(error.line, error.column))


def _reads_later(section: str, condition: Condition) -> Iterator[ExpressionError]:
    if section not in JUDGED:
        return
    for read in condition.uses.reads:
        decided = _DECIDED_BY.get(read.field)
        if decided is not None and JUDGED.index(decided) >= JUDGED.index(section):
            reason = "this section decides it" if decided == section else f"{decided} decides it, which comes later"
            yield _error_at(condition.text, read.at, f"contact.{read.field} isn't known yet: {reason}")


def _wrong_words(condition: Condition, words: Mapping[str, Collection[str]]) -> Iterator[ExpressionError]:
    for compared in condition.uses.compared:
        known = words.get(compared.field)
        if known is not None and compared.word not in known:
            hint = did_you_mean(compared.word, known) or f"; it is one of {', '.join(word for word in known if word)}"
            message = f"contact.{compared.field} can never be {compared.word[:40]!r}{hint}"
            yield _error_at(condition.text, compared.at, message)


def _unknown_hours(condition: Condition, known: Collection[str] | None) -> Iterator[ExpressionError]:
    """Calendars that a condition asks for and that nobody has."""
    for read in condition.uses.reads:
        if read.field == "opened_during" and read.key is not None and known is not None and read.key not in known:
            message = f"there is no calendar {read.key[:100]!r}{did_you_mean(read.key, known)}"
            yield _error_at(condition.text, read.at, message)


def _error_at(text: str, at: int, message: str) -> ExpressionError:
    before = text[:at]
    return ExpressionError(before.count("\n") + 1, at - (before.rfind("\n") + 1) + 1, message)


def _balanced(text: str) -> bool:
    return all(text.count(opening) == text.count(closing) for opening, closing in ("()", "[]", "{}"))
