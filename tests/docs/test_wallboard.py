"""The page on wallboards: what it says to type works as it stands."""

import asyncio
import json
import re
import shlex
from collections.abc import Iterator
from typing import Any

from gateway.web.admin import admin_app
from gateway.web.live.feed import FEED
from tests.support.pages import blocks, page
from tests.web.raw import Reply, ask, served
from tests.web.test_pages import name_of, story
from tests.web.worlds import NOW, TOKEN, M, Whole, event, opened, run

PAGE = "how-to/connect-your-wallboard.md"


def program() -> dict[str, Any]:
    """What the page's Python defines."""
    names: dict[str, Any] = {}
    for code in blocks(page(PAGE), "python"):
        exec(compile(code, PAGE, "exec"), names)
    return names


def curls(port: int) -> Iterator[tuple[str, dict[str, str]]]:
    """The address and the headers of every call that the page shows."""
    for block in blocks(page(PAGE), "sh"):
        for line in block.splitlines():
            words = shlex.split(line.replace("$TOKEN", TOKEN).replace("$GATEWAY", f"http://127.0.0.1:{port}"))
            assert words[0] == "curl"
            headers = [words[place + 1] for place, word in enumerate(words) if word == "--header"]
            parted = dict(header.split(": ", 1) for header in headers)
            yield words[-1].removeprefix(f"http://127.0.0.1:{port}"), parted


def test_every_call_is_answered() -> None:
    """All but the stream, which doesn't end."""

    async def work(whole: Whole) -> None:
        await story(whole)
        async with served(admin_app(whole.gateway, whole.clock, TOKEN)) as port:
            replies: dict[str, Reply] = {}
            for target, headers in curls(port):
                if not target.endswith("/stream"):
                    replies[target] = await ask(port, "GET", target, **headers)

        assert {target: reply.status for target, reply in replies.items()} == dict.fromkeys(replies, 200)
        assert len(replies) == 6
        late = next(reply for target, reply in replies.items() if "contacts?breached" in target)
        assert [contact["id"] for contact in json.loads(late.body)["contacts"]] == [name_of(1)]

    run(work)


def test_the_program_reads_every_page() -> None:
    """What is late first."""

    async def work(whole: Whole) -> None:
        await story(whole)
        contacts = program()["contacts"]
        async with served(admin_app(whole.gateway, whole.clock, TOKEN)) as port:
            read = await asyncio.to_thread(lambda: list(contacts(f"http://127.0.0.1:{port}", TOKEN, limit=1)))
            some = await asyncio.to_thread(
                lambda: list(contacts(f"http://127.0.0.1:{port}", TOKEN, queue=["engineers", "x"], order="opened"))
            )

        assert [contact["id"] for contact in read] == [name_of(1), name_of(2), name_of(3)]
        assert {contact["queue"] for contact in some} == {"engineers"}

    run(work)


def test_the_board_follows_what_changes() -> None:
    """A contact comes, changes and goes while the stream is read."""

    async def work(whole: Whole) -> None:
        await story(whole)
        app = admin_app(whole.gateway, whole.clock, TOKEN)
        async with served(app) as port:
            states = program()["board"](f"http://127.0.0.1:{port}", TOKEN)
            first = dict(await asyncio.to_thread(next, states))
            await whole.post(opened(9, NOW - M, subject="New"))
            await whole.judge()
            await app[FEED].look()
            second = dict(await asyncio.to_thread(next, states))
            await whole.post(event("status.changed", 9, NOW, to="closed"))
            await whole.judge()
            await app[FEED].look()
            third = dict(await asyncio.to_thread(next, states))
            await asyncio.to_thread(states.close)

        assert set(first) == set(third) == {name_of(1), name_of(2), name_of(3)}
        assert second[name_of(9)]["subject"] == "New"

    run(work)


def test_the_token_is_made_by_the_command_that_there_is() -> None:
    """Its role looks, and no more."""
    (console,) = blocks(page(PAGE), "console")

    assert re.search(r"^\$ gateway token new [\w-]+ --role viewer", console)
