"""The tokens that a person granted to one connector: sealed on the shelf, opened only here."""

from dataclasses import dataclass, field

import msgspec

from gateway.kernel.ports import Spawn
from gateway.kernel.sealing import Seal, WrongKey
from gateway.kernel.tokens import TokenRow, TokenShelf
from gateway.kernel.vendor_grants import Granted


class Tokens(msgspec.Struct, frozen=True, omit_defaults=True):
    """An access token and what renews it. Instants are milliseconds since the epoch; None: the vendor told none."""

    access: str
    refresh: str | None = None
    ends_at: int | None = None
    refresh_ends_at: int | None = None
    scope: str | None = None

    def __repr__(self) -> str:
        return f"Tokens(ends_at={self.ends_at}, refresh_ends_at={self.refresh_ends_at}, scope={self.scope!r})"


@dataclass(frozen=True, slots=True)
class Kept:
    """Tokens as they are kept, and the row that they stand in."""

    row: TokenRow = field(repr=False)
    tokens: Tokens


@dataclass(slots=True)
class Vault:
    """Keeps the tokens of one connector. `spawn` runs a renewal to its end, whoever gives up waiting for it."""

    connector: str
    shelf: TokenShelf
    seal: Seal
    spawn: Spawn
    _opened: Kept | None = field(default=None, repr=False)

    async def kept(self) -> Kept | None:
        """What is kept now; None before anybody has authorized the connector. Raises SealError."""
        row = await self.shelf.tokens(self.connector)
        if row is None:
            return None
        opened = self._opened
        known = opened is not None and opened.row.sealed == row.sealed
        self._opened = Kept(row, opened.tokens if opened and known else self._open(row.sealed))
        return self._opened

    async def keep(self, tokens: Tokens, now: int) -> int:
        """Keep what a person has granted, in place of what was there; its generation. Raises SealError, StoreFull."""
        return await self.shelf.keep_tokens(self.connector, self.sealed(tokens), now)

    def sealed(self, tokens: Tokens) -> bytes:
        """The tokens as they may lie on a disk. Raises SealError."""
        return self.seal.seal(msgspec.json.encode(tokens), _purpose(self.connector))

    def _open(self, sealed: bytes) -> Tokens:
        plain = self.seal.open(sealed, _purpose(self.connector))
        try:
            return msgspec.json.decode(plain, type=Tokens)
        except msgspec.MsgspecError:
            raise WrongKey("what is kept sealed is of another version: `gateway authorize` puts it right") from None


def as_tokens(granted: Granted, now: int, before: Tokens | None = None) -> Tokens:
    """What was granted at `now`. What a renewal doesn't tell again stays as it was."""
    refresh, refresh_ends_at = granted.refresh, _end(granted.refresh_life_s, now)
    if refresh is None and before is not None:
        refresh, refresh_ends_at = before.refresh, refresh_ends_at or before.refresh_ends_at
    scope = before.scope if granted.scope is None and before is not None else granted.scope
    return Tokens(granted.access, refresh, _end(granted.life_s, now), refresh_ends_at, scope)


def _end(life_s: float | None, now: int) -> int | None:
    return None if life_s is None else now + round(life_s * 1000)


def _purpose(connector: str) -> str:
    return f"tokens of {connector}"
