"""What people do to a running gateway, by a name: written down, bounded, and told to the loop that it is for."""

import json
from collections.abc import Awaitable
from typing import Any

import pytest

from gateway.engine import operate
from gateway.engine.acting import CantAct
from gateway.engine.connections import connection_values, connections_beside, connections_of
from gateway.engine.operate import ID_MAX, Operating
from gateway.kernel.budget import Budget
from gateway.kernel.vendor_limits import Limit
from gateway.model.instant import format_instant
from gateway.plugin import Finding, Transient
from tests.engine.rig import MINUTE, SECOND, T0, Rig, opening, run, url_of
from tests.engine.test_pull import TICKETS, page, puller, with_pages
from tests.kernel.test_budget import spent

LATE = 15 * MINUTE


async def refused(deed: Awaitable[Any]) -> tuple[str, str]:
    """Why a deed can't be done, in a word and in a sentence."""
    with pytest.raises(CantAct) as error:
        await deed
    return error.value.why, str(error.value)


async def deeds(rig: Rig) -> list[tuple[str, str, str, str]]:
    """What the audit has, the first deed first."""
    return [(one.actor, one.action, one.object, one.detail) for one in (await rig.store.audit(99))[::-1]]


def test_an_escalation_is_taken_and_ended_by_a_page() -> None:
    """The same calls as a command's, by the clock of the gateway."""

    async def story(rig: Rig) -> None:
        people = Operating(rig.gateway)
        await rig.post(opening(0))
        await rig.at(LATE)
        (raised,) = rig.bodies("escalation.raised")
        id = raised["data"]["escalation"]
        taken = await people.acknowledge(id, "board")
        await rig.at(LATE + MINUTE)
        ended = await people.resolve(id, "board", "a test")
        await rig.at(LATE + 2 * MINUTE)

        assert (taken.at, ended.at) == (T0 + LATE + 1, T0 + LATE + MINUTE + 1)
        assert [body["data"]["reason"] for body in rig.bodies("escalation.acknowledged", "escalation.resolved")] == [
            "acknowledged by board",
            "resolved by board: a test",
        ]
        assert (await refused(people.acknowledge("nobody", "board")))[0] == "missing"
        assert (await refused(people.resolve(id, "board")))[0] == "over"

    run(story)


def test_a_pull_is_asked_for_and_a_pause_forbids_it() -> None:
    """A wish for each stream, as `gateway sync` writes it; not of what isn't pulled, nor while it is paused."""

    async def story(rig: Rig) -> None:
        await with_pages(rig, page("a", False, "1"))
        people = Operating(rig.gateway)
        (wished,) = await people.sync("paged", "Ada")
        (again,) = await people.sync("paged", "Ada", "tickets")
        await people.pause("paged", "Ada", "their freeze")

        assert (wished.stream, wished.lane, wished.since, again.id) == ("tickets", "live", None, wished.id)
        assert rig.link("paged").pause is not None
        assert await refused(people.sync("paged", "Ada")) == (
            "unable",
            "paged can't be pulled: it is paused by Ada; resume it first",
        )
        await people.resume("paged", "Grace")
        assert rig.link("paged").pause is None
        assert [why for why, _ in [await refused(people.sync("vendor", "Ada"))]] == ["unable"]
        assert [
            (await refused(deed))[0]
            for deed in (
                people.sync("nowhere", "Ada"),
                people.sync("paged", "Ada", "people"),
                people.pause("nowhere", "Ada"),
                people.resume("paged", "Ada"),
                people.sync("paged", " "),
            )
        ] == ["missing", "missing", "missing", "over", "nameless"]
        assert await deeds(rig) == [
            ("Ada", "connector.sync", "paged", "tickets"),
            ("Ada", "connector.sync", "paged", "tickets"),
            ("Ada", "connector.pause", "paged", "their freeze"),
            ("Grace", "connector.resume", "paged", "paused by Ada"),
        ]

    run(story)


def test_an_endpoint_is_tried_by_the_way_of_every_delivery() -> None:
    """Signed with its secrets, to its URL within its reach; what came of it is audited, and never the URL."""

    async def story(rig: Rig) -> None:
        people = Operating(rig.gateway)
        well = await people.test_endpoint("helpdesk", "Ada")
        (sent,) = rig.net.sent
        rig.net.down.add(url_of("helpdesk"))
        ill = await people.test_endpoint("helpdesk", "Ada")

        assert (well.well, well.status, ill.well, ill.status) == (True, 204, False, None)
        body = json.loads(sent.body)
        assert (body["type"], body["source"], sent.url) == ("endpoint.test", "test", url_of("helpdesk"))
        assert sent.headers["webhook-id"] == body["id"]
        assert "webhook-signature" in sent.headers
        assert await rig.deliveries() == []
        assert (await refused(people.test_endpoint("helpdesc", "Ada")))[1].endswith("did you mean 'helpdesk'?")
        assert await deeds(rig) == [
            ("Ada", "endpoint.test", "helpdesk", "answered 204"),
            ("Ada", "endpoint.test", "helpdesk", "the connection was refused"),
        ]

    run(story)


def test_what_ended_goes_out_again_within_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    """One delivery, or all that was given up since an instant; too many at once are refused whole."""

    async def story(rig: Rig) -> None:
        people = Operating(rig.gateway)
        await rig.post(opening(0), opening(0, "2"))
        await rig.at(0)
        first, *_ = await rig.deliveries("delivered")
        rig.net.answers = [500]
        assert await people.replay_delivery(first.id, "Ada") == "due"
        await rig.settle()
        assert [row.id for row in await rig.deliveries("dead")] == [first.id]
        await people.enable_endpoint("helpdesk", "Ada")

        monkeypatch.setattr(operate, "REPLAYED_MAX", 0)
        assert (await refused(people.replay_dead("helpdesk", T0, "Ada")))[0] == "many"
        monkeypatch.setattr(operate, "REPLAYED_MAX", 1)
        assert await people.replay_dead("helpdesk", T0 + SECOND, "Ada") == 0
        assert await people.replay_dead("helpdesk", T0, "Ada") == 1
        await rig.settle()
        assert await rig.deliveries("dead") == []
        assert await people.replay_dead("helpdesk", T0, "Ada") == 0
        missing = [
            people.replay_delivery(10**30, "Ada"),
            people.replay_delivery(-1, "Ada"),
            people.replay_delivery(ID_MAX, "Ada"),
            people.enable_endpoint("nowhere", "Ada"),
            people.replay_dead("nowhere", T0, "Ada"),
        ]
        assert [(await refused(deed))[0] for deed in missing] == ["missing"] * 5
        assert {action for _, action, _, _ in await deeds(rig)} == {
            "endpoint.enable",
            "delivery.replay",
            "deliveries.replay",
        }

    run(story)


def test_a_record_is_taken_up_again_and_that_is_audited() -> None:
    """A parked one, with why it was; what waits stays as it is."""

    async def story(rig: Rig) -> None:
        people = Operating(rig.gateway)
        await rig.told(name="gone")
        await rig.settle()
        (parked,) = await rig.parked()
        await people.replay_record(parked.id, "Ada")
        listed = await rig.store.record(parked.id)

        assert listed is not None
        assert (listed.state, listed.reason) == ("ready", None)
        ((who, action, object, detail),) = await deeds(rig)
        assert (who, action, object) == ("Ada", "record.replay", str(parked.id))
        assert detail.startswith("parked, of gone: no connector gone is configured")
        assert (await refused(people.replay_record(99, "Ada")))[0] == "missing"
        assert (await refused(people.replay_record(1 << 70, "Ada")))[0] == "missing"

    run(story)


def test_a_connector_stands_as_its_gravest_state() -> None:
    """Each state has its reason in words, from inside; beside the gateway what the database knows."""

    async def story(rig: Rig) -> None:
        await with_pages(rig, page("a", False, "1"), Transient("the vendor answered 503"))
        link, pulling = rig.link("paged"), puller(rig)
        rig.gateway.pullers["paged"] = {"tickets": pulling}
        rig.gateway.left_out = {"broken": "its plugin can't be loaded"}
        link.budget = Budget([Limit("account", 2)], rig.clock)
        assert await spent(link.budget, "/tickets")
        people = Operating(rig.gateway)

        async def stands() -> tuple[str, str]:
            found = {one.name: one for one in await connections_of(rig.gateway)}
            return found["paged"].state, found["paged"].why

        found = [await stands()]
        await pulling.step()
        rig.clock.at += 30 * SECOND
        (told,) = [connection_values(one) for one in await connections_of(rig.gateway) if one.name == "paged"]
        link.findings = (Finding(True, "all is well"), Finding(False, "the scope is too narrow", "grant tickets:read"))
        found.append(await stands())
        await pulling.step()
        found.append(await stands())
        for _ in range(5):
            link.fault(RuntimeError("odd"))
        found.append(await stands())
        await people.pause("paged", "Ada")
        found.append(await stands())

        assert found == [
            ("ok", ""),
            ("warned", "the scope is too narrow; grant tickets:read"),
            ("failing", "the last pull of tickets failed: the vendor answered 503"),
            ("quarantined", "5 faults in a row, the last: RuntimeError: odd"),
            ("paused", "paused by Ada; webhooks are still taken"),
        ]
        (stream,), (limit,) = told["streams"], told["limits"]
        assert (stream["pulled_at"], stream["lag_s"], stream["begun"]) == (format_instant(T0), 30.0, True)
        assert (limit["name"], limit["left"], limit["next_s"], limit["full_s"]) == ("account", 1, 0.0, 30.0)
        assert (told["live_from"], told["receives"], told["records_waiting"]) == (format_instant(T0), True, 1)
        inside = {one.name: one.state for one in await connections_of(rig.gateway)}
        assert inside == {"broken": "left_out", "events": "ok", "paged": "paused", "vendor": "ok"}
        (beside,) = await connections_beside(rig.store, {"paged": "vendor"}, rig.clock.now())
        values = connection_values(beside)
        assert (beside.state, beside.told_inside) == ("paused", False)
        assert (values["streams"], values["limits"], values["counts"]) == (None, None, None)
        assert values.keys() == told.keys()

    run(story)


def test_a_run_is_told_with_its_share() -> None:
    """Of the past as far as it has come; what it waits for is in words."""

    async def story(rig: Rig) -> None:
        await with_pages(rig)
        people = Operating(rig.gateway)
        await people.sync("paged", "Ada")
        (one,) = [one for one in await connections_of(rig.gateway) if one.name == "paged"]
        (run,) = connection_values(one)["runs"]
        assert (run["stream"], run["lane"], run["share"], run["waits_for"]) == (TICKETS.name, "live", None, None)

    run(story)
