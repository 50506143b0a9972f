"""Hides what is a customer's: in events that are shown, and in records that are kept as samples.

Laws. The same word is replaced by the same word, so that what belongs together stays so; ids, times and the vendor's
own words stay. What isn't known to be harmless is replaced. Card numbers were hidden before.
"""

import re
from collections.abc import Mapping
from ipaddress import ip_address
from typing import Any, Final

import msgspec

from gateway.model.event import Event, encode_event

TEXTS: Final = frozenset({"text", "subject", "name", "email", "phone", "handle", "reason", "topic"})
"""Fields of our events that hold a customer's words."""

HIDDEN: Final = "***"
_DEPTH_MAX = 60
_FIXED_MAX = 30

_SECRET = re.compile(r"secret|token|passw|authori[sz]ation|api_?key|private_?key|signature|cookie|credential", re.I)
_NAME = re.compile(
    r"^name$|(first|last|full|display|given|family|user|screen|real|sur|middle|customer|author|sender|agent)_?name$"
    r"|nick|alias|login|handle|street|city$|zip|postal",
    re.I,
)
_WHO = re.compile(r"(author|requester|submitter|recipient|addressee|sender|user|owner|by)$", re.I)
_ROLES: Final = frozenset(
    (
        "customer",
        "agent",
        "user",
        "end-user",
        "end_user",
        "bot",
        "system",
        "staff",
        "admin",
        "visitor",
        "contact",
        "lead",
    )
)
_TEXT = re.compile(
    r"(^|_)(text|body|subject|title|description|comment|message|note|content|html|summary|question|answer|transcript)$",
    re.I,
)
_FIXED = re.compile(r"(^|_)(status|state|priority|type|kind|origin|channel|source|role|severity|category|event)$", re.I)
"""Keys whose values are words that a vendor has fixed: `New` is one there, and a name elsewhere."""

_PHONED = re.compile(r"phone|mobile|fax|msisdn|^tel|^(from|to|caller|callee|ani)$", re.I)
_PLACED = re.compile(r"^(lat|lng|lon|latitude|longitude)$", re.I)
_EMAIL = re.compile(r"[^\s@<>\"']+@[^\s@<>\"']+\.[^\s@<>\"']+")
_PHONE = re.compile(r"\+?\(?[0-9][0-9 ()./-]{4,18}[0-9]", re.ASCII)
_TIME = re.compile(r"\d{4}-\d\d-\d\d([T ][\d:.,]+ ?(Z|[+-]\d\d:?\d\d)?)?", re.ASCII)
_WORD = re.compile(
    r"[a-z]{2,3}[-_][A-Z]{2}|[a-z0-9]([a-z0-9_.:/-]{0,62}[a-z0-9])?|[A-Z0-9][A-Z0-9_:-]{0,63}|(?=.{1,64}$)[A-Za-z_-]*[0-9][A-Za-z0-9_-]*",
    re.ASCII,
)
"""A word of the vendor's, an id, a code: nothing that a person would write."""


def event_shown(event: Event, *, show_text: bool) -> dict[str, Any]:
    """An event as it may be printed."""
    told: dict[str, Any] = msgspec.json.decode(encode_event(event))
    return told if show_text else _without_texts(told)


def _without_texts(told: dict[str, Any]) -> dict[str, Any]:
    shown: dict[str, Any] = {}
    for key, value in told.items():
        if isinstance(value, str) and key in TEXTS:
            shown[key] = f"({len(value)} characters)"
        elif key in ("fields", "facts") and isinstance(value, dict):
            shown[key] = dict.fromkeys(value, HIDDEN)
        elif key in ("verified", "handles") and isinstance(value, list):
            shown[key] = [HIDDEN] * len(value)
        else:
            shown[key] = _without_texts(value) if isinstance(value, dict) else value
    return shown


class Redaction:
    """Replaces what is personal in JSON, alike in every record that goes through it."""

    def __init__(self) -> None:
        self._known: dict[str, str] = {}
        self._counts: dict[str, int] = {}

    def body(self, body: bytes) -> bytes:
        """The body without what is personal. Raises ValueError for what is no JSON."""
        try:
            value = msgspec.json.decode(body)
        except (msgspec.MsgspecError, UnicodeError, RecursionError):
            raise ValueError("only JSON can be made fit to be kept") from None
        return msgspec.json.format(msgspec.json.encode(self.value("", value)), indent=2) + b"\n"

    def value(self, key: str, value: Any, depth: int = 0) -> Any:
        """A value under a key."""
        if depth > _DEPTH_MAX:
            return None
        if isinstance(value, Mapping):
            return {self._key(name): self.value(str(name), inner, depth + 1) for name, inner in value.items()}
        if isinstance(value, list):
            return [self.value(key, inner, depth + 1) for inner in value]
        if isinstance(value, bool) or value is None:
            return value
        if isinstance(value, int | float):
            return self._number(key, value)
        return self.text(key, value)

    def text(self, key: str, text: str) -> str:
        """A text under a key."""
        if not text:
            return text
        if _SECRET.search(key):
            return HIDDEN
        if _EMAIL.fullmatch(text):
            return self._stand_in("email", text, "person{}@customer.example")
        if _TIME.fullmatch(text):
            return text
        if _PHONE.fullmatch(text) and (text[:1] in "+(" or _PHONED.search(key)):
            return self._stand_in("phone", text, "+1555{:07}")
        if _is_address(text):
            return self._stand_in("address", text, "192.0.2.{}")
        if "://" in text or text.startswith("//"):
            return self._stand_in("url", text, "https://vendor.example/{}")
        if _NAME.search(key) or (_WHO.search(key) and not text.isdigit() and text.lower() not in _ROLES):
            return self._stand_in("person", text, "Person {}")
        if _FIXED.search(key) and len(text) <= _FIXED_MAX and text.isascii() and text.isalpha():
            return text
        if _TEXT.search(key) or not _WORD.fullmatch(text):
            return self._stand_in("text", text, "Text {}")
        return text

    def _number(self, key: str, number: int | float) -> int | float:
        if _PLACED.search(key):
            return 0
        if _PHONED.search(key) and abs(number) > 99_999:
            return int(self._stand_in("phone", str(number), "1555{:07}"))
        return number

    def _key(self, key: object) -> str:
        """A key may be a person's too, where a vendor lists things by address."""
        text = str(key)
        return self._stand_in("email", text, "person{}@customer.example") if _EMAIL.fullmatch(text) else text

    def _stand_in(self, kind: str, word: str, form: str) -> str:
        place = f"{kind}:{word}"
        if place not in self._known:
            self._counts[kind] = self._counts.get(kind, 0) + 1
            self._known[place] = form.format(self._counts[kind])
        return self._known[place]


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True
