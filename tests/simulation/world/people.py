"""Who else is there: the people whom endpoints call."""

from collections.abc import Mapping

from tests.simulation.world import stories
from tests.simulation.world.senders import Sender
from tests.simulation.world.universe import Universe

LOOK_S = 60.0


class Desk:
    """The people at the endpoints: some of the escalations that they hear of they acknowledge."""

    def __init__(self, universe: Universe, senders: Mapping[str, Sender]) -> None:
        self._universe = universe
        self._senders = senders
        self._people = stories.Desk(universe.dice("desk"))

    async def run(self) -> None:
        """Read what is heard, as it comes."""
        read = 0
        while True:
            await self._universe.sleep(LOOK_S)
            heard = self._universe.witness.heard
            while read < len(heard):
                one = heard[read]
                read += 1
                if one.proved and (told := self._people.read(one.body, self._universe.now())) is not None:
                    connector, event = told
                    if connector in self._senders:
                        self._senders[connector].also(event)
