"""Ids as Salesforce gives them: a prefix that says the object, a number that grows, and three characters that guard the
case of the fifteen before them."""

from itertools import count
from typing import Final

DIGITS: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_GUARDS: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"
_INSTANCE: Final = "5g0"
SHORT, LONG = 15, 18
_NUMBER_LENGTH: Final = SHORT - len(_INSTANCE) - 3


def long_id(short: str) -> str:
    """The eighteen characters of an id of fifteen. Raises ValueError for what is no id."""
    if len(short) != SHORT or not short.isascii() or not short.isalnum():
        raise ValueError(f"{short!r} is no id of {SHORT} characters")
    chunks = (short[at : at + 5] for at in range(0, SHORT, 5))
    return short + "".join(_GUARDS[sum(1 << place for place, char in enumerate(c) if char.isupper())] for c in chunks)


def as_long(id: str) -> str | None:
    """An id of either length as one of eighteen; None for what is none."""
    try:
        known = long_id(id[:SHORT])
    except ValueError:
        return None
    return known if id in (known, known[:SHORT]) else None


class Ids:
    """Gives the ids of one object, in the order of their characters."""

    def __init__(self, prefix: str) -> None:
        self._prefix, self._numbers = prefix, count(1)

    def next(self) -> str:
        """The next one."""
        number, text = next(self._numbers), ""
        while number:
            number, digit = divmod(number, len(DIGITS))
            text = DIGITS[digit] + text
        return long_id(self._prefix + _INSTANCE + text.rjust(_NUMBER_LENGTH, "0"))
