"""Hide card numbers in what strangers send, before it is stored. Pure.

Laws. Of a card number six digits in front and four behind stay; a security code or a magnetic stripe goes whole.
Nothing outside a hit changes by a byte. In JSON only texts are looked at: numbers and keys stay as they are, and so do
texts right under a key that the connector lists as an id. A body that is no JSON is one text. What is hidden once is
not found again.
"""

import re
from collections.abc import Iterable, Iterator
from itertools import accumulate

import msgspec

from gateway.kernel.card_numbers import DIGITS_MAX, DIGITS_MIN, MARK, is_number, may_hold_number
from gateway.kernel.card_writings import (
    APART,
    IN_BYTES,
    IN_FORM,
    IN_JSON,
    IN_WORDS,
    all_unescaped,
    characters_read,
    hide,
    read,
)

_LEADS_OF_DIGITS = bytes([0xD9, 0xDB, 0xDF, 0xE0, 0xE1, 0xEA, 0xEF, 0xF0])
"""Bytes that UTF-8's digits of other scripts, the full-width ones among them, begin with."""

_KINDS = bytes(0x30 if byte in b"0123456789" + _LEADS_OF_DIGITS else byte for byte in range(256))
_DROPPED = b" ._-+%\t\n\r\\nrt\0\xc2\xe2\xe3" + bytes(range(0x80, 0xC0))
"""Separators, what has no width, the bytes of UTF-8 that they are made of, and what JSON writes for them."""

_SHORTEST = b"0" * DIGITS_MIN
_ROWS = re.compile(_SHORTEST + b"0*")
_BEGIN_JSON = (b"{", b"[", b'"')
_NUMBERS_OF_KEYS = re.compile(rb'":(?<=[0-9A-Za-z_]":)[ ]?[0-9]{%d,}' % DIGITS_MIN)
"""In JSON: a quote behind a letter closes a text, a colon behind it makes that a key, and what follows is a number."""

_MAY_BE_STRIPE = re.compile(rb"\^|=(?<=[0-9]=)")
"""What stands behind the number in a stripe's data."""

_ELEMENTS = re.compile(rb"<[/!A-Za-z][^<>]{0,200}>")
_ELEMENTS_IN_TEXT = re.compile(rb'<[/!A-Za-z][^<>"]{0,200}>')
"""The same where a quote ends a text."""

_CODE_FIELD = re.compile(
    r'("[^"\\]{0,40}(?:cvv|cvc|cvn|csc|security[ _-]?code|card[ _-]?code)[^"\\]{0,12}"\s{0,9}:\s{0,9}")[0-9]{3,4}(?=")',
    re.IGNORECASE,
)
"""A security code in a field of its own, whose key says so."""

_CODE_KEYS = (
    "cvv",
    "cvc",
    "cvn",
    "csc",
    *(f"{word}{join}code" for word in ("security", "card") for join in (*" _-", "")),
)
"""One of these is in every such key, in small letters: a look that is a hundred times as quick."""

_MATHEMATICAL = re.compile(rb"\\u[dD]835")
"""The digits of mathematicians, in two escapes each."""

_FORM = re.compile(r"[\w.~*%+&=\[\]-][\w.~*%+&\[\]-]*+=[\w.~*%+&=\[\]-]*+")
"""A form's body: signs that it may have, and an `=` that isn't the first. Possessive: a stranger may send only such."""


def hide_cards(body: bytes, id_keys: frozenset[str] = frozenset()) -> tuple[bytes, int]:
    """The body without card numbers, security codes and magnetic stripes, and how many of them there were.

    The very same object comes back where there are none. `id_keys` are keys of JSON objects whose texts are ids.
    """
    if not _may_hold(body):
        return body, 0
    try:
        text, charset = body.decode(), "utf-8"
    except UnicodeDecodeError:  # every byte is a character then: digits and separators are where they were
        text, charset = body.decode("latin-1"), "latin-1"
    if _is_json(body):
        hidden, count = _hide_in_json(text, id_keys)
    elif _FORM.fullmatch(text):
        hidden, count = hide(text, IN_FORM)
    elif charset == "latin-1" or "\0" in text:  # UTF-16, as likely as not
        charset = "latin-1"
        hidden, count = hide(body.decode(charset), IN_BYTES)
    else:
        hidden, count = hide(text, IN_JSON)
    return (hidden.encode(charset), count) if count else (body, 0)


def hide_cards_in_words(text: str) -> str:
    """A sentence of ours without card numbers: a reason, a line of a log."""
    return (
        hide(text, IN_WORDS)[0]
        if any(_SHORTEST in _joined(way) for way in _ways(text.encode("utf-8", "replace")))
        else text
    )


def _may_hold(body: bytes) -> bool:
    """Whether a body may have something to hide, at the speed of C; it says yes too often rather than too seldom."""
    if b"\\u" in body:
        if _MATHEMATICAL.search(body):
            return True
        body = _unicode_escapes_read(body)
    elif b"%" in body and body[:1] not in _BEGIN_JSON:
        return True
    return any(_has_number(way) for way in _ways(body))


def _ways(body: bytes, elements: re.Pattern[bytes] = _ELEMENTS) -> Iterator[bytes]:
    """The ways to read a body: as it stands, and as its markup would show it."""
    yield body
    if b"<" in body or b"&" in body:
        yield elements.sub(b"", characters_read(body))


def _joined(body: bytes) -> bytes:
    """Each digit as a zero, of any script, and nothing of what may stand between the digits of a number."""
    return body.translate(_KINDS, _DROPPED)


def _has_number(body: bytes) -> bool:
    joined = _joined(body)
    if _SHORTEST not in joined:
        return False
    if b'":' in body and _is_json(body):  # most long rows of digits are ids then, and numbers stay as they are
        body, count = _NUMBERS_OF_KEYS.subn(b'":0', body)
        joined = _joined(body) if count else joined
        if _SHORTEST not in joined:
            return False
    if _MAY_BE_STRIPE.search(body):
        return True
    zeros = body.translate(_KINDS)
    rows = _ROWS.findall(joined)
    if rows == _ROWS.findall(zeros):  # no separator stands in a row of twelve
        longest = DIGITS_MAX if body.isascii() else len(body)  # a letter of another script may have lengthened a row
        short = (row for row in _ROWS.finditer(zeros) if len(row[0]) <= longest)
        return len(min(rows)) <= longest and any(_is_number(body[slice(*row.span())]) for row in short)
    digits = body.translate(None, _DROPPED)
    return any(_may_be_number(row) for row in {digits[slice(*row.span())] for row in _ROWS.finditer(joined)})


def _is_number(digits: bytes) -> bool:
    return not digits.isdigit() or is_number(digits.decode())


def _may_be_number(digits: bytes) -> bool:
    return not digits.isdigit() or may_hold_number(digits.decode())


def _unicode_escapes_read(body: bytes) -> bytes:
    r"""The body with every \uXXXX read."""
    try:
        text = body.decode()
        said = text.encode("raw_unicode_escape").decode("raw_unicode_escape")
    except UnicodeError:  # no JSON, or a text about escapes
        said = all_unescaped(body.decode("latin-1"))
    return said.encode("utf-8", "surrogatepass")


def _is_json(body: bytes) -> bool:
    if body.lstrip()[:1] not in _BEGIN_JSON:
        return False
    try:
        msgspec.json.decode(body, type=msgspec.Raw)
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return False
    return True


def _hide_in_json(text: str, id_keys: frozenset[str]) -> tuple[str, int]:
    """Hide in the string literals that are values; all else is copied as it stands. Beside a card, codes go too."""
    places = list(_values(text, id_keys))
    together, total = hide(APART.join(text[start:end] for start, end in places), IN_JSON)
    if not total:
        return text, 0
    parts: list[str] = []
    done = 0
    for (start, end), hidden in zip(places, together.split(APART), strict=True):
        parts += (text[done:start], hidden)
        done = end
    hidden = "".join((*parts, text[done:]))
    if _has_code_key(hidden.lower()):
        hidden, codes = _CODE_FIELD.subn(rf"\g<1>{MARK}", hidden)
        total += codes
    return hidden, total


def _has_code_key(text: str) -> bool:
    return any(key in text for key in _CODE_KEYS)


def _values(text: str, id_keys: frozenset[str]) -> Iterator[tuple[int, int]]:
    """Where the texts lie that are looked at. A key holds for the text right behind it, and not for a list."""
    plain = text.replace("\\\\", "__").replace('\\"', "__")  # as long, and each quote begins or ends a text now
    pieces = plain.split('"')
    ends = list(accumulate(map(len, pieces)))
    for place in _places_with_digits(plain, len(pieces)):
        if pieces[place + 1].lstrip()[:1] == ":":
            continue
        start, end = (ends[at] + place for at in (place - 1, place))
        if pieces[place - 1].strip() == ":":
            key = text[ends[place - 3] + place - 2 : ends[place - 2] + place - 2]
            if read(key, IN_JSON)[0] in id_keys:
                continue
        yield start, end


def _places_with_digits(plain: str, pieces: int) -> Iterable[int]:
    """Which of the pieces between quotes are texts with digits enough for a card; every other one is a text."""
    body = plain.replace("\\u0022", "__").encode()
    if b"\\u" in body:
        if _MATHEMATICAL.search(body):
            return range(1, pieces, 2)
        body = _unicode_escapes_read(body)
    found: set[int] = set()
    for way in _ways(body, _ELEMENTS_IN_TEXT):
        joined = _joined(way)
        place = done = 0
        while (at := joined.find(_SHORTEST, done)) >= 0:
            place += joined.count(b'"', done, at)
            if place % 2:
                found.add(place)
            done = joined.find(b'"', at)
            if done < 0:
                break
    return sorted(found)
