"""The demo's story: what customers and agents do, and when, so that the preset's own deadlines fall within the minute.

Any policy tells it that promises a first reply to an urgent ticket. Nothing is hurried and no rule is changed: what has
to come due soon was opened long enough ago. Offsets are in seconds from the start of the demo; negative ones lie before
it.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from gateway.kernel.ports import Rng
from gateway.model.event import ContactOpened
from gateway.model.identity import Ref
from gateway.model.instant import Instant
from gateway.rules.advance import Sourced
from gateway.rules.policy import Policy
from gateway.rules.replay import replay
from gateway.rules.timeline import Timeline

BREACH_AT_S = 22
"""The grave ticket's promise is broken so many seconds into the demo."""

TOO_LATE_S = 36
"""The agent's answer to it comes then."""


@dataclass(frozen=True, slots=True)
class Act:
    """Something that a customer or an agent does in an account. `ticket` is the story's own name for it."""

    at_s: float
    account: str
    what: Literal["opens", "answers", "solves"]
    ticket: str
    text: str = ""
    priority: str | None = None
    tags: tuple[str, ...] = ()
    requester: tuple[str, str] = ("Sam Reed", "sam@northwind.example")

    @property
    def who(self) -> str:
        """Whose act it is."""
        return "customer" if self.what == "opens" else "agent"


def story(policy: Policy) -> list[Act]:
    """The acts in their order. Raises ValueError for a policy that promises no first reply to an urgent ticket."""
    grave_s = _promised_s(policy)
    login, paid = "Nobody can log in since the update", "We paid twice for one order"
    ada, luis = ("Ada Okafor", "ada@northwind.example"), ("Luis Prado", "luis@contoso.example")
    return [
        Act(BREACH_AT_S - grave_s, "acme", "opens", "login", login, "urgent", ("outage",), ada),
        Act(BREACH_AT_S + 18 - grave_s, "globex", "opens", "paid", paid, "urgent", (), luis),
        Act(4, "acme", "opens", "invoice", "Copy of the invoice of March", "low"),
        Act(9, "globex", "opens", "slow", "The API is slow today", "high"),
        Act(16, "acme", "answers", "invoice", "Here it is."),
        Act(29, "globex", "answers", "paid", "One of the payments is on its way back."),
        Act(TOO_LATE_S, "acme", "answers", "login", "We are on it."),
        Act(46, "acme", "solves", "login"),
    ]


SUBJECTS = (
    "Where is my order?",
    "The password link has expired",
    "A colleague needs access",
    "The export stops halfway",
    "Change of address",
    "The app shows yesterday's figures",
)


def everyday(start_s: float, chance: Rng) -> Iterator[Act]:
    """What goes on after the story, without end: tickets come, and some of them are answered."""
    at_s, number = start_s, 0
    while True:
        number += 1
        at_s += chance.uniform(4, 9)
        account, subject = _one_of(("acme", "globex"), chance), _one_of(SUBJECTS, chance)
        name = f"everyday {number}"
        yield Act(at_s, account, "opens", name, subject, _one_of(("low", "normal", "normal", "high"), chance))
        if number % 2:
            at_s += chance.uniform(2, 5)
            yield Act(at_s, account, "answers", name, "Thank you, we look into it.")


def _one_of(words: tuple[str, ...], chance: Rng) -> str:
    return words[min(len(words) - 1, int(chance.uniform(0, len(words))))]


def _promised_s(policy: Policy) -> float:
    """How long the policy gives for the first reply to the story's grave ticket."""
    at = Instant(0)
    opening = ContactOpened(
        id="opening", at=at, ref=Ref("ticket", "1"), kind="ticket", channel="web", priority="urgent", tags=("outage",)
    )
    state = replay([Sourced("acme", opening)], Timeline.only(policy), at).state
    for clock in state.clocks if state is not None else ():
        if clock.metric == "first_reply" and clock.rule:
            return clock.target_ms / 1000
    raise ValueError(f"the policy {policy.name} promises no first reply to an urgent ticket, of which the demo tells")
