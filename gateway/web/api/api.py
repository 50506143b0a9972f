"""The API: every operation that there is, and the routes that serve them.

A resource has a module of its own; here is only their order, in which the document and the reference tell them.
"""

from collections.abc import Iterator
from functools import lru_cache
from typing import Any, Final

import msgspec

from gateway.web.api import access, connectors, contacts, deliveries, overview, upkeep
from gateway.web.api.document import document
from gateway.web.api.operation import Asked, Desk, Operation, Said
from gateway.web.api.serving import routes_of
from gateway.web.routes import Route

THREAD = "document"
"""Where it is made, once: it takes a tenth of a second."""


async def described(desk: Desk, asked: Asked[Any, None]) -> Said:
    """The document of all operations, this one among them."""
    return Said(await desk.gateway.world.spawn.call(THREAD, _encoded))


@lru_cache(maxsize=1)
def _encoded() -> msgspec.Raw:
    """The document, which is the same as long as the program is."""
    return msgspec.Raw(msgspec.json.encode(document(OPERATIONS)))


OPERATIONS: Final[tuple[Operation, ...]] = (
    *contacts.OPERATIONS,
    *overview.OPERATIONS,
    *deliveries.OPERATIONS,
    *connectors.OPERATIONS,
    *upkeep.OPERATIONS,
    *access.OPERATIONS,
    Operation(
        method="GET",
        path="/api/v1/openapi.json",
        id="getDocument",
        tag="gateway",
        summary="Tell all of this: the OpenAPI 3.1 document of the API and of the webhooks.",
        role="viewer",
        run=described,
        answers={200: dict[str, Any]},
    ),
)


def api_routes(desk: Desk) -> Iterator[Route]:
    """The addresses."""
    return routes_of(OPERATIONS, desk)
