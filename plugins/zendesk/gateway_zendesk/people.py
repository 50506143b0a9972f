"""Users in our words: what a change of a person means for the tickets that they requested.

Laws. A contact knows its customer by what its ticket shows; a user's own change moves no ticket, so that it is told as
a fact of its own, at its own time. Only who asks for help matters here: what is said of staff stands beside each
comment. A user that is new says nothing: its ticket tells of it.
"""

from collections.abc import Iterator

from gateway.plugin import SECOND_MS, UNSET, ContactObserved, Event, Fetch, Json, Ref, flag, text
from gateway_zendesk.normalize import STAFF, customer_of, ticket_ref
from gateway_zendesk.reading import an_id, is_settled, moment, needed_id, needed_moment


def user_row(user: Json, *, historical: bool) -> Iterator[Fetch]:
    """The look-up that a row of the export of users is worth."""
    id, changed, created = needed_id(user, "id"), moment(user, "updated_at"), moment(user, "created_at")
    is_new = changed is not None and created is not None and not is_settled(created, changed)
    if historical or is_new or text(user, "role") in STAFF:
        return
    version = None if changed is None else int(changed)
    yield Fetch(Ref("user", id), "a user has changed, and may have open tickets", version)


def requester_events(user: Json, requested: object) -> Iterator[Event]:
    """A user as their open tickets have to know them now."""
    id, at = needed_id(user, "id"), needed_moment(user, "updated_at")
    for ticket in _ids(requested):
        yield ContactObserved(
            id=f"ticket:{ticket}:requester:{id}:{at // SECOND_MS}",
            at=at,
            ref=ticket_ref(ticket),
            rev=1,
            customer=customer_of(user),
            language=text(user, "locale") or UNSET,
            fields={"requester_suspended": bool(flag(user, "suspended"))},
        )


def _ids(requested: object) -> Iterator[str]:
    for id in requested if isinstance(requested, list) else []:
        named = an_id({"requested": id}, "requested")
        if named is not None:
            yield named
