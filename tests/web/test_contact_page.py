"""The page of a contact: clocks drawn as they counted, an instant of the past, who may act, and all that happened."""

import random
import re
from typing import Any
from urllib.parse import quote

import pytest

from gateway.engine.explaining import THREAD, Explaining
from gateway.kernel.access import ROLES, Role, new_token, row_of
from gateway.kernel.rng import SeededRng
from gateway.model.instant import format_instant
from gateway.web.admin import admin_app
from gateway.web.pages import contact as contact_page
from gateway.web.pages.deeds import TOLD_FOR_MS
from gateway.web.pages.drawing.clockline import ClockLine
from gateway.web.pages.told import ShownClock, told
from tests.engine.test_explaining import BEGUN, MORE, history
from tests.web.raw import Reply, ask, served
from tests.web.test_pages import Page, fetched, got, name_of, story
from tests.web.worlds import NOW, TOKEN, D, H, M, S, Whole, event, opened, run

HOSTILE = [
    "<script>alert(1)</script>",
    '"><svg onload=alert(1)>',
    "'-alert(1)-'",
    "</title></svg><img src=x onerror=alert(1)>",
    "]]><a href=javascript:alert(1)>x</a>",
    "{{ 7 * 7 }} {% raw %}",
    "\u202etxt.exe\u202c \u2066hidden\u2069",
    "line\nbreak\ttab\u0000\u0007",
]


def words_of(page: Page) -> str:
    return " ".join(page.text.split())


async def asked(
    whole: Whole, method: str, target: str, role: Role = "operator", body: bytes = b"", **headers: str
) -> Reply:
    """The answer to somebody of a role, by a token of their own."""
    token = new_token(SeededRng(ROLES.index(role)))
    await whole.store.add_access(row_of(token, f"one-{role}", role, created_at=NOW - D, created_by="me"))
    async with served(admin_app(whole.gateway, whole.clock, TOKEN)) as port:
        return await ask(port, method, target, body, authorization=f"Bearer {token}", **headers)


async def drawn(whole: Whole, at: int | None = None, zone: str = "UTC") -> list[ShownClock]:
    """The clocks of the first contact as its page draws them."""
    row = await whole.store.find_contact("shop:ticket:1")
    assert row is not None
    case = await Explaining(whole.store, whole.spawn).case(row, whole.clock.at, at)
    assert case.row.state is not None
    state = case.row.state
    return list((await whole.spawn.call(THREAD, lambda: told(case, state, zone))).clocks)


def holds(line: ClockLine, elapsed: int, now: int) -> None:
    """Parts without gap or overlap, inside; what they count adds up; signs inside and in order."""
    assert line.parts[0].start == line.start
    assert line.parts[-1].end == line.end
    for one, other in zip(line.parts, line.parts[1:], strict=False):
        assert one.end == other.start
        assert one.x + one.width <= other.x + 0.002
    assert all(0 <= part.x <= part.x + part.width <= 100.002 and part.start < part.end for part in line.parts)
    assert sum(part.counted_ms for part in line.parts) == elapsed
    assert all(part.counted_ms == 0 for part in line.parts if part.kind in ("left", "closed", "paused", "rest"))
    assert all(part.start >= now for part in line.parts if part.kind == "left")
    assert [sign.x for sign in line.signs] == sorted(sign.x for sign in line.signs)
    assert all(0 <= sign.x <= 100 and line.start <= sign.at <= line.end for sign in line.signs)


@pytest.mark.parametrize("seed", range(6))
def test_drawings_show_what_was_counted(seed: int) -> None:
    """Of any history, now and at any instant before: every part in its place, and the sum is what the clock counted."""

    async def work(whole: Whole) -> None:
        await whole.post(*history(seed))
        await whole.judge()
        for at in (None, BEGUN, BEGUN + 5 * H + 1, BEGUN + random.Random(seed).randint(1, 2 * D)):
            for shown in await drawn(whole, at):
                holds(shown.line, shown.elapsed, whole.clock.at if at is None else at)

    run(work, policy=MORE)


def test_a_drawing_tells_each_kind_of_time() -> None:
    """Counted, paused by what, closed by whose calendar, a change of rule, warnings, the breach, what is left."""

    async def work(whole: Whole) -> None:
        await whole.post(
            opened(1, NOW - 16 * H, channel="email"),  # Sunday evening: the office is closed
            event("status.changed", 1, NOW - 30 * M, to="pending"),
            event("status.changed", 1, NOW - 20 * M, to="open"),
            event("contact.observed", 1, NOW - 10 * M, tags=["outage"]),
        )
        await whole.judge()
        clocks = {shown.clock.metric: shown for shown in await drawn(whole)}
        work, reply = clocks["agent_work"].line, clocks["first_reply"].line

        assert [part.kind for part in work.parts][:4] == ["closed", "counted", "paused", "counted"]
        assert next(part.words for part in work.parts if part.kind == "paused") == "paused: the status became pending"
        assert {"left", "closed"} <= {part.kind for part in work.parts if part.start >= NOW}
        assert {"rule", "breach"} <= {sign.kind for sign in reply.signs}
        assert reply.parts[-2].kind == "late"
        assert clocks["first_reply"].finding.startswith("First reply breached at 2026-03-02 08:50:00 UTC, after 15 min")

    run(work)


def test_an_instant_of_the_past() -> None:
    """As it stood then, with a note and a way back; nobody acts there, and nothing is counted on by the script."""

    async def work(whole: Whole) -> None:
        await story(whole)
        address = f"/contacts/{name_of(1)}"
        page = await got(whole, f"{address}?at={format_instant(NOW - 8 * M)}")
        words = words_of(page)

        assert "As it stood at 2026-03-02 08:52:00 UTC" in words
        assert any(link.get("href") == address for link in page.all("a"))
        assert "First reply running due at 2026-03-02 08:55:00" in words
        assert "Nobody has been called." in words
        assert "a breach" not in words
        assert [one.get("data-now") for one in page.all("body")] == [str(NOW)]  # the rest of the page goes on
        assert not [one for one in page.all("button") if (one.get("id") or "").startswith(("take-", "end-"))]
        assert "to come" in words_of(await got(whole, f"{address}?at={format_instant(NOW + H)}", 400))
        assert "did not exist" in words_of(await got(whole, f"{address}?at={format_instant(NOW - D)}", 404))
        for wrong in ("at=soon", "why=no", "before=", f"before={'x' * 3_000}", "before=x", "q=1"):
            await got(whole, f"{address}?{wrong}", 400)

    run(work)


def call_of(page: Page) -> str:
    """The escalation that the page shows."""
    return next(one["id"] or "" for one in page.all("article") if (one.get("class") or "").startswith("escalation"))


async def acted(whole: Whole, path: str) -> tuple[Reply, Page]:
    """Where a form leads, and the page there."""
    reply = await asked(whole, "POST", path)
    assert reply.status == 303
    return reply, Page((await asked(whole, "GET", reply.headers["location"].partition("#")[0])).body.decode())


@pytest.mark.parametrize(("deed", "state"), [("acknowledge", "acknowledged"), ("resolve", "resolved")])
def test_an_operator_acts_by_a_form(deed: str, state: str) -> None:
    """The form leads back to the page, which says that it was taken; judged, it says by whom. Twice is refused."""

    async def work(whole: Whole) -> None:
        await story(whole)
        call = call_of(await got(whole, f"/contacts/{name_of(1)}"))
        path = f"/contacts/{name_of(1)}/escalations/{call}/{deed}"
        reply, page = await acted(whole, path)

        assert reply.headers["location"].startswith(f"/contacts/{name_of(1)}?did={state}&")
        assert "taken; judged in a moment" in words_of(page)
        assert f"deeds-{call}" in {one.get("id") for one in page.all("p")}
        assert f"take-{call}" not in {one.get("id") for one in page.all("button")}
        whole.clock.at += S
        await whole.judge()
        page = Page((await asked(whole, "GET", reply.headers["location"].partition("#")[0])).body.decode())
        assert "taken and judged" in words_of(page)
        assert f"outage-late {state}" in words_of(page)
        if deed == "acknowledge":
            assert "by one-operator" in words_of(page)
        _, page = await acted(whole, path)
        assert "That was done already, or the contact is over." in words_of(page)
        whole.clock.at += TOLD_FOR_MS
        assert "done" not in {one.get("id") for one in (await got(whole, f"/contacts/{name_of(1)}")).all("p")}

    run(work)


def test_the_whole_contact_is_acknowledged() -> None:
    """And with it every escalation of it that is active."""

    async def work(whole: Whole) -> None:
        await story(whole)
        _, page = await acted(whole, f"/contacts/{name_of(1)}/acknowledge")
        assert "Acknowledgement taken; judged in a moment." in words_of(page)
        whole.clock.at += S
        await whole.judge()
        words = words_of(await got(whole, f"/contacts/{name_of(1)}"))

        assert "outage-late acknowledged" in words
        assert "Somebody has replied or acknowledged it already." in words
        assert "acknowledged by one-operator" in words

    run(work)


def test_a_viewer_is_told_what_it_takes() -> None:
    """No form, but words; the forms' addresses open for no viewer. Another contact's escalation is nobody's here."""

    async def work(whole: Whole) -> None:
        await story(whole)
        page = Page((await asked(whole, "GET", f"/contacts/{name_of(1)}", "viewer")).body.decode())
        call = call_of(page)

        assert "To acknowledge or resolve needs the role operator." in words_of(page)
        assert not [form for form in page.all("form") if "/contacts/" in (form.get("action") or "")]
        for path in (f"/contacts/{name_of(1)}/acknowledge", f"/contacts/{name_of(1)}/escalations/{call}/resolve"):
            assert (await asked(whole, "POST", path, "viewer")).status == 403
        for contact, escalation in ((name_of(2), call), (name_of(1), "msg_x"), ("con_none", call), ("<b>", "<i>")):
            reply = await asked(
                whole, "POST", f"/contacts/{quote(contact)}/escalations/{quote(escalation)}/acknowledge"
            )
            assert reply.status == 303
            assert "did=missing" in reply.headers["location"]
        whole.clock.at += S
        await whole.judge()
        assert "outage-late active" in words_of(await got(whole, f"/contacts/{name_of(1)}"))

    run(work)


@pytest.mark.parametrize(
    "query", ["did=resolved", "did=<b>&when=1", f"did=acknowledged&when={NOW}&which=%00<i>", "when=²"]
)
def test_an_address_that_somebody_made_up_says_little(query: str) -> None:
    """Words come from a table, never from the address."""

    async def work(whole: Whole) -> None:
        await story(whole)
        reply = await fetched(whole, f"/contacts/{name_of(1)}?{quote(query, safe='=&')}")

        assert reply.status == 200
        assert b"<b>" not in reply.body
        assert b"<i>" not in reply.body

    run(work)


def test_a_long_history_is_judged_again_when_that_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """Else the page says what the state says, and where the rest is."""
    monkeypatch.setattr(contact_page, "EXPLAINED_MAX", 2)

    async def work(whole: Whole) -> None:
        await story(whole)
        await whole.post(*(event("message.added", 1, NOW + n, author={"kind": "customer"}) for n in range(3)))
        whole.clock.at += S
        await whole.judge()
        address = f"/contacts/{name_of(1)}"
        short, long = await got(whole, address), await got(whole, f"{address}?why=all")

        assert "its history has 4 events, and is judged again only where that is asked for" in words_of(short)
        assert f"{address}?why=all#clocks-title" in {link.get("href") for link in short.all("a")}
        assert "told one by one where the contact is explained" in words_of(short)
        assert "First reply breached" in words_of(short)
        assert "counted by rule urgent-first-reply" in words_of(long)
        assert "untold" not in {one.get("id") for one in long.all("p")}

    run(work)


def test_the_timeline_goes_back_part_by_part(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every line once; an earlier part shows nothing but the head and itself."""
    monkeypatch.setattr(contact_page, "LINES", 4)

    async def work(whole: Whole) -> None:
        await story(whole)
        address: str | None = f"/contacts/{name_of(1)}"
        lines: list[str] = []
        while address:
            text = (await fetched(whole, address)).body.decode()
            lines += re.findall(r'<li class="(?:event|announcement|delivery)">.*?</li>', text)
            page = Page(text)
            assert bool(page.all("figure")) == ("before" not in address)
            address = next((link["href"] for link in page.all("a") if link.get("id") == "earlier"), None)

        assert len(lines) == 11
        assert len(set(lines)) == 11
        assert "opened: ticket by email" in lines[-1]

    run(work)


def test_the_twin_is_the_explanation_with_deliveries() -> None:
    """And the latest of the timeline."""

    async def work(whole: Whole) -> None:
        await story(whole)
        reply = await fetched(whole, f"/contacts/{name_of(1)}.json")

        assert reply.status == 200
        for part in (b'"stretches"', b'"deliveries"', b'"timeline"', b'"tried"', b'"next"'):
            assert part in reply.body

    run(work)


def test_the_axis_is_of_the_viewers_zone() -> None:
    """The zone is named, the calendar's beside it."""

    async def work(whole: Whole) -> None:
        await story(whole)
        page = await got(whole, f"/contacts/{name_of(1)}", cookie="orion_zone=Asia/Kathmandu")
        words = words_of(page)

        assert "Times below the drawing are those of Asia/Kathmandu." in words
        assert "calendar office on the clocks of Europe/Berlin" in words
        assert "First reply breached at 2026-03-02 14:40:00 Asia/Kathmandu" in words

    run(work)


def test_a_call_is_told_in_words() -> None:
    """Whose it is, its figures with their units, nothing of what has no value, its recording as a link; the end that
    silence would bring is told as what is to come, and never as what has happened."""
    fields = {"outcome": "answered", "wait_s": 12, "handle_s": 190, "recording_url": "https://rec.example/7.wav"}
    fields |= {"note": "https://elsewhere.example/", "disposition": None}

    async def work(whole: Whole) -> None:
        caller = {"phone": "+12025550140"}
        await whole.post(
            opened(7, NOW - M, kind="call", channel="phone", customer=caller),
            event("call.answered", 7, NOW - 48 * S, agent="6001"),
            event("contact.observed", 7, NOW - 47 * S, fields=fields),
            event("call.ended", 7, NOW + 4 * H, reason="lost"),
            event("status.changed", 7, NOW + 4 * H, to="solved"),
        )
        await whole.judge()
        page = await got(whole, f"/contacts/{name_of(7)}")
        words = words_of(page)
        board = words_of(await got(whole, "/"))

        assert "call from +12025550140" in board
        assert "call from +12025550140" in words
        assert all(told in words for told in ("The call ", " outcome answered ", " wait 12 s ", " handle 3 min 10 s "))
        (link,) = [one for one in page.all("a") if one.get("href") == "https://rec.example/7.wav"]
        assert "Note https://elsewhere.example/".lower() in words.lower()
        assert "disposition" not in words.lower()
        assert "https://elsewhere.example/" not in [one.get("href") for one in page.all("a")]
        assert (link["rel"], link["referrerpolicy"]) == ("noopener noreferrer nofollow", "no-referrer")
        assert "the call is taken for over, if nothing more is heard of it" in words
        assert "to come not yet, and only if no other news comes before: the call ended" in words
        assert "event answered, agent 6001" in words
        whole.clock.at = NOW + 5 * H
        await whole.judge()
        later = words_of(await got(whole, f"/contacts/{name_of(7)}"))
        assert "event the call ended" in later
        assert "to come" not in later

    run(work)


def strange(number: int, words: str, at: int) -> list[dict[str, Any]]:
    """Events whose every text is `words`. The id and the kind of an object have checks of their own."""
    return [
        event("contact.observed", number, at, subject=words, group=words, assignee=words, tags=[words, "outage"])
        | {"customer": {"name": words, "phone": words, "handles": [{"network": words, "handle": words}]}}
        | {"fields": {words: words}},
        event("message.added", number, at + 1, author={"kind": "agent", "name": words, "id": words}, text=words)
        | {"id": f"{words}{number}"},
        event("contact.acknowledged", number, at + 2, by=words),
        event("contact.assigned", number, at + 3, group=words, assignee=words),
        event("call.transferred", number, at + 4, agent=words, queue=words, reason=words),
        event("enrichment.received", number, at + 5, enricher=words, status="ok", facts={}),
        event("contact.redacted", number, at + 6, fields=[words]),
    ]


def test_hostile_texts_never_leave_their_element() -> None:
    """In every field that a stranger fills, on both pages: no element, no attribute of theirs, nothing that turns or
    hides letters."""

    async def work(whole: Whole) -> None:
        for number, text in enumerate(["Plain", *HOSTILE], 10):
            await whole.post(opened(number, NOW - 20 * M), *strange(number, text, NOW - 19 * M))
        await whole.judge()
        pages: dict[str, Page] = {}
        async with served(admin_app(whole.gateway, whole.clock, TOKEN)) as port:
            for number in range(10, 11 + len(HOSTILE)):
                for more in ("", f"?at={format_instant(NOW)}", "?why=all"):
                    target = f"/contacts/{name_of(number)}{more}"
                    reply = await ask(port, "GET", target, authorization=f"Bearer {TOKEN}")
                    assert reply.status == 200
                    pages[target] = Page(reply.body.decode())
            pages["/timeline"] = Page(
                (await ask(port, "GET", "/timeline", authorization=f"Bearer {TOKEN}")).body.decode()
            )
        usual = {tag for target, page in pages.items() if name_of(10) in target for tag, _ in page.elements}
        assert "script" in usual
        assert {"img", "iframe"}.isdisjoint(usual)
        assert len(pages["/timeline"].all("a")) > len(HOSTILE)
        for page in pages.values():
            assert {tag for tag, _ in page.elements} <= usual
            for tag, attributes in page.elements:
                assert not any(name.startswith("on") for name in attributes)
                assert "style" not in attributes
                assert (attributes.get("href") or "/").startswith(("/", "#", "data:image/svg+xml,"))
                assert tag != "script" or (attributes["src"] or "").startswith("/static/")
            assert not re.search("[\u202a-\u202e\u2066-\u2069\u0000\u0007]", page.text)

    run(work)
