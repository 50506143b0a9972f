"""Where the tokens that a person granted are kept: one row a connector, sealed before it gets there.

A row has a `generation`: it grows whenever other tokens are kept. Who renews tokens leases the row of that generation,
so that of all processes on one database only one asks the vendor; a lease that is over may be taken by the next.
"""

from typing import Protocol

import msgspec


class TokenRow(msgspec.Struct, frozen=True, kw_only=True):
    """The tokens of one connector. `refused`: why the vendor renews them no more; None as long as it may."""

    connector: str
    generation: int
    sealed: bytes
    stored_at: int
    leased_until: int | None = None
    refused: str | None = None


class TokenShelf(Protocol):
    """The part of the Store port that is about tokens. Every write is durable when it comes back."""

    async def tokens(self, connector: str) -> TokenRow | None:
        """What is kept of a connector; None before anybody has authorized it."""
        ...

    async def keep_tokens(self, connector: str, sealed: bytes, now: int) -> int:
        """Keep what a person has granted, in place of what was there; its generation. Raises StoreFull."""
        ...

    async def lease_tokens(self, connector: str, generation: int, *, now: int, until: int) -> bool:
        """Whether the caller, and nobody else, may renew the tokens of this generation until an instant."""
        ...

    async def renew_tokens(self, connector: str, generation: int, sealed: bytes, now: int) -> bool:
        """Keep the new tokens for which those of this generation were given; False, and nothing is kept, if others have
        been kept meanwhile. Whether the lease is over doesn't matter: a vendor renews once. Raises StoreFull."""
        ...

    async def release_tokens(self, connector: str, generation: int, until: int, refused: str | None = None) -> None:
        """Give back the lease that ends at `until`, without new tokens; with `refused` nobody tries these again."""
        ...
