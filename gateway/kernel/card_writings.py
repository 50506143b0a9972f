"""How digits are written: what a text says, past escapes and markup, and where each character of it stands. Pure.

Law. Reading changes no text: what is found in what a text says is hidden at its place in how it is written.
"""

import html
import re
from bisect import bisect_right
from collections.abc import Callable
from typing import Final, NamedTuple
from urllib.parse import unquote_plus

from gateway.kernel.card_numbers import MARK, PLAIN_MARK, find

_JSON_ESCAPE: Final = re.compile(
    r"\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|.)", re.DOTALL
)
_SHORT_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f"}
_MORE = "%[89ab][0-9a-f]"
_FORM_ESCAPE = re.compile(
    rf"\+|%(?:[0-7][0-9a-f]|[cd][0-9a-f]{_MORE}|e[0-9a-f](?:{_MORE}){{2}}|f[0-7](?:{_MORE}){{3}})", re.IGNORECASE
)

APART: Final = "\x1f" * 128
"""Between texts that are looked at together: a sign that no text of JSON has as it stands, so often that nothing is
taken for a part of both."""

_NO_WIDTH = "\u200b"
_MARKUP = re.compile(r"<(/?)([A-Za-z]{1,10}|!--)(?:\s?/?|[\s\-][^<>\x1f]{0,200})>|&#?[0-9A-Za-z]{2,8};")
"""Elements of HTML, comments, and references to characters."""

_NUMERIC = re.compile(rb"&#[0-9A-Za-z]{2,8};")
_NAMED = re.compile(rb"&[A-Za-z]{2,8};")

_LINES: Final = frozenset({"br", "p", "div", "tr", "td", "th", "li", "dd", "dt"})
"""Elements that begin on a line or in a cell of their own; the others are as wide as nothing."""

_MARKUP_IN_NUMBER = re.compile(r"\d\s{0,2}(?:<[/!A-Za-z]|&[#A-Za-z])|&#")


class Writing(NamedTuple):
    """How characters are written in a text: what an escape looks like, what it stands for, how to write our sign."""

    escape: re.Pattern[str] | None
    read: Callable[[str], str]
    mark: str


class Places(NamedTuple):
    """Where the characters that a text says stand in how it is written: both begin a piece at these positions."""

    said: list[int]
    written: list[int]

    def of(self, said: int) -> int:
        """The position in the writing."""
        piece = bisect_right(self.said, said) - 1
        return self.written[piece] + said - self.said[piece]


_AS_WRITTEN: Final = Places([0], [0])


def unescaped(escape: str) -> str:
    r"""The character that an escape of JSON stands for: \n, \u0034, or two of these for one beyond the first plane."""
    if len(escape) == 12:
        return chr(0x10000 + (int(escape[2:6], 16) - 0xD800 << 10) + int(escape[8:], 16) - 0xDC00)
    return chr(int(escape[2:], 16)) if len(escape) == 6 else _SHORT_ESCAPES.get(escape[1:], escape[1:])


def all_unescaped(text: str) -> str:
    """The text with every escape of JSON read."""
    return _JSON_ESCAPE.sub(lambda escape: unescaped(escape[0]), text)


def characters_read(body: bytes) -> bytes:
    """The body with every reference of HTML to a character read."""
    if b"&#" in body:
        body = _NUMERIC.sub(lambda reference: _of_markup(reference[0].decode()).encode("utf-8", "replace"), body)
    return _NAMED.sub(b" ", body)


def _unquoted(escape: str) -> str:
    character = unquote_plus(escape)
    return character if len(character) == 1 else "\ufffd"


def _of_markup(markup: str) -> str:
    """The one character that a piece of markup is as wide as."""
    if markup[0] == "&":
        character = html.unescape(markup)
        return character if len(character) == 1 else "\ufffd"
    element = _MARKUP.fullmatch(markup)
    return "\n" if element and not element[1] and element[2].lower() in _LINES else _NO_WIDTH


IN_JSON: Final = Writing(_JSON_ESCAPE, unescaped, MARK)
IN_BYTES: Final = Writing(_JSON_ESCAPE, unescaped, PLAIN_MARK)
IN_FORM: Final = Writing(_FORM_ESCAPE, _unquoted, "%E2%80%A2")
IN_WORDS: Final = Writing(None, unescaped, MARK)
_IN_MARKUP = Writing(_MARKUP, _of_markup, MARK)


def hide(text: str, writing: Writing) -> tuple[str, int]:
    """Hide in a text: found in what it says, replaced in how it is written. And how many secrets it had."""
    total = 0
    if "&" in text or "<" in text or "u003" in text or "u002" in text or "%" in text:
        text, total = _hide(text, writing, in_markup=True)
    text, count = _hide(text, writing)
    return text, total + count


def _hide(text: str, writing: Writing, in_markup: bool = False) -> tuple[str, int]:
    said, places = read(text, writing)
    layers = [places]
    if in_markup:
        if _MARKUP_IN_NUMBER.search(said) is None:
            return text, 0
        said, places = read(said, _IN_MARKUP)
        layers.append(places)
    found = find(said)
    if not found.places:
        return text, 0
    parts: list[str] = []
    done = 0
    for start, end in found.places:
        for places in reversed(layers):
            start, end = places.of(start), places.of(end)
        parts += (text[done:start], writing.mark)
        done = end
    return "".join((*parts, text[done:])), found.secrets


def read(text: str, writing: Writing) -> tuple[str, Places]:
    """What a text says, and where. An escape is one character."""
    if writing.escape is None or writing.escape.search(text) is None:
        return text, _AS_WRITTEN
    pieces: list[str] = []
    places = Places([], [])
    said = done = 0
    for escape in writing.escape.finditer(text):
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
