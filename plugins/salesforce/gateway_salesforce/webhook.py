"""What the organisation's Apex class sends: proving it, and which records it names.

Laws. It is signed as Standard Webhooks are. It names records and says nothing of them: each is looked up. Ids of
objects that aren't read here are passed over; what names none of ours at all is refused with the reason.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from gateway.plugin import (
    Accepted,
    BadPayload,
    BadSignature,
    Fetch,
    Instant,
    Receipt,
    Record,
    Ref,
    Refused,
    Request,
    mapping,
    read_json,
    verify_standard_webhook,
)
from gateway_salesforce.reading import CALL, CASE, SESSION, id18

IDS_MAX: Final = 2_000
"""Records that one request may name: ten times what a trigger is given at once."""

KINDS: Final[Mapping[str, str]] = {CASE: "case", SESSION: "session", CALL: "call"}


def receipt(secrets: Sequence[Any], request: Request) -> Receipt:
    """Prove a request by any of `secrets`, as `parse_webhook_secret` reads them. Its key is the message's own id."""
    if not secrets:
        return Refused(401, "no webhook_secret is set for this connector")
    try:
        id = verify_standard_webhook(secrets, request.headers, request.body, request.received_at)
    except BadSignature as error:
        return Refused(401, error.reason)
    return Accepted([Record(body=request.body, form="push", key=id, received_at=Instant(request.received_at))])


def push_events(body: bytes) -> Iterator[Fetch]:
    """The look-ups that a request is worth. Raises BadPayload if it names nothing that is read here."""
    ids = mapping(read_json(body), "the body").get("ids")
    if not isinstance(ids, list) or not 0 < len(ids) <= IDS_MAX:
        raise BadPayload(f"`ids` is no list of 1 to {IDS_MAX} ids")
    found = dict.fromkeys(id18(id, "an item of ids") for id in ids)
    known = [Ref(KINDS[id[:3]], id) for id in found if id[:3] in KINDS]
    if not known:
        raise BadPayload("`ids` names no case (500…), messaging session (0Mw…) or voice call (0LQ…)")
    for ref in known:
        yield Fetch(ref, "the organisation says that it has changed")
