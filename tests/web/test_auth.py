"""Who may look."""

import pytest
from aiohttp import web

from gateway.web.admin import HEADERS, admin_app
from gateway.web.auth import Guard
from gateway.web.servers import SERVING, Serving
from tests.web.raw import Reply, ask, served
from tests.web.worlds import TOKEN, Whole, run

BEARER = f"Bearer {TOKEN}"
ROUTES = (
    "/",
    "/board.json",
    "/contacts/con_x.json",
    "/deliveries.json",
    "/endpoints.json",
    "/inbox.json",
    "/contacts/con_x",
    "/deliveries",
    "/endpoints",
    "/inbox",
    "/settings",
    "/settings.json",
    "/static/0/frame.css",
    "/api/v1/contacts",
    "/api/v1/contacts/con_x",
    "/api/v1/contacts/con_x/explain",
    "/api/v1/deliveries",
    "/api/v1/endpoints",
    "/api/v1/inbox",
    "/api/v1/notices",
    "/api/v1/policy",
    "/api/v1/stream",
    "/readyz",
    "/metrics",
)
ELSEWHERE = ("/nothing", "/api/v1/nothing", "/healthz", "/in/shop", "//evil.example/")


def admin(whole: Whole) -> web.Application:
    """The app under test."""
    return admin_app(whole.gateway, whole.clock, TOKEN)


def checked(reply: Reply) -> Reply:
    """The answer, once it is sure that it has every header that it must have."""
    assert {name: reply.headers.get(name.lower()) for name in HEADERS} == HEADERS
    assert TOKEN.encode() not in reply.body
    assert TOKEN not in str(reply.headers)
    return reply


def test_every_route_is_in_the_matrix() -> None:
    """A new route must be listed here."""

    async def work(whole: Whole) -> None:
        patterns = {resource.canonical for resource in admin(whole).router.resources()}
        listed = {
            route.replace("con_x", "{id}").replace("/static/0/frame.css", "/static/{content}/{name}")
            for route in ROUTES
        }

        assert patterns == listed

    run(work)


@pytest.mark.parametrize("target", [*ROUTES, *ELSEWHERE])
def test_nothing_is_shown_without_the_token(target: str) -> None:
    """401 without proof, with a wrong one, and with one that is nearly right, whatever the method."""
    wrong = [
        {},
        {"authorization": "Bearer wrong"},
        {"authorization": f"Bearer {TOKEN[:-1]}"},
        {"authorization": f"Bearer {TOKEN}x"},
        {"authorization": f"Basic {TOKEN}"},
        {"authorization": TOKEN},
        {"authorization": "Bearer \udcff\udcfe"},
        {"authorization": "Bearer "},
        {"authorization": BEARER + "\udce9"},
        {"cookie": f"orion_gateway_00000000={TOKEN}"},
        {"cookie": "=;;,\udcff"},
    ]

    async def work(whole: Whole) -> None:
        async with served(admin(whole)) as port:
            for headers in wrong:
                assert checked(await ask(port, "GET", target, **headers)).status == 401, headers
            for method in ("POST", "PUT", "DELETE", "OPTIONS"):
                assert checked(await ask(port, method, target)).status == 401, method
            for query in ("token=", "token=wrong", f"token={TOKEN[1:]}", "token=%FF", f"token=wrong&token={TOKEN}"):
                reply = checked(await ask(port, "GET", f"{target}?{query}"))
                assert (reply.status, "set-cookie" in reply.headers) == (401, False), query
            told = checked(await ask(port, "GET", target))
            assert told.headers["www-authenticate"].startswith("Bearer")
            kind = "application/json" if target.startswith(("/api", "/metrics", "/readyz")) else "text/html"
            assert told.headers["content-type"].startswith(kind)
            assert told.headers["cache-control"] == "no-store"

    run(work)


@pytest.mark.parametrize("target", ROUTES)
def test_the_bearer_token_opens_every_route(target: str) -> None:
    """With the token no route says 401; the scheme's case doesn't matter."""

    async def work(whole: Whole) -> None:
        async with served(admin(whole)) as port:
            for scheme in ("Bearer", "bearer", "BEARER"):
                reply = checked(await ask(port, "GET", target, authorization=f"{scheme} {TOKEN}"))
                assert reply.status in (200, 400, 404, 503)

    run(work)


def test_a_link_signs_in_once_and_forgets_the_token() -> None:
    """`?token=` gives a cookie for this host's own pages only, and leads to the same address without the token."""

    async def work(whole: Whole) -> None:
        async with served(admin(whole)) as port:
            first = checked(await ask(port, "GET", f"/inbox?token={TOKEN}&state=parked"))
            cookie, _, attributes = first.headers["set-cookie"].partition("; ")
            second = checked(await ask(port, "GET", first.headers["location"], cookie=cookie))

        assert (first.status, first.headers["location"]) == (303, "/inbox?state=parked")
        assert {part.lower() for part in attributes.split("; ")} == {"httponly", "path=/", "samesite=strict"}
        assert second.status == 200

    run(work)


@pytest.mark.parametrize("target", ["//evil.example/", "///evil.example", "/%5Cevil.example/", "/\\evil.example/"])
def test_signing_in_leads_nowhere_else(target: str) -> None:
    """Whatever the path, the address after it is one of this host."""

    async def work(whole: Whole) -> None:
        async with served(admin(whole)) as port:
            reply = await ask(port, "GET", f"{target}?token={TOKEN}")

        assert reply.status == 303
        assert reply.headers["location"].startswith("/")
        assert reply.headers["location"][1:2] not in ("/", "\\")

    run(work)


def test_a_link_from_elsewhere_is_tried_again_from_here() -> None:
    """A browser keeps a strict cookie from a link on another site: the refusal asks again by itself, only then."""

    async def work(whole: Whole) -> None:
        async with served(admin(whole)) as port:
            elsewhere = await ask(port, "GET", "/contacts/con_x", sec_fetch_site="cross-site")
            here = await ask(port, "GET", "/contacts/con_x", sec_fetch_site="same-origin")

        assert (elsewhere.status, here.status) == (401, 401)
        assert b'http-equiv="refresh" content="0"' in elsewhere.body
        assert b"refresh" not in here.body

    run(work)


def test_the_host_must_be_ours() -> None:
    """A name that points at this machine and isn't ours gets 421, even with the token."""

    async def work(whole: Whole) -> None:
        app = admin_app(whole.gateway, whole.clock, TOKEN, hosts=["Desk.example:443"])
        async with served(app) as port:
            ours = ["127.0.0.1:{}", "localhost:{}", "LOCALHOST:{}", "[::1]:{}", "desk.example:443"]
            foreign = [
                "evil.example",
                "evil.example:{}",
                "127.0.0.1",
                "localhost:1",
                "127.0.0.1.evil.example:{}",
                "",
                "\udcff",
            ]
            for host in ours:
                assert (await ask(port, "GET", "/", host=host.format(port), authorization=BEARER)).status == 200, host
            for host in foreign:
                reply = checked(await ask(port, "GET", "/", host=host.format(port), authorization=BEARER))
                assert reply.status == 421, host

    run(work)


def test_behind_every_address_the_called_one_is_ours() -> None:
    """On 0.0.0.0 the address that was called is allowed, a name is not."""

    async def work(whole: Whole) -> None:
        app = admin(whole)
        async with served(app, "0.0.0.0") as port:
            called = await ask(port, "GET", "/", host=f"127.0.0.1:{port}", authorization=BEARER)
            named = await ask(port, "GET", "/", host=f"evil.example:{port}", authorization=BEARER)

        assert app[SERVING].host == "0.0.0.0"
        assert (called.status, named.status) == (200, 421)

    run(work)


def test_an_empty_token_is_no_token() -> None:
    """A gateway without a token would be open to all: it doesn't start. No repr tells a token."""
    with pytest.raises(ValueError, match="empty"):
        Guard("", Serving())

    assert TOKEN not in repr(Guard(TOKEN, Serving()))


def test_gateways_of_one_machine_have_cookies_of_their_own() -> None:
    """Cookies don't know ports, so the name depends on the token."""
    assert Guard(TOKEN, Serving()).cookie != Guard(TOKEN + "2", Serving()).cookie
