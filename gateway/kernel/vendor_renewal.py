"""Renews the tokens that a person granted, where each renewal takes the old ones back.

Laws. One renewal, however many callers and processes: callers share one flight, processes a lease on the row; who has
lost the race reads what the other one stored. New tokens are stored, durably, before anything is sent with them. A
renewal that has begun goes on although who asked for it has given up. One request causes one renewal at most: tokens
that are young are not renewed because the vendor refuses them, and after a failure the vendor is left alone for a
while. `invalid_grant` ends it: unless others are stored by then, nobody tries these tokens again, since only a person
can help. A renewal whose answer got lost ends so too, if the vendor took the old tokens back with it.
"""

import asyncio
import hmac
from typing import Final

from gateway.kernel.ports import Clock
from gateway.kernel.sealing import SealError
from gateway.kernel.store import StoreFull
from gateway.kernel.vault import Kept, Tokens, Vault, as_tokens
from gateway.kernel.vendor_errors import Transient, Unauthorized, VendorError
from gateway.kernel.vendor_grants import Refused, TokenEndpoint

LEEWAY_MS: Final = 60_000
"""A token is renewed so long before it runs out, or after half its life."""

YOUNG_MS: Final = 60_000
"""Tokens that are younger are not renewed because of a 401: new ones would be refused as well."""

HOLD_OFF_S: Final = 10.0
"""So long after a failed renewal the vendor isn't asked again, or for as long as it asks for, within bounds."""

HOLD_OFF_MAX_S: Final = 3_600.0

ANSWER_S: Final = 15.0
LEASE_MS: Final = 30_000
"""Longer than a renewal can take."""

LOOK_AGAIN_S: Final = 0.2
"""While another process renews, its tokens are looked for so often."""

_LOOKS_MAX: Final = round(2 * LEASE_MS / (LOOK_AGAIN_S * 1000))


class Renewal:
    """Gives access tokens out of a vault, and keeps those in it alive."""

    def __init__(self, endpoint: TokenEndpoint, clock: Clock, vault: Vault | None) -> None:
        self._endpoint = endpoint
        self._clock = clock
        self._vault = vault
        self._flight: asyncio.Future[str | VendorError] | None = None
        self._stale = 0  # the generation whose access token was refused
        self._unstored: tuple[int, Tokens] | None = None
        self._failure: tuple[float, VendorError] | None = None

    async def access(self) -> str:
        """The token to send now. Raises VendorError if it can't be had."""
        vault = self._trusted()
        kept = await _kept(vault)
        if not self._is_due(kept):
            return kept.tokens.access
        try:
            return await self._renewed(vault)
        except Transient:
            ends_at = kept.tokens.ends_at
            if kept.row.generation != self._stale and ends_at is not None and self._clock.now() < ends_at:
                return kept.tokens.access  # its last minute
            raise

    async def refused(self, token: str) -> bool:
        """The vendor didn't accept this token: whether there may be another one now."""
        kept = await _kept(self._trusted())
        if not hmac.compare_digest(kept.tokens.access, token):
            return True
        if 0 <= self._clock.now() - kept.row.stored_at < YOUNG_MS:
            return False
        self._stale = kept.row.generation
        return True

    async def settled(self) -> None:
        """Come back when no renewal is under way, or when it has had its time."""
        if self._flight is not None:
            await asyncio.wait([self._flight], timeout=ANSWER_S)

    def _trusted(self) -> Vault:
        if self._vault is None:
            raise Unauthorized("nobody has authorized this connector yet: run `gateway authorize` with its name")
        return self._vault

    def _is_due(self, kept: Kept) -> bool:
        ends_at = kept.tokens.ends_at
        if kept.row.generation == self._stale:
            return True
        if ends_at is None:
            return False
        leeway = min(LEEWAY_MS, (ends_at - kept.row.stored_at) / 2)
        return self._clock.now() >= ends_at - leeway

    async def _renewed(self, vault: Vault) -> str:
        """What the flight brings that is under way, or a new one."""
        if self._flight is None:
            if self._failure is not None and self._clock.monotonic() < self._failure[0]:
                raise self._failure[1].with_traceback(None)
            self._flight = asyncio.get_running_loop().create_future()
            vault.spawn.task("token-renewal", self._fly(vault, self._flight))
        outcome = await asyncio.shield(self._flight)
        if isinstance(outcome, VendorError):
            raise outcome.with_traceback(None)
        return outcome

    async def _fly(self, vault: Vault, flight: "asyncio.Future[str | VendorError]") -> None:
        outcome: str | VendorError = Transient("the renewal of the tokens was broken off")
        try:
            outcome = await self._when_it_is_our_turn(vault)
        except VendorError as error:
            outcome = error
            asked_s = (error.retry_after_s or 0.0) if isinstance(error, Transient) else 0.0
            self._failure = (self._clock.monotonic() + max(HOLD_OFF_S, min(asked_s, HOLD_OFF_MAX_S)), error)
        finally:
            self._flight = None
            if not flight.done():
                flight.set_result(outcome)

    async def _when_it_is_our_turn(self, vault: Vault) -> str:
        if self._unstored is not None:
            return await self._stored(vault, *self._unstored)
        for _ in range(_LOOKS_MAX):
            kept = await _kept(vault)
            if not self._is_due(kept):
                return kept.tokens.access  # another process was quicker
            if kept.row.refused is not None:
                raise _for_a_person(vault, f"the vendor renews the tokens no more ({kept.row.refused})")
            if kept.tokens.refresh is None:
                raise _for_a_person(vault, "the token has ended, and the vendor gave none to renew it with")
            until = await _leased(vault, kept, self._clock.now())
            if until is not None:
                return await self._asked(vault, kept, kept.tokens.refresh, until)
            await self._clock.sleep(LOOK_AGAIN_S)
        raise Transient("another process has been renewing the tokens for too long")

    async def _asked(self, vault: Vault, kept: Kept, refresh: str, until: int) -> str:
        """Ask the vendor, store what it gives, and give it out."""
        generation = kept.row.generation
        try:
            async with asyncio.timeout(ANSWER_S):
                granted = await self._endpoint.renewed(refresh)
        except TimeoutError:
            await _release(vault, generation, until)
            raise Transient(f"the vendor's token endpoint didn't answer within {ANSWER_S:g} s") from None
        except Refused as error:
            return await self._refused_for(vault, generation, until, error)
        except VendorError:
            await _release(vault, generation, until)
            raise
        tokens = as_tokens(granted, self._clock.now(), kept.tokens)
        self._unstored = (generation, tokens)
        return await self._stored(vault, generation, tokens)

    async def _stored(self, vault: Vault, generation: int, tokens: Tokens) -> str:
        try:
            await vault.shelf.renew_tokens(vault.connector, generation, vault.sealed(tokens), self._clock.now())
        except (StoreFull, SealError) as error:
            # The vendor has taken the old ones back: these are stored by the next request, before it uses them.
            raise Transient(f"new tokens could not be stored: {error}") from None
        self._unstored = None
        return (await _kept(vault)).tokens.access  # others, if they were kept meanwhile

    async def _refused_for(self, vault: Vault, generation: int, until: int, error: Refused) -> str:
        if error.code != "invalid_grant":
            await _release(vault, generation, until)
            raise Unauthorized(f"{error}: see the client's id and secret", status=error.status) from None
        kept = await _kept(vault)
        if kept.row.generation != generation:
            return kept.tokens.access
        await _release(vault, generation, until, refused=error.code)
        raise _for_a_person(vault, f"the vendor renews the tokens no more ({error.code})") from None


async def _kept(vault: Vault) -> Kept:
    try:
        kept = await vault.kept()
    except SealError as error:
        raise Unauthorized(f"the tokens of {vault.connector} can't be opened: {error}") from None
    if kept is None:
        raise _for_a_person(vault, f"nobody has authorized {vault.connector} yet")
    return kept


async def _leased(vault: Vault, kept: Kept, now: int) -> int | None:
    """The end of our lease; None while another process has it."""
    until, held_until = now + LEASE_MS, kept.row.leased_until
    if held_until is not None and now < held_until <= until:
        return None
    try:
        leased = await vault.shelf.lease_tokens(vault.connector, kept.row.generation, now=now, until=until)
    except StoreFull:
        raise Transient("the tokens can't be renewed: new ones could not be stored") from None
    return until if leased else None


async def _release(vault: Vault, generation: int, until: int, refused: str | None = None) -> None:
    try:
        await vault.shelf.release_tokens(vault.connector, generation, until, refused)
    except StoreFull:
        return  # the lease ends by itself


def _for_a_person(vault: Vault, why: str) -> Unauthorized:
    return Unauthorized(f"{why}: run `gateway authorize {vault.connector}`")
