"""A body as a page shows it: JSON with its lines set, secrets hidden as in logs, and not more than people read. Pure.

Nothing in it turns or hides letters: what a line must not have stands as `\\u202e`.
"""

import re
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from gateway.kernel.log import HIDDEN, hide_secrets, redacted
from gateway.kernel.nesting import too_deep

READ_MAX: Final = 512 * 1024
"""Bytes that are looked at."""

SHOWN_MAX: Final = 24_000
"""Characters that are shown."""

_UNSEEN: Final = re.compile(
    r"[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u00ad\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff]"
)
_STACKED: Final = re.compile(r"([\u0300-\u036f]{3})[\u0300-\u036f]+")


@dataclass(frozen=True, slots=True)
class ShownBody:
    """`text` is what is shown; `json` where it could be read; `left_out` so many characters, or bytes, are not."""

    text: str
    json: bool
    bytes: int
    left_out: int


def shown_body(body: bytes) -> ShownBody:
    """The body for a page."""
    value = _json(body)
    if value is not None:
        text = msgspec.json.format(msgspec.json.encode(_hidden("", value)), indent=2).decode()
    else:
        text = hide_secrets(body[:READ_MAX].decode("utf-8", "replace"))
    text = _STACKED.sub(r"\1", text)
    shown = _UNSEEN.sub(lambda sign: f"\\u{ord(sign.group()):04x}", text[:SHOWN_MAX])
    return ShownBody(shown, value is not None, len(body), max(0, len(text) - SHOWN_MAX, len(body) - READ_MAX))


def _json(body: bytes) -> Any:
    """What a body says as JSON, of objects and lists; None where it is nothing of that kind, or too much of it."""
    if len(body) > READ_MAX or body.lstrip()[:1] not in (b"{", b"["):
        return None
    try:
        value = msgspec.json.decode(body)
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return None
    return None if too_deep(value) else value


def _hidden(key: str, value: Any) -> Any:
    """The value without secrets: by the name that it has, and by how it looks."""
    if isinstance(value, dict):
        whole = redacted(key, {}) if key else {}
        if whole == HIDDEN:
            return HIDDEN
        return {hide_secrets(name): _hidden(name, inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_hidden(key, inner) for inner in value]
    if isinstance(value, str):
        masked = redacted(key, value)
        # A long text under `body` or `content` is what a page is for; a log leaves it out.
        return hide_secrets(value) if masked != HIDDEN else HIDDEN
    return HIDDEN if redacted(key, value) == HIDDEN else value
