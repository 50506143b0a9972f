"""What is kept of objects that are told in pieces: the facts that are known of each, and what was told of it."""

from collections.abc import Sequence
from typing import Protocol

import msgspec

from gateway.model.identity import Ref


class Told(msgspec.Struct, frozen=True, array_like=True):
    """An event that an object's facts have given: what it is about, its id, and whether it opens a contact."""

    ref: Ref
    event: str
    opens: bool = False


class Assembly(msgspec.Struct, frozen=True, kw_only=True):
    """One object. `id` is unique within its connector, as each of its `names` is; `version` is 0 before the first
    write. `facts` are the connector's own, as JSON; `received_at` is when the latest piece of them came in."""

    connector: str
    id: str
    version: int
    names: tuple[str, ...]
    facts: bytes
    told: tuple[Told, ...] = ()
    received_at: int = 0


class Assemblies(Protocol):
    """The part of the Store port that is about objects in pieces; they are written with the batch that judges them."""

    async def assemblies(self, names: Sequence[tuple[str, str]]) -> list[Assembly]:
        """The objects that have any of these names, given as (connector, name); each once."""
        ...
