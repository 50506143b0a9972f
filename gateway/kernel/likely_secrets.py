"""What looks like a secret in a text that people write: to mask it, and to tell its author.

Masking takes whatever could be one; telling takes what hardly can be anything else, for nobody heeds what cries wolf.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from gateway.kernel.cards import hide_cards_in_words
from gateway.kernel.log import hide_secrets
from gateway.kernel.problems import lines_of

_TOKEN: Final = re.compile(
    r"(?i:\b(?:whsec|whpk|gwkey[0-9]|og[ts]|sk|pk|gh[opsu]|xox[abops])[_-]\w{6})|eyJ[A-Za-z0-9_-]{9}|[0-9a-fA-F]{24}|://[^/]*@|-----BEGIN"
)
"""How the usual tokens begin, a long number in hex, a password in a URL, a key."""

_MIXED: Final = r"(?=[A-Za-z0-9]{0,40}[0-9])(?=[A-Za-z0-9]{0,40}[A-Za-z])[A-Za-z0-9]{16}"
"""A long word that has letters and digits, as no name has them."""

_CODED: Final = r"(?=\S{0,80}[0-9])(?=\S{0,80}[a-z])(?=\S{0,80}[A-Z])[A-Za-z0-9+/=._~-]{16}"
"""A long word that has digits, small letters and capitals."""

_KINDS: Final = (
    ("a webhook secret", r"\b(?i:whsec|whsk)_[A-Za-z0-9+/=_-]{6}"),
    ("a key of the gateway", r"\bgwkey[0-9]_[A-Za-z0-9+/=_-]{6}"),
    ("a token of the gateway", r"\bog[ts]_[a-z2-7]{8}_[a-z0-9]{6}"),
    ("a token", r"\b(?:gh[opsu]|github_pat)_\w{6}|\bxox[abops]-\w{6}|\bglpat-\w{6}|\b[spr]k[_-](?:live|test)[_-]\w{6}"),
    ("a token", rf"\b[spr]k[_-](?:proj-|ant-[a-z0-9]{{1,9}}-)?{_MIXED}|\beyJ[\w-]{{9,300}}\.[\w-]{{4}}"),
    ("a key of a cloud", r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b|\bAIza[0-9A-Za-z_-]{20}"),
    (
        "a key",
        r"(?<![0-9A-Za-z])(?=[0-9a-fA-F]{0,40}[a-fA-F])(?=[0-9a-fA-F]{0,40}[0-9])[0-9a-fA-F]{32,}(?![0-9A-Za-z])",
    ),
    ("a password in an address", r"\b[a-z][a-z0-9+.-]{0,20}://[^/\s:@]{0,100}:[^/\s@]{1,100}@"),
    ("a private key", r"-----BEGIN [A-Z ]{0,30}PRIVATE KEY"),
    ("a credential", rf"\b(?i:bearer|basic)[ \t]{{1,9}}{_CODED}"),
)
_DIGITS_BEFORE: Final = re.compile(r"[0-9](?:[ .-]?[0-9]){0,11}[ .-]?$")
_TOLD: Final = tuple((what, re.compile(pattern)) for what, pattern in _KINDS)


@dataclass(frozen=True, slots=True)
class Likely:
    """Where something that looks like a secret begins: line and column from 1; `what` it looks like, in words."""

    line: int
    column: int
    what: str


def could_be_secret(text: str) -> bool:
    """Whether a text looks like one of the usual tokens, or holds one."""
    return _TOKEN.search(text) is not None or hide_secrets(text) != text or any(map(_told, lines_of(text)))


def likely_secrets(text: str) -> Iterator[Likely]:
    """What in a text is most likely a secret: the first of each line, whatever it stands in."""
    for number, line in enumerate(lines_of(text), start=1):
        if told := _told(line):
            start, what = told
            yield Likely(number, start + 1, what)


def _told(line: str) -> tuple[int, str] | None:
    """Where a line's first secret begins, and what it looks like."""
    found = [(match.start(), what) for what, pattern in _TOLD if (match := pattern.search(line))]
    shown = hide_cards_in_words(line)
    if shown != line:
        place = next(index for index, sign in enumerate(line) if shown[index : index + 1] != sign)
        # Of a card's number the first digits stay.
        digits = _DIGITS_BEFORE.search(line[:place])
        found.append((digits.start() if digits else place, "a card's number"))
    return min(found, default=None)
