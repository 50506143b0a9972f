"""Answers that many ask for are made once: for all who ask the same while nothing has changed.

An answer is good for at most KEPT_S seconds, and only as long as nothing was written since it was begun, as far as
those who ask can know: while changes are told, they know of what was told. How connectors stand is written nowhere.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass, field
from typing import NamedTuple
from weakref import WeakValueDictionary

from gateway.kernel.ports import Clock
from gateway.kernel.store import Store
from gateway.web.live.feed import Feed

KEPT_S = 5.0
ANSWERS_MAX = 200
BYTES_MAX = 20_000_000
"""Of all answers that are kept."""


class _Answer(NamedTuple):
    body: str
    made_s: float
    mark: object
    generation: int
    standings: int


@dataclass(slots=True)
class Shared:
    """The answers that are kept, the ones asked for last at the end."""

    clock: Clock
    store: Store
    feed: Feed
    _kept: OrderedDict[Hashable, _Answer] = field(default_factory=OrderedDict)
    _size: int = 0
    _turns: WeakValueDictionary[Hashable, asyncio.Lock] = field(default_factory=WeakValueDictionary)

    async def answer(self, asked: Hashable, make: Callable[[], Awaitable[str]]) -> str:
        """The answer to what is `asked`, made by `make` unless it is at hand. What that raises is raised, and not
        kept."""
        turn = self._turns.get(asked)
        if turn is None:
            turn = self._turns[asked] = asyncio.Lock()
        # Whoever comes meanwhile waits for the one that is being made.
        async with turn:
            mark, generation, standings = await self.store.change_mark(), self.feed.generation, self.feed.standings
            kept = self._kept.get(asked)
            if kept is not None and self._good(kept, mark):
                self._kept.move_to_end(asked)
                return kept.body
            began_s = self.clock.monotonic()
            body = await make()
            self._keep(asked, _Answer(body, began_s, mark, generation, standings))
            return body

    def _good(self, kept: _Answer, mark: object) -> bool:
        if self.clock.monotonic() - kept.made_s >= KEPT_S or kept.standings != self.feed.standings:
            return False
        return kept.mark == mark or (self.feed.watching and kept.generation == self.feed.generation)

    def _keep(self, asked: Hashable, answer: _Answer) -> None:
        before = self._kept.pop(asked, None)
        self._size += len(answer.body) - (len(before.body) if before else 0)
        self._kept[asked] = answer
        while len(self._kept) > ANSWERS_MAX or self._size > BYTES_MAX:
            _, gone = self._kept.popitem(last=False)
            self._size -= len(gone.body)
