"""The operations for admins: who may, and what people have done."""

from typing import Annotated, Any, Final

from msgspec import Meta, Struct

from gateway.kernel.values import access_values, audit_values
from gateway.web.api.operation import Asked, Desk, Operation, Said
from gateway.web.shapes.access import DeedList, TokenList


class AuditQuery(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How much of it."""

    limit: Annotated[int, Meta(description="Entries of an answer, at most.", ge=1, le=1_000)] = 100


async def tokens(desk: Desk, asked: Asked[Any, None]) -> Said:
    """What each may, who made it and when it was last used; `gateway token` makes and revokes them."""
    now = desk.clock.now()
    return Said({"tokens": [access_values(row, now) for row in await desk.gateway.world.store.access_tokens()]})


async def audit(desk: Desk, asked: Asked[AuditQuery, None]) -> Said:
    """Connectors paused, endpoints enabled, things sent once more, keys and tokens changed: the latest first."""
    found = await desk.gateway.world.store.audit(asked.query.limit)
    return Said({"audit": [audit_values(entry) for entry in found]})


OPERATIONS: Final = (
    Operation(
        method="GET",
        path="/api/v1/tokens",
        id="listTokens",
        tag="access",
        summary="List the tokens that weren't taken back.",
        role="admin",
        run=tokens,
        answers={200: TokenList},
        rows="tokens",
    ),
    Operation(
        method="GET",
        path="/api/v1/audit",
        id="listAudit",
        tag="access",
        summary="List what people have done to the gateway.",
        role="admin",
        run=audit,
        query=AuditQuery,
        answers={200: DeedList},
        rows="audit",
    ),
)
