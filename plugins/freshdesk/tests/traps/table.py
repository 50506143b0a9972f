"""The table of Freshdesk's traps, and the desk at which their stories are told."""

from contextlib import AbstractAsyncContextManager
from typing import Any, Final

from gateway_freshdesk import Freshdesk
from gateway_freshdesk.simulator import FreshdeskSimulator

from tests.support import trap_desk
from tests.support.trap_desk import desk_of
from tests.support.traps import Elsewhere, Table

ELSEWHERE: Final = {
    "44": Elsewhere(
        "verbb/formie #887, freshdesk-cli #113",
        "a ticket was refused for the value of a field, or for fields that were empty, and nobody was told which",
        "nothing is written into Freshdesk yet: a connector has no ability to act",
    ),
}

NUMBERS: Final[tuple[str, ...]] = (*map(str, range(38, 49)), "a", "b")
"""Every trap of the list that concerns Freshdesk or any vendor; letters are the weather in which readers differ."""

TABLE: Final = Table(NUMBERS, ELSEWHERE)
trap = TABLE.trap


class Desk(trap_desk.Desk):
    """A simulated account of Freshdesk, and a gateway that reads it."""

    @property
    def account(self) -> FreshdeskSimulator:
        """The account's people."""
        found = self.on.simulator
        assert isinstance(found, FreshdeskSimulator)
        return found


def desk(*, days: float = 1.0, **more: Any) -> AbstractAsyncContextManager[Desk]:
    """An account, and a reader whose past is so many days long; the rest as `desk_of` has it."""
    roomy = {"list_per_minute": 10_000, "requests_per_minute": 100_000}
    return desk_of(Desk, Freshdesk, **{"backfill_days": days, "backfill_conversations": "all", **roomy, **more})
