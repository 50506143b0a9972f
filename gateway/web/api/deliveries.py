"""The operations on what goes out and what came in: deliveries, records of the inbox, endpoints."""

from typing import Annotated, Any, Final

from msgspec import Meta, Struct

from gateway.engine.acting import CantAct
from gateway.kernel.outbox import DeliveryState
from gateway.kernel.values import attempt_values, delivery_values, endpoint_values, everyone, record_values
from gateway.web.api.acting import Actor, by_whom, refused
from gateway.web.api.operation import Asked, Desk, Operation, Said, Word
from gateway.web.api.problem import Refused
from gateway.web.api.wanted import Limit
from gateway.web.shapes.outgoing import (
    DeliveryList,
    DeliveryReplayed,
    DeliveryWhole,
    EndpointEnabled,
    EndpointList,
    EndpointTested,
    RecordList,
    RecordReplayed,
    RecordState,
    RecordTold,
)

DELIVERY: Final = Word("A delivery's id.", number=True)
RECORD: Final = Word("A record's id.", number=True)
ENDPOINT: Final = Word("An endpoint's name.")


Text = Annotated[str, Meta(max_length=200)]
Id = Annotated[int, Meta(ge=0)]


class DeliveriesQuery(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which deliveries are wanted."""

    state: Annotated[DeliveryState | None, Meta(description="What has become of them.")] = None
    contact: Annotated[Text | None, Meta(description="The contact's whole id.")] = None
    endpoint: Annotated[Text | None, Meta(description="The endpoint's name.")] = None
    type: Annotated[Text | None, Meta(description="The notice's type.")] = None
    limit: Limit = 100
    after: Annotated[Id | None, Meta(description="Those made before the delivery of this id.")] = None


class InboxQuery(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which records are wanted."""

    state: Annotated[RecordState | None, Meta(description="What has become of them.")] = None
    connector: Annotated[Text | None, Meta(description="The connector's name.")] = None
    limit: Limit = 100
    after: Annotated[Id | None, Meta(description="Those that came before the record of this id.")] = None


async def deliveries(desk: Desk, asked: Asked[DeliveriesQuery, None]) -> Said:
    """The latest first."""
    query = asked.query
    found = await desk.gateway.world.store.deliveries(
        limit=query.limit,
        state=query.state,
        contact=query.contact,
        endpoint=query.endpoint,
        type=query.type,
        after=query.after,
    )
    last = str(found[-1].id) if len(found) == query.limit else None
    return Said({"deliveries": [delivery_values(item) for item in found], "next": last}, next=last)


async def delivery(desk: Desk, asked: Asked[Any, None]) -> Said:
    """With its tries."""
    store, id = desk.gateway.world.store, int(asked.path["id"])
    found = await store.delivery(id)
    if found is None:
        raise Refused("not-found", f"there is no delivery {id}")
    attempts = [attempt_values(attempt) for attempt in await store.attempts(id)]
    return Said({**delivery_values(found), "attempts": attempts})


async def replay_delivery(desk: Desk, asked: Asked[Any, Actor | None]) -> Said:
    """One that has not ended yet waits in its contact's order, and its next try is due now."""
    id = int(asked.path["id"])
    try:
        outcome = await desk.operating.replay_delivery(id, by_whom(asked))
    except CantAct as error:
        raise refused(error) from None
    return Said(DeliveryReplayed(id=id, outcome=outcome), status=202)


async def inbox(desk: Desk, asked: Asked[InboxQuery, None]) -> Said:
    """The latest first."""
    query = asked.query
    found = await desk.gateway.world.store.inbox(
        limit=query.limit, state=query.state, connector=query.connector, after=query.after
    )
    last = str(found[-1].id) if len(found) == query.limit else None
    return Said({"records": [record_values(item) for item in found], "next": last}, next=last)


async def record(desk: Desk, asked: Asked[Any, None]) -> Said:
    """Without what it holds."""
    found = await desk.gateway.world.store.record(int(asked.path["id"]))
    if found is None:
        raise Refused("not-found", f"there is no record {asked.path['id']}")
    return Said(record_values(found))


async def replay_record(desk: Desk, asked: Asked[Any, Actor | None]) -> Said:
    """What it says again is known already, and changes nothing."""
    id = int(asked.path["id"])
    try:
        await desk.operating.replay_record(id, by_whom(asked))
    except CantAct as error:
        raise refused(error) from None
    return Said(RecordReplayed(id=id, outcome="ready"), status=202)


async def endpoints(desk: Desk, asked: Asked[Any, None]) -> Said:
    """How each stands, and what waits for it."""
    configured, now = desk.gateway.endpoints, desk.clock.now()
    rows = everyone(configured, await desk.gateway.world.store.endpoints())
    return Said({"endpoints": [{**endpoint_values(row, now), "configured": row.name in configured} for row in rows]})


async def enable(desk: Desk, asked: Asked[Any, Actor | None]) -> Said:
    """Its failures are forgotten, and what waits goes out, slowly at first."""
    name = asked.path["name"]
    try:
        await desk.operating.enable_endpoint(name, by_whom(asked))
    except CantAct as error:
        raise refused(error) from None
    return Said(EndpointEnabled(endpoint=name))


async def test(desk: Desk, asked: Asked[Any, Actor | None]) -> Said:
    """It goes by the way of every delivery; of the answer only the status counts, and it is waited for 15 s at most."""
    name = asked.path["name"]
    try:
        tried = await desk.operating.test_endpoint(name, by_whom(asked))
    except CantAct as error:
        raise refused(error) from None
    told = EndpointTested(
        endpoint=name,
        webhook_id=tried.id,
        ok=tried.well,
        status=tried.status,
        error=tried.error or None,
        duration_ms=tried.duration_ms,
    )
    return Said(told)


OPERATIONS: Final = (
    Operation(
        method="GET",
        path="/api/v1/deliveries",
        id="listDeliveries",
        tag="deliveries",
        summary="List deliveries, the latest first.",
        role="viewer",
        run=deliveries,
        query=DeliveriesQuery,
        answers={200: DeliveryList},
        rows="deliveries",
    ),
    Operation(
        method="GET",
        path="/api/v1/deliveries/{id}",
        id="getDelivery",
        tag="deliveries",
        summary="Tell one delivery, with every try of it.",
        role="viewer",
        run=delivery,
        words={"id": DELIVERY},
        answers={200: DeliveryWhole},
    ),
    Operation(
        method="POST",
        path="/api/v1/deliveries/{id}/replay",
        id="replayDelivery",
        tag="deliveries",
        summary="Send one delivery once more: the same id and the same bytes.",
        role="operator",
        run=replay_delivery,
        words={"id": DELIVERY},
        body=Actor,
        answers={202: DeliveryReplayed},
    ),
    Operation(
        method="GET",
        path="/api/v1/inbox",
        id="listRecords",
        tag="inbox",
        summary="List the records that came in, the latest first, without what they hold.",
        role="viewer",
        run=inbox,
        query=InboxQuery,
        answers={200: RecordList},
        rows="records",
    ),
    Operation(
        method="GET",
        path="/api/v1/inbox/{id}",
        id="getRecord",
        tag="inbox",
        summary="Tell one record, without what it holds.",
        role="viewer",
        run=record,
        words={"id": RECORD},
        answers={200: RecordTold},
    ),
    Operation(
        method="POST",
        path="/api/v1/inbox/{id}/replay",
        id="replayRecord",
        tag="inbox",
        summary="Judge one record once more: a parked one after its cause was mended.",
        role="operator",
        run=replay_record,
        words={"id": RECORD},
        body=Actor,
        answers={202: RecordReplayed},
    ),
    Operation(
        method="GET",
        path="/api/v1/endpoints",
        id="listEndpoints",
        tag="endpoints",
        summary="List the endpoints: how each stands, and what waits for it.",
        role="viewer",
        run=endpoints,
        answers={200: EndpointList},
        rows="endpoints",
    ),
    Operation(
        method="POST",
        path="/api/v1/endpoints/{name}/enable",
        id="enableEndpoint",
        tag="endpoints",
        summary="Let one endpoint have its notices again, the oldest first.",
        role="operator",
        run=enable,
        words={"name": ENDPOINT},
        body=Actor,
        answers={200: EndpointEnabled},
    ),
    Operation(
        method="POST",
        path="/api/v1/endpoints/{name}/test",
        id="testEndpoint",
        tag="endpoints",
        summary="Send one endpoint a signed notice of the type `endpoint.test`, now.",
        role="operator",
        run=test,
        words={"name": ENDPOINT},
        body=Actor,
        answers={200: EndpointTested},
    ),
)
