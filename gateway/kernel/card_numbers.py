"""Where a text holds payment card numbers, and what is hidden of them. Pure; works on what a text says, not on bytes.

A card number is 12 to 19 digits, alone or in groups, that begin like an issuer's, have a length that this issuer
uses, and satisfy the Luhn sum (ISO/IEC 7812), unless what stands around them says otherwise. Magnetic stripes, and
security codes near a card number, are hidden as a whole.
"""

import re
from collections.abc import Sequence
from typing import Final, NamedTuple

from gateway.kernel.card_context import in_card_groups, is_something_else

MARK: Final = "•"
PLAIN_MARK: Final = "·"
"""The sign in a body that is no UTF-8: there it is a single byte, as the digit was."""

DIGITS_MIN: Final = 12
DIGITS_MAX: Final = 19
TRIES_MAX: Final = 3_000
"""Rows of digits in one text that are reckoned through; of those behind them all is hidden from a 2 to 6 or 8 on."""

NEAR: Final = 40
"""Characters between a card number and its security code."""

_ROW_MAX = 64
"""Digits in a row that are looked at without their groups."""

_HIDDEN_MAX = 64
"""Characters in front of a number in which the hidden part of another one may lie."""

_ZERO_WIDTH = r"\0\u00ad\u180e\u200b-\u200f\u2060\ufeff"
_LINE_BREAKS = re.compile(r"[\t\n\r]")
_SEPARATORS = r" ._\-\t\n\r\u00a0\u2000-\u200a\u2010-\u2015\u202f\u2212\u3000\uff0d\uff0e"
_BETWEEN = rf"[{_ZERO_WIDTH}]*+(?:[{_SEPARATORS}][{_ZERO_WIDTH}]*+){{0,2}}"
_NEXT = rf"{_BETWEEN}[0-9]"
_FIRST = r"[2-68](?<![0-9][2-68])"
_ROW = re.compile(rf"{_FIRST}(?:{_NEXT}){{{DIGITS_MIN - 1},{DIGITS_MAX - 1}}}")
_ANY_ROW = re.compile(rf"{_FIRST}(?:{_NEXT}){{{DIGITS_MIN - 1}}}[0-9{_ZERO_WIDTH}{_SEPARATORS}]*+")
_OTHER_DIGIT = re.compile(r"\d(?<![0-9])")
_NO_DIGIT = re.compile(r"[^0-9]+")
# Signs of ours with digits on the other side are a part of a number that is hidden already; others begin a list.
_SIGN = rf"[{MARK}{PLAIN_MARK}]"
_GOES_ON = re.compile(rf"[{_ZERO_WIDTH}]*+(?:[0-9]|{_SIGN}(?:{_BETWEEN}{_SIGN}){{1,8}}(?:{_BETWEEN}[0-9]){{4}})")
_EXPIRES = re.compile(r"[^0-9][0-9]{2}/[0-9]{2}(?![0-9])")
"""The two digits of a month are no part of the number in front of it."""

_WENT_BEFORE = re.compile(
    rf"(?:[0-9][{_ZERO_WIDTH}]++|(?<![0-9])(?:[0-9]{_BETWEEN}){{6}}(?:{_SIGN}{_BETWEEN}){{2,9}}(?:[0-9]{_BETWEEN}){{0,3}})\Z"
)

# The longest reading that fits wins: a shorter one would leave digits of the true number in sight.
_ISSUERS: Final[tuple[tuple[tuple[str, ...], tuple[int, ...]], ...]] = (
    (("4",), (19, 16, 13)),  # Visa
    (("5[1-5]", "222[1-9]", "22[3-9]", "2[3-6]", "27[01]", "2720"), (16,)),  # Mastercard
    (("3[47]",), (15,)),  # American Express
    (("30[0-5]", "3095", "36", "3[89]"), (19, 18, 17, 16, 15, 14)),  # Diners Club
    (("352[89]", "35[3-8]"), (19, 18, 17, 16)),  # JCB
    (("220[0-4]",), (19, 18, 17, 16)),  # Mir
    (("6011", "64[4-9]", "65", "62", "81"), (19, 18, 17, 16)),  # Discover, UnionPay; RuPay's 65 and 81
    (("5[0678]", "6[37]"), (19, 18, 17, 16, 15, 14, 13, 12)),  # Maestro; RuPay's 508
    (("60", "82"), (16,)),  # RuPay
)
_ISSUER = re.compile("|".join(f"({'|'.join(begins)})" for begins, _ in _ISSUERS))
_LENGTHS = ((), *(lengths for _, lengths in _ISSUERS))


def _begins(begin: str) -> str:
    """Behind the first digit: the others that a number of an issuer begins with, whatever stands between them."""
    atoms = re.findall(r"\[[^]]*\]|[0-9]", begin)
    return f"(?<={atoms[0]})" + "".join(("(?=", *(_BETWEEN + atom for atom in atoms[1:]), ")"))


def _ends(lengths: Sequence[int]) -> str:
    """Behind the first digit: as many more as the number has then, and no digit; the lengths in one pass."""
    end, longer = f"(?![{_ZERO_WIDTH}]*+[0-9])", ""
    for length, shorter in zip(lengths, (*lengths[1:], 1), strict=True):
        longer = f"(?:{_NEXT}){{{length - shorter}}}(?:{end}{'|' if longer else ''}{longer})"
    return longer


_CANDIDATE = re.compile(
    rf"{_FIRST}(?:"
    + "|".join(f"(?:{'|'.join(map(_begins, begins))})(?={_ends(lengths)})" for begins, lengths in _ISSUERS)
    + ")"
)
"""Where a row begins as an issuer's numbers do, and may end as they do. It takes the first digit."""

_VALUES = bytes((byte - 0x30) % 256 for byte in range(256))
_DOUBLED = bytes(sum(divmod(2 * ((byte - 0x30) % 10), 10)) for byte in range(256))

# The first two end as they should; whoever copies by hand leaves the signs at the ends out, but not the date of expiry.
_STRIPE = re.compile(
    r"%[A-Z][0-9 ]{12,25}\^[^?]{0,120}\?|;[0-9]{12,19}=[0-9:;<=>]{0,60}\?"
    r"|%?[Bb][2-68][0-9 ]{11,24}\^[^?^\n]{2,40}\^[0-9]{4}[0-9 ]{0,60}"
    r"|(?<![0-9])[2-68][0-9]{11,18}=[0-9]{2}(?:0[1-9]|1[0-2])[0-9]{3,26}"
)
_MAY_BE_STRIPE = re.compile(r"\^|=(?<=[0-9]=)")
"""What stands behind the number in it: a look that is quick."""

_CODE_WORD = (
    r"(?:(?<![a-z])(?:cvv2?|cvc2?|cvn2?|csc|cid|security[ -]code|card[ -]code|pr(?:ü|ue)fnummer|sicherheitscode"
    r"|cryptogramme|code de sécurité|c[óo]digo de (?:seguridad|segurança)|codice di sicurezza|beveiligingscode"
    r"|код безопасности)(?![a-z])"
    r"|安全码|セキュリティコード)"
)
_CODE = re.compile(rf"{_CODE_WORD}[^0-9•]{{0,16}}([0-9]{{3,4}})(?![0-9])", re.IGNORECASE)
_CODE_BEFORE = re.compile(rf"(?<![0-9•])([0-9]{{3,4}})(?![0-9])[^0-9•]{{0,12}}{_CODE_WORD}", re.IGNORECASE)

_CODE_HINTS = ("cv", "csc", "cid", "cod", "código", "nummer", "crypto", "код", "安全", "セキュ")
"""One of these is in every word for a security code, in small letters."""


class Found(NamedTuple):
    """What is hidden in a text: each place, from start to end, becomes one sign; and how many secrets these are."""

    places: list[tuple[int, int]]
    secrets: int


class _Card(NamedTuple):
    """A card number, or several that overlap: the places of all digits, in order."""

    digits: list[int]

    @property
    def span(self) -> tuple[int, int]:
        """From the first digit to behind the last."""
        return self.digits[0], self.digits[-1] + 1

    @property
    def hidden(self) -> list[tuple[int, int]]:
        """Six digits in front and four behind stay."""
        return [(place, place + 1) for place in self.digits[6:-4]]


def is_number(digits: str) -> bool:
    """Whether these digits, 0 to 9, are a card number."""
    return len(digits) in _lengths(digits) and _sums_up(digits)


def may_hold_number(digits: str) -> bool:
    """Whether a card number may lie anywhere in a row of digits whose groups aren't known."""
    return len(digits) > _ROW_MAX or any(
        at + length <= len(digits) and _sums_up(digits[at : at + length])
        for at in range(len(digits) - DIGITS_MIN + 1)
        for length in _lengths(digits, at)
    )


def find(text: str) -> Found:
    """What a text has to hide, in order."""
    if not text.isascii():  # digits of other scripts, the full-width ones among them; no position changes
        text = _OTHER_DIGIT.sub(lambda digit: str(int(digit[0])), text)
    stripes = [match.span() for match in _STRIPE.finditer(text)] if _MAY_BE_STRIPE.search(text) else []
    if stripes:
        text = _STRIPE.sub(lambda stripe: MARK * len(stripe[0]), text)
    cards, rest = _cards(text)
    if not (cards or rest or stripes):
        return Found([], 0)
    hidden = [place for card in cards for place in card.hidden]
    codes = _codes(text, [card.span for card in cards], rest) if cards else []
    return Found(sorted({*stripes, *hidden, *codes, *rest}), len(stripes) + len(cards) + len(codes) + len(rest))


def _cards(text: str) -> tuple[list[_Card], list[tuple[int, int]]]:
    """The card numbers of a text, from left to right; and the rows of digits that were too many to be reckoned.

    Numbers that overlap count as one: nobody knows which of them is true.
    """
    cards: list[_Card] = []
    at = 0
    for _ in range(TRIES_MAX):
        candidate = _CANDIDATE.search(text, at)
        row = candidate and _ROW.match(text, candidate.start())
        if not row:
            return cards, []
        at = row.start() + 1
        card = _card(text, row)
        if card is not None and cards and card.digits[0] <= (last := cards[-1].digits[-1]):
            cards[-1].digits.extend(place for place in card.digits if place > last)
        elif card is not None:
            cards.append(card)
    at = max(at, cards[-1].digits[-1] + 1) if cards else at
    return cards, [row.span() for row in _ANY_ROW.finditer(text, at)]


def _card(text: str, row: re.Match[str]) -> _Card | None:
    """The card number that a row of digits begins with."""
    digits = _NO_DIGIT.sub("", row[0])
    lengths = _lengths(digits)
    if not lengths:
        return None
    fitting = [length for length in lengths if length <= len(digits) and _sums_up(digits[:length])]
    if not fitting:
        return None
    places = [place for place in range(*row.span()) if "0" <= text[place] <= "9"]
    for length in fitting:
        if _may_be(text, digits[:length], places[:length]):
            return _Card(places[:length])
    return None


def _may_be(text: str, digits: str, places: list[int]) -> bool:
    """Whether digits that sum up, at these places, stand as a card number does."""
    start, end = places[0], places[-1] + 1
    if _GOES_ON.match(text, end) or _EXPIRES.match(text, end - 3):
        return False
    if _LINE_BREAKS.search(text, start, end) and not in_card_groups(text[start:end]):
        return False
    before = _WENT_BEFORE.search(text, max(0, start - _HIDDEN_MAX), start)
    return before is None and not is_something_else(text, start, end, digits)


def _lengths(digits: str, at: int = 0) -> tuple[int, ...]:
    issuer = _ISSUER.match(digits, at)
    return _LENGTHS[issuer.lastindex] if issuer and issuer.lastindex else ()


def _sums_up(digits: str) -> bool:
    """The Luhn sum."""
    read = digits.encode()
    return (sum(read[-1::-2].translate(_VALUES)) + sum(read[-2::-2].translate(_DOUBLED))) % 10 == 0


def _codes(text: str, cards: list[tuple[int, int]], rest: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """The security codes near the cards, outside of all that is hidden already."""
    parts: list[str] = []
    done = 0
    for start, end in (*cards, *rest):
        parts += (text[done:start], MARK * (end - start))
        done = end
    others = "".join((*parts, text[done:]))
    found: set[tuple[int, int]] = set()
    for start, end in cards:
        near = max(0, start - NEAR), end + NEAR
        words = others[slice(*near)].lower()
        if any(hint in words for hint in _CODE_HINTS):
            found |= {code.span(1) for pattern in (_CODE, _CODE_BEFORE) for code in pattern.finditer(others, *near)}
    return sorted(found)
