"""The operations of a wallboard: sums, queues, escalations that are going on, and what was announced of late."""

import re
from functools import partial
from typing import Annotated, Any, Final, Literal

from msgspec import Meta, Struct

from gateway.kernel.board import RISK_MIN, BadPlace, Wanted
from gateway.model.instant import HOUR_MS, MINUTE_MS, format_instant
from gateway.model.words import Channel
from gateway.web.api.acting import Actor, acted
from gateway.web.api.contacts import no_place
from gateway.web.api.operation import Asked, Desk, Operation, Said, Word
from gateway.web.api.problem import Refused
from gateway.web.api.wanted import Filters, Limit, Names, Place
from gateway.web.shapes.board import (
    Acted,
    EscalationList,
    QueueList,
    Summary,
    TallyList,
    escalations_of,
    queue_list,
    summary,
    tally,
)

ESCALATION: Final = Word("An escalation's id, `msg_` and 26 signs.")
_ID: Final = re.compile(r"msg_[a-z2-7]{26}")

_RISK: Final = f"How many minutes before its deadline a contact is at risk; {RISK_MIN} unless given, as on the pages."
Risk = Annotated[int, Meta(description=_RISK, ge=1, le=10_080)]


class QueuesQuery(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How near is near."""

    risk_min: Risk = RISK_MIN


class SummaryQuery(Filters, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Over which open contacts the sums are."""

    risk_min: Risk = RISK_MIN


class TalliesQuery(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Of how many hours."""

    hours: Annotated[int, Meta(description="So many hours back, the present one among them.", ge=1, le=168)] = 24


class EscalationsQuery(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which escalations are wanted, by their contacts."""

    acknowledged: Annotated[bool | None, Meta(description="Those that somebody has taken, or those nobody has.")] = None
    queue: Annotated[Names, Meta(description="Queues; an empty one means contacts that no rule routes.")] = ()
    team: Annotated[Names, Meta(description="Teams.")] = ()
    channel: Annotated[tuple[Channel, ...], Meta(description="The ways by which they came.")] = ()
    severity: Annotated[
        tuple[Annotated[int, Meta(ge=1, le=9)], ...], Meta(description="How grave they are, 1 the gravest.")
    ] = ()
    limit: Annotated[Limit, Meta(description="Contacts of a page, at most: each may have several escalations.")] = 100
    after: Place | None = None


class Resolver(Actor, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who does it, and why."""

    reason: Annotated[str, Meta(description="Why, for whoever asks later.", max_length=500)] = ""


async def sums(desk: Desk, asked: Asked[SummaryQuery, None]) -> Said:
    """The head of the board."""
    risk_ms = asked.query.risk_min * MINUTE_MS
    before = desk.clock.now() + risk_ms
    found = await desk.gateway.world.store.sums(asked.query.wanted(), risk_before=before)
    return Said(summary(found, risk_ms))


async def queues(desk: Desk, asked: Asked[QueuesQuery, None]) -> Said:
    """Every queue by channel."""
    risk_ms = asked.query.risk_min * MINUTE_MS
    rows = await desk.gateway.world.store.queues(risk_before=desk.clock.now() + risk_ms)
    return Said(queue_list(rows, risk_ms))


async def tallies(desk: Desk, asked: Asked[TalliesQuery, None]) -> Said:
    """What was announced of late."""
    now = desk.clock.now()
    since = now - now % HOUR_MS - (asked.query.hours - 1) * HOUR_MS
    rows = await desk.gateway.world.store.tallies(since)
    return Said(TallyList(tallies=[tally(row) for row in rows], since=format_instant(since)))


async def escalations(desk: Desk, asked: Asked[EscalationsQuery, None]) -> Said:
    """What is going on."""
    query = asked.query
    how: Literal["active", "any"] = "active" if query.acknowledged is False else "any"
    wanted = Wanted(queue=query.queue, team=query.team, channel=query.channel, severity=query.severity, escalated=how)
    try:
        page = await desk.gateway.world.store.cards(wanted, order="due", limit=query.limit, after=query.after)
    except BadPlace as error:
        raise no_place(error) from None
    found = [one for row in page.rows for one in escalations_of(row, acknowledged=query.acknowledged)]
    return Said(EscalationList(escalations=found, next=page.next), next=page.next)


async def take(desk: Desk, asked: Asked[Any, Actor | None]) -> Said:
    """Somebody takes it."""
    return await acted(desk, asked, _named(asked), desk.operating.acknowledge, "acknowledged")


async def end(desk: Desk, asked: Asked[Any, Resolver | None]) -> Said:
    """It is over."""
    reason = asked.body.reason if asked.body is not None else ""
    return await acted(desk, asked, _named(asked), partial(desk.operating.resolve, reason=reason), "resolved")


def _named(asked: Asked[Any, Any]) -> str:
    """The escalation that is meant; no contact is, whatever stands there."""
    name = asked.path["id"]
    if _ID.fullmatch(name) is None:
        raise Refused("not-found", "there is no such escalation")
    return name


OPERATIONS: Final = (
    Operation(
        method="GET",
        path="/api/v1/summary",
        id="getSummary",
        tag="overview",
        summary="Tell how much is open, breached, at risk, escalated; and what filters can be set to.",
        role="viewer",
        run=sums,
        query=SummaryQuery,
        answers={200: Summary},
    ),
    Operation(
        method="GET",
        path="/api/v1/queues",
        id="listQueues",
        tag="overview",
        summary="List the queues: how many contacts are open, wait, are breached or at risk, by channel.",
        role="viewer",
        run=queues,
        query=QueuesQuery,
        answers={200: QueueList},
        rows="queues",
    ),
    Operation(
        method="GET",
        path="/api/v1/tallies",
        id="listTallies",
        tag="overview",
        summary="List how often each thing was announced, hour by hour.",
        role="viewer",
        run=tallies,
        query=TalliesQuery,
        answers={200: TallyList},
        rows="tallies",
    ),
    Operation(
        method="GET",
        path="/api/v1/escalations",
        id="listEscalations",
        tag="escalations",
        summary="List the escalations that are going on, with their contacts.",
        role="viewer",
        run=escalations,
        query=EscalationsQuery,
        answers={200: EscalationList},
        rows="escalations",
    ),
    Operation(
        method="POST",
        path="/api/v1/escalations/{id}/acknowledge",
        id="acknowledgeEscalation",
        tag="escalations",
        summary="Acknowledge one escalation: somebody takes care of it.",
        role="operator",
        run=take,
        words={"id": ESCALATION},
        body=Actor,
        answers={200: Acted, 202: Acted},
        problems=("conflict",),
    ),
    Operation(
        method="POST",
        path="/api/v1/escalations/{id}/resolve",
        id="resolveEscalation",
        tag="escalations",
        summary="Resolve one escalation, for good: its contact and its clocks go on.",
        role="operator",
        run=end,
        words={"id": ESCALATION},
        body=Resolver,
        answers={200: Acted, 202: Acted},
        problems=("conflict",),
    ),
)
