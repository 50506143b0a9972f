"""Versions of what is kept: bytes of an earlier one are brought up to date when they are read, of a later one refused.

The first version has no mark: what was written before there were versions is of it, and costs nothing. A later one
begins with a byte with which neither msgpack nor UTF-8 begins, and its number.
"""

from collections.abc import Callable, Sequence
from typing import Any, Final

MARK: Final = b"\xc1"

Upcaster = Callable[[Any], Any]
"""Makes of the plain values (lists, dicts, text, numbers) of one version those of the next."""


class Versions:
    """The versions of one kind: as many as there are `upcasters`, and one. Bytes of the current one begin with `mark`.

    Each upcaster leads from a version to the next; None where the next one reads the same bytes, such as after a new
    word.
    """

    __slots__ = ("_upcasters", "current", "mark")

    def __init__(self, *upcasters: Upcaster | None) -> None:
        self._upcasters: Sequence[Upcaster | None] = upcasters
        self.current = 1 + len(upcasters)
        self.mark = MARK + bytes([self.current]) if upcasters else b""

    def split(self, body: bytes) -> tuple[int, bytes]:
        """Of which version these bytes are, and the bytes behind the mark. Raises ValueError for a version that isn't
        known."""
        if body[:1] != MARK:
            return 1, body
        version = body[1] if len(body) > 1 else 0
        if not 2 <= version <= self.current:
            raise ValueError(f"it begins with the mark of version {version}")
        return version, body[2:]

    def newer(self, body: bytes) -> int | None:
        """The version of these bytes if it is later than all that are known."""
        return body[1] if body[:1] == MARK and len(body) > 1 and body[1] > self.current else None

    def reads_as_now(self, version: int) -> bool:
        """Whether bytes of this version are read as those of the current one."""
        return not any(self._upcasters[version - 1 :])

    def raised(self, version: int, value: Any) -> Any:
        """The plain values of a version as those of the current one. Raises ValueError for values of no version."""
        try:
            for upcaster in self._upcasters[version - 1 :]:
                value = value if upcaster is None else upcaster(value)
        except (LookupError, TypeError, AttributeError) as error:
            raise ValueError(f"it isn't what version {version} writes: {error!r}") from error
        return value
