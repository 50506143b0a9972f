"""Words for times and texts as people read them. Pure; `live.js` says the same times in the same words."""

import re

from gateway.model.instant import DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS, format_instant

FINE_MS = 10 * MINUTE_MS
"""Below this, minutes are told with their seconds."""

_UNSEEN = re.compile(
    r"[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb]+"
)
_WEB_ADDRESS = re.compile(r"https?://[A-Za-z0-9.\[\]:-]+(/[!-~]*)?", re.ASCII)
_STACKED = re.compile(
    r"([\u0300-\u036f\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]{3})[\u0300-\u036f"
    r"\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]+"
)


def clean(text: str | None, most: int = 160) -> str:
    """A stranger's text for one line: nothing that turns, hides or stacks letters, at most `most` characters."""
    # Cut before the work: a text may be long.
    visible = _STACKED.sub(r"\1", _UNSEEN.sub(" ", (text or "")[: most * 4]))
    line = " ".join(visible.encode("utf-8", "replace").decode().split())
    return line if len(line) <= most and len(text or "") <= most * 4 else f"{line[: most - 1].rstrip()}…"


def span_words(span_ms: int) -> str:
    """A length of time in at most two units, cut to whole ones."""
    span_ms = max(0, span_ms)
    seconds, minutes, hours = span_ms // SECOND_MS, span_ms // MINUTE_MS, span_ms // HOUR_MS
    if minutes < 1:
        return f"{seconds} s"
    if span_ms < FINE_MS:
        return f"{minutes} min {seconds % 60:02d} s"
    if hours < 1:
        return f"{minutes} min"
    if span_ms < DAY_MS:
        return f"{hours} h {minutes % 60:02d} min"
    return f"{span_ms // DAY_MS} d {hours % 24} h"


def due_words(due: int, now: int) -> str:
    """What a deadline that is not met yet says."""
    return f"due in {span_words(due - now)}" if due > now else f"overdue by {span_words(now - due)}"


def breached_words(at: int, now: int) -> str:
    """What a breach says."""
    return f"breached {span_words(now - at)} ago"


def left_words(due: int, now: int) -> str:
    """How much is left until a deadline, or how far it is over."""
    return span_words(due - now) if due > now else f"{span_words(now - due)} over"


def over_words(at: int, now: int) -> str:
    """How long ago a breach was."""
    return f"{span_words(now - at)} over"


def for_words(at: int, now: int) -> str:
    """How long something lasts already."""
    return span_words(now - at)


def share_words(now: int, start: int, end: int) -> str:
    """How much of the time from `start` to `end` is used, in per cent with at most one decimal."""
    share = min(1.0, max(0.0, (now - start) / max(1, end - start)))
    return f"{round(share * 1000) / 10:g}"


def plain_words(at: int, now: int) -> str:
    """How long ago, or in how long."""
    return f"in {span_words(at - now)}" if at > now else f"{span_words(now - at)} ago"


def clock_face(at: int) -> str:
    """Date and time for people, in UTC, to the second."""
    text = format_instant(at - at % SECOND_MS)
    return f"{text[:-1].replace('T', ' ')} UTC"


def title_words(subject: str | None, kind: str, direction: str, other: str | None = "") -> str:
    """What a contact goes by where one line is shown of it: its subject, or, since nobody writes one on the phone or in
    a chat, that it is a call or a chat, and with whom (`other`) where that is known."""
    if subject:
        return subject
    if kind == "chat":
        return f"chat with {other}" if other else f"({direction} chat)"
    if kind != "call":
        return "(no subject)"
    return f"call {'from' if direction == 'inbound' else 'to'} {other}" if other else f"({direction} call)"


def field_label(name: str) -> str:
    """A contact's field as people call it: its unit is beside its value."""
    return name_words(name.removesuffix("_s") or name)


def field_words(name: str, value: str | float | bool | None) -> str:
    """A contact's field as people read it: what ends in `_s` is a length in seconds."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float) and name.endswith("_s") and 0 <= value < 1e9:
        return f"{value:.3g} s" if value < 1 and value % 1 else span_words(round(value * SECOND_MS))
    return str("" if value is None else value)


def web_address(value: object) -> str:
    """A field that is an address of the web, for a link; empty for all else: no other scheme is followed, nor an
    address with a name or password in it."""
    if not isinstance(value, str) or not _WEB_ADDRESS.fullmatch(value):
        return ""
    return value


def name_words(name: str) -> str:
    """A fixed word as people write it."""
    return name.replace("_", " ")


def way_words(kind: str, channel: str) -> str:
    """What a contact is, and by which way it came where that says more."""
    return kind if channel in (kind, "other") else f"{kind} by {name_words(channel)}"
