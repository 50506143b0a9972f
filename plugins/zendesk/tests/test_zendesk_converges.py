"""Whatever becomes of webhooks, and whenever is polled, restarted or committed late: in the end every contact is as a
clean and full reading has it, and the journal has all that such a reading says.

`CONVERGES_EXAMPLES=5000 python -m pytest plugins/zendesk/tests/test_zendesk_converges.py --timeout=0` looks for longer,
by chance; what fails comes with the smallest story.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractContextManager, asynccontextmanager
from typing import Any, Final
from unittest.mock import patch

import pytest
from gateway_zendesk import Zendesk, export
from gateway_zendesk.simulator import ZendeskSimulator
from gateway_zendesk.simulator.push import Pusher
from gateway_zendesk.webhook import SIGNATURE, TIMESTAMP, signature
from hypothesis import given
from msgspec.structs import replace
from pydantic import SecretStr

from gateway.model.contact import Contact
from gateway.plugin import UNSET, ContactObserved, Customer, Event, Request, format_instant
from gateway.testing.stage import Stage, stage
from tests.support.weather import SYNC, Step, Weather, drawn, stories, told

SUSPENDED: Final = "requester_suspended"


class Zendesks(Weather):
    """An account, and its webhooks, each signed when it arrives."""

    @staticmethod
    @asynccontextmanager
    async def account() -> AsyncIterator[tuple[Stage, Mapping[str, Any]]]:
        """An account without limits, and the settings that read all of it."""
        async with stage(Zendesk, objects=2, page_size=3) as on:
            simulator: Any = on.simulator
            for window in (simulator.api.limits.plan, simulator.api.limits.export):
                window.per_minute = None
            more = {"export_per_minute": 1_000, "requests_per_minute": 100_000, "backfill_logs": "all"}
            yield on, {**on.values, **more}

    def hearing(self) -> AbstractContextManager[Any]:
        """Bodies are held."""
        return patch.object(Pusher, "send", lambda _, hooks: self.held.extend(hook.body for hook in hooks))

    async def deliver(self, body: bytes) -> None:
        """A webhook arrives, signed as it is sent."""
        at = self.on.clock.now()
        stamp = format_instant(at)
        signed = signature(SecretStr(str(self.on.values["webhook_secret"])), stamp, body)
        await self.ours.deliver([Request("POST", {TIMESTAMP: stamp, SIGNATURE: signed}, {}, body, at)])

    def knowable(self, contact: Contact) -> Contact:
        """Who asked for what is over stays known as they were then: a later change of the person reaches open tickets
        only."""
        if not contact.ended:
            return contact
        fields = {key: value for key, value in contact.fields.items() if key != SUSPENDED}
        return replace(contact, customer=Customer(), language=None, fields=fields)

    def content(self, event: Event) -> Event:
        """A snapshot shows people as they were when it was read."""
        event = super().content(event)
        if isinstance(event, ContactObserved):
            fields = {key: value for key, value in (event.fields or {}).items() if key != SUSPENDED}
            event = replace(event, customer=UNSET, language=UNSET, fields=fields)
        return event


@drawn
@given(stories(ZendeskSimulator, openings=["open", "open_messaging"], streams=2))
def test_any_story_ends_in_the_same(story: list[Step]) -> None:
    """As a clean reading has it, to the byte."""
    asyncio.run(told(Zendesks, story))


LATE: Final[list[Step]] = [SYNC, ("unseen", "open"), ("pass", 3), ("act", "open"), ("pass", 61), SYNC]
"""A ticket is committed late, its webhook is lost, and the next one is read before it."""


def test_it_would_tell(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the overlap a ticket that is committed late stays unknown."""
    asyncio.run(told(Zendesks, LATE))
    monkeypatch.setattr(export, "OVERLAP_S", -1)
    with pytest.raises(AssertionError, match="less was said than the truth"):
        asyncio.run(told(Zendesks, LATE))
