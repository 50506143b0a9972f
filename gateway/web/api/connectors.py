"""The operations on connectors: how each stands, pause, resume, and pull now; and how enrichers stand."""

from typing import Annotated, Any, Final

from msgspec import Meta

from gateway.engine.acting import CantAct
from gateway.engine.connections import connection_values, connections_of
from gateway.engine.enricher_states import enricher_values, enrichers_of
from gateway.kernel.reading import Pause
from gateway.kernel.values import sync_values
from gateway.model.instant import format_instant
from gateway.web.api.acting import Actor, by_whom, refused
from gateway.web.api.operation import Asked, Desk, Operation, Said, Word
from gateway.web.shapes.connectors import ConnectorActed, ConnectorList, ConnectorPaused, ConnectorSynced, EnricherList

CONNECTOR: Final = Word("A connector's name in the configuration.")


class Pausing(Actor, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who pauses it, and why."""

    reason: Annotated[str, Meta(description="Why, for whoever asks later.", max_length=200)] = ""


class Syncing(Actor, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who pulls, and what."""

    stream: Annotated[str, Meta(description="One stream; all, unless given.", max_length=200)] = ""


async def listing(desk: Desk, asked: Asked[Any, None]) -> Said:
    """By name: state, lag, budget, findings; those that can't work here among them."""
    found = await connections_of(desk.gateway)
    return Said({"connectors": [connection_values(one) for one in found]})


async def enrichers(desk: Desk, asked: Asked[Any, None]) -> Said:
    """By name: state, last answer, last failure, what waits; those that can't be asked here among them."""
    return Said({"enrichers": [enricher_values(one) for one in await enrichers_of(desk.gateway)]})


async def pause(desk: Desk, asked: Asked[Any, Pausing | None]) -> Said:
    """Its vendor is asked for nothing until somebody resumes it; what the vendor pushes is still taken. Paused already,
    it stays as it is."""
    name, reason = asked.path["name"], asked.body.reason if asked.body is not None else ""
    try:
        kept = await desk.operating.pause(name, by_whom(asked), reason)
    except CantAct as error:
        before = (await desk.gateway.world.store.pauses()).get(name)
        if error.why != "over" or before is None:
            raise refused(error) from None
        kept = before
    return Said(ConnectorActed(connector=name, paused=_told(kept)))


async def resume(desk: Desk, asked: Asked[Any, Actor | None]) -> Said:
    """It works again, at once. Not paused, it stays as it is."""
    name = asked.path["name"]
    try:
        await desk.operating.resume(name, by_whom(asked))
    except CantAct as error:
        if error.why != "over":
            raise refused(error) from None
    return Said(ConnectorActed(connector=name, paused=None))


async def sync(desk: Desk, asked: Asked[Any, Syncing | None]) -> Said:
    """What is new is pulled of every stream, or of one."""
    name, stream = asked.path["name"], asked.body.stream if asked.body is not None else ""
    try:
        runs = await desk.operating.sync(name, by_whom(asked), stream)
    except CantAct as error:
        raise refused(error) from None
    return Said({"connector": name, "runs": [sync_values(run) for run in runs]}, status=202)


def _told(pause: Pause) -> ConnectorPaused:
    return ConnectorPaused(by=pause.by, at=format_instant(pause.at), reason=pause.reason or None)


OPERATIONS: Final = (
    Operation(
        method="GET",
        path="/api/v1/connectors",
        id="listConnectors",
        tag="connectors",
        summary="List the connectors: how each stands, what waits, what may still be asked of its vendor.",
        role="viewer",
        run=listing,
        answers={200: ConnectorList},
        rows="connectors",
    ),
    Operation(
        method="GET",
        path="/api/v1/enrichers",
        id="listEnrichers",
        tag="connectors",
        summary="List the enrichers: how each stands, when it answered and failed last, what waits.",
        role="viewer",
        run=enrichers,
        answers={200: EnricherList},
        rows="enrichers",
    ),
    Operation(
        method="POST",
        path="/api/v1/connectors/{name}/pause",
        id="pauseConnector",
        tag="connectors",
        summary="Pause one connector: its vendor is asked for nothing.",
        role="operator",
        run=pause,
        words={"name": CONNECTOR},
        body=Pausing,
        answers={200: ConnectorActed},
    ),
    Operation(
        method="POST",
        path="/api/v1/connectors/{name}/resume",
        id="resumeConnector",
        tag="connectors",
        summary="Resume one connector.",
        role="operator",
        run=resume,
        words={"name": CONNECTOR},
        body=Actor,
        answers={200: ConnectorActed},
    ),
    Operation(
        method="POST",
        path="/api/v1/connectors/{name}/sync",
        id="syncConnector",
        tag="connectors",
        summary="Pull what is new now, without waiting for the next time.",
        role="operator",
        run=sync,
        words={"name": CONNECTOR},
        body=Syncing,
        answers={202: ConnectorSynced},
        problems=("conflict",),
    ),
)
