"""The demo's story: what customers and agents do, and when, so that the preset's own deadlines fall within the minute.

Any policy tells it that promises a first reply to an urgent ticket. Nothing is hurried and no rule is changed: what has
to come due soon was opened long enough ago. Offsets are in seconds from the start of the demo; negative ones lie before
it.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from msgspec import UNSET

from gateway.kernel.ports import Rng
from gateway.model.event import ContactOpened
from gateway.model.identity import Ref
from gateway.model.instant import DAY_MS, MINUTE_MS, Instant
from gateway.model.words import Priority
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

CHAT_BREACH_AT_S = 25
"""The promise to the customer who writes in the chat is broken then."""

THREE_BREACH_AT_S = 27
"""The promise to the customer who writes to three helpdesks is broken by the last of them then."""

WRITES_TO_THREE = ("Ines Duarte", "ines@fabrikam.example")
"""Who that is."""

CRM = "crm"
"""The account with Salesforce Service Cloud."""

DESK = "desk"
"""The account with Freshdesk."""

PHONES = "phones"
"""The account that is an exchange, to which customers call."""

SHOP = "shop"
"""The account with a payment provider, where customers pay."""

CHAT = "chat"
"""The system without a plugin, in which customers write."""

What = Literal[
    "opens",
    "asks",
    "takes",
    "answers",
    "waits",
    "holds",
    "solves",
    "calls",
    "picks up",
    "gives up",
    "hangs up",
    "pays",
    "disputes",
    "chats",
    "says who they are",
]


@dataclass(frozen=True, slots=True)
class Act:
    """Something that a customer or an agent does in an account. `ticket` is the story's own name for it."""

    at_s: float
    account: str
    what: What
    """The customer opens a ticket, or asks again; an agent takes it, answers, waits for the customer, holds it for
    somebody else, or solves it. On the phone the customer calls, gives up waiting, or hangs up; an agent picks up. In
    the shop a customer pays, and lets the bank dispute it; in the chat they write before they say who they are."""

    ticket: str
    text: str = ""
    priority: str | None = None
    tags: tuple[str, ...] = ()
    requester: tuple[str, str] = ("Sam Reed", "sam@northwind.example")
    channel: str = "email"
    amount: int = 0
    """What is paid, in cents of EUR."""

    @property
    def who(self) -> str:
        """Whose act it is."""
        return "agent" if self.what in _OF_AGENTS else "customer"


_OF_AGENTS = frozenset[What](("takes", "answers", "waits", "holds", "solves", "picks up"))


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


def dispute(policy: Policy, start: Instant) -> list[Act]:
    """A customer who has paid lets the bank take the money back, and writes in the chat, where nobody answers in time:
    in their order. Where no promise to chats runs at that hour, the chat is urgent, and as old as that promise asks."""
    vera = ("Vera Lang", "vera@tailwind.example")
    urgency: Priority | None = None
    waits_s = _chat_answered_within_s(policy, start, None)
    if waits_s is None:
        urgency = "urgent"
        waits_s = _chat_answered_within_s(policy, start, urgency) or 60.0
    wants = "Where is my order?"
    return [
        Act(-40 * DAY_MS / 1000, SHOP, "pays", "first order", "order 1001", requester=vera, amount=24_900),
        Act(-11 * DAY_MS / 1000, SHOP, "pays", "order", "order 1178", requester=vera, amount=12_900),
        Act(CHAT_BREACH_AT_S - waits_s, CHAT, "chats", "chat", wants, urgency, requester=vera),
        Act(7, SHOP, "disputes", "order", "product_not_received", requester=vera),
        Act(14, CHAT, "says who they are", "chat", vera[1], requester=vera),
        Act(40, CHAT, "answers", "chat", "I am sorry: it went out again today."),
    ]


def to_three(policy: Policy) -> list[Act]:
    """One customer writes the same to three helpdesks of as many vendors, at one instant: two answer in time, and the
    third breaks the promise that all three have given. In their order. Raises ValueError as `story` does."""
    opened_s = THREE_BREACH_AT_S - _promised_s(policy)
    text = "Orders vanish at the checkout"
    return [
        *(
            Act(opened_s, account, "opens", f"{account} three", text, "urgent", (), WRITES_TO_THREE)
            for account in ("acme", CRM, DESK)
        ),
        Act(10, CRM, "answers", f"{CRM} three", "We see it, too, and look into it."),
        Act(19, "acme", "answers", "acme three", "Your orders are back. I am sorry."),
        Act(44, DESK, "answers", f"{DESK} three", "Is it still so?"),
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
        account, subject = _one_of(("acme", "globex", CRM, DESK), chance), _one_of(SUBJECTS, chance)
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
    return _promised_then_s(
        policy, ContactOpened(id="opening", at=start, ref=Ref("call", "1"), kind="call", channel="phone")
    )


def _chat_answered_within_s(policy: Policy, start: Instant, priority: Priority | None) -> float | None:
    """The same of who writes in the chat at that hour, in a matter of that priority."""
    opening = ContactOpened(
        id="opening", at=start, ref=Ref("chat", "1"), kind="chat", channel="chat", priority=priority or UNSET
    )
    return _promised_then_s(policy, opening)


def _promised_then_s(policy: Policy, opening: ContactOpened) -> float | None:
    """After so many seconds the first answer to such a contact is late, if that is within an hour."""
    until = Instant(opening.at + 60 * MINUTE_MS)
    state = replay([Sourced("story", opening)], Timeline.only(policy), until).state
    for clock in state.clocks if state is not None else ():
        if clock.metric in ("speed_of_answer", "first_reply") and clock.breached_at is not None:
            return (clock.breached_at - opening.at) / 1000
    return None
