"""Who may: proofs, links, host names, and whatever hostile people send instead. The matrix walks the routes."""

import pytest
from aiohttp import web

from gateway.kernel.access import new_token, row_of, session_of
from gateway.kernel.rng import SeededRng
from gateway.web.admin import HEADERS, admin_app
from gateway.web.auth import GUARD, TOLD_EVERY_S, Guard
from gateway.web.hosts import Hosts, own_path
from gateway.web.servers import SERVING, Serving
from tests.web.raw import Reply, ask, served
from tests.web.worlds import NOW, TOKEN, Whole, run

BEARER = f"Bearer {TOKEN}"
PLACES = ("/", "/board.json", "/contacts/con_x", "/inbox", "/api/v1/contacts", "/readyz", "/metrics")
ELSEWHERE = ("/nothing", "/api/v1/nothing", "//evil.example/")
ANNA = new_token(SeededRng(1))


def admin(whole: Whole) -> web.Application:
    """The app under test."""
    return admin_app(whole.gateway, whole.clock, TOKEN)


def checked(reply: Reply) -> Reply:
    """The answer, once it is sure that it has every header that it must have, and no token."""
    assert {name: reply.headers.get(name.lower()) for name in HEADERS} == HEADERS
    for token in (TOKEN, ANNA, ANNA[13:]):
        assert token.encode() not in reply.body
        assert token not in str(reply.headers)
    return reply


async def anna(whole: Whole, name: str = "anna") -> None:
    """A viewer's token is kept."""
    assert await whole.store.add_access(row_of(ANNA, name, "viewer", created_at=NOW, created_by="me"))


def refused(reply: Reply, target: str, authorization: str = "") -> bool:
    """Whether nothing was shown: 401 to programs, the page for signing in to people."""
    is_program = authorization.lower().startswith("bearer") or target.endswith(".json")
    if is_program or target.startswith(("/api/", "/metrics", "/readyz")):
        return reply.status == 401 and reply.headers["www-authenticate"].startswith("Bearer")
    return reply.status == 303 and reply.headers["location"].startswith("/sign-in")


@pytest.mark.parametrize("target", ["/", "/board.json", "/api/v1/contacts", *ELSEWHERE])
def test_nothing_is_shown_without_a_token(target: str) -> None:
    """Without proof, with a wrong one, and with one that is nearly right, whatever the method; what isn't there is
    refused like what is."""
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
        {"authorization": f"Bearer {ANNA[:-1]}b"},
        {"authorization": f"Bearer {ANNA.upper()}"},
        {"authorization": f"Bearer {'ogt_' * 1_500}"},
        {"authorization": f"Bearer {'_' * 6_000}"},
        {"authorization": f"Bearer {'.' * 6_000}"},
        {"authorization": f"{BEARER}, {BEARER}"},
        {"authorization": f"{BEARER}\r\nauthorization: {BEARER}"},
        {"authorization": f"{BEARER}\r\nAuthorization: Bearer wrong"},
        {"authorization": f"Bearer wrong\r\nauthorization: {BEARER}"},
        {"cookie": f"orion_gateway_00000000={TOKEN}"},
        {"cookie": "=;;,\udcff"},
        {"cookie": "a=b; " * 1_000},
        {"cookie": f"token={TOKEN}; session={session_of(ANNA)}"},
    ]

    async def work(whole: Whole) -> None:
        await anna(whole)
        app = admin(whole)
        async with served(app) as port:
            own = [{"cookie": f"{app[GUARD].cookie}={value}"} for value in (TOKEN, ANNA, "", session_of(ANNA)[:-1])]
            for headers in [*wrong, *own]:
                reply = checked(await ask(port, "GET", target, **headers))
                assert refused(reply, target, headers.get("authorization", "")), headers
            for method in ("POST", "PUT", "DELETE", "OPTIONS"):
                assert checked(await ask(port, method, target)).status == 401, method
            for query in ("token=", "token=wrong", f"token={TOKEN[1:]}", "token=%FF", f"token=wrong&token={TOKEN}"):
                reply = checked(await ask(port, "GET", f"{target}?{query}"))
                assert (refused(reply, target), "set-cookie" in reply.headers) == (True, False), query
            told = checked(await ask(port, "POST", target))
            kind = "text/html" if refused(Reply(303, {"location": "/sign-in"}), target) else "application/problem+json"
            assert told.headers["content-type"].startswith(kind)
            assert told.headers["cache-control"] == "no-store"

    run(work)


@pytest.mark.parametrize("token", [TOKEN, ANNA])
def test_a_bearer_token_opens(token: str) -> None:
    """The admin's own and one that is kept; the scheme's case doesn't matter, nor does a proxy's own `Basic`."""

    async def work(whole: Whole) -> None:
        await anna(whole)
        async with served(admin(whole)) as port:
            for scheme in ("Bearer", "bearer", "BEARER"):
                for target in PLACES:
                    reply = checked(await ask(port, "GET", target, authorization=f"{scheme} {token}"))
                    assert reply.status in (200, 404, 503), target
            both = f"Basic dXNlcjpwdw==\r\nauthorization: Bearer {token}"
            assert checked(await ask(port, "GET", "/inbox", authorization=both)).status == 200

    run(work)


@pytest.mark.parametrize("token", [TOKEN, ANNA])
def test_a_link_signs_in_once_and_forgets_the_token(token: str) -> None:
    """`?token=` gives a cookie for this host's own pages only, and leads to the same address without the token."""

    async def work(whole: Whole) -> None:
        await anna(whole)
        async with served(admin(whole)) as port:
            first = checked(await ask(port, "GET", f"/inbox?token={token}&state=parked"))
            cookie, _, attributes = first.headers["set-cookie"].partition("; ")
            second = checked(await ask(port, "GET", first.headers["location"], cookie=cookie))
            by_tls = await ask(port, "GET", f"/?token={token}", x_forwarded_proto="https")

        assert (first.status, first.headers["location"]) == (303, "/inbox?state=parked")
        assert {part.lower() for part in attributes.split("; ")} == {"httponly", "path=/", "samesite=strict"}
        assert "; Secure" in by_tls.headers["set-cookie"]
        assert second.status == 200
        name = b"admin" if token == TOKEN else b"anna"
        assert b'action="/sign-out"' in second.body
        assert b"<span>" + name in second.body

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


@pytest.mark.parametrize(
    "text",
    [
        None,
        "",
        "evil",
        "//evil.example",
        "///evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "https://evil.example/",
        "javascript:alert(1)",
        "/\t/evil.example",
        "/\n/evil.example",
        "/x\r\nset-cookie: a=b",
        "/x y",
        "/ä",
        "/\udcff",
        " /x",
        "/" + "a" * 2_000,
    ],
)
def test_nobody_is_led_elsewhere(text: str | None) -> None:
    """What could be another host, or another header, is the first page."""
    assert own_path(text) == "/"


@pytest.mark.parametrize("text", ["/", "/contacts/con_x", "/inbox?state=parked&limit=5", "/a%0d%0ab", "/x?to=//evil"])
def test_own_paths_stay(text: str) -> None:
    """With their queries."""
    assert own_path(text) == text


def test_people_are_led_to_the_page_for_signing_in() -> None:
    """With where they wanted to go, and why they are asked; parts of pages and data aren't."""

    async def work(whole: Whole) -> None:
        app = admin(whole)
        async with served(app) as port:
            old = {"cookie": f"{app[GUARD].cookie}={session_of(ANNA)}"}
            led = [
                (await ask(port, "GET", target, **headers)).headers["location"]
                for target, headers in (
                    ("/", {}),
                    ("/inbox?state=parked", {"sec_fetch_mode": "navigate"}),
                    ("/inbox", old),
                    ("/inbox?token=wrong", {}),
                    ("//evil.example/", {}),
                    ("/sign-in?token=wrong", {}),
                )
            ]
            live = await ask(port, "GET", "/inbox", hx_request="true")
            part = await ask(port, "GET", "/inbox", sec_fetch_mode="cors")

        assert led == [
            "/sign-in",
            "/sign-in?next=/inbox?state%3Dparked",
            "/sign-in?next=/inbox&why=ended",
            "/sign-in?next=/inbox&why=link",
            "/sign-in?next=/evil.example/",
            "/sign-in?why=link",
        ]
        assert (live.status, part.status) == (401, 401)

    run(work)


def test_a_link_from_elsewhere_is_tried_again_from_here() -> None:
    """A browser keeps a strict cookie from a link on another site: the refusal asks again by itself, only then."""

    async def work(whole: Whole) -> None:
        async with served(admin(whole)) as port:
            elsewhere = await ask(port, "GET", "/contacts/con_x", sec_fetch_site="cross-site")
            here = await ask(port, "GET", "/contacts/con_x", sec_fetch_site="same-origin")

        assert (elsewhere.status, here.status) == (401, 303)
        assert b'http-equiv="refresh" content="0"' in elsewhere.body

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
                for target in ("/", "/sign-in", "/static/x/frame.css"):
                    reply = checked(await ask(port, "GET", target, host=host.format(port), authorization=BEARER))
                    assert reply.status == 421, host
            assert whole.gateway.world.meters.refusals.of("host") == 3 * len(foreign)

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


def test_refusals_are_counted_and_logged_once_in_a_while() -> None:
    """However many try: one line with their number, with nothing of what they sent."""

    async def work(whole: Whole) -> None:
        app = admin(whole)
        async with served(app) as port:
            for _ in range(5):
                await ask(port, "GET", "/api/v1/contacts", authorization=f"Bearer {ANNA}")
                await ask(port, "GET", "/api/v1/contacts")
            first = whole.logged.getvalue()
            whole.clock.at += round(TOLD_EVERY_S * 1000)
            await ask(port, "GET", "/api/v1/contacts", authorization=f"Bearer {ANNA}")

        lines = whole.logged.getvalue().splitlines()
        assert first.count("access_refused") == 1
        assert [("access_refused" in line, '"times": 5' in line) for line in lines] == [(True, False), (True, True)]
        assert "ogt_" not in whole.logged.getvalue()
        refusals = whole.gateway.world.meters.refusals
        assert (refusals.of("wrong"), refusals.of("missing")) == (6, 5)

    run(work)


def test_an_empty_token_is_no_token() -> None:
    """A gateway without a token would be open to all: it doesn't start. No repr tells a token."""

    async def work(whole: Whole) -> None:
        with pytest.raises(ValueError, match="empty"):
            admin_app(whole.gateway, whole.clock, "")

        assert TOKEN not in repr(Guard(whole.gateway.world, TOKEN, Serving(), Hosts(Serving())))

    run(work)


def test_gateways_of_one_machine_have_cookies_of_their_own() -> None:
    """Cookies don't know ports, so the name has the port: one gateway doesn't sign people out of another."""

    async def work(whole: Whole) -> None:
        names = {
            Guard(whole.gateway.world, TOKEN, Serving(port=port), Hosts(Serving())).cookie for port in (8081, 8082)
        }

        assert len(names) == 2

    run(work)
