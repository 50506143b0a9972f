"""The table of Salesforce's traps, and the desk at which their stories are told."""

from collections.abc import Awaitable
from contextlib import AbstractAsyncContextManager
from typing import Any, ClassVar, Final

from gateway_salesforce import Salesforce
from gateway_salesforce.simulator import SalesforceSimulator

from gateway.plugin import Page, Stream, VendorError
from tests.support import trap_desk
from tests.support.trap_desk import desk_of
from tests.support.traps import Elsewhere, Table

_NO_BULK: Final = "the Bulk API isn't read yet: every object comes by the REST API, whose requests have no jobs"
_NO_EVENTS: Final = "the Pub/Sub API isn't read yet: pushes only name what is looked up, and pulls find the rest"

ELSEWHERE: Final = {
    "30": Elsewhere(
        "airbyte #8206, #26520",
        "objects that the Bulk API doesn't know, or reads only with a limit, ended the reading of all others",
        _NO_BULK,
    ),
    "32": Elsewhere("estuary #3318", "the bulk jobs of a day were spent on tiny windows", _NO_BULK),
    "35": Elsewhere(
        "pub-sub-api #31, #28, pub-sub-api-node-client #4, #52, apache/camel #17153, Meyce/pub-sub-api #2",
        "a subscription fell silent, was made twice, or was made again for ever with an id that had been spoilt",
        _NO_EVENTS,
    ),
    "36": Elsewhere(
        "wso2 #4768, CometD.NetCore.Salesforce #20",
        "an id too old to replay from was refused, and the client stayed connected for days and heard nothing",
        _NO_EVENTS,
    ),
    "37": Elsewhere("salesforce-bulk #36", "bytes of zero in the CSV of a bulk job broke its reader", _NO_BULK),
}

NUMBERS: Final[tuple[str, ...]] = (*map(str, range(25, 38)), *map(str, range(45, 49)))
"""Every trap of the list that concerns Salesforce or any vendor."""

TABLE: Final = Table(NUMBERS, ELSEWHERE)
trap = TABLE.trap


class Desk(trap_desk.Desk):
    """A simulated organisation, and a gateway that reads it."""

    ref_kind: ClassVar[str] = "case"

    @property
    def account(self) -> SalesforceSimulator:
        """The organisation's people."""
        found = self.on.simulator
        assert isinstance(found, SalesforceSimulator)
        return found

    async def page(self, cursor: str | None = None) -> Page | VendorError:
        """A page of what is new of the cases, or why there is none."""
        try:
            return await self.ours.connector.pull(self.stream("Case"), cursor, self.clock.now())
        except VendorError as error:
            return error

    def stream(self, name: str) -> Stream:
        """The stream of that name."""
        return next(stream for stream in self.ours.streams if stream.name == name)


async def whole(work: Awaitable[Any]) -> None:
    """Do it: AssertionError where the vendor's refusal ends it."""
    try:
        await work
    except VendorError as error:
        raise AssertionError(f"the reading ended: {error}") from error


def desk(**more: Any) -> AbstractAsyncContextManager[Desk]:
    """An organisation, and a reader; `more` as `desk_of` has it."""
    return desk_of(Desk, Salesforce, **more)
