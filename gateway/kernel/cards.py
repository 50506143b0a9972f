"""Hide card numbers in what strangers send, before it is stored. Pure.

Laws. Of a card number six digits in front and four behind stay; a security code or a magnetic stripe goes whole.
Nothing outside a hit changes by a byte. In JSON only texts are looked at: numbers and keys stay as they are, and so do
texts right under a key that the connector lists as an id. A body that is no JSON is one text. What is hidden once is
not found again.
"""

import re
from bisect import bisect_right
from collections.abc import Callable, Iterator
from typing import NamedTuple
from urllib.parse import unquote_plus

import msgspec

from gateway.kernel.card_numbers import DIGITS_MAX, DIGITS_MIN, MARK, PLAIN_MARK, find, is_number, may_hold_number

_LEADS_OF_DIGITS = bytes([0xD9, 0xDB, 0xDF, 0xE0, 0xE1, 0xEA, 0xEF, 0xF0])
"""Bytes that UTF-8's digits of other scripts, the full-width ones among them, begin with."""

_KINDS = bytes(0x30 if byte in b"0123456789" + _LEADS_OF_DIGITS else byte for byte in range(256))
_DROPPED = b" .-+%\0\xc2\xe2\xe3" + bytes(range(0x80, 0xC0))
"""Separators, what has no width, and the bytes of UTF-8 that they are made of."""

_SHORTEST = b"0" * DIGITS_MIN
_ROWS = re.compile(_SHORTEST + b"0*")
_BEGIN_JSON = (b"{", b"[", b'"')
_NUMBERS_OF_KEYS = re.compile(rb'":(?<=[0-9A-Za-z_]":)[ ]?[0-9]{%d,}' % DIGITS_MIN)
"""In JSON: a quote behind a letter closes a text, a colon behind it makes that a key, and what follows is a number."""

_LITERAL = re.compile(r'"([^"\\]*+(?:\\.[^"\\]*+)*+)"([ \t\r\n]*+:[ \t\r\n]*+)?', re.DOTALL)
_JSON_ESCAPE = re.compile(
    r"\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|.)", re.DOTALL
)
_CODE_FIELD = re.compile(
    r'("[^"\\]{0,40}(?:cvv|cvc|cvn|csc|security[ _-]?code|card[ _-]?code)[^"\\]{0,12}"\s{0,9}:\s{0,9}")[0-9]{3,4}(?=")',
    re.IGNORECASE,
)
"""A security code in a field of its own, whose key says so."""

_SHORT_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f"}
_FORM = re.compile(r"[\w.~*%+&=\[\]-]+=[\w.~*%+&=\[\]-]*")
_MORE = "%[89ab][0-9a-f]"
_FORM_ESCAPE = re.compile(
    rf"\+|%(?:[0-7][0-9a-f]|[cd][0-9a-f]{_MORE}|e[0-9a-f](?:{_MORE}){{2}}|f[0-7](?:{_MORE}){{3}})", re.IGNORECASE
)


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
        hidden, count = _hide(text, _IN_FORM)
    elif charset == "latin-1" or "\0" in text:  # UTF-16, as likely as not
        charset = "latin-1"
        hidden, count = _hide(body.decode(charset), _IN_BYTES)
    else:
        hidden, count = _hide(text, _IN_JSON)
    return (hidden.encode(charset), count) if count else (body, 0)


def hide_cards_in_words(text: str) -> str:
    """A sentence of ours without card numbers: a reason, a line of a log."""
    return (
        _hide(text, _IN_WORDS)[0] if _SHORTEST in text.encode("utf-8", "replace").translate(_KINDS, _DROPPED) else text
    )


def _may_hold(body: bytes) -> bool:
    """Whether a body may have something to hide, at the speed of C; it says yes too often rather than too seldom."""
    if b"\\u" in body:
        if b"\\ud835" in body or b"\\uD835" in body:  # the digits of mathematicians, in two escapes each
            return True
        body = _unicode_escapes_read(body)
    elif b"%" in body and body[:1] not in _BEGIN_JSON:
        return True
    joined = body.translate(_KINDS, _DROPPED)
    if _SHORTEST not in joined:
        return False
    if b'":' in body and _is_json(body):  # most long rows of digits are ids then, and numbers stay as they are
        body, count = _NUMBERS_OF_KEYS.subn(b'":0', body)
        joined = body.translate(_KINDS, _DROPPED) if count else joined
        if _SHORTEST not in joined:
            return False
    if b"^" in body or b"=" in body:
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
        read = text.encode("raw_unicode_escape").decode("raw_unicode_escape")
    except UnicodeError:  # no JSON, or a text about escapes
        text = body.decode("latin-1")
        read = _JSON_ESCAPE.sub(lambda escape: _unescaped(escape[0]), text)
    return read.encode("utf-8", "surrogatepass")


class _Writing(NamedTuple):
    """How characters are written in a text: what an escape looks like, what it stands for, how to write our sign."""

    escape: re.Pattern[str] | None
    read: Callable[[str], str]
    mark: str


def _unescaped(escape: str) -> str:
    if len(escape) == 12:
        return chr(0x10000 + (int(escape[2:6], 16) - 0xD800 << 10) + int(escape[8:], 16) - 0xDC00)
    return chr(int(escape[2:], 16)) if len(escape) == 6 else _SHORT_ESCAPES.get(escape[1:], escape[1:])


def _unquoted(escape: str) -> str:
    character = unquote_plus(escape)
    return character if len(character) == 1 else "\ufffd"


_IN_JSON = _Writing(_JSON_ESCAPE, _unescaped, MARK)
_IN_BYTES = _Writing(_JSON_ESCAPE, _unescaped, PLAIN_MARK)
_IN_FORM = _Writing(_FORM_ESCAPE, _unquoted, "%E2%80%A2")
_IN_WORDS = _Writing(None, _unescaped, MARK)


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
    parts: list[str] = []
    done = total = 0
    for start, end in _values(text, id_keys):
        hidden, count = _hide(text[start:end], _IN_JSON)
        if count:
            parts += (text[done:start], hidden)
            done, total = end, total + count
    hidden = "".join((*parts, text[done:]))
    hidden, codes = _CODE_FIELD.subn(rf"\g<1>{MARK}", hidden) if total else (hidden, 0)
    return hidden, total + codes


def _values(text: str, id_keys: frozenset[str]) -> Iterator[tuple[int, int]]:
    """Where the texts lie that are looked at. A key holds for the text right behind it, and not for a list."""
    key, behind_key = "", -1
    for literal in _LITERAL.finditer(text):
        if literal[2] is not None:
            key, behind_key = literal[1], literal.end()
        elif literal.end(1) - literal.start(1) >= DIGITS_MIN and (
            literal.start() != behind_key or _read(key, _IN_JSON)[0] not in id_keys
        ):
            yield literal.span(1)


def _hide(text: str, writing: _Writing) -> tuple[str, int]:
    """Hide in a text: found in what it says, replaced in how it is written."""
    said, places = _read(text, writing)
    found = find(said)
    parts: list[str] = []
    done = 0
    for start, end in found.places:
        parts += (text[done : places.of(start)], writing.mark)
        done = places.of(end)
    return "".join((*parts, text[done:])), found.secrets


class _Places(NamedTuple):
    """Where the characters that a text says stand in how it is written: both begin a piece at these positions."""

    said: list[int]
    written: list[int]

    def of(self, said: int) -> int:
        """The position in the writing."""
        piece = bisect_right(self.said, said) - 1
        return self.written[piece] + said - self.said[piece]


def _read(text: str, writing: _Writing) -> tuple[str, _Places]:
    """What a text says, and where. An escape is one character."""
    pieces: list[str] = []
    places = _Places([], [])
    said = done = 0
    for escape in writing.escape.finditer(text) if writing.escape else ():
        if escape.start() > done:
            places.said.append(said)
            places.written.append(done)
            pieces.append(text[done : escape.start()])
            said += escape.start() - done
        places.said.append(said)
        places.written.append(escape.start())
        pieces.append(writing.read(escape[0]))
        said, done = said + 1, escape.end()
    places.said.append(said)
    places.written.append(done)
    return "".join((*pieces, text[done:])), places
