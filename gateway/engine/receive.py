"""T1: a vendor's request becomes records in the inbox, and only then a 2xx.

Laws. What is not proved is not stored. What a vendor signed is stored even if nobody understands it yet. No answer says
"accepted" before the commit.
"""

import msgspec

from gateway.engine.arrive import keep
from gateway.engine.world import Link, World
from gateway.plugin import Accepted, Refused, Reply, Request

_RETRY_AFTER_S = 30
_FAULTY = 500


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What the sender is told."""

    status: int
    body: bytes
    content_type: str = "application/json"
    retry_after_s: int | None = None


async def receive(world: World, link: Link, request: Request) -> Answer:
    """Prove a request, keep its records, and say so."""
    if link.receives is None:
        return _told(405, f"connector {link.name} takes no webhooks; it is pulled")
    try:
        receipt = link.receives.receive(request)
    except Exception as error:  # a plugin's fault must stay its own: the sender may try again, the others go on
        link.fault(error)
        world.log.exception("connector_raised", connector=link.name, ability="receive")
        return _told(_FAULTY, "the connector failed; nothing was stored")
    match receipt:
        case Refused(status, why, detail):
            link.count("refused")
            world.log.info("request_refused", connector=link.name, status=status, why=why)
            return _told(status, why, **detail)
        case Reply(status, body, content_type):
            return Answer(status=status, body=body, content_type=content_type)
        case Accepted(records):
            added = await keep(world, link, records)
            if added is None:
                return unavailable("the gateway can't store anything now; send it again")
            return Answer(status=202, body=_json({"accepted": added.accepted, "duplicates": added.duplicates}))


def unavailable(why: str) -> Answer:
    """Nothing was kept: the sender is to come again, and when."""
    return Answer(status=503, body=_json({"error": why}), retry_after_s=_RETRY_AFTER_S)


def _told(status: int, why: str, **detail: object) -> Answer:
    return Answer(status=status, body=_json({"error": why, **detail}))


def _json(value: object) -> bytes:
    return msgspec.json.encode(value)
