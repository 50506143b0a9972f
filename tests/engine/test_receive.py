"""T1: what is proved is kept before it is acknowledged, and nothing else is."""

import json

from gateway.engine.world import FAULTS_IN_A_ROW_MAX
from gateway.plugin import Accepted, Receipt, Reply, Request
from tests.engine.rig import Rig, Vendor, event, opening, run


class Challenged(Vendor):
    """Its vendor first wants an echo."""

    def receive(self, request: Request) -> Receipt:
        """Say it back."""
        return Reply(200, request.body)


class PulledOnly:
    """A connector without webhooks."""

    plugin = "pulled"
    normalize = Vendor.normalize


def request(body: bytes = b"[]", headers: dict[str, str] | None = None) -> Request:
    """A request without a signature."""
    return Request("POST", headers or {}, {}, body, 0)


def test_what_is_acknowledged_is_in_the_inbox() -> None:
    """The answer counts what is new and what was there before."""

    async def story(rig: Rig) -> None:
        body = json.dumps({"events": [opening(), event("call.held", 5)]}).encode()
        signed = Request("POST", rig.signed(body), {}, body, rig.clock.now())
        answers = [await rig.gateway.receive("events", signed) for _ in range(2)]
        assert [(answer.status, json.loads(answer.body)) for answer in answers if answer] == [
            (202, {"accepted": 2, "duplicates": 0}),
            (202, {"accepted": 0, "duplicates": 2}),
        ]
        assert len(await rig.store.inbox(limit=9)) == 2
        assert rig.link("events").counts == {"accepted": 2, "duplicates": 2}

    run(story)


def test_nobody_else_is_let_in() -> None:
    """Without the signature 401, and a connector that isn't there or takes no webhooks stores nothing either."""

    async def story(rig: Rig) -> None:
        rig.connectors["pulled"] = PulledOnly()  # type: ignore[assignment]
        await rig.restart()
        refused = await rig.gateway.receive("events", request(b'{"events": []}'))
        assert refused is not None and refused.status == 401
        assert "error" in json.loads(refused.body)
        assert rig.link("events").counts == {"refused": 1}
        assert await rig.gateway.receive("nobody", request()) is None
        pulled = await rig.gateway.receive("pulled", request())
        assert pulled is not None and pulled.status == 405
        assert await rig.store.inbox(limit=9) == []

    run(story)


def test_a_wrong_event_refuses_its_request_by_position() -> None:
    """The built-in connector refuses content too, and says which event it was."""

    async def story(rig: Rig) -> None:
        body = json.dumps({"events": [opening(), {"type": "nonsense"}]}).encode()
        answer = await rig.gateway.receive("events", Request("POST", rig.signed(body), {}, body, rig.clock.now()))
        assert answer is not None
        assert (answer.status, json.loads(answer.body)["position"]) == (422, 1)
        assert await rig.store.inbox(limit=9) == []

    run(story)


def test_a_protocols_own_answer_is_passed_on() -> None:
    """A challenge is answered as the connector says, and nothing is stored."""

    async def story(rig: Rig) -> None:
        rig.connectors["challenged"] = Challenged()
        await rig.restart()
        answer = await rig.gateway.receive("challenged", request(b"echo"))
        assert answer is not None
        assert (answer.status, answer.body, answer.content_type) == (200, b"echo", "text/plain; charset=utf-8")
        assert await rig.store.inbox(limit=9) == []

    run(story)


def test_a_full_disk_acknowledges_nothing() -> None:
    """503 and when to come back; what is sent again when there is room is taken."""

    async def story(rig: Rig) -> None:
        connection = rig.store.writer.connection
        (pages,) = connection.execute("PRAGMA page_count").fetchone()
        connection.execute(f"PRAGMA max_page_count = {pages}").fetchall()
        long = [opening(ticket=str(number), subject="long " * 400) for number in range(99)]
        body = json.dumps({"events": long}).encode()
        signed = Request("POST", rig.signed(body), {}, body, rig.clock.now())
        answer = await rig.gateway.receive("events", signed)
        assert answer is not None
        assert (answer.status, answer.retry_after_s) == (503, 30)
        assert await rig.store.inbox(limit=9) == []
        assert rig.link("events").healthy
        connection.execute("PRAGMA max_page_count = 100000").fetchall()
        again = await rig.gateway.receive("events", signed)
        assert again is not None and json.loads(again.body) == {"accepted": 99, "duplicates": 0}

    run(story)


def test_a_connector_that_raises_is_ill_alone_and_gets_well() -> None:
    """500 and nothing stored; after five in a row it counts as ill, the others go on, a success makes it well."""

    async def story(rig: Rig) -> None:
        vendor = rig.connectors["vendor"]
        assert isinstance(vendor, Vendor)
        vendor.broken = True
        for fault in range(1, FAULTS_IN_A_ROW_MAX + 1):
            assert rig.link("vendor").healthy
            answer = await rig.gateway.receive("vendor", request())
            assert answer is not None and answer.status == 500
            assert rig.link("vendor").faults_in_a_row == fault
        assert (rig.link("vendor").healthy, rig.link("vendor").last_fault) == (False, "RuntimeError: broken")
        assert await rig.store.inbox(limit=9) == []
        assert await rig.post(opening()) == 202
        vendor.broken = False
        assert isinstance(vendor.receive(request()), Accepted)
        assert (await rig.gateway.receive("vendor", request())) is not None
        assert rig.link("vendor").healthy

    run(story)
