"""What the answers of the API have in common: names, pages, sheets, problems."""

import csv
import io
from typing import Any
from urllib.parse import parse_qs, urlsplit

import msgspec
import pytest

from gateway.kernel.access import new_token, row_of
from tests.web.api.calling import PROBLEM, Caller, calling
from tests.web.raw import ask
from tests.web.test_pages import name_of, story
from tests.web.worlds import NOW, TOKEN, H, M, Whole, event, opened, run

CONTACTS = "/api/v1/contacts"
CONTACT = "/api/v1/contacts/{id}"


def decoded(body: bytes) -> Any:
    """The JSON of a body."""
    return msgspec.json.decode(body)


async def walked(caller: Caller, path: str, target: str, rows: str) -> list[Any]:
    """All pages of a listing, as its links lead."""
    found: list[Any] = []
    for _ in range(50):
        reply = await caller.call("GET", path, target)
        page = decoded(reply.body)
        found += page[rows]
        if page["next"] is None:
            assert "link" not in reply.headers
            return found
        link = reply.headers["link"]
        assert link.endswith('>; rel="next"')
        target = link[1 : link.index(">")]
        assert parse_qs(urlsplit(target).query)["after"] == [page["next"]]
    raise AssertionError("the pages have no end")


@pytest.mark.parametrize(
    ("path", "query", "rows"),
    [
        (CONTACTS, "order=opened", "contacts"),
        (CONTACTS, "order=due&queue=engineers&queue=general", "contacts"),
        (CONTACTS, "status=any", "contacts"),
        ("/api/v1/deliveries", "state=ready", "deliveries"),
        ("/api/v1/inbox", "connector=shop", "records"),
        ("/api/v1/contacts/{id}/timeline", "", "timeline"),
    ],
)
def test_pages_have_every_row_once(path: str, query: str, rows: str) -> None:
    """One by one, the same as all at once; the link keeps what was asked for."""

    async def work(whole: Whole) -> None:
        await story(whole)
        await whole.post(opened(4, NOW - H, status="closed"))
        await whole.judge()
        target = path.replace("{id}", name_of(1))
        async with calling(whole) as caller:
            at_once = decoded((await caller.call("GET", path, f"{target}?{query}")).body)[rows]
            one_by_one = await walked(caller, path, f"{target}?{query}&limit=1".replace("?&", "?"), rows)

            assert (one_by_one, caller.wrong) == (at_once, [])
        assert len(at_once) >= 2

    run(work)


def test_an_answer_is_known_by_its_name() -> None:
    """304 without a body as long as it is the same, for lists, sheets and contacts; then 200 again."""

    async def work(whole: Whole) -> None:
        await story(whole)
        targets = [(CONTACTS, CONTACTS), (f"{CONTACTS}.csv", f"{CONTACTS}.csv"), (CONTACT, f"{CONTACTS}/{name_of(1)}")]
        async with calling(whole) as caller:
            for path, target in targets:
                first = await caller.call("GET", path, target)
                same = await caller.call("GET", path, target, if_none_match=f'"other", {first.headers["etag"]}')
                other = await caller.call("GET", path, target, if_none_match='"other"')
                whatever = await caller.call("GET", path, target, if_none_match="*")
                seen = [(reply.status, reply.body) for reply in (same, other, whatever)]
                assert seen == [(304, b""), (200, first.body), (304, b"")], target
                assert same.headers["etag"] == first.headers["etag"]
            before = await caller.call("GET", CONTACT, f"{CONTACTS}/{name_of(1)}")
            whole.clock.at += 10_000
            later = await caller.call("GET", CONTACT, f"{CONTACTS}/{name_of(1)}")
            await whole.post(event("message.added", 1, NOW, author={"kind": "agent"}))
            await whole.judge()
            changed = await caller.call("GET", CONTACT, f"{CONTACTS}/{name_of(1)}")
            etags = [reply.headers["etag"] for reply in (before, later, changed)]

            assert etags[0] == etags[1] != etags[2]
            assert etags[0].startswith('W/"')
            assert before.body != later.body, "what a clock has counted grows by itself, and is no change"
            assert caller.wrong == []

    run(work)


def test_a_head_is_a_get_without_its_body() -> None:
    """With the same headers."""

    async def work(whole: Whole) -> None:
        await story(whole)
        async with calling(whole) as caller:
            got = await caller.call("GET", CONTACTS)
            async with calling(whole) as other:
                head = await _head(other.port, CONTACTS)

            assert (head["etag"], head["content-length"]) == (got.headers["etag"], got.headers["content-length"])

    run(work)


async def _head(port: int, target: str) -> dict[str, str]:
    from tests.web.raw import line_to

    async with line_to(port) as line:
        await line.send(
            f"HEAD {target} HTTP/1.1\r\nhost: 127.0.0.1:{port}\r\nauthorization: Bearer {TOKEN}\r\n"
            "connection: close\r\n\r\n".encode()
        )
        head = (await line.reader.read()).decode().split("\r\n")
    assert head[0].startswith("HTTP/1.1 200")
    assert head[-2:] == ["", ""]
    return {name.lower(): value.strip() for name, _, value in (one.partition(":") for one in head[1:-2])}


def test_a_sheet_is_written_beside_the_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a thread of its own: a long one holds up neither doors nor judging."""

    async def work(whole: Whole) -> None:
        threads, call = list[str](), whole.spawn.call
        monkeypatch.setattr(whole.spawn, "call", lambda name, work: (threads.append(name), call(name, work))[1])
        async with calling(whole) as caller:
            for accept, sheets in (("application/json", 0), ("text/csv", 1)):
                await caller.call("GET", CONTACTS, accept=accept)
                assert threads.count("sheet") == sheets

    run(work)


def test_a_list_is_a_sheet_too() -> None:
    """By its address or by what is accepted; with the rows of the JSON, and no cell that a spreadsheet would reckon."""

    async def work(whole: Whole) -> None:
        await whole.post(
            opened(1, NOW - 20 * M, subject='=HYPERLINK("http://evil.example","pay")', tags=["outage"]),
            opened(2, NOW - 10 * M, subject='a "quoted", line\nbreak', customer={"name": "@SUM(A1:A9)"}),
        )
        await whole.judge()
        async with calling(whole) as caller:
            by_address = await caller.call("GET", f"{CONTACTS}.csv", f"{CONTACTS}.csv?limit=1000")
            by_accept = await caller.call("GET", CONTACTS, accept="text/csv")
            as_json = await caller.call("GET", CONTACTS, accept="application/json, text/csv;q=0.5")
            one = await caller.call("GET", f"{CONTACTS}.csv", f"{CONTACTS}.csv?limit=1")
            heads, *rows = csv.reader(io.StringIO(by_address.body.decode(), newline=""))
            told = [dict(zip(heads, row, strict=True)) for row in rows]
            contacts = decoded(as_json.body)["contacts"]

            assert by_address.body == by_accept.body
            assert by_address.headers["content-type"] == "text/csv; charset=utf-8"
            assert "attachment" in by_address.headers["content-disposition"]
            assert ".csv?limit=1&after=" in one.headers["link"]
            assert [row["id"] for row in told] == [contact["id"] for contact in contacts]
            assert [row["subject"] for row in told] == [
                '\'=HYPERLINK("http://evil.example","pay")',
                'a "quoted", line\nbreak',
            ]
            assert told[1]["customer"] == "'@SUM(A1:A9)"
            assert told[0]["due.at"] == contacts[0]["due"]["at"]
            assert caller.wrong == []

    run(work)


def test_a_body_has_its_bounds() -> None:
    """Of length, of nesting, of kind; told by its place, and the connection ends where something may be left on it."""

    async def work(whole: Whole) -> None:
        await story(whole)
        path, target = f"{CONTACT}/acknowledge", f"{CONTACTS}/{name_of(1)}/acknowledge"
        cases: list[tuple[bytes, dict[str, str], int, str]] = [
            (b'{"by":1}', {}, 400, "body.by"),
            (b'{"by":"x","to":"y"}', {}, 400, "body"),
            (b'{"by":' + b"[" * 70 + b"]" * 70 + b"}", {}, 400, "body"),
            (b'{"by":"\xff"}', {}, 400, "body"),
            (b'{"by":"  "}', {}, 400, "body.by"),
            (b"{}", {"content_type": "text/plain"}, 415, ""),
            (b"{}", {"content_encoding": "gzip"}, 415, ""),
            (b"", {"content_length": "65537"}, 413, ""),
        ]
        async with calling(whole) as caller:
            for body, headers, status, place in cases:
                reply = await caller.call("POST", path, target, body, **headers)
                problem = decoded(reply.body)
                assert (reply.status, problem["status"]) == (status, status), (body, reply.body)
                assert [one["place"] for one in problem.get("errors", [])] == ([place] if place else []), reply.body
            assert caller.wrong == []
        assert await whole.store.waits_beyond(0) is False, "nothing was written"

    run(work)


def test_every_failure_is_a_problem() -> None:
    """Where no operation takes a request up, too: the address, the method, the host, the token."""

    async def work(whole: Whole) -> None:
        async with calling(whole) as caller:
            port, own = caller.port, {"authorization": f"Bearer {TOKEN}"}
            replies = {
                404: await ask(port, "GET", "/api/v1/nothing?x=<script>", **own),
                405: await ask(port, "DELETE", CONTACTS, **own),
                401: await ask(port, "GET", CONTACTS),
                421: await ask(port, "GET", CONTACTS, **{**own, "host": "evil.example"}),
            }
            for status, reply in replies.items():
                problem = decoded(reply.body)
                assert (reply.status, problem["status"], reply.headers["content-type"]) == (status, status, PROBLEM)
                assert problem["type"].startswith("urn:orion-gateway:problem:")
                assert "?" not in problem["instance"]
            assert replies[405].headers["allow"] == "GET,HEAD"

    run(work)


def test_an_admin_sees_who_may_and_what_was_done() -> None:
    """A token is told without anything that proves it, and its making is in the audit, by whoever made it."""

    async def work(whole: Whole) -> None:
        secret = new_token(whole.gateway.world.rng)
        row = row_of(secret, "wall", "viewer", created_at=NOW, created_by="ada", expires_at=NOW + H)
        assert await whole.store.add_access(row)
        async with calling(whole) as caller:
            tokens = await caller.call("GET", "/api/v1/tokens", "/api/v1/tokens")
            audit = await caller.call("GET", "/api/v1/audit", "/api/v1/audit")

        (told,) = decoded(tokens.body)["tokens"]
        assert (told["name"], told["role"], told["state"], told["created_by"]) == ("wall", "viewer", "valid", "ada")
        assert secret.encode() not in tokens.body + audit.body
        assert row.token_hash.hex().encode() not in tokens.body
        assert decoded(audit.body)["audit"][0]["actor"] == "ada"

    run(work)
