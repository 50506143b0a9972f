"""The operations on contacts: list them, tell one, explain one, tell what happened to it, acknowledge it."""

from typing import Annotated, Any, Final

from msgspec import Meta, Struct

from gateway.engine.chronicle import LINES_MAX, chronicle, happening_view
from gateway.engine.explaining import CantTell
from gateway.engine.listing import listed as list_contacts
from gateway.engine.listing import order_of
from gateway.kernel.board import BadPlace, Order
from gateway.kernel.store import ContactRow, StoreUnusable
from gateway.kernel.values import contact_values, delivery_values, judged_by
from gateway.model.instant import Instant
from gateway.web.api.acting import Actor, acted
from gateway.web.api.operation import Asked, Desk, Operation, Said, Word
from gateway.web.api.problem import Kind as ProblemKind
from gateway.web.api.problem import Refused, Wrong, wrong_query
from gateway.web.api.wanted import Filters, Limit, Place
from gateway.web.shapes.board import Acted
from gateway.web.shapes.contact import ContactList, WholeContact, listed
from gateway.web.shapes.explained import Explanation
from gateway.web.shapes.upkeep import ContactTimeline

DELIVERIES_OF_CONTACT: Final = 100
CONTACT: Final = Word("A contact: its id, a beginning of it that is unique, `connector:kind:id`, or a vendor's id.")


class ContactsQuery(Filters, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a listing of contacts is asked for."""

    order: Annotated[
        Order,
        Meta(
            description="`due`: breached ones first, the longest ago first, then what is due next; `changed`: the "
            "latest change first; `opened`: the latest opening first. With ended contacts it is always `changed`."
        ),
    ] = "due"
    limit: Limit = 100
    after: Place | None = None


class ExplainQuery(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Of when a contact is explained."""

    at: Annotated[Instant | None, Meta(description="An instant of the past; now, unless given.")] = None


class TimelineQuery(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which part of a timeline is asked for."""

    limit: Annotated[int, Meta(description="Rows of a page, at most.", ge=1, le=LINES_MAX)] = 100
    until: Annotated[Instant | None, Meta(description="Nothing later than this time.")] = None
    after: Place | None = None


def no_place(error: BadPlace) -> Refused:
    """The refusal of a place that no page has given."""
    return wrong_query([Wrong("query.after", f"after is the `next` of the page before: {error}")])


async def found(desk: Desk, asked: Asked[Any, Any]) -> ContactRow:
    """The contact that the path names. Raises Refused."""
    row = await desk.gateway.world.store.find_contact(asked.path["id"])
    if row is None:
        raise Refused("not-found", "there is no such contact, or more than one")
    return row


async def listing(desk: Desk, asked: Asked[ContactsQuery, None]) -> Said:
    """The page of contacts that is asked for."""
    query, gateway = asked.query, desk.gateway
    wanted = query.wanted()
    try:
        page = await list_contacts(
            gateway.world.store,
            gateway.bench.policies,
            wanted,
            order=query.order,
            limit=query.limit,
            after=query.after,
        )
    except BadPlace as error:
        raise no_place(error) from None
    rows = [listed(row) for row in page.rows]
    order = order_of(wanted, query.order)
    return Said(ContactList(contacts=rows, next=page.next, order=order), next=page.next)


async def one(desk: Desk, asked: Asked[Any, None]) -> Said:
    """The whole contact, with its deliveries."""
    row, gateway = await found(desk, asked), desk.gateway
    deliveries = await gateway.world.store.deliveries(limit=DELIVERIES_OF_CONTACT, contact=row.id)
    policies = await gateway.bench.policies.to_read_by(judged_by([row]))
    told = [delivery_values(item) for item in deliveries]
    values = {**contact_values(row, policies, desk.clock.now()), "version": row.version, "deliveries": told}
    # What clocks have counted grows by itself: the contact is the same as long as this is.
    return Said(values, etag=(row.id, row.version, row.state is not None and row.state.policy_since, told))


async def explain(desk: Desk, asked: Asked[ExplainQuery, None]) -> Said:
    """Why it is where it is, now or at an instant of the past."""
    at = asked.query.at
    kinds: dict[str, ProblemKind] = {"ahead": "bad-query", "nothing": "not-found", "history": "conflict"}
    try:
        row = await found(desk, asked)
        return Said(await desk.explaining.explained(row, desk.clock.now(), None if at is None else int(at)))
    except CantTell as error:
        errors = [Wrong("query.at", str(error))] if error.why == "ahead" else []
        raise Refused(kinds[error.why], str(error), errors) from None
    except StoreUnusable as error:
        raise Refused("conflict", str(error)) from None


async def timeline(desk: Desk, asked: Asked[TimelineQuery, None]) -> Said:
    """What happened to it, part by part."""
    row, query = await found(desk, asked), asked.query
    until = None if query.until is None else int(query.until)
    try:
        part = await chronicle(desk.gateway.world.store, row.id, limit=query.limit, before=query.after, until=until)
    except BadPlace as error:
        raise no_place(error) from None
    lines = [happening_view(line) for line in part.happenings]
    return Said({"contact": row.id, "timeline": lines, "next": part.next}, next=part.next)


async def take(desk: Desk, asked: Asked[Any, Actor | None]) -> Said:
    """Somebody takes care of it."""
    row = await found(desk, asked)
    return await acted(desk, asked, row.id, desk.operating.acknowledge)


OPERATIONS: Final = (
    Operation(
        method="GET",
        path="/api/v1/contacts",
        id="listContacts",
        tag="contacts",
        summary="List contacts: by default the open ones, by what breaches next.",
        role="viewer",
        run=listing,
        query=ContactsQuery,
        answers={200: ContactList},
        rows="contacts",
    ),
    Operation(
        method="GET",
        path="/api/v1/contacts/{id}",
        id="getContact",
        tag="contacts",
        summary="Tell one contact: its clocks, its route, its escalations, its deliveries.",
        role="viewer",
        run=one,
        words={"id": CONTACT},
        answers={200: WholeContact},
    ),
    Operation(
        method="GET",
        path="/api/v1/contacts/{id}/explain",
        id="explainContact",
        tag="contacts",
        summary="Explain why one contact is where it is, and what happens next; now or as it stood.",
        role="viewer",
        run=explain,
        words={"id": CONTACT},
        query=ExplainQuery,
        answers={200: Explanation},
        problems=("conflict",),
    ),
    Operation(
        method="GET",
        path="/api/v1/contacts/{id}/timeline",
        id="getTimeline",
        tag="contacts",
        summary="Tell what happened to one contact: events, announcements and deliveries, the latest first.",
        role="viewer",
        run=timeline,
        words={"id": CONTACT},
        query=TimelineQuery,
        answers={200: ContactTimeline},
        rows="timeline",
    ),
    Operation(
        method="POST",
        path="/api/v1/contacts/{id}/acknowledge",
        id="acknowledgeContact",
        tag="contacts",
        summary="Acknowledge one contact, and with it its active escalations.",
        role="operator",
        run=take,
        words={"id": CONTACT},
        body=Actor,
        answers={200: Acted, 202: Acted},
        problems=("conflict",),
    ),
)
