"""What the API does: it goes the way of every datum, is named, and done twice it is no error."""

from typing import Any

import msgspec

from tests.web.api.calling import Caller, calling
from tests.web.test_pages import name_of, story
from tests.web.worlds import Whole, run

TAKE = "/api/v1/escalations/{id}/acknowledge"
END = "/api/v1/escalations/{id}/resolve"


async def done(caller: Caller, path: str, name: str, body: bytes = b"") -> tuple[int, Any]:
    """Status and answer of a deed."""
    reply = await caller.call("POST", path, path.replace("{id}", name).replace("{name}", name), body)
    assert caller.wrong == []
    return reply.status, msgspec.json.decode(reply.body)


async def going_on(caller: Caller, query: str = "") -> list[Any]:
    """The escalations that go on."""
    found: list[Any] = (await caller.value("/api/v1/escalations", f"/api/v1/escalations{query}"))["escalations"]
    return found


def test_an_escalation_is_taken_and_ended() -> None:
    """By its id: written once, named by the body or by the token, and gone from the list in the end."""

    async def work(whole: Whole) -> None:
        await story(whole)
        async with calling(whole) as caller:
            (active,) = await going_on(caller, "?acknowledged=false")
            id = active["escalation"]["id"]
            first = await done(caller, TAKE, id, b'{"by": "Anna"}')
            await whole.judge()
            again = await done(caller, TAKE, id)
            (taken,) = await going_on(caller, "?acknowledged=true")
            contact = await caller.value("/api/v1/contacts/{id}", f"/api/v1/contacts/{name_of(1)}")
            ended = await done(caller, END, id, b'{"reason": "a false alarm"}')
            await whole.judge()
            over = await done(caller, END, id)

            assert active["contact"]["id"] == name_of(1)
            assert (first[0], first[1]["by"], first[1]["outcome"], len(first[1]["events"])) == (
                202,
                "admin for Anna",
                "written",
                1,
            )
            assert (again[0], again[1]["events"], again[1]["outcome"]) == (200, [], "done already")
            assert (again[1]["by"], over[1]["by"]) == (first[1]["by"], ended[1]["by"])
            assert (taken["escalation"]["id"], taken["escalation"]["state"]) == (id, "acknowledged")
            assert contact["escalations"][0]["acknowledged_by"] == "admin for Anna"
            assert (ended[0], ended[1]["by"]) == (202, "admin")
            assert (over[0], over[1]["outcome"], over[1]["escalations"]) == (200, "done already", [id])
            assert await going_on(caller) == []

    run(work)


def test_a_contact_is_taken_with_its_escalations() -> None:
    """By any of its names; one that has ended can't be."""

    async def work(whole: Whole) -> None:
        await story(whole)
        path = "/api/v1/contacts/{id}/acknowledge"
        async with calling(whole) as caller:
            taken = await done(caller, path, "shop:ticket:1")
            await whole.judge()
            missing = await done(caller, path, "con_nobody")
            no_contact = await done(caller, TAKE, name_of(1))

            assert (taken[0], taken[1]["contact"], len(taken[1]["escalations"])) == (202, name_of(1), 1)
            assert (missing[0], no_contact[0]) == (404, 404)
            assert await going_on(caller, "?acknowledged=false") == []

    run(work)


def test_deliveries_and_records_go_once_more() -> None:
    """Audited by name, the token's first, however long the other is; what isn't there is told."""

    async def work(whole: Whole) -> None:
        await story(whole)
        delivery, record = (await whole.store.deliveries(limit=1))[0].id, (await whole.store.inbox(limit=1))[0].id
        async with calling(whole) as caller:
            sent = await done(caller, "/api/v1/deliveries/{id}/replay", str(delivery))
            judged = await done(caller, "/api/v1/inbox/{id}/replay", str(record), b'{"by": "%b"}' % (b"B" * 200))
            nothing = [
                (await done(caller, f"/api/v1/{what}/{{id}}/replay", "999999"))[0] for what in ("deliveries", "inbox")
            ]
            one = await caller.value("/api/v1/inbox/{id}", f"/api/v1/inbox/{record}")

            assert (sent[0], sent[1]["outcome"]) == (202, "waiting")
            assert (judged[0], judged[1]["outcome"], one["state"]) == (202, "ready", "ready")
            assert nothing == [404, 404]
        actors = {entry.actor for entry in await whole.store.audit(10)}
        assert {actor[:15] for actor in actors} >= {"admin", "admin for BBBBB"}

    run(work)


def test_a_connector_is_paused_and_resumed() -> None:
    """Twice is no error; one that isn't pulled can't be."""

    async def work(whole: Whole) -> None:
        async with calling(whole) as caller:
            path = "/api/v1/connectors/{name}"
            paused = await done(caller, f"{path}/pause", "shop", b'{"by": "Anna", "reason": "a storm"}')
            again = await done(caller, f"{path}/pause", "shop", b'{"by": "Ben"}')
            (shop,) = (await caller.value("/api/v1/connectors"))["connectors"]
            resumed = [await done(caller, f"{path}/resume", "shop") for _ in range(2)]
            missing = await done(caller, f"{path}/pause", "shopp")
            pulled = await done(caller, f"{path}/sync", "shop")

            assert (paused[0], paused[1]["paused"]["by"], again) == (200, "admin for Anna", paused)
            assert (shop["state"], shop["paused"]["reason"]) == ("paused", "a storm")
            assert resumed == [(200, {"connector": "shop", "paused": None})] * 2
            assert (missing[0], pulled[0]) == (404, 409)
            assert "'shop'" in missing[1]["detail"]

    run(work)


def test_the_policy_is_asked_what_it_would_make_of_a_contact() -> None:
    """One that is imagined, and one as the API has told it; what is wrong with it is told by its place."""

    async def work(whole: Whole) -> None:
        await story(whole)
        path = "/api/v1/policy/try"
        async with calling(whole) as caller:
            told = await caller.value("/api/v1/contacts/{id}", f"/api/v1/contacts/{name_of(1)}")
            asked = await done(
                caller, path, "", b'{"channel": "chat", "tags": ["outage"], "at": "2026-03-02T09:00:00Z"}'
            )
            pasted = await done(caller, path, "", msgspec.json.encode(told))
            wrong = await done(caller, path, "", b'{"channel": "pigeon", "at": "soon"}')

            assert (asked[0], asked[1]["route"]["queue"], asked[1]["severity"]) == (200, "engineers", 1)
            assert [step["section"] for step in asked[1]["path"]][:2] == ["severity", "routing"]
            assert pasted[0] == 200, pasted
            assert {one["place"] for one in wrong[1]["errors"]} == {"body.channel", "body.at"}

    run(work)
