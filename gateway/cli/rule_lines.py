"""The rules that were tried on a contact as lines for people: what became of each, and the values it read. Pure."""

import textwrap
from collections.abc import Sequence
from shutil import get_terminal_size

import msgspec

from gateway.cli.table import clean, fitted
from gateway.rules.trace.tried import Tried

RULES_SHOWN = 8
"""Rules that did not match and are told, the last ones, unless all are."""

VALUE_PLACES = 80
PLACES = 120

_WORDS = {"matched": "matched", "not matched": "did not match", "failed": "could not be evaluated"}


def tried_lines(rules: Sequence[Tried], *, all: bool) -> list[str]:
    """A line a rule, in the policy's order; those that were not asked together."""
    asked = [one for one in rules if one.became != "not asked"]
    passed = [one for one in asked if one.became != "matched"]
    hidden = set() if all else {id(one) for one in passed[:-RULES_SHOWN]}
    lines = []
    if hidden:
        lines.append(f"  … {len(hidden)} rules before these did not match; --all tells them")
    for one in asked:
        if id(one) not in hidden:
            lines += _told(one)
    unasked = [clean(one.rule) for one in rules if one.became == "not asked"]
    if unasked:
        more = f" and {len(unasked) - 3} more" if len(unasked) > 3 and not all else ""
        names = ", ".join(unasked[:3] if more else unasked)
        word = "was" if len(unasked) == 1 else "were"
        lines += _wrapped(f"{names}{more} {word} not asked: the first match wins")
    return lines


def _told(one: Tried) -> list[str]:
    condition = " ".join(one.condition.split())
    words = f"{one.rule} {_WORDS[one.became]}: {condition or 'it has no condition'}"
    if one.on:
        words += f"; acts only on {one.on}" + (f" of {one.metric.replace('_', ' ')}" if one.metric else "")
    if one.reason:
        words += f" ({one.reason})"
    lines = _wrapped(words)
    if one.values:
        lines += _wrapped(", ".join(_value(name, value) for name, value in one.values.items()), "    ")
    return lines


def _value(name: str, value: object) -> str:
    text = "not there" if value is None else fitted(msgspec.json.encode(value).decode(), VALUE_PLACES)
    return f"{name} = {text}"


def _wrapped(words: str, indent: str = "  ") -> list[str]:
    room = max(get_terminal_size((PLACES, 24)).columns, 60)
    return textwrap.wrap(indent + clean(words), room, subsequent_indent=f"{indent}  ", break_on_hyphens=False)
