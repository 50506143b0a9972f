"""What a request asks: its parameters from the query or a form, and how much of it an endpoint knows.

`created[gte]=1`, `types[]=a`, `types[0]=a` and `metadata[k]=v` become a tree, as Stripe reads them.
"""

import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import parse_qsl

from gateway_payments.stripe.simulator.account import Json
from gateway_payments.stripe.simulator.errors import Failure, missing, unknown, wrong

DEPTH_MAX: Final = 5
_NAME: Final = re.compile(r"([^\[\]]{1,100})((?:\[[^\[\]]{0,100}\])*)")


def read_form(text: str) -> Json:
    """The tree of a query or a form. Raises Failure for what is none."""
    try:
        pairs = parse_qsl(text, keep_blank_values=True, max_num_fields=1_000, errors="strict")
    except ValueError:
        raise Failure(400, "Invalid request: the form can't be read") from None
    tree: Json = {}
    for name, value in pairs:
        match = _NAME.fullmatch(name)
        if match is None:
            raise unknown(name)
        _put(tree, [match[1], *re.findall(r"\[([^\]]*)\]", match[2])], value, name)
    return {name: _lists(value) for name, value in tree.items()}


def _put(tree: Json, path: list[str], value: str, name: str) -> None:
    if len(path) > DEPTH_MAX:
        raise unknown(name)
    for part in path[:-1]:
        tree = tree.setdefault(part, {})
        if not isinstance(tree, dict):
            raise wrong(name, f"Invalid {name[:100]}")
    last = path[-1] if path[-1] else str(len(tree))
    tree[last] = value


def _lists(value: Any) -> Any:
    """What has places for names is a list."""
    if not isinstance(value, dict):
        return value
    inner = {name: _lists(one) for name, one in value.items()}
    if inner and all(name.isdecimal() for name in inner):
        return [inner[name] for name in sorted(inner, key=int)]
    return inner


@dataclass(frozen=True, slots=True)
class Asking:
    """The parameters of one request. Every reader raises Failure for what it can't use."""

    given: Json

    def only(self, *known: str) -> None:
        """Nothing but these may be asked for."""
        for name in self.given:
            if name not in known:
                raise unknown(name)

    def text(self, name: str) -> str | None:
        """A text, or nothing."""
        value = self.given.get(name)
        if value is None or isinstance(value, str):
            return value or None
        raise wrong(name, f"Invalid string: {name}")

    def needed(self, name: str) -> str:
        """A text."""
        value = self.text(name)
        if value is None:
            raise missing(name)
        return value

    def number(self, name: str, default: int, least: int, most: int) -> int:
        """A whole number within bounds."""
        text = self.text(name)
        if text is None:
            return default
        value = whole(name, text)
        if value < least:
            raise wrong(name, f"This value must be greater than or equal to {least}.", "parameter_invalid_integer")
        if value > most:
            words = f"This value must be less than or equal to {most} (it currently is '{value}')."
            raise wrong(name, words, "parameter_invalid_integer")
        return value

    def flag(self, name: str) -> bool | None:
        """Yes, no, or nothing."""
        text = self.text(name)
        if text not in (None, "true", "false"):
            raise wrong(name, f"Invalid boolean: {text}")
        return None if text is None else text == "true"

    def texts(self, name: str, most: int) -> list[str]:
        """A list of texts."""
        value = self.given.get(name, [])
        if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
            raise wrong(name, f"Invalid array: {name}")
        if len(value) > most:
            raise wrong(name, f"Array {name} exceeded maximum {most} allowed elements.")
        return list(value)

    def within(self, name: str) -> "Within":
        """A span of time: one second, or `gt`, `gte`, `lt`, `lte`."""
        value = self.given.get(name)
        if value is None:
            return Within({})
        if isinstance(value, str):
            exact = whole(name, value)
            return Within({"gte": exact, "lte": exact})
        if not isinstance(value, dict) or set(value) - {"gt", "gte", "lt", "lte"}:
            raise wrong(name, f"Invalid range: {name}")
        return Within({word: whole(f"{name}[{word}]", str(one)) for word, one in value.items()})

    def tree(self, name: str, known: Collection[str]) -> Json:
        """An object with some of the names that are known."""
        value = self.given.get(name, {})
        if not isinstance(value, dict):
            raise wrong(name, f"Invalid object: {name}")
        for inner in value:
            if inner not in known:
                raise unknown(f"{name}[{inner}]")
        return value


@dataclass(frozen=True, slots=True)
class Within:
    """Bounds of a time in seconds."""

    bounds: dict[str, int]

    def has(self, at: int) -> bool:
        """Whether a time is within."""
        return all(_holds(word, at, bound) for word, bound in self.bounds.items())


def _holds(word: str, at: int, bound: int) -> bool:
    return {"gt": at > bound, "gte": at >= bound, "lt": at < bound, "lte": at <= bound}[word]


def whole(name: str, text: str) -> int:
    """A whole number. Raises Failure for another text."""
    if not re.fullmatch(r"-?[0-9]{1,18}", text):
        raise wrong(name, f"Invalid integer: {text[:100]}", "parameter_invalid_integer")
    return int(text)
