"""What an enricher knows of a customer as lines for people, whatever it declares: texts, numbers, truths, lists, and
what is nested in them. Pure.

Laws. It never raises, and gives no more than LINES_MAX lines. A number with a point beside a `currency` is an amount of
it. Every text is a stranger's: it is cleaned and cut here, and whoever prints it still has to escape it.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from math import isfinite
from typing import Any, Final

from gateway.model.instant import parse_instant
from gateway.rules.trace.path import Enquiry
from gateway.web.words import clean, field_label, field_words

LINES_MAX: Final = 200
ITEMS_MAX: Final = 8
"""Plain items of one list that are told."""

DEPTH_MAX: Final = 6
TEXT_MAX: Final = 300
LABEL_MAX: Final = 60
_CURRENCY: Final = re.compile("[A-Za-z]{3}", re.ASCII)
_WHOLE_MAX: Final = 10**18
_INSTANT_LENGTHS: Final = range(20, 36)
"""Letters of an instant in RFC 3339."""


@dataclass(frozen=True, slots=True)
class FactLine:
    """One thing that is known: `label` says what, `text` its value; where that is empty, the lines below are it, one
    deeper. `at` is the instant that the text is, in ms."""

    depth: int
    label: str
    text: str
    at: int | None = None


def fact_lines(known: Mapping[str, Any]) -> tuple[tuple[FactLine, ...], bool]:
    """The lines, what says most first and empty ones last, and whether there are more of them."""
    found = tuple(islice(_lines(known, 0), LINES_MAX + 1))
    return found[:LINES_MAX], len(found) > LINES_MAX


def enquiry_words(enquiry: Enquiry) -> str:
    """What was asked of an enricher, or what it answered, in words that have to be cleaned."""
    if enquiry.kind == "asked":
        return f"asked by rule {enquiry.rule}"
    if enquiry.kind == "unavailable":
        return f"unavailable: {enquiry.reason}" if enquiry.reason else "unavailable"
    return f"answered: {', '.join(enquiry.changed) or enquiry.reason or 'nothing new'}"


def _lines(known: Mapping[str, Any], depth: int) -> Iterator[FactLine]:
    currency = known.get("currency")
    money = currency if isinstance(currency, str) and _CURRENCY.fullmatch(currency) else ""
    for name, value in sorted(known.items(), key=lambda one: _place(one[1])):
        yield from _line(str(name), f"{_amount(value)} {money}" if money and _is_amount(value) else value, depth)


def _line(name: str, value: Any, depth: int) -> Iterator[FactLine]:
    label = clean(field_label(name[: LABEL_MAX * 4]), LABEL_MAX)
    if not _is_nested(value):
        text = _text(name, value)
        yield FactLine(depth, label, text, _instant(text))
    elif depth >= DEPTH_MAX:
        yield FactLine(depth, label, "…")
    elif isinstance(value, Mapping):
        yield FactLine(depth, label, "")
        yield from _lines(value, depth + 1)
    else:
        for place, one in enumerate(value, 1):
            yield from _line(f"{name[:LABEL_MAX]} {place}", one, depth + (not _is_nested(one)))


def _place(value: Any) -> int:
    """Amounts first, then what is on one line, what is none of something, what is long, and what says nothing."""
    if value is None or value == "" or value == [] or value == {}:
        return 4
    if value == 0:  # False, too
        return 2
    return 3 if _is_nested(value) else 0 if isinstance(value, float) else 1


def _is_amount(value: Any) -> bool:
    """Whether it is money, where a currency is beside it: what is counted is whole."""
    return isinstance(value, float) and isfinite(value)


def _amount(value: float) -> str:
    text = f"{value:,.3f}"
    return text[:-1] if text.endswith("0") else text


def _text(name: str, value: Any) -> str:
    if _is_list(value):
        told = ", ".join(_plain(name, one) for one in value[:ITEMS_MAX])
        more = f" and {len(value) - ITEMS_MAX:,} more" if len(value) > ITEMS_MAX else ""
        return clean(f"{told}{more}", TEXT_MAX) or "none"
    return _plain(name, value) or "none"


def _plain(name: str, value: Any) -> str:
    if isinstance(value, int) and not isinstance(value, bool) and not name.endswith("_s"):
        return f"{value:,}" if abs(value) < _WHOLE_MAX else "a number out of range"
    if isinstance(value, float) and not name.endswith("_s"):
        return f"{value:,.10g}"
    if isinstance(value, str | int | float | None):
        return clean(field_words(name, value[: TEXT_MAX * 4] if isinstance(value, str) else value), TEXT_MAX)
    return "none" if not value else "…"


def _instant(text: str) -> int | None:
    if len(text) not in _INSTANT_LENGTHS or text[10] != "T":
        return None
    try:
        return int(parse_instant(text))
    except ValueError:
        return None


def _is_nested(value: Any) -> bool:
    """Whether it takes more than a line."""
    if _is_list(value):
        return any(isinstance(one, Mapping | list) for one in value)
    return isinstance(value, Mapping) and bool(value)


def _is_list(value: Any) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str | bytes)
