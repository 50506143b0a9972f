"""How endpoints stand, and what they have missed."""

import re
from typing import Any

import msgspec
import pytest

from gateway.engine.attempt import Endpoint
from gateway.kernel.signing import parse_secret
from gateway.kernel.store import EndpointState, Outcome, Performed
from gateway.rules.breaker import Health
from gateway.web.admin import admin_app
from gateway.web.auth import MISSED
from tests.support.prometheus import parsed
from tests.web.raw import Reply, ask, served
from tests.web.test_pages import fetched, got, story
from tests.web.worlds import NOW, SECRET, TOKEN, D, H, M, S, Whole, run

OWN = "desk-token-0123456789"
TOKENS = {"helpdesk": OWN, "wall": "wall-token-0123456789", "bare": ""}


async def standing(whole: Whole, **healths: Health) -> None:
    """Endpoints that stand like this; `helpdesk` has got the notices of the story."""
    keys = (parse_secret(SECRET),)
    whole.gateway.endpoints = {name: Endpoint(name, f"https://{name}.example/", keys) for name in healths}
    states = await whole.store.register_endpoints(list(healths))
    changed = [
        EndpointState(name=name, version=states[name].version, health=health) for name, health in healths.items()
    ]
    await whole.store.finish_deliveries(Performed(endpoints=tuple(changed), now=NOW))


async def asked(whole: Whole, target: str, **headers: str) -> Reply:
    """The answer to a request without the admin's token."""
    app = admin_app(whole.gateway, whole.clock, TOKEN, tokens=TOKENS)
    async with served(app) as port:
        return await ask(port, "GET", target, **headers)


async def missed(whole: Whole, query: str) -> dict[str, Any]:
    """What the endpoint `helpdesk` is told with its own token."""
    reply = await asked(whole, f"{MISSED}?endpoint=helpdesk{query}", authorization=f"Bearer {OWN}")
    assert reply.status == 200, reply.body
    told: dict[str, Any] = msgspec.json.decode(reply.body)
    return told


def test_a_receiver_asks_what_it_has_missed() -> None:
    """In order of the numbers, page by page, every body byte for byte as it is delivered, whatever became of it."""

    async def work(whole: Whole) -> None:
        await story(whole)
        await standing(whole, helpdesk=Health())
        bodies = [row.body for row in await whole.store.notices_after("helpdesk", 0, 1_000)]
        whole_answer = (await asked(whole, f"{MISSED}?endpoint=helpdesk", authorization=f"Bearer {OWN}")).body
        first = await missed(whole, "&limit=2")
        second = await missed(whole, f"&after={first['last']}&limit=1000")
        nothing = await missed(whole, f"&after={second['last']}")

        assert len(bodies) > 3
        assert all(body in whole_answer for body in bodies)
        assert (first["last"], first["oldest"], first["more"], first["endpoint"]) == (2, 1, True, "helpdesk")
        assert [*first["notices"], *second["notices"]] == [msgspec.json.decode(body) for body in bodies]
        assert second["more"] is False
        assert (nothing["notices"], nothing["last"], nothing["more"]) == ([], second["last"], False)

    run(work)


def test_a_page_has_a_bound_in_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond it there is more; one notice goes out however long it is."""
    monkeypatch.setattr("gateway.web.api.upkeep.BYTES_MAX", 1)

    async def work(whole: Whole) -> None:
        await story(whole)
        await standing(whole, helpdesk=Health())
        first = await missed(whole, "")

        assert (len(first["notices"]), first["last"], first["more"]) == (1, 1, True)

    run(work)


@pytest.mark.parametrize(
    "query",
    [
        "", "?endpoint=", "?endpoint=a&endpoint=b", "?endpoint=helpdesk&after=-1", "?endpoint=helpdesk&after=",
        "?endpoint=helpdesk&after=1e3", "?endpoint=helpdesk&after=9223372036854775808",
        "?endpoint=helpdesk&after=%D9%A1", "?endpoint=helpdesk&after=1&after=2",
        "?endpoint=helpdesk&limit=0", "?endpoint=helpdesk&limit=1001",
        "?endpoint=helpdesk&before=3", f"?endpoint=helpdesk&after={'9' * 5_000}",
    ],
)  # fmt: skip
def test_a_hostile_question_is_400_in_words(query: str) -> None:
    """Whatever stands in the query, the answer says what may."""

    async def work(whole: Whole) -> None:
        reply = await fetched(whole, f"{MISSED}{query}")

        assert reply.status == 400
        assert msgspec.json.decode(reply.body)["errors"]

    run(work)


def test_an_endpoint_that_there_is_not_is_404() -> None:
    """For the admin, who may know; and the name isn't repeated."""

    async def work(whole: Whole) -> None:
        reply = await fetched(whole, f"{MISSED}?endpoint=%3Cscript%3E")

        assert (reply.status, b"script" in reply.body) == (404, False)

    run(work)


def test_an_endpoints_token_opens_what_it_has_missed_and_nothing_else() -> None:
    """Its own alone, by GET, as Bearer, under any host name; every other address and every other endpoint is shut."""

    async def work(whole: Whole) -> None:
        await story(whole)
        await standing(whole, helpdesk=Health(), wall=Health(), bare=Health())
        own = {"authorization": f"Bearer {OWN}"}
        right = await asked(whole, f"{MISSED}?endpoint=helpdesk", **own, host="gateway.example")
        shut = [
            await asked(whole, f"{MISSED}?endpoint=wall", **own),
            await asked(whole, f"{MISSED}?endpoint=bare", authorization="Bearer "),
            await asked(whole, f"{MISSED}?endpoint=bare"),
            await asked(whole, f"{MISSED}?endpoint=nobody", **own),
            await asked(whole, f"{MISSED}?endpoint=helpdesk&endpoint=wall", **own),
            await asked(whole, f"{MISSED}?endpoint=helpdesk&token={OWN}"),
            await asked(whole, f"{MISSED}?endpoint=helpdesk", authorization=f"Basic {OWN}"),
            await asked(whole, f"{MISSED}?endpoint=helpdesk", cookie=f"token={OWN}"),
            *[
                await asked(whole, f"{target}?endpoint=helpdesk", **own)
                for target in (
                    "/",
                    "/api/v1/contacts",
                    "/api/v1/endpoints",
                    "/metrics",
                    "/endpoints",
                    f"{MISSED}/",
                    f"/{MISSED}",
                )
            ],
        ]

        assert right.status == 200
        assert [reply.status for reply in shut] == [401] * len(shut)
        assert (await asked(whole, f"{MISSED}?endpoint=wall", **own, host="gateway.example")).status == 421

    run(work)


def test_the_page_tells_how_each_stands_and_what_to_do() -> None:
    """What needs a person first; words, not colours alone; strangers' texts are text."""

    async def work(whole: Whole) -> None:
        await story(whole)
        await standing(
            whole,
            calm=Health(succeeded_at=NOW - M),
            gone=Health(disabled_at=NOW - 2 * D, disabled_why="the receiver answered 410 <b>"),
            helpdesk=Health(failing_since=NOW - 20 * M, failures=10, open_until=NOW + 30 * S, opened=1),
            slow=Health(failing_since=NOW - H, paused_until=NOW + 5 * M),
        )
        (claimed, *_) = await whole.store.claim_deliveries(now=NOW, lease_ms=1, room={"helpdesk": 1})
        outcome = Outcome(delivery=claimed.id, attempt=1, state="ready", at=NOW, error="answered 503", next_at=NOW + S)
        await whole.store.finish_deliveries(Performed(outcomes=(outcome,), now=NOW))
        page = await got(whole, "/endpoints")
        words = " ".join(page.text.split())

        assert [name for name in re.findall(r"(gone|helpdesk|slow|calm) (?:\d+|no) notice", words)] == [
            "gone", "helpdesk", "slow", "calm",
        ]  # fmt: skip
        assert "Disabled 2 d 0 h ago: the receiver answered 410 <b>. Nothing goes out" in words
        assert "gateway endpoints enable gone" in words
        assert "10 failures in a row, failing for 20 min. Last: answered 503." in words
        assert "It asked for a pause; tried again in 5 min 00 s." in words
        assert any(link.get("href") == "/endpoints" and link.get("aria-current") == "page" for link in page.all("a"))

    run(work)


def test_without_endpoints_the_page_says_so() -> None:
    """Nobody gets notices, and a question that it doesn't take is refused."""

    async def work(whole: Whole) -> None:
        assert "nobody gets notices" in (await got(whole, "/endpoints")).text
        await got(whole, "/endpoints?state=open", 400)

    run(work)


def test_endpoints_are_data() -> None:
    """The same for programs; one that isn't configured any more is told as such."""

    async def work(whole: Whole) -> None:
        await story(whole)
        await standing(whole, wall=Health(disabled_at=NOW, disabled_why="told to"))
        reply = await fetched(whole, "/api/v1/endpoints")
        desk, wall = msgspec.json.decode(reply.body)["endpoints"]

        assert (desk["name"], desk["configured"], desk["state"]) == ("helpdesk", False, "ok")
        assert desk["waiting"] == desk["last_sequence"] > 3
        assert (wall["configured"], wall["state"], wall["why"]) == (True, "disabled", "told to")
        assert wall["disabled_at"] == "2026-03-02T09:00:00Z"

    run(work)


def test_monitors_are_told_of_endpoints() -> None:
    """What waits and since when, breaker, pause, disabled, and since when it fails."""

    async def work(whole: Whole) -> None:
        await story(whole)
        await standing(
            whole,
            helpdesk=Health(failing_since=NOW - 20 * S, failures=10, open_until=NOW + 30 * S),
            gone=Health(disabled_at=NOW, disabled_why="told to"),
        )
        whole.clock.at += 10 * S
        whole.gateway.world.meters.tried("helpdesk", "5xx", 0.2)
        families = {family.name: family for family in parsed((await fetched(whole, "/metrics")).body.decode())}

        def of(name: str, endpoint: str, **more: str) -> float:
            return families[name].samples[name, (("endpoint", endpoint), *more.items())]

        assert of("gateway_deliveries_waiting", "helpdesk") > 3
        assert of("gateway_deliveries_oldest_seconds", "helpdesk") == 10
        assert (of("gateway_endpoint_breaker_open", "helpdesk"), of("gateway_endpoint_breaker_open", "gone")) == (1, 0)
        assert (of("gateway_endpoint_disabled", "helpdesk"), of("gateway_endpoint_disabled", "gone")) == (0, 1)
        assert of("gateway_endpoint_failing_seconds", "helpdesk") == 30
        assert of("gateway_delivery_tries_total", "helpdesk", outcome="5xx") == 1

    run(work)


def test_a_disabled_endpoint_keeps_nobody_from_being_ready() -> None:
    """The gateway does its work; the page and the doctor tell of the endpoint."""

    async def work(whole: Whole) -> None:
        await standing(whole, gone=Health(disabled_at=NOW, disabled_why="told to"))
        whole.gateway.loops = [whole.gateway._judging]

        assert (await fetched(whole, "/readyz")).status == 200

    run(work)
