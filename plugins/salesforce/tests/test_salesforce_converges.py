"""Whatever becomes of webhooks, and whenever is polled, restarted or committed late: in the end every contact is as a
clean and full reading has it, and the journal has all that such a reading says.

`CONVERGES_EXAMPLES=5000 python -m pytest plugins/salesforce/tests/test_salesforce_converges.py --timeout=0` looks for
longer, by chance; what fails comes with the smallest story.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractContextManager, asynccontextmanager
from functools import partial
from typing import Any, Final
from unittest.mock import patch

import pytest
from gateway_salesforce import Salesforce, pull
from gateway_salesforce.simulator import SalesforceSimulator
from gateway_salesforce.simulator.push import Push, Pusher
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from gateway.model.contact import Contact
from gateway.plugin import Request
from gateway.testing.stage import Reader, Stage, stage
from tests.support.weather import SYNC, Step, Weather, bare, drawn, stories, told


class Salesforces(Weather):
    """An org, whose deleted cases may come back."""

    def __init__(self, on: Stage, ours: Reader) -> None:
        super().__init__(on, ours)
        self.restored: set[str] = set()

    @staticmethod
    @asynccontextmanager
    async def account() -> AsyncIterator[tuple[Stage, Mapping[str, Any]]]:
        """An org, and the settings that read all of it without a limit."""
        kind: Any = partial(SalesforceSimulator, grant="client_credentials", nested_size=2)
        with patch.object(Salesforce, "simulator", staticmethod(lambda settings, seed: kind(settings, seed))):
            async with stage(Salesforce, objects=3, page_size=3) as on:
                yield on, {**on.values, "requests_per_minute": 100_000}

    def hearing(self) -> AbstractContextManager[Any]:
        """Webhooks are held as they are made."""
        return patch.object(Pusher, "send", lambda pusher, ids: self.held.append(pusher.made(ids)))

    async def deliver(self, push: Push) -> None:
        """A webhook arrives, signed as it is sent."""
        headers = {name.lower(): value for name, value in self.simulator.pusher.signed(push).items()}
        await self.ours.deliver([Request("POST", headers, {}, push.body, self.on.clock.now())])

    async def own(self, step: Step) -> None:
        """A case that comes back from the recycle bin, a change by the vendor, short pages, and a token that ends."""
        cases = self.simulator.org.rows("Case")
        match step:
            case ("restore", _):
                gone = [row for row in cases if row.values["IsDeleted"] and row.values["MasterRecordId"] is None]
                for row in gone[-1:]:
                    self.restored.add(row.id)
                    self.simulator.undelete(row.id)
            case ("system", _):
                for row in [row for row in cases if not row.values["IsDeleted"]][-1:]:
                    self.simulator.system_change(row.id)
            case ("short", on):
                self.simulator.fault("short_pages", on=on)
            case ("revoke", _):
                self.simulator.fault("revoked")
            case _:
                await super().own(step)

    async def end(self) -> None:
        """Pages are whole again, too."""
        self.simulator.fault("short_pages", on=False)
        await super().end()

    def knowable(self, contact: Contact) -> Contact:
        """How often one was opened again that was deleted meanwhile, only who saw it deleted can know."""
        return replace(contact, reopened=0) if contact.strands[0].ref.id in self.restored else contact


STORIES: Final = stories(
    SalesforceSimulator,
    st.tuples(st.just("short"), st.booleans()),
    bare("revoke", "restore", "system"),
    openings=["open", "open", "open_session", "ring"],
    streams=7,
)


@drawn
@given(STORIES)
def test_any_story_ends_in_the_same(story: list[Step]) -> None:
    """As a clean reading has it, to the byte."""
    asyncio.run(told(Salesforces, story))


LATE: Final[list[Step]] = [SYNC, ("unseen", "open"), ("pass", 3), ("act", "open"), ("pass", 30), SYNC]
"""A case is committed late, its webhook is lost, and the next one is read before it."""


def test_it_would_tell(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the overlap a case that is committed late stays unknown."""
    asyncio.run(told(Salesforces, LATE))
    monkeypatch.setattr(pull, "OVERLAP_MS", 0)
    with pytest.raises(AssertionError, match="less was said than the truth"):
        asyncio.run(told(Salesforces, LATE))
