"""Policies in force for tests: read once, and kept in a store as the daemon keeps them."""

import asyncio
from collections.abc import Iterable
from functools import lru_cache

from gateway.engine.policies import Policies
from gateway.engine.world import World
from gateway.kernel.spawn import InlineSpawn
from gateway.kernel.store import PolicyRow, Store
from gateway.policy.kept import pack_calendars
from gateway.policy.load import Loaded, load_policy
from gateway.rules.policy import Policy
from gateway.rules.timeline import FROM_THE_BEGINNING, Timeline


@lru_cache(maxsize=64)
def loaded(text: str) -> Loaded:
    """A policy's text, checked and compiled."""
    return load_policy(text, "policy.yaml")


@lru_cache(maxsize=64)
def kept(text: str) -> PolicyRow:
    """A policy that has always been in force."""
    policy = loaded(text).policy
    calendars = pack_calendars(policy.calendars)
    return PolicyRow(
        since=FROM_THE_BEGINNING, hash=policy.hash, name=policy.name, stored_at=0, text=text, calendars=calendars
    )


class Fixed(Policies):
    """One policy, by which everything is judged."""

    def __init__(self, store: Store, policy: Policy) -> None:
        row = PolicyRow(since=FROM_THE_BEGINNING, hash=policy.hash, name=policy.name, stored_at=0)
        super().__init__(store, [row], InlineSpawn())
        self._only = Timeline.only(policy)

    async def timeline(self, since: int) -> Timeline:
        """The same for every instant."""
        return self._only

    async def to_read_by(self, instants: Iterable[int]) -> Timeline:
        """The same for whatever it has judged."""
        return self._only


async def in_force(world: World, text: str) -> Policies:
    """The policies of the world's store with this one in force: from the beginning, or after another one from now."""
    if not await world.store.policies():
        await world.store.put_in_force(kept(text))
    policies = await Policies.open(world.store, world.spawn)
    await policies.follow(world, loaded(text), asyncio.Lock())
    return policies
