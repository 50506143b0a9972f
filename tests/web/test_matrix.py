"""Every route of the table against everybody who could ask for it: what comes is exactly what the table says.

A route that is added is in it by itself. Probes of every role and method stand beside the app's own routes, so that the
matrix knows the difference between roles of which the app has no route.
"""

import re
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass

import pytest
from aiohttp import web

from gateway.kernel.access import ROLES, Role, Who, new_token, row_of, session_of
from gateway.kernel.rng import SeededRng
from gateway.web import routes as table
from gateway.web.admin import admin_app
from gateway.web.auth import GUARD, WHO
from gateway.web.routes import ROUTES, Route, Routes
from tests.web.raw import Reply, ask, served
from tests.web.worlds import NOW, TOKEN, D, Whole, run

SIGN_IN = "/sign-in"
PROBES = tuple((method, f"/probe/{role}", role) for method in ("GET", "POST", "DELETE") for role in table.ROLES)


@dataclass(frozen=True)
class Asker:
    """Somebody, and what they show. `role` None: it proves nothing. `unsafe`: whether they may change anything."""

    name: str
    role: Role | None
    headers: Mapping[str, str]
    from_here: bool = True
    bearer: bool = False
    usual: bool = True
    """Whether they ask for every route, and not for the probes alone: what they try is the same for all."""


async def answer(request: web.Request) -> web.Response:
    """What a probe says: who asks."""
    who = request.get(WHO)
    return web.Response(text=who.name if who else "nobody")


@asynccontextmanager
async def everybody(whole: Whole) -> AsyncIterator[tuple[int, Routes, list[Asker]]]:
    """The port of the whole app with the probes, its table, and everybody who could ask."""
    monkey = pytest.MonkeyPatch()
    before = table.Routes.__init__
    probes = [Route(method, path, answer, role) for method, path, role in PROBES]
    monkey.setattr(table.Routes, "__init__", lambda self, *parts: before(self, *parts, probes))
    try:
        app = admin_app(whole.gateway, whole.clock, TOKEN)
    finally:
        monkey.undo()
    tokens = {}
    for seed, (name, role) in enumerate(
        [*((role, role) for role in ROLES if role != "admin"), ("boss", "admin"), ("gone", "admin"), ("over", "admin")]
    ):
        tokens[name] = new_token(SeededRng(seed))
        ends = NOW if name == "over" else NOW + D
        row = row_of(tokens[name], name, role, created_at=NOW - D, created_by="me", expires_at=ends)
        assert await whole.store.add_access(row)
    assert await whole.store.revoke_access("gone", NOW, "me")
    async with served(app) as port:
        yield port, app[ROUTES], [*_askers(tokens, app[GUARD].cookie, port)]


def _askers(tokens: Mapping[str, str], cookie: str, port: int) -> Iterator[Asker]:
    yield Asker("nobody", None, {})
    yield Asker("nobody from here", None, {"sec_fetch_site": "same-origin"})
    yield Asker("the admin's own token", "admin", {"authorization": f"Bearer {TOKEN}"}, bearer=True)
    wrong = new_token(SeededRng(99))
    for name, token in {**tokens, "wrong": wrong, "half": tokens["boss"][:40]}.items():
        role: Role | None = "admin" if name == "boss" else next((role for role in ROLES if role == name), None)
        shown = f"{cookie}={session_of(token)}"
        yield Asker(f"{name} by bearer", role, {"authorization": f"Bearer {token}"}, bearer=True)
        own = {"cookie": shown, "origin": f"http://127.0.0.1:{port}"}
        yield Asker(f"{name} by cookie", role, own, usual=role is not None)
        yield Asker(f"{name} by cookie without origin", role, {"cookie": shown}, from_here=False, usual=name == "boss")
    boss = session_of(tokens["boss"])
    for where in ("http://evil.example", "null", f"http://127.0.0.1:{port + 1}", "http://localhost"):
        yield Asker(
            f"from {where}", "admin", {"cookie": f"{cookie}={boss}", "origin": where}, from_here=False, usual=False
        )
    own = {"cookie": f"{cookie}={boss}", "origin": f"http://127.0.0.1:{port}"}
    for site in ("cross-site", "same-site", "none"):
        yield Asker(f"from a {site} page", "admin", {**own, "sec_fetch_site": site}, from_here=False, usual=False)
    yield Asker("a token as cookie", None, {"cookie": f"{cookie}={tokens['boss']}"}, usual=False)
    yield Asker("a cookie as token", None, {"authorization": f"Bearer {boss}"}, bearer=True, usual=False)
    yield Asker("the cookie of another gateway", None, {"cookie": f"orion_gateway_1={boss}"}, usual=False)


def expected(route: Route, asker: Asker) -> str:
    """What the table says."""
    unsafe = route.method not in ("GET", "HEAD")
    if route.role == "anyone":
        is_form = route.path in (SIGN_IN, "/sign-out") and unsafe
        sent_from_here = "sec_fetch_site" in asker.headers or "origin" in asker.headers
        return "403" if is_form and not (asker.from_here and sent_from_here) else "open"
    if asker.role is None:
        return "401" if unsafe or asker.bearer or _is_data(route.path) else "to sign in"
    if not Who("x", asker.role).may(route.role):
        return "403"
    return "403" if unsafe and not asker.bearer and not asker.from_here else "open"


def _is_data(path: str) -> bool:
    return path.startswith(("/api/", "/metrics", "/readyz")) or path.endswith(".json")


def became(reply: Reply) -> str:
    """What came."""
    if reply.status in (401, 403):
        return str(reply.status)
    if reply.status == 303 and reply.headers["location"].startswith(SIGN_IN):
        return "to sign in"
    return "open" if reply.status < 500 or reply.status == 503 else "failed"


def target_of(path: str) -> str:
    """An address that a route's pattern takes."""
    return re.sub(r"\{[^}]*\}", "x", path)


def test_every_route_answers_everybody_as_the_table_says() -> None:
    """401 without proof, or the page for signing in; 403 where the role or the origin isn't enough; else the route."""

    async def work(whole: Whole) -> None:
        async with everybody(whole) as (port, routes, askers):
            wrong = []
            asked = [(route, asker) for route in routes for asker in askers if asker.usual or route.handler is answer]
            for route, asker in asked:
                reply = await ask(port, route.method, target_of(route.path), **asker.headers)
                form_failed = route.path == SIGN_IN and route.method == "POST" and reply.status in (401, 415)
                came = "open" if form_failed else became(reply)
                if route.path == "/sign-out" and reply.status == 303:
                    came = "open"
                if came != expected(route, asker):
                    wrong.append((route.method, route.path, asker.name, expected(route, asker), came, reply.status))

        assert wrong == []

    run(work)


def test_the_matrix_has_every_role_and_every_answer() -> None:
    """It could fail: there are routes and askers for each."""

    async def work(whole: Whole) -> None:
        async with everybody(whole) as (_, routes, askers):
            assert {route.role for route in routes} == set(table.ROLES)
            assert {asker.role for asker in askers} == {None, *ROLES}
            told = {expected(route, asker) for route in routes for asker in askers}
            assert told == {"open", "to sign in", "401", "403"}

    run(work)


def test_what_the_app_has_is_in_the_table() -> None:
    """Nothing else answers; a method that the table doesn't have is refused."""

    async def work(whole: Whole) -> None:
        app = admin_app(whole.gateway, whole.clock, TOKEN)
        listed = {(route.method, route.path) for route in app[ROUTES]}
        there = {(route.method, route.resource.canonical) for route in app.router.routes() if route.resource}

        assert there - {("HEAD", path) for method, path in listed if method == "GET"} == listed
        assert len(listed) > 15
        async with served(app) as port:
            for method, path in sorted(listed):
                other = "PATCH" if (("PATCH", path)) not in listed else "TRACE"
                assert (await ask(port, other, target_of(path), authorization=f"Bearer {TOKEN}")).status == 405, method

    run(work)


def test_what_is_not_in_the_table_is_the_admins() -> None:
    """A route that was added beside the table opens for nobody else."""

    async def work(whole: Whole) -> None:
        token = new_token(SeededRng(1))
        assert await whole.store.add_access(row_of(token, "op", "operator", created_at=NOW, created_by="me"))
        app = admin_app(whole.gateway, whole.clock, TOKEN)
        app.router.add_get("/stray.json", answer)
        async with served(app) as port:
            shown = [
                (await ask(port, "GET", "/stray.json", **headers)).status
                for headers in ({}, *({"authorization": f"Bearer {one}"} for one in (token, TOKEN)))
            ]

        assert shown == [401, 403, 200]

    run(work)


def test_a_route_names_its_role() -> None:
    """One that names none, or a word that is no role, is no route; nor is one that is there twice."""
    for role in ("", None, "everyone", "root"):
        with pytest.raises(ValueError, match="names no role"):
            Routes([Route("GET", "/x", answer, role)])  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="twice"):
        Routes([Route("GET", "/x", answer, "viewer")], [Route("GET", "/x", answer, "admin")])
    with pytest.raises(TypeError):
        Route("GET", "/x", answer)  # type: ignore[call-arg]


def test_who_acts_is_told_to_the_route() -> None:
    """By the token's name; the admin's own is `admin`."""

    async def work(whole: Whole) -> None:
        async with everybody(whole) as (port, _, askers):
            names = {}
            for asker in askers:
                if asker.role is not None:
                    names[asker.name] = (await ask(port, "GET", "/probe/viewer", **asker.headers)).body.decode()

        assert names["viewer by bearer"] == names["viewer by cookie"] == "viewer"
        assert names["boss by cookie"] == "boss"
        assert names["the admin's own token"] == "admin"

    run(work)


def test_a_refused_role_is_told_which_it_takes() -> None:
    """In words, to a program as JSON, and never with a token."""

    async def work(whole: Whole) -> None:
        async with everybody(whole) as (port, _, askers):
            viewer = next(asker for asker in askers if asker.name == "viewer by bearer")
            reply = await ask(port, "POST", "/probe/operator", **viewer.headers)

        assert reply.status == 403
        assert b"role operator" in reply.body
        assert b"viewer has the role viewer" in reply.body
        assert b"ogt_" not in reply.body

    run(work)
