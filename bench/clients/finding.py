"""What a foreign client found beside what is there, and which differences are known, with their reasons."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

_SECONDS: Final = "a page by time repeats the second of its last row where it is full"
KNOWN: Final = {
    ("zenpy", "tickets by time", "twice"): _SECONDS,
    ("zenpy", "users by time", "twice"): _SECONDS,
    ("airbyte", "ticket_comments", "twice"): _SECONDS,
}
"""Client, what was read, and the difference: why it is right that they differ."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was read: how many of how many, and what is wrong with it."""

    client: str
    what: str
    read: int
    there: int
    wrong: tuple[str, ...] = ()
    """Each a kind (missing, more, twice, or what a check says), a colon, and the first of them."""

    excused: tuple[str, ...] = field(default=())

    @property
    def ok(self) -> bool:
        """Whether nothing differs that isn't known."""
        return not self.wrong


def compared(client: str, what: str, read: Sequence[Any], there: Sequence[Any]) -> Finding:
    """Ids that were read beside those that are there."""
    found, expected = set(read), set(there)
    kinds = {
        "missing": sorted(expected - found),
        "more": sorted(found - expected),
        "twice": sorted({one for one in found if read.count(one) > there.count(one)} & expected),
    }
    differing = {kind: ids for kind, ids in kinds.items() if ids}
    known = {kind: why for kind in differing if (why := KNOWN.get((client, what, kind))) is not None}
    wrong = tuple(f"{kind}: {_some(ids)}" for kind, ids in differing.items() if kind not in known)
    excused = tuple(f"{len(differing[kind])} {kind}: {why}" for kind, why in known.items())
    return Finding(client, what, len(found), len(expected), wrong, excused)


def failed(client: str, code: int, errors: str) -> Finding:
    """A client that ended with an error."""
    return Finding(client, "ended", 0, 0, (f"exit code {code}: {errors.strip()[-1_500:]}",))


def _some(ids: Sequence[Any]) -> str:
    return f"{', '.join(map(str, ids[:5]))}{' …' if len(ids) > 5 else ''} ({len(ids)})"
