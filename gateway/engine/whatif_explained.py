"""Why a contact is where it is, by what was in force and by another policy. Apart from `whatif`: the processes that
judge need none of it."""

from gateway.engine.case import Case
from gateway.engine.whatif import Example
from gateway.kernel.recorded import History
from gateway.kernel.store import ContactRow
from gateway.model.identity import StrandKey
from gateway.policy.whatif.compared import Question
from gateway.rules.advance import next_due
from gateway.rules.timeline import Timeline
from gateway.rules.trace.tracing import trace
from gateway.rules.trace.tried import tried


def explained(example: Example, question: Question) -> tuple[Case, Case]:
    """Both explanations, as of the end of the window."""
    history = example.history
    return _case(history, question.before, question), _case(history, question.after, question)


def _case(history: History, policies: Timeline, question: Question) -> Case:
    at = question.window.until - 1
    found = trace(history.events, policies, at)
    state, policy = found.state, found.judge.policy
    refs = {StrandKey(one.connector, one.event.ref.kind, one.event.ref.id) for one in history.events}
    due = None if state is None else next_due(state)
    row = ContactRow(id=history.id, version=0, strands=tuple(sorted(refs)), state=state, next_due=due)
    rules = {} if state is None else tried(state, policy)
    return Case(row, at, policy, trace=found, tried=rules, past=True)
