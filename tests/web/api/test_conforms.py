"""Every operation is called, with what it asks for and with what nobody should send: no answer is a failure of ours,
and none has anything that the document doesn't declare."""

from collections.abc import Iterator
from itertools import cycle
from typing import Any
from urllib.parse import quote

import msgspec

from gateway.kernel.access import new_token, row_of
from gateway.web.api.api import OPERATIONS
from gateway.web.api.operation import Operation
from tests.web.api.calling import PROBLEM, Caller, calling, told
from tests.web.test_pages import HOSTILE, story
from tests.web.worlds import NOW, H, M, Whole, event, opened, run

TIME = "2026-03-02T08:50:00Z"
TRIED = (
    b'{"contact":{"channel":"chat"}}', b'{"channel":"chat","tags":["outage"],"at":"2026-03-02T09:00:00Z"}',
    b'{"customer":{"email":"a@b.c"},"fields":{"n":1,"t":"x"},"facts":{"shop":{"tier":"gold"}},"priority":"high"}',
    b'{"channel":"pigeon","at":"tomorrow","tags":"x","fields":[],"facts":1,"subject":7,"nothing":1}',
)  # fmt: skip
"""Questions for the policy."""

ESCALATION = "msg_" + "a" * 26
WORDS = [
    "%00", "%FF%FE", "%2e%2e", "..%2f..%2fetc%2fpasswd", "%25", "'%20OR%201=1", "%3Cscript%3E", "x" * 1_500, "-1", "0",
    "9" * 18, "9" * 30, "%D9%A1", "null", "con_", "a:b:c", "%E2%80%AE", ESCALATION,
]  # fmt: skip
VALUES = [
    "",
    "%00",
    "%FF",
    "-1",
    "9" * 40,
    "1.5",
    "NaN",
    "null",
    "%27%22%3C",
    "x" * 3_000,
    "%F0%9F%92%A3",
    "2026-02-30T00:00:00Z",
]
BODIES = [
    b"", b"{", b"null", b"[]", b"1", b'"by"', b"{}", b'{"by":1}', b'{"by":""}', b'{"by":"\\u0000"}', b'{"by":"  "}',
    b'{"by":"\\ud800"}', b'{"who":"me"}', b'{"by":"a","by":"b"}', b'{"by":"' + b"x" * 201 + b'"}', b"\xff\xfe",
    b"[" * 5_000, b'{"by":' + b"[" * 100 + b"]" * 100 + b"}", b" " * 65_536 + b"{}", b'{"by":"=cmd|calc"}',
    b'{"reason":"' + b"y" * 600 + b'"}',
]  # fmt: skip


async def much(whole: Whole) -> None:
    """Contacts in every kind of state: breached and escalated, paused, answered, closed, unopened, hostile."""
    await story(whole)
    await whole.post(
        *(opened(10 + number, NOW - H, subject=text, tags=[text[:90]]) for number, text in enumerate(HOSTILE)),
        opened(4, NOW - 2 * H, status="closed", channel="chat"),
        event("status.changed", 5, NOW, to="open"),
        opened(
            6, NOW - 30 * M, channel="chat", tags=["outage"], customer={"name": "=1+1"}, fields={"a": 1.5, "b": True}
        ),
        event("message.added", 6, NOW - 20 * M, author={"kind": "agent"}),
        event("status.changed", 6, NOW - 10 * M, to="solved"),
        event("status.changed", 6, NOW - 5 * M, to="open"),
    )
    await whole.judge()
    secret = new_token(whole.gateway.world.rng)
    assert await whole.store.add_access(row_of(secret, "wall", "viewer", created_at=NOW, created_by="=ada"))


def address_of(operation: Operation, ids: dict[str, str]) -> str:
    """The address by which an operation finds something."""
    known = {"contacts": "contact", "escalations": "escalation", "deliveries": "delivery", "inbox": "record"}
    tag = operation.tag
    return worded(operation, ids.get(known.get(tag, tag), "x"))


def good(schema: dict[str, Any]) -> str:
    """A value that a parameter may have."""
    if schema.get("type") == "array":
        return good(schema["items"])
    if "enum" in schema:
        return str(schema["enum"][0])
    if schema.get("format") == "date-time":
        return TIME
    return {"integer": str(schema.get("minimum", 1)), "boolean": "true"}.get(schema["type"], "helpdesk")


async def found(whole: Whole) -> dict[str, str]:
    """The ids of what there is."""
    row = await whole.store.find_contact("shop:ticket:1")
    assert row is not None
    assert row.state is not None
    delivery, record = (await whole.store.deliveries(limit=1))[0], (await whole.store.inbox(limit=1))[0]
    return {
        "contact": row.id,
        "escalation": row.state.escalations[0].id,
        "delivery": str(delivery.id),
        "record": str(record.id),
        "endpoints": "helpdesk",
        "connectors": "shop",
    }


def queries(path: str, method: str) -> Iterator[tuple[str, bool]]:
    """Queries of an operation, and whether each is one that it takes."""
    parameters = [one for one in told()["paths"][path][method]["parameters"] if one["in"] == "query"]
    needed = "&".join(f"{one['name']}={good(one['schema'])}" for one in parameters if one["required"])
    values = cycle(zip(VALUES[::2], VALUES[1::2], strict=True))
    yield f"?{needed}" if needed else "", True
    for one in parameters:
        name = one["name"]
        rest = "" if one["required"] or not needed else f"&{needed}"
        if name != "after":  # a place is what a page has given
            yield f"?{name}={good(one['schema'])}{rest}", True
        for value in next(values):
            yield f"?{name}={value}{rest}", False
        yield f"?{name}={good(one['schema'])}&{name}={'y' * 300}{rest}", False
    yield f"?unknown=1&{needed}", False


async def look(caller: Caller, operation: Operation, ids: dict[str, str]) -> None:
    """Everything that can be asked by GET."""
    address = address_of(operation, ids)
    for query, taken in queries(operation.path, "get"):
        reply = await caller.call("GET", operation.path, address + query)
        assert not taken or reply.status in operation.answers, (address, query, reply.body[:300])
        if operation.rows and taken:
            reply = await caller.call("GET", f"{operation.path}.csv", f"{address}.csv{query}")
            assert reply.status == 200, (address, query)
    for word in WORDS if operation.words else ():
        await caller.call("GET", operation.path, worded(operation, word))


async def act(caller: Caller, operation: Operation, ids: dict[str, str]) -> None:
    """Everything that can be done by POST."""
    address = address_of(operation, ids)
    for body in (*BODIES, *(TRIED if operation.id == "tryPolicy" else ())):
        await caller.call("POST", operation.path, address, body)
    await caller.call("POST", operation.path, f"{address}?by=me")
    await caller.call("POST", operation.path, address, b"by=me", content_type="application/x-www-form-urlencoded")
    await caller.call("POST", operation.path, address, b"{}", content_encoding="gzip")
    await caller.call("POST", operation.path, address, b"{}", content_type="application/json; charset=utf-16")
    for word in WORDS if operation.words else ():
        await caller.call("POST", operation.path, worded(operation, word))


def worded(operation: Operation, word: str) -> str:
    """The address of an operation with this word in it."""
    return operation.path.replace("{id}", word).replace("{name}", word)


def callable_now() -> list[Operation]:
    """The operations that end by themselves."""
    return [operation for operation in OPERATIONS if operation.media != "text/event-stream"]


def test_every_answer_is_declared() -> None:
    """Of every operation, to good questions and to hostile ones; and nothing of them is logged as a failure."""

    async def work(whole: Whole) -> None:
        await much(whole)
        ids = await found(whole)
        async with calling(whole) as caller:
            for operation in callable_now():
                await (look if operation.method == "GET" else act)(caller, operation, ids)

            assert caller.wrong == []
        assert "request_failed" not in whole.logged.getvalue()

    run(work)


def test_without_a_token_nothing_is_told() -> None:
    """Every operation answers with a problem, and with nothing else."""

    async def work(whole: Whole) -> None:
        async with calling(whole, token="") as caller:
            for operation in OPERATIONS:
                target = operation.path.replace("{id}", "1").replace("{name}", "shop")
                reply = await caller.call(operation.method, operation.path, target)
                problem = msgspec.json.decode(reply.body)

                assert (reply.status, reply.headers["content-type"]) == (401, PROBLEM)
                assert problem["type"] == "urn:orion-gateway:problem:unauthenticated"
            assert caller.wrong == []

    run(work)


def test_every_contact_is_told_as_declared() -> None:
    """Whole, explained, and what happened to it: whatever state it is in, and whatever its texts are."""

    async def work(whole: Whole) -> None:
        await much(whole)
        async with calling(whole) as caller:
            for number in (1, 2, 3, 4, 5, 6, *(10 + place for place in range(len(HOSTILE)))):
                for what in ("", "/explain", "/timeline"):
                    target = f"/api/v1/contacts/{quote(f'shop:ticket:{number}')}{what}"
                    await caller.value(f"/api/v1/contacts/{{id}}{what}", target)

    run(work)
