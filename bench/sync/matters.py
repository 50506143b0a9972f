"""What the tickets of every shape are about, and when they were changed: the same by a ticket's number. Pure.

Three tickets share each minute's second, as they do after a bulk update: a reader that turns pages by time has to cope
with them. All of the account lies in the past.
"""

from gateway.model.instant import SECOND_MS, format_instant

FIRST_S = 1_767_225_600
"""When the oldest ticket was last changed: 2026-01-01."""

PER_SECOND, STEP_S = 3, 60
CUSTOMERS, AGENTS, GROUPS = 5_000, 40, 6
TAGS = ("vip", "login", "billing", "delivery", "en", "de", "returns", "app", "web", "contract", "follow_up")
_MATTERS = (
    "The order has not arrived", "I can't log in", "Refund for invoice", "Déjà payé, mais deux fois", "Wrong size",
    "The app closes by itself", "Change of address", "配送状況について", "Question about the contract", "Broken seal",
)  # fmt: skip
_SAID = (
    "Hello, I ordered two weeks ago and nothing has come so far. The page says that it was handed over to the carrier, "
    "the carrier says that they know nothing of it. I have tried to call and waited for twenty minutes. "
)


def subject(number: int) -> str:
    """What the ticket with this number, from 1, is called."""
    return f"{_MATTERS[number % 10]} #{number}"


def description(number: int) -> str:
    """What its customer wrote."""
    return _SAID * (1 + number % 3)


def tags(number: int) -> list[str]:
    """Its tags."""
    return sorted({TAGS[number * step % 11] for step in (1, 2, 5)})


def customer(number: int) -> int:
    """Its customer, by place."""
    return number * 7_919 % CUSTOMERS


def agent(number: int) -> int:
    """Its agent, by place."""
    return number % AGENTS


def changed_s(number: int) -> int:
    """When it last changed, in seconds: its place among all."""
    return FIRST_S + (number - 1) // PER_SECOND * STEP_S


def created_s(number: int) -> int:
    """When it was opened, an hour before its last change or up to two days more."""
    return changed_s(number) - number % 5 - 3_600 - number % 97 * 1_800


def moment(seconds: int) -> str:
    """An instant as most vendors write it."""
    return format_instant(seconds * SECOND_MS)
