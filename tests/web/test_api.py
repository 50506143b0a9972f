"""What programs read."""

from typing import Any

import msgspec
import pytest

from gateway.engine.explaining import Explaining, explained
from gateway.engine.supervise import Loop
from gateway.kernel.store import StoreFull
from gateway.model.identity import StrandKey, contact_id
from gateway.store.library import Connection
from tests.support.pages import blocks, page
from tests.web.test_pages import fetched, story
from tests.web.worlds import NOW, POLICY, D, M, S, Whole, event, opened, run

FIELDS = {
    "id", "kind", "channel", "direction", "status", "severity", "subject", "refs", "customer", "queue", "due",
    "escalations", "opened_at", "updated_at",
}  # fmt: skip
"""What a contact has at least."""


async def data(whole: Whole, target: str, status: int = 200) -> Any:
    """The JSON of an answer."""
    reply = await fetched(whole, target)
    failed = status >= 400 and not target.startswith("/readyz")
    kind = "application/problem+json" if failed else "application/json"
    assert (reply.status, reply.headers["content-type"]) == (status, kind), reply.body
    return msgspec.json.decode(reply.body)


def test_contacts_are_data() -> None:
    """The open ones by default, all fields, times as text; one contact with its deliveries."""

    async def work(whole: Whole) -> None:
        await story(whole)
        await whole.post(opened(4, NOW, status="closed"), event("status.changed", 5, NOW, to="open"))
        await whole.judge()
        open_ones = (await data(whole, "/api/v1/contacts"))["contacts"]
        every = (await data(whole, "/api/v1/contacts?status=any&limit=10"))["contacts"]
        unopened = (await data(whole, "/api/v1/contacts?status=unopened"))["contacts"]
        one = await data(whole, "/api/v1/contacts/shop:ticket:1")

        assert len(open_ones) == 3
        assert len(every) == 5
        assert [contact["refs"][0]["id"] for contact in unopened] == ["5"]
        assert all(contact.keys() >= FIELDS for contact in every)
        assert one["id"] == contact_id(StrandKey("shop", "ticket", "1"))
        assert one["clocks"][0]["breached_at"] == "2026-03-02T08:55:00Z"
        assert {delivery["type"] for delivery in one["deliveries"]} >= {"sla.breached", "escalation.raised"}

    run(work)


def test_deliveries_and_records_are_data_without_bodies() -> None:
    """States filter them; what they hold isn't there."""

    async def work(whole: Whole) -> None:
        await story(whole)
        name = contact_id(StrandKey("shop", "ticket", "1"))
        of_one = (await data(whole, f"/api/v1/deliveries?contact={name}&state=ready&limit=1000"))["deliveries"]
        records = (await data(whole, "/api/v1/inbox?state=done&limit=2"))["records"]

        assert {delivery["contact"] for delivery in of_one} == {name}
        assert all(delivery["webhook_id"].startswith("msg_") for delivery in of_one)
        assert [record["state"] for record in records] == ["done", "done"]
        assert all("body" not in item and isinstance(records[0]["bytes"], int) for item in (*of_one, *records))

    run(work)


@pytest.mark.parametrize(
    "target",
    [
        "/api/v1/contacts?limit=0",
        "/api/v1/contacts?limit=1001",
        "/api/v1/contacts?limit=-1",
        "/api/v1/contacts?limit=1e3",
        "/api/v1/contacts?limit=%D9%A1",
        "/api/v1/contacts?status=lost",
        "/api/v1/contacts?order=id",
        "/api/v1/contacts?sort=id",
        "/api/v1/deliveries?state=parked",
        "/api/v1/inbox?state=dead",
        "/api/v1/inbox?contact=x",
        "/api/v1/contacts/con_x/explain?at=yesterday",
        "/api/v1/contacts/con_x/explain?at=2026-03-02T09:00:00",
        "/api/v1/contacts/con_x/explain?at=2026-03-02T09:00:00Z&at=2026-03-02T09:00:00Z",
        "/api/v1/contacts/con_x/explain?at=",
        "/api/v1/contacts/con_x/explain?all=1",
    ],
)
def test_a_wrong_question_is_400(target: str) -> None:
    """What can't be answered is told, not guessed."""

    async def work(whole: Whole) -> None:
        problem = await data(whole, target, 400)
        assert problem["type"] == "urn:orion-gateway:problem:bad-query"
        assert problem["errors"]

    run(work)


def test_an_explanation_is_what_the_command_tells() -> None:
    """Of now and of an instant of the past; what can't be told has its reason and its status."""

    async def work(whole: Whole) -> None:
        await story(whole)
        await whole.post(event("status.changed", 5, NOW, to="open"))
        await whole.judge()
        row = await whole.store.find_contact("shop:ticket:1")
        assert row is not None
        explaining = Explaining(whole.store, whole.spawn)
        address = "/api/v1/contacts/shop:ticket:1/explain"

        assert await data(whole, address) == shape(explained(await explaining.case(row, NOW)))
        past = await data(whole, f"{address}?at=2026-03-02T09:50:00%2B01:00")
        assert past == shape(explained(await explaining.case(row, NOW, NOW - 10 * M)))
        assert (past["at"], past["clocks"][0]["state"]) == ("2026-03-02T08:50:00Z", "running")
        assert (await data(whole, "/api/v1/contacts/shop:ticket:5/explain"))["status"] == "unopened"
        assert (
            "opened at 2026-03-02T08:40:00Z" in (await data(whole, f"{address}?at=2026-03-02T08:00:00Z", 404))["detail"]
        )
        assert "still to come" in (await data(whole, f"{address}?at=2026-03-02T09:00:01Z", 400))["detail"]
        assert (await data(whole, "/api/v1/contacts/con_nobody/explain", 404))["detail"].startswith("there is no such")

    run(work)


def test_an_escalation_explains_itself_as_the_reference_shows() -> None:
    """The examples of the page are what a receiver gets, word for word: before an enricher's answer, and with it."""

    def answer(at: int, **said: Any) -> dict[str, Any]:
        return event("enrichment.received", 1, at, enricher="payments", **said)

    async def work(whole: Whole) -> None:
        await whole.post(opened(1, NOW - 20 * M, channel="chat", tags=["outage"]))
        await whole.judge()
        whole.clock.at = NOW - 5 * M
        await whole.post(answer(NOW - 20 * M + 5 * S, status="unavailable", reason="no answer within 5 s"))
        await whole.judge()
        sent = [msgspec.json.decode(row.body) for row in await whole.store.notices_after("helpdesk", 0, 100)]
        (raised,) = [notice["data"] for notice in sent if notice["type"] == "escalation.raised"]
        _, example, before, after = map(msgspec.json.decode, blocks(page("reference/notices.md"), "json"))

        assert raised["explanation"] == example
        assert raised["contact"]["facts"] == before["data"]["contact"]["facts"]
        assert [notice["type"] for notice in sent if "explanation" in notice["data"]] == ["escalation.raised"]
        facts = after["data"]["contact"]["facts"]
        whole.clock.at = NOW + 25 * M
        await whole.post(answer(NOW + 10 * M, status="ok", facts=facts["payments"]["known"]))
        await whole.judge()
        last = msgspec.json.decode((await whole.store.notices_after("helpdesk", 0, 100))[-1].body)
        assert (last["type"], last["time"]) == (after["type"], after["time"])
        assert last["data"]["contact"]["facts"] == facts

    asks = POLICY + "enrich:\n  - {id: who-pays, enricher: payments}\n"
    run(work, at=NOW - 20 * M, policy=asks)


def test_what_can_no_longer_be_told_is_409() -> None:
    """A policy of then that can't be read any more: of the past nothing is told, of now what is stored."""

    async def work(whole: Whole) -> None:
        await story(whole)
        await whole.store.writer.write("spoil", spoil_policies)
        address = "/api/v1/contacts/shop:ticket:1/explain"
        now, past = await data(whole, address), await data(whole, f"{address}?at=2026-03-02T08:50:00Z", 409)

        assert "can't be used" in past["detail"]
        assert (now["history"]["told"], now["clocks"][0]["stretches"]) == (False, None)
        assert "can't be used" in now["history"]["why"]
        assert (now["severity"], "2026-03-02T08:55:00Z" in {clock["breached_at"] for clock in now["clocks"]}) == (
            1,
            True,
        )
        await whole.store.writer.write("spoil", spoil_states)
        assert "the state of contact" in (await data(whole, address, 409))["detail"]

    run(work)


def test_an_explanation_is_never_too_much() -> None:
    """A contact of a thousand events, with tags as long as they may be: half a megabyte at most."""

    async def work(whole: Whole) -> None:
        said = [
            event("message.added", 1, NOW - D + number * M, author={"kind": "agent"})
            if number % 3
            else event("status.changed", 1, NOW - D + number * M, to="pending" if number % 2 else "open")
            for number in range(1, 999)
        ]
        await whole.post(opened(1, NOW - D, tags=[f"{number:0>100}" for number in range(64)]), *said)
        await whole.judge()
        reply = await fetched(whole, "/api/v1/contacts/shop:ticket:1/explain")

        assert reply.status == 200
        assert len(reply.body) < 500_000

    run(work)


def spoil_policies(connection: Connection) -> None:
    """Nothing that was kept of a policy can be read any more."""
    connection.execute("UPDATE policies SET text = 'version: x'")


def spoil_states(connection: Connection) -> None:
    """No contact can be read any more."""
    connection.execute("UPDATE contacts SET state = x'00ff'")


def shape(value: Any) -> Any:
    """A value as JSON gives it back."""
    return msgspec.json.decode(msgspec.json.encode(value))


def test_what_is_not_there_is_404_in_json() -> None:
    """An unknown contact and an unknown address."""

    async def work(whole: Whole) -> None:
        for target in ("/api/v1/contacts/con_nobody", "/api/v1/contacts/%FF%00", "/api/v1/nothing"):
            problem = await data(whole, target, 404)
            assert problem.keys() == {"type", "title", "status", "detail", "instance"}
            assert (problem["type"], problem["instance"]) == ("urn:orion-gateway:problem:not-found", target)

    run(work)


def test_readiness_names_every_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    """503 while the engine isn't started, a connector is ill, a loop or the store fails; 200 when all is well."""

    async def work(whole: Whole) -> None:
        async def fails() -> None:
            raise StoreFull("disk /var/secret")

        async def states() -> None:
            return None

        link = whole.gateway.links["shop"]
        for _ in range(5):
            link.fault(RuntimeError("Bearer abcdefgh"))
        monkeypatch.setattr(whole.store, "endpoint_states", fails)
        ill = await data(whole, "/readyz", 503)
        link.worked()
        monkeypatch.setattr(whole.store, "endpoint_states", states)
        loop = Loop(whole.gateway.world, "judge", whole.gateway._judge, failures=3, failure="StoreFull")
        monkeypatch.setattr(whole.gateway, "loops", [loop])
        failing = await data(whole, "/readyz", 503)
        loop.failures = 2
        well = await data(whole, "/readyz", 200)

        assert ill["reasons"] == [
            {"what": "connector shop", "why": "5 faults in a row, the last: RuntimeError: Bearer ***"},
            {"what": "engine", "why": "it has not started"},
            {"what": "store", "why": "StoreFull"},
        ]
        assert failing["reasons"] == [{"what": "loop judge", "why": "3 failures in a row, the last: StoreFull"}]
        assert well == {"status": "ready", "reasons": [], "ailing": []}

    run(work)
