"""The operations that are about the gateway itself: its policy, what an endpoint missed, readiness, figures."""

from typing import Annotated, Any, Final

import msgspec
from aiohttp import web
from msgspec import Meta, Struct

from gateway.engine.standing import standing
from gateway.kernel.store import StoreUnusable
from gateway.kernel.values import policy_values
from gateway.policy.tryout.asked import WrongQuestion, read_values
from gateway.web import health
from gateway.web.api.operation import Asked, Desk, Operation, Said
from gateway.web.api.problem import Refused, Wrong
from gateway.web.auth import MISSED
from gateway.web.metrics import metrics
from gateway.web.shapes.outgoing import Missed
from gateway.web.shapes.tryout import TryContact, Tryout
from gateway.web.shapes.upkeep import Ailing, PolicyStanding, Readiness

BYTES_MAX: Final = 8 * 1024 * 1024
"""Bodies of notices in one answer; beyond them there is `more`."""

FIGURES: Final = "text/plain; version=0.0.4; charset=utf-8"


class MissedQuery(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What an endpoint asks for."""

    endpoint: Annotated[str, Meta(description="The endpoint's name.", min_length=1, max_length=200)]
    after: Annotated[int, Meta(description="The last number that it has.", ge=0)] = 0
    limit: Annotated[int, Meta(description="Notices of an answer, at most.", ge=1, le=1_000)] = 100


async def policy(desk: Desk, asked: Asked[Any, None]) -> Said:
    """What is in force, what comes next, and how far its taking over has come."""
    gateway = desk.gateway
    stands = await standing(gateway.bench.policies, gateway.world.store, desk.clock.now())
    return Said(
        {
            "in_force": policy_values(stands.present) if stands.present else None,
            "to_come": policy_values(stands.to_come) if stands.to_come else None,
            "left": stands.left,
        }
    )


async def try_out(desk: Desk, asked: Asked[Any, dict[str, Any]]) -> Said:
    """Nothing is kept of it: the contact is imagined, and time passes as if nobody acted."""
    now = desk.clock.now()
    try:
        told = await desk.gateway.reading.tried_view(read_values(asked.body, now), now)
    except WrongQuestion as error:
        errors = [Wrong(f"body.{wrong.field}" if wrong.field else "body", wrong.why) for wrong in error.wrong]
        raise Refused("bad-body", str(error), errors) from None
    except StoreUnusable as error:
        raise Refused("conflict", str(error)) from None
    if told is None:
        raise Refused("conflict", "there is no policy in force yet")
    return Said(told)


async def missed(desk: Desk, asked: Asked[MissedQuery, None]) -> Said:
    """The notices of an endpoint behind a number, byte for byte as they are delivered, whatever has become of them.

    A receiver goes on with `last` while there is `more`, and sees from `oldest` whether something is gone for good:
    what ended long ago is not kept.
    """
    query, store = asked.query, desk.gateway.world.store
    if query.endpoint not in desk.gateway.endpoints and query.endpoint not in await store.endpoint_states():
        raise Refused("not-found", "there is no such endpoint")
    found = await store.notices_after(query.endpoint, query.after, query.limit + 1)
    kept, size = 0, 0
    while kept < min(query.limit, len(found)) and (kept == 0 or size + len(found[kept].body) <= BYTES_MAX):
        size += len(found[kept].body)
        kept += 1
    return Said(
        {
            "endpoint": query.endpoint,
            "notices": [msgspec.Raw(row.body) for row in found[:kept]],
            "last": found[kept - 1].sequence if kept else query.after,
            "oldest": await store.oldest_sequence(query.endpoint),
            "more": kept < len(found),
        }
    )


async def ready(desk: Desk, asked: Asked[Any, None]) -> Said:
    """200 when all is well, else 503 with every reason. What ails and keeps nobody from anything is named, too."""
    found = await health.reasons(desk.gateway)
    told = Readiness(
        status="not ready" if found else "ready",
        reasons=[Ailing(what=one.what, why=one.why) for one in found],
        ailing=[Ailing(what=one.what, why=one.why) for one in health.beside(desk.gateway)],
    )
    return Said(told, status=503 if found else 200)


async def figures(desk: Desk, asked: Asked[Any, None]) -> web.Response:
    """The figures for Prometheus."""
    text = await metrics(desk.gateway, desk.counted)
    return web.Response(body=text.encode(), headers={"Content-Type": FIGURES})


async def stream(desk: Desk, asked: Asked[Any, None]) -> web.StreamResponse:
    """Server-sent events: `hello` (the gateway's time), `contact.changed` (the contact as listings tell it),
    `contact.ended`, `connector.changed`, `endpoint.changed`, and `missed`: some were not told, read your list again.

    They are hints, and nothing is kept for who was away: after a reconnect, read your list again.
    """
    return await desk.stream(asked.request)


OPERATIONS: Final = (
    Operation(
        method="GET",
        path="/api/v1/policy",
        id="getPolicy",
        tag="policy",
        summary="Tell which policy judges, which comes next, and how far its taking over has come.",
        role="viewer",
        run=policy,
        answers={200: PolicyStanding},
    ),
    Operation(
        method="POST",
        path="/api/v1/policy/try",
        id="tryPolicy",
        tag="policy",
        summary="Tell what the policy in force would make of a contact, and when.",
        role="viewer",
        run=try_out,
        body=TryContact,
        reads=dict[str, Any],
        optional=False,
        answers={200: Tryout},
        problems=("conflict",),
    ),
    Operation(
        method="GET",
        path=MISSED,
        id="listNotices",
        tag="endpoints",
        summary="Tell an endpoint what it has missed; an endpoint's own token is enough.",
        role="viewer",
        run=missed,
        query=MissedQuery,
        answers={200: Missed},
        problems=("not-found",),
    ),
    Operation(
        method="GET",
        path="/api/v1/stream",
        id="streamChanges",
        tag="overview",
        summary="Tell what changes while it does, as server-sent events.",
        role="viewer",
        run=stream,
        answers={200: str},
        media="text/event-stream",
    ),
    Operation(
        method="GET",
        path="/readyz",
        id="getReadiness",
        tag="gateway",
        summary="Tell whether the gateway does its work, and all that keeps it from it.",
        role="viewer",
        run=ready,
        answers={200: Readiness, 503: Readiness},
    ),
    Operation(
        method="GET",
        path="/metrics",
        id="getMetrics",
        tag="gateway",
        summary="Tell the figures for Prometheus.",
        role="viewer",
        run=figures,
        answers={200: str},
        media="text/plain",
    ),
)
