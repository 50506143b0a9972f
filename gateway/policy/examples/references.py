"""What tests say of their policy: queues, rules, roles, chains, calendars, marks and notices that must exist.

It reads the raw values, takes those that are of the right kind, and passes over the others: what is wrong with their
shape is named already.
"""

from collections.abc import Collection, Iterator
from typing import Any, Final, get_args

from gateway.kernel.document import Document, Problem, did_you_mean
from gateway.model.judgement import ImpliedType
from gateway.policy.examples.names import Names

Path = tuple[str | int, ...]

FAMILIES: Final = ("sla.", "escalation.", "csat.")
NOTICES: Final[tuple[str, ...]] = tuple(type for type in get_args(ImpliedType) if type.startswith(FAMILIES))
"""The types of notices that a test can expect."""

_OF_ESCALATIONS: Final = ("escalation.acknowledged", "escalation.resolved")
"""Events that name an escalation: in a test by its rule."""


def check_tests(source: Document, names: Names) -> Iterator[Problem]:
    """Every name in the tests of a file that the policy doesn't have, and every name of a test that stands twice."""
    raw = source.data.get("tests") if isinstance(source.data, dict) else None
    for index, test in enumerate(_listed(raw)):
        if isinstance(test, dict):
            yield from _Checker(source, names).test(test, ("tests", index))


class _Checker:
    def __init__(self, source: Document, names: Names) -> None:
        self._source = source
        self._names = names

    def test(self, test: dict[Any, Any], path: Path) -> Iterator[Problem]:
        yield from self._given(test.get("given"), (*path, "given"))
        yield from self._expect(test.get("expect"), (*path, "expect"))
        for index, look in enumerate(_listed(test.get("then"))):
            if isinstance(look, dict):
                place = (*path, "then", index)
                yield from self._given(look.get("given"), (*place, "given"))
                yield from self._expect(look.get("expect"), (*place, "expect"))

    def _given(self, given: Any, path: Path) -> Iterator[Problem]:
        several = (
            [((*path, index), one) for index, one in enumerate(given)] if isinstance(given, list) else [(path, given)]
        )
        for place, one in several:
            if isinstance(one, dict) and one.get("type") in _OF_ESCALATIONS:
                yield from self._rules("escalation", one.get("escalation"), (*place, "escalation"))

    def _expect(self, expect: Any, path: Path) -> Iterator[Problem]:
        if not isinstance(expect, dict):
            return
        names = self._names
        yield from self._known("queue", expect.get("queue"), (*path, "queue"), names.queues)
        yield from self._rules("routing", expect.get("route"), (*path, "route"))
        yield from self._rules("escalation", expect.get("escalations"), (*path, "escalations"))
        yield from self._rules("enrich", expect.get("asked"), (*path, "asked"))
        yield from self._rules("actions", expect.get("actions"), (*path, "actions"))
        for name in _keyed(expect.get("calendars")):
            yield from self._known("calendar", name, (*path, "calendars", name), names.calendars, key=True)
        for rule, clock in _keyed(expect.get("clocks")).items():
            yield from self._clock(rule, clock, (*path, "clocks", rule))
        for rule, count in _keyed(expect.get("steps")).items():
            yield from self._steps(rule, count, (*path, "steps", rule))
        for index, notice in enumerate(_listed(expect.get("notices"))):
            yield from self._notice(notice, (*path, "notices", index))

    def _clock(self, rule: str, clock: Any, path: Path) -> Iterator[Problem]:
        yield from self._rules("sla", rule, path, key=True)
        if isinstance(clock, dict):
            yield from self._known("calendar", clock.get("calendar"), (*path, "calendar"), self._names.calendars)
            for index, mark in enumerate(_listed(clock.get("warned"))):
                yield from self._mark(rule, mark, (*path, "warned", index))

    def _steps(self, rule: str, count: Any, path: Path) -> Iterator[Problem]:
        yield from self._rules("escalation", rule, path, key=True)
        most = self._names.steps.get(rule)
        if most is not None and isinstance(count, int) and count > most:
            yield self._problem(path, "bad-value", f"the chain of {rule} has {_counted(most, 'step')}")

    def _notice(self, notice: Any, path: Path) -> Iterator[Problem]:
        if isinstance(notice, str):
            yield from self._type(notice, path)
            return
        if not isinstance(notice, dict):
            return
        type = notice.get("type")
        if isinstance(type, str):
            yield from self._type(type, (*path, "type"))
        sections = (
            ("escalation",) if _starts(type, "escalation.") else ("sla",) if type in NOTICES else ("sla", "escalation")
        )
        yield from self._rules(sections, notice.get("rule"), (*path, "rule"))
        yield from self._known("role", notice.get("roles"), (*path, "roles"), self._names.roles)
        yield from self._known("chain", notice.get("chain"), (*path, "chain"), self._names.chains)
        yield from self._mark(notice.get("rule"), notice.get("mark"), (*path, "mark"))
        if "at" in notice and "after" in notice:
            yield self._problem((*path, "after"), "bad-value", "give `at` or `after`, not both", key=True)

    def _type(self, type: str, path: Path) -> Iterator[Problem]:
        if type in NOTICES:
            return
        if type.startswith("contact."):
            message = "tests don't list notices of the contact itself: it is the test that gives what happens to it"
        else:
            message = f"there is no notice {type[:100]!r} in tests{did_you_mean(type, NOTICES)}"
        yield self._problem(path, "unknown-notice", message)

    def _mark(self, rule: Any, mark: Any, path: Path) -> Iterator[Problem]:
        marks = self._names.marks.get(rule) if isinstance(rule, str) else None
        if isinstance(rule, str) and marks is None:
            return
        known = frozenset[str]().union(*self._names.marks.values()) if marks is None else marks
        if isinstance(mark, str) and mark.strip() not in known:
            of = f"the rule {rule}" if marks is not None else "any rule"
            listed = f"; it has {', '.join(sorted(known))}" if marks else "; it has none" if marks is not None else ""
            yield self._problem(path, "bad-mark", f"{mark[:100]!r} is no mark of {of}{listed}")

    def _rules(self, sections: str | tuple[str, ...], raw: Any, path: Path, *, key: bool = False) -> Iterator[Problem]:
        several = (sections,) if isinstance(sections, str) else sections
        known = frozenset[str]().union(*(self._names.rules[section] for section in several))
        for place, name in _texts(raw, path):
            if name not in known:
                where = " or ".join(several)
                message = f"there is no rule {name[:100]!r} in {where}{did_you_mean(name, known)}"
                yield self._problem(place, "unknown-rule", message, key=key)

    def _known(
        self, kind: str, raw: Any, path: Path, known: Collection[str] | None, *, key: bool = False
    ) -> Iterator[Problem]:
        for place, name in _texts(raw, path):
            if known is not None and name not in known:
                message = f"there is no {kind} {name[:100]!r}{did_you_mean(name, known)}"
                yield self._problem(place, f"unknown-{kind}", message, key=key)

    def _problem(self, path: Path, id: str, message: str, *, key: bool = False) -> Problem:
        return self._source.problem(path, id, message, key=key)


def _texts(raw: Any, path: Path) -> Iterator[tuple[Path, str]]:
    if isinstance(raw, str):
        yield path, raw
    for index, entry in enumerate(_listed(raw)):
        if isinstance(entry, str):
            yield (*path, index), entry


def _listed(raw: Any) -> list[Any]:
    return raw if isinstance(raw, list) else []


def _keyed(raw: Any) -> dict[str, Any]:
    return {key: value for key, value in raw.items() if isinstance(key, str)} if isinstance(raw, dict) else {}


def _starts(text: Any, prefix: str) -> bool:
    return isinstance(text, str) and text.startswith(prefix)


def _counted(number: int, word: str) -> str:
    return f"{number} {word}" if number == 1 else f"{number} {word}s"
