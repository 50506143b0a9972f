"""Signing in and out by the page, as a browser does it and as it doesn't."""

from urllib.parse import quote

import pytest

from gateway.kernel.access import new_token, row_of
from gateway.kernel.rng import SeededRng
from gateway.web.admin import admin_app
from gateway.web.pages.forms import BYTES_MAX
from tests.web.raw import Reply, ask, served
from tests.web.test_pages import Page
from tests.web.worlds import NOW, TOKEN, Whole, run

ANNA = new_token(SeededRng(1))
HERE = {"sec_fetch_site": "same-origin"}
FORM = "application/x-www-form-urlencoded"


async def _send(port: int, body: bytes, path: str = "/sign-in", **headers: str) -> Reply:
    return await ask(port, "POST", path, body, **{"content_type": FORM, **HERE, **headers})


async def _anna(whole: Whole, expires_at: int | None = None) -> None:
    row = row_of(ANNA, "anna", "viewer", created_at=NOW, created_by="me", expires_at=expires_at)
    assert await whole.store.add_access(row)


@pytest.mark.parametrize("token", [TOKEN, ANNA])
def test_a_token_signs_in_and_out(token: str) -> None:
    """The form leads where somebody wanted to go, signed in; signing out takes the cookie back."""

    async def work(whole: Whole) -> None:
        await _anna(whole)
        async with served(admin_app(whole.gateway, whole.clock, TOKEN)) as port:
            form = Page((await ask(port, "GET", "/sign-in?next=/inbox?state%3Dparked")).body.decode())
            fields = {field["name"]: field.get("value") for field in form.all("input")}
            reply = await _send(port, f"token=+{token}%0A&next={quote('/inbox?state=parked')}".encode())
            cookie = reply.headers["set-cookie"].partition("; ")[0]
            inside = await ask(port, "GET", reply.headers["location"], cookie=cookie)
            left = await _send(port, b"", "/sign-out", cookie=cookie)

        assert fields == {"token": None, "next": "/inbox?state=parked"}
        assert [field["type"] for field in form.all("input")] == ["password", "hidden"]
        assert (reply.status, reply.headers["location"]) == (303, "/inbox?state=parked")
        assert "HttpOnly" in reply.headers["set-cookie"]
        assert "SameSite=Strict" in reply.headers["set-cookie"]
        assert token not in reply.headers["set-cookie"]
        assert inside.status == 200
        assert (left.status, left.headers["location"]) == (303, "/sign-in")
        assert left.headers["set-cookie"].startswith(cookie.partition("=")[0] + '="";')
        assert "Max-Age=0" in left.headers["set-cookie"]

    run(work)


def test_behind_tls_the_cookie_stays_there() -> None:
    """The browser's origin says so."""

    async def work(whole: Whole) -> None:
        app = admin_app(whole.gateway, whole.clock, TOKEN, hosts=["desk.example"])
        async with served(app) as port:
            body = f"token={TOKEN}".encode()
            reply = await ask(
                port, "POST", "/sign-in", body, host="desk.example", origin="https://desk.example", content_type=FORM
            )

        assert reply.status == 303
        assert "; Secure" in reply.headers["set-cookie"]

    run(work)


def test_who_is_signed_in_is_told() -> None:
    """With the way out and the way on; a stranger is asked for the token only."""

    async def work(whole: Whole) -> None:
        await _anna(whole)
        async with served(admin_app(whole.gateway, whole.clock, TOKEN)) as port:
            link = await ask(port, "GET", f"/?token={ANNA}")
            cookie = link.headers["set-cookie"].partition("; ")[0]
            known = await ask(port, "GET", "/sign-in", cookie=cookie)
            stranger = await ask(port, "GET", "/sign-in")

        assert b"Go on as anna" in known.body
        assert b'action="/sign-out"' in known.body
        assert b"anna" not in stranger.body
        assert b"/sign-out" not in stranger.body

    run(work)


NO_TOKENS = (
    (b"", 401, "A token is needed"),
    (b"token=", 401, "A token is needed"),
    (b"next=/inbox", 401, "A token is needed"),
    (b"token=wrong", 401, "The token is wrong"),
    (b"token=" + b"ogt_" * 1_000, 401, "The token is wrong"),
    (b"token=%FF%FE%00", 401, "The token is wrong"),
    (b"token=" + ANNA.encode(), 401, "The token has expired"),
    (b"token=" + TOKEN.encode() + b"&token=wrong", 400, "a field twice"),
    (b"token=\xff", 400, "not ASCII"),
    (b"&".join(b"%d=1" % number for number in range(20)), 400, "more than 8 fields"),
    (b"x" * (BYTES_MAX + 1), 413, "at most"),
)
"""A form's body, the status, and words of the page."""


def test_what_is_no_token_opens_nothing() -> None:
    """Each is told what is wrong, in a page that says nothing of what came."""

    async def work(whole: Whole) -> None:
        await _anna(whole, expires_at=NOW)
        async with served(admin_app(whole.gateway, whole.clock, TOKEN)) as port:
            for body, status, words in NO_TOKENS:
                reply = await _send(port, body)

                assert (reply.status, "set-cookie" in reply.headers) == (status, False), body
                assert words in reply.body.decode()
                assert b"ogt_" not in reply.body
                assert TOKEN.encode() not in reply.body

    run(work)


def test_a_form_must_be_one_and_ours() -> None:
    """Another kind of body, a packed one, and one that another page has sent, however right the token is."""

    async def work(whole: Whole) -> None:
        body = f"token={TOKEN}".encode()
        async with served(admin_app(whole.gateway, whole.clock, TOKEN)) as port:
            kinds = [
                (await _send(port, body, **headers)).status
                for headers in (
                    {"content_type": "application/json"},
                    {"content_type": "multipart/form-data; boundary=x"},
                    {"content_encoding": "gzip"},
                )
            ]
            foreign = [
                (await ask(port, "POST", path, body, content_type=FORM, **headers)).status
                for path in ("/sign-in", "/sign-out")
                for headers in ({}, {"origin": "http://evil.example"}, {"origin": "null"}, {"sec_fetch_site": "none"})
            ]

        assert kinds == [415, 415, 415]
        assert foreign == [403] * 8
        assert whole.gateway.world.meters.refusals.of("origin") == 8

    run(work)


@pytest.mark.parametrize("to", ["//evil.example", "/\\evil.example", "https://evil.example", "/%0d%0aa: b", "x"])
def test_signing_in_leads_nowhere_else(to: str) -> None:
    """Neither by the address of the page nor by the field of the form."""

    async def work(whole: Whole) -> None:
        async with served(admin_app(whole.gateway, whole.clock, TOKEN)) as port:
            page = Page((await ask(port, "GET", f"/sign-in?next={quote(to)}")).body.decode())
            reply = await _send(port, f"token={TOKEN}&next={quote(to, safe='%')}".encode())

        (hidden,) = [field["value"] for field in page.all("input") if field["type"] == "hidden"]
        kept = to if to.startswith("/%") else "/"
        assert (reply.status, reply.headers["location"]) in ((303, kept), (303, "/"))
        assert hidden in (kept, "/")
        assert "a" not in reply.headers

    run(work)


def test_nothing_of_the_address_is_shown() -> None:
    """Why somebody is asked is one of our own sentences; another word is none."""

    async def work(whole: Whole) -> None:
        async with served(admin_app(whole.gateway, whole.clock, TOKEN)) as port:
            told = [
                (await ask(port, "GET", f"/sign-in?why={why}&next={quote('/<script>')}")).body.decode()
                for why in ("ended", "link", "%3Cscript%3E", "x")
            ]

        assert ["You are signed out" in page for page in told] == [True, False, False, False]
        assert ["The token in that link" in page for page in told] == [False, True, False, False]
        assert not any("<script>" in page for page in told)

    run(work)
