"""Texts that look like secrets, wherever they stand in a file: how the usual tokens begin, and what no person types.

Law: a place is told, never the text.
"""

import re
from collections.abc import Iterator
from typing import Final

from gateway.kernel.problems import lines_of

_TOKENS: Final = re.compile(
    r"""
    \b(?:whsec|whsk|gwkey[0-9])_[\w+/=-]{8,}                        # what signs notices; our own keys
    | \b[sr]k_(?:live|test)_\w{8,} | \bsk-[\w-]{16,}                # payments; models
    | \bgh[opsur]_\w{16,} | \bgithub_pat_\w{16,} | \bglpat-[\w-]{16,}
    | \bxox[abeoprs]-[\w-]{10,}
    | \b(?:AKIA|ASIA)[0-9A-Z]{16}\b
    | \beyJ[\w-]{8,}\.[\w-]{8,}                                     # a signed token
    | -----BEGIN[ ][A-Z ]*PRIVATE[ ]KEY
    | ://[^/\s:@]+:[^/\s@]+@                                        # a password in a URL
    | \b(?:[Bb]earer|[Bb]asic)[ ]+(?=\S*[0-9=])[\w+/=.~-]{16,}
    | (?<![\w/+=-])[0-9a-fA-F]{32,}(?![\w+/=-])
    | (?<![\w/+=-])[\w+=-]{40,}
    """,
    re.VERBOSE,
)
_PUBLIC: Final = re.compile(r"whpk_|pk_")
_LINE_MAX: Final = 20_000
"""Characters of a line that are looked at."""


def secret_texts(text: str) -> Iterator[tuple[int, int]]:
    """Line and column, from 1, of every text that looks like a secret."""
    for number, line in enumerate(lines_of(text), 1):
        for match in _TOKENS.finditer(line, 0, _LINE_MAX):
            if _made(match.group()):
                yield number, match.start() + 1


def _made(word: str) -> bool:
    """Whether a word is no public key, and, if nothing but its length speaks for it, has the look of chance."""
    if _PUBLIC.match(word):
        return False
    if re.fullmatch(r"[0-9a-fA-F]{32,}", word):
        return re.search("[0-9]", word) is not None and re.search("[a-fA-F]", word) is not None
    if re.fullmatch(r"[\w+=-]{40,}", word):
        return all(re.search(signs, word) for signs in ("[0-9]", "[a-z]", "[A-Z]"))
    return True
