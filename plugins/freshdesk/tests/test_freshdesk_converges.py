"""Whatever becomes of webhooks, and whenever is polled, restarted or committed late: in the end every contact is as a
clean and full reading has it, and the journal has all that such a reading says.

`CONVERGES_EXAMPLES=5000 python -m pytest plugins/freshdesk/tests/test_freshdesk_converges.py --timeout=0` looks for
longer, by chance; what fails comes with the smallest story.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractContextManager, asynccontextmanager
from typing import Any, Final
from unittest.mock import patch

import pytest
from gateway_freshdesk import Freshdesk, windows
from gateway_freshdesk.simulator import FreshdeskSimulator
from gateway_freshdesk.simulator.acts import WORDS
from gateway_freshdesk.simulator.hooks import Hook
from gateway_freshdesk.simulator.push import TOKEN, Pusher
from hypothesis import example, given
from hypothesis import strategies as st
from msgspec.structs import replace

from gateway.model.contact import Contact
from gateway.plugin import Request
from gateway.testing.stage import Stage, stage
from tests.support.weather import SYNC, WAYS, Step, Weather, bare, drawn, stories, told


class Freshdesks(Weather):
    """An account, and its webhooks, whose body may be one that isn't JSON."""

    @staticmethod
    @asynccontextmanager
    async def account() -> AsyncIterator[tuple[Stage, Mapping[str, Any]]]:
        """An account without limits, and the settings that read all of it."""
        async with stage(Freshdesk, objects=2, page_size=3) as on:
            simulator: Any = on.simulator
            for window in (simulator.api.limits.account, simulator.api.limits.lists):
                window.per_minute = None
            more = {"list_per_minute": 10_000, "requests_per_minute": 100_000, "backfill_conversations": "all"}
            yield on, {**on.values, **more}

    def hearing(self) -> AbstractContextManager[Any]:
        """Webhooks are held as they are."""
        return patch.object(Pusher, "send", lambda _, hook: self.held.append(hook))

    async def deliver(self, hook: Hook) -> None:
        """A webhook arrives, with its token."""
        headers = {TOKEN.lower(): str(self.on.values["webhook_token"]), "content-type": hook.type}
        await self.ours.deliver([Request("POST", headers, {}, hook.body, self.on.clock.now())])

    async def own(self, step: Step) -> None:
        """A status of the newest ticket, a body that isn't JSON, and rows that move while they are read."""
        match step:
            case ("newest", status):
                for row in [row for row in self.simulator.account.all() if not row.gone][-1:]:
                    self.simulator.set_status(row.id, status)
            case ("own_body", name):
                self.simulator.fault("own_body")
                self.simulator.act(name)
                self.simulator.fault("own_body", on=False)
            case ("drift", _):
                self.simulator.fault("drift")
                await self.ours.pull(self.ours.streams[0])
                self.simulator.fault("drift", on=False)
            case _:
                await super().own(step)

    def knowable(self, contact: Contact) -> Contact:
        """Freshdesk keeps no history: how often a ticket was opened again, and what was in force between, knows only
        who watched."""
        return replace(contact, reopened=0)


EDITED: Final[list[Step]] = [("act", "open"), ("act", "agent_comment"), SYNC, ("pass", 61), ("act", "edit")]
AT_ONCE: Final[list[Step]] = [("newest", "pending"), SYNC, ("newest", "closed"), SYNC, ("newest", "open")]
AGAIN: Final[list[Step]] = [("lost", "open"), ("pull", 0), ("newest", "closed"), ("deliver", 0), SYNC]
"""A ticket changes again in the second in which it was read, and is then read as it stays."""

CROWDED: Final[list[Step]] = [
    SYNC,
    *[("lost", "open")] * 5,
    ("pass", 3),
    ("lost", "bulk"),
    ("pull", 0),
    ("settle", None),
    ("unseen", "subject"),
    ("pass", 5),
    SYNC,
]
"""More tickets than a page change in one second, are read within it, and one of them changes again."""

REMOVED: Final[list[Step]] = [("act", "delete"), SYNC, ("pass", 1), ("act", "restore"), SYNC, ("act", "spam")]

STORIES: Final = stories(
    FreshdeskSimulator,
    st.tuples(st.just("newest"), st.sampled_from(sorted(WORDS))),
    bare("drift"),
    openings=["open", "open_web_chat", "open_quoted"],
    streams=4,
    ways=(*WAYS, "own_body"),
)


@drawn
@example(EDITED)
@example(AT_ONCE)
@example(AGAIN)
@example(CROWDED)
@example(REMOVED)
@given(STORIES)
def test_any_story_ends_in_the_same(story: list[Step]) -> None:
    """As a clean reading has it, to the byte."""
    asyncio.run(told(Freshdesks, story))


LATE: Final[list[Step]] = [SYNC, ("unseen", "open"), ("pass", 3), ("act", "open"), ("pass", 30), SYNC]
"""A ticket is committed late, its webhook is lost, and the next one is read before it."""


def test_it_would_tell(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the overlap a ticket that is committed late stays unknown."""
    asyncio.run(told(Freshdesks, LATE))
    monkeypatch.setattr(windows, "OVERLAP_S", -1)
    with pytest.raises(AssertionError, match="less was said than the truth"):
        asyncio.run(told(Freshdesks, LATE))
