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
from gateway.model.instant import MINUTE_MS, Instant
from gateway.rules.advance import Sourced
from gateway.rules.policy import Policy
from gateway.rules.replay import replay
from gateway.rules.timeline import Timeline

BREACH_AT_S = 22
"""The grave ticket's promise is broken so many seconds into the demo."""

TOO_LATE_S = 36
"""The agent's answer to it comes then."""


CALL_BREACH_AT_S = 13
"""The promise to the caller who waits too long is broken then."""

PHONES = "phones"
"""The account that is an exchange, to which customers call."""

What = Literal[
    "opens", "asks", "takes", "answers", "waits", "holds", "solves", "calls", "picks up", "gives up", "hangs up"
]


@dataclass(frozen=True, slots=True)
class Act:
    """Something that a customer or an agent does in an account. `ticket` is the story's own name for it."""

    at_s: float
    account: str
    what: What
    """The customer opens a ticket, or asks again; an agent takes it, answers, waits for the customer, holds it for
    somebody else, or solves it. On the phone the customer calls, gives up waiting, or hangs up; an agent picks up."""

    ticket: str
    text: str = ""
    priority: str | None = None
    tags: tuple[str, ...] = ()
    requester: tuple[str, str] = ("Sam Reed", "sam@northwind.example")
    channel: str = "email"

    @property
    def who(self) -> str:
        """Whose act it is."""
        return "customer" if self.what in ("opens", "asks", "calls", "gives up", "hangs up") else "agent"


def earlier() -> list[Act]:
    """The hours before, in their order: a desk at work, where every promise of either preset is still kept."""
    return sorted(_tickets_of_the_day(), key=lambda act: act.at_s)


def _tickets_of_the_day() -> Iterator[Act]:
    mira, noor, jo = (
        ("Mira Sato", "mira@contoso.example"),
        ("Noor Haddad", "noor@northwind.example"),
        ("Jo Lindt", "jo@fabrikam.example"),
    )
    # Minutes before the start: of the opening, then what was done about it.
    day: list[tuple[float, str, str, str, tuple[str, ...], str, tuple[str, str], dict[float, What]]] = [
        (185, "globex", "No VAT number on the invoice", "low", (), "email", jo, {172: "answers", 171.5: "waits"}),
        (
            140,
            "acme",
            "New laptop, new login",
            "normal",
            (),
            "email",
            mira,
            {138: "takes", 136: "answers", 135: "holds"},
        ),
        (
            95,
            "acme",
            "The refund has not arrived",
            "normal",
            ("payment_dispute",),
            "web",
            noor,
            {91: "answers", 12: "asks"},
        ),
        (70, "acme", "Checking my papers takes long", "high", ("verification_delay",), "email", mira, {64: "answers"}),
        (
            55,
            "globex",
            "A payout is still pending",
            "high",
            ("payment_dispute",),
            "email",
            jo,
            {52: "takes", 50: "answers"},
        ),
        (41, "acme", "I can't change my address", "normal", (), "web", noor, {38: "answers", 37: "waits"}),
        (33, "globex", "Please close my account", "low", (), "email", mira, {21: "answers", 20: "solves"}),
        (26, "globex", "All data of last year", "low", (), "web", noor, {}),
        (14, "acme", "Codes for signing in come late", "high", (), "web", jo, {}),
        (9, "globex", "Where do I find my tickets?", "normal", (), "chat", mira, {8.85: "answers"}),
        (6, "globex", "Signatures don't match", "normal", (), "email", jo, {}),
    ]
    for minutes, account, subject, priority, tags, channel, customer, done in day:
        yield Act(-60 * minutes, account, "opens", subject, subject, priority, tags, customer, channel)
        for before, what in done.items():
            text = {"answers": "We look into it.", "asks": "Any news?"}.get(what, "")
            yield Act(-60 * before, account, what, subject, text)


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


def calls(policy: Policy, start: Instant) -> list[Act]:
    """The calls of a story that starts then, in their order: one waits too long, one is answered in time, one is given
    up. Where no promise to callers runs at that hour, the first waits for a minute."""
    waits_s = _answered_within_s(policy, start) or 60.0
    return [
        Act(CALL_BREACH_AT_S - waits_s, PHONES, "calls", "too long"),
        Act(2, PHONES, "calls", "in time"),
        Act(6, PHONES, "calls", "given up"),
        Act(8, PHONES, "picks up", "in time"),
        Act(20, PHONES, "gives up", "given up"),
        Act(26, PHONES, "picks up", "too long"),
        Act(41, PHONES, "hangs up", "in time"),
        Act(54, PHONES, "hangs up", "too long"),
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
    """What goes on after the story, without end: tickets come, and some of them are answered; now and then a call."""
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
        if number % 3 == 0:
            yield from _a_call(at_s := at_s + chance.uniform(1, 3), f"call {number}", chance)
            at_s += 12


def _a_call(start_s: float, name: str, chance: Rng) -> Iterator[Act]:
    yield Act(start_s, PHONES, "calls", name)
    if chance.uniform(0, 1) < 0.2:
        yield Act(start_s + 8, PHONES, "gives up", name)
        return
    yield Act(start_s + chance.uniform(2, 6), PHONES, "picks up", name)
    yield Act(start_s + 12, PHONES, "hangs up", name)


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


def _answered_within_s(policy: Policy, start: Instant) -> float | None:
    """How long a caller may wait who comes at that hour, under a promise of minutes; None where there is none."""
    ref, until = Ref("call", "1"), Instant(start + 10 * MINUTE_MS)
    opening = ContactOpened(id="opening", at=start, ref=ref, kind="call", channel="phone")
    state = replay([Sourced(PHONES, opening)], Timeline.only(policy), until).state
    for clock in state.clocks if state is not None else ():
        if clock.metric == "speed_of_answer" and clock.breached_at is not None:
            return (clock.breached_at - start) / 1000
    return None
