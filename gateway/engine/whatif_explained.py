"""Why a contact is where it is, by what was in force and by another policy. Apart from `whatif`: the processes that
judge need none of it."""

from collections.abc import Sequence

from gateway.engine.case import Case
from gateway.engine.whatif import Example, Inquiry
from gateway.kernel.recorded import History
from gateway.kernel.store import ContactRow, PolicyRow
from gateway.model.identity import StrandKey
from gateway.rules.advance import next_due
from gateway.rules.timeline import Timeline
from gateway.rules.trace.tracing import trace
from gateway.rules.trace.tried import tried


def explained(example: Example, inquiry: Inquiry) -> tuple[Case, Case]:
    """Both explanations, as of the end of the window."""
    question, at = inquiry.question(), inquiry.window.until - 1
    before = _case(example.history, question.before, inquiry.before, at)
    return before, _case(example.history, question.after, (inquiry.after,), at)


def _case(history: History, policies: Timeline, rows: Sequence[PolicyRow], at: int) -> Case:
    found = trace(history.events, policies, at)
    state, policy = found.state, found.judge.policy
    refs = {StrandKey(one.connector, one.event.ref.kind, one.event.ref.id) for one in history.events}
    due = None if state is None else next_due(state)
    return Case(
        ContactRow(id=history.id, version=0, strands=tuple(sorted(refs)), state=state, next_due=due),
        at,
        policy,
        judge=next((row for row in rows if row.since == found.judge.since), None),
        trace=found,
        tried={} if state is None else tried(state, policy),
        past=True,
    )
