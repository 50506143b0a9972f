"""A connector that a person has paused: nothing is asked of its vendor, what it pushes is taken, and time goes on."""

import json
from typing import Any

import pytest

from gateway.engine.acting import CantAct
from gateway.engine.backfill import IDLE_S, Backfiller
from gateway.engine.checkup import AGAIN_S, Checkup
from gateway.engine.pausing import LOOK_EVERY_S, pause, resume
from gateway.engine.pull import wish
from gateway.kernel.reading import Waits
from gateway.model.identity import Ref
from gateway.model.instant import Instant
from gateway.plugin import Finding, Record
from tests.engine.rig import MINUTE, SECOND, T0, Rig, opening, reply, run
from tests.engine.test_pull import TICKETS, Paged, page, puller

EVERY = ["paged", "events", "vendor"]


class Asked(Paged):
    """Can be pulled and looked up, and counts what is asked of it."""

    def __init__(self, *pages: Any) -> None:
        super().__init__(*pages)
        self.looked_up: list[str] = []
        self.checks = 0

    async def fetch(self, ref: Ref, now: int) -> list[Record]:
        """The ticket, as its opening."""
        self.looked_up.append(ref.id)
        return [Record(body=json.dumps([opening(ticket=ref.id)]).encode(), form="fetched", received_at=Instant(now))]

    async def check(self) -> list[Finding]:
        """All is well."""
        self.checks += 1
        return []


async def with_asked(rig: Rig, *pages: Any) -> Asked:
    """Let the gateway have such a connector, under the name `paged`."""
    asked = Asked(*pages)
    rig.connectors["paged"] = asked
    await rig.restart()
    return asked


def test_its_vendor_is_asked_for_nothing_until_it_is_resumed() -> None:
    """No pull, no look-up, no page of the past, no check; then everything goes on where it was, in this order too."""

    async def story(rig: Rig) -> None:
        asked = await with_asked(rig, page("a", False, "1"), page("b", False, "2"), page("p", False, "3"))
        pulling, link = puller(rig), rig.link("paged")
        past, checkup = Backfiller(rig.world, link, {"tickets": pulling}), Checkup(rig.world, link)
        assert await pulling.step() == TICKETS.every_s
        kept = await pause(rig.store, EVERY, "paged", "Ada", rig.clock.now(), "their change\nfreeze")
        await rig.store.ask_sync(wish("paged", "tickets", rig.clock.now(), since=T0 - MINUTE))
        await rig.told({"fetch": "7"}, name="paged")
        await rig.settle()

        assert (await pulling.step(), await past.step(), await checkup.step()) == (LOOK_EVERY_S, IDLE_S, AGAIN_S)
        assert await rig.gateway.fetch_once() == 0
        assert (asked.asked, asked.looked_up, asked.checks) == ([None], [], 0)
        (resting,) = await rig.store.syncs(connector="paged")
        assert (resting.began_at, resting.failure) == (None, "it is paused by Ada")
        assert (await rig.store.pauses()) == {"paged": kept}
        assert (kept.by, kept.reason) == ("Ada", "their change freeze")

        await resume(rig.store, EVERY, "paged", "Grace", rig.clock.now())
        assert await pulling.step() == TICKETS.every_s
        await past.step()
        await checkup.step()
        assert await rig.gateway.fetch_once() == 1
        assert (asked.asked, asked.looked_up, asked.checks) == ([None, "a", None], ["7"], 1)
        assert await rig.store.syncs(connector="paged") == []
        await rig.settle()
        assert len(await rig.store.contacts(limit=9)) == 4

    run(story)


def test_a_restart_keeps_it_and_each_deed_is_audited() -> None:
    """In the transaction of the deed, with who did it, and before whom."""

    async def story(rig: Rig) -> None:
        asked = await with_asked(rig)
        await pause(rig.store, EVERY, "paged", "Ada", rig.clock.now())
        await rig.restart(T0 + MINUTE)
        assert await puller(rig).step() == LOOK_EVERY_S
        assert asked.asked == []
        await resume(rig.store, EVERY, "paged", "Grace", rig.clock.now())
        told = [(entry.actor, entry.action, entry.object, entry.detail) for entry in await rig.store.audit(9)]
        assert told == [
            ("Grace", "connector.resume", "paged", "paused by Ada"),
            ("Ada", "connector.pause", "paged", "no reason given"),
        ]

    run(story)


def test_a_run_under_way_ends_with_its_page() -> None:
    """What it has read is kept; it goes on from there, and the past waits until what is new is whole."""

    async def story(rig: Rig) -> None:
        asked = await with_asked(rig, page("a", True, "1"), page("b", False, "2"), page("c", False))
        pulling = puller(rig)
        link = rig.link("paged")

        def paused_meanwhile() -> None:
            link.pause = link.pause or kept

        kept = await pause(rig.store, EVERY, "paged", "Ada", rig.clock.now())
        await resume(rig.store, EVERY, "paged", "Ada", rig.clock.now())
        asked.on_asked = paused_meanwhile
        assert await pulling.step() == LOOK_EVERY_S
        assert (asked.asked, await rig.store.cursor("paged", "tickets"), pulling.succeeded) == ([None], "a", False)

        asked.on_asked = lambda: None
        assert await pulling.step() == TICKETS.every_s
        assert (asked.asked, pulling.succeeded) == ([None, "a"], True)

    run(story)


@pytest.mark.parametrize("is_paused", [True, False])
def test_time_waits_for_a_look_up_unless_nobody_may_ask(is_paused: bool) -> None:
    """A breach that is due while a look-up waits is said at once where the connector is paused, else 5 s late."""

    async def story(rig: Rig) -> None:
        await with_asked(rig)
        await rig.post(opening(0))
        await rig.at(0)
        rig.clock.at = T0 + 15 * MINUTE - SECOND
        if is_paused:
            await pause(rig.store, EVERY, "paged", "Ada", rig.clock.now())
        await rig.told({"fetch": "7"}, name="paged")
        await rig.settle()
        await rig.at(15 * MINUTE)
        assert len(rig.bodies("sla.breached")) == int(is_paused)
        await rig.at(15 * MINUTE + 5 * SECOND)
        assert len(rig.bodies("sla.breached")) == 1

    run(story)


def test_what_its_vendor_pushes_is_taken_and_waited_for() -> None:
    """A reply that waits in the inbox is no breach, paused or not."""

    async def story(rig: Rig) -> None:
        await rig.post(opening(0))
        await rig.at(0)
        await pause(rig.store, EVERY, "events", "Ada", rig.clock.now())
        rig.clock.at = T0 + 15 * MINUTE - SECOND
        assert await rig.post(reply(15 * MINUTE - SECOND)) == 202
        rig.clock.at = T0 + 15 * MINUTE + SECOND
        await rig.settle()
        await rig.at(16 * MINUTE)
        assert rig.bodies("sla.breached") == []
        assert len(rig.bodies("sla.met")) == 1

    run(story)


def test_what_cannot_be_paused_or_resumed_says_why() -> None:
    """A name that there isn't, with one that was meant; what is so already. One that is gone can be resumed."""

    async def story(rig: Rig) -> None:
        now = rig.clock.now()
        await pause(rig.store, EVERY, "vendor", "Ada", now)
        found = []
        for deed in (
            pause(rig.store, EVERY, "vendr", "Ada", now),
            pause(rig.store, EVERY, "vendor", "Grace", now),
            pause(rig.store, EVERY, "events", "\n", now),
            resume(rig.store, EVERY, "events", "Ada", now),
            resume(rig.store, EVERY, "nobody", "Ada", now),
        ):
            with pytest.raises(CantAct) as error:
                await deed
            found.append((error.value.why, str(error.value)))
        assert [why for why, _ in found] == ["missing", "over", "nameless", "over", "missing"]
        assert "did you mean 'vendor'" in found[0][1]
        assert found[1][1] == "vendor is paused by Ada already"
        await resume(rig.store, ["events"], "vendor", "Ada", now)
        assert await rig.store.pauses() == {}

    run(story)


def test_look_ups_that_wait_are_counted() -> None:
    """What is live, since when, and what a backfill asked for; none for a connector without any."""

    async def story(rig: Rig) -> None:
        await with_asked(rig)
        await rig.told({"fetch": "7"}, {"fetch": "8"}, name="paged")
        await rig.settle()
        told = await rig.store.look_ups(["paged", "vendor"])
        assert told == {"paged": Waits(live=2, past=0, oldest=T0), "vendor": Waits()}

    run(story)
