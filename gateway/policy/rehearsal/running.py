"""Run tests in virtual time: from event to event and from deadline to deadline, by the rules that the daemon judges by.

Pure, and never stops at a test that fails. What takes effect is noted at every instant at which anything changed.
"""

from collections.abc import Sequence
from itertools import groupby

from msgspec.structs import replace

from gateway.model.event import EscalationAcknowledged, EscalationResolved, Event
from gateway.model.judgement import Clock, Escalation, Implied, State
from gateway.policy.evaluate import CONNECTOR
from gateway.policy.examples.moment import format_moment
from gateway.policy.examples.reading import Example, Instant
from gateway.policy.load import Loaded
from gateway.policy.rehearsal.comparing import compare
from gateway.policy.rehearsal.coverage import Coverage, Key, hits_of, items_of
from gateway.policy.rehearsal.report import Missed, Outcome, Report
from gateway.policy.rehearsal.seen import Seen
from gateway.rules.advance import Sourced, advance, next_change
from gateway.rules.timeline import Timeline


def run(loaded: Loaded, tests: Sequence[Example]) -> Report:
    """What a policy makes of tests, those of another file or of another policy too."""
    policies = Timeline.only(loaded.policy)
    hits: set[Key] = set()
    outcomes = [_run(loaded, policies, test, hits) for test in tests]
    return Report(outcomes, Coverage(items_of(loaded.policy, loaded.source), frozenset(hits)))


def _run(loaded: Loaded, policies: Timeline, test: Example, hits: set[Key]) -> Outcome:
    contact = _Contact(policies, hits)
    missed: list[Missed] = []
    for look in test.looks:
        since = len(contact.implied)
        contact.happen(look.events)
        contact.pass_time(look.at)
        if differences := compare(look.expect, _seen(loaded, test, look, contact, since)):
            shown_at = format_moment(look.at, look.offset)
            missed.append(Missed(look.words, look.at, shown_at, look.line, tuple(differences)))
    failures = tuple(sorted(contact.failures.items())) if missed else ()
    return Outcome(test, tuple(missed), failures)


def _seen(loaded: Loaded, test: Example, look: Instant, contact: "_Contact", since: int) -> Seen:
    return Seen(
        policy=loaded.policy,
        at=look.at,
        started_at=test.started_at,
        offset=look.offset,
        state=contact.state,
        implied=contact.implied[since:],
        retired=contact.retired,
    )


class _Contact:
    """The contact of a test, on its way through time."""

    def __init__(self, policies: Timeline, hits: set[Key]) -> None:
        self.state: State | None = None
        self.implied: list[Implied] = []
        self.retired: list[Clock | Escalation] = []
        self.failures: dict[str, str] = {}
        self._policies = policies
        self._hits = hits

    def happen(self, events: Sequence[Event]) -> None:
        """Let events happen, in their order, and time pass up to and including the last one's instant."""
        for at, group in groupby(events, key=lambda event: int(event.at)):
            self.pass_time(at - 1)
            self._advance([Sourced(CONNECTOR, self._addressed(event)) for event in group], at)

    def pass_time(self, until: int) -> None:
        """Let happen what time alone brings up to and including `until`, instant by instant."""
        while (due := self._next()) is not None and due <= until:
            self._advance([], due)

    def _next(self) -> int | None:
        return None if self.state is None else next_change(self.state, self._policies)

    def _advance(self, events: list[Sourced], until: int) -> None:
        judged = advance(self.state, events, self._policies, until)
        self.state = judged.state
        if judged.state is None:
            return
        self.implied += judged.implied
        self.retired += judged.retired
        self.failures.update(judged.state.failures)
        self._hits |= hits_of(judged.state, judged.implied)

    def _addressed(self, event: Event) -> Event:
        """Who acknowledges or resolves names an escalation by its rule: nobody who writes a test knows its id."""
        if not isinstance(event, EscalationAcknowledged | EscalationResolved) or self.state is None:
            return event
        over = ("resolved",) if isinstance(event, EscalationResolved) else ("acknowledged", "resolved")
        raised = [call for call in self.state.escalations if call.rule == event.escalation and call.state not in over]
        return replace(event, escalation=raised[-1].id) if raised else event
