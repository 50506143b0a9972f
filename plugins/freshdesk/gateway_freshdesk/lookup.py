"""Looking a ticket up: as it is, with its conversation and its ratings.

Laws. What is gone gives nothing, and of what is deleted nothing more is asked. The ticket is read before what belongs
to it, so that its version stands for all of it, and only when its second is over: until then the ticket may change and
keep it. What an account hasn't got is noted, and done without.
"""

from collections.abc import Awaitable, Sequence
from typing import Any, Final, TypeVar

from gateway.plugin import BadPayload, Permanent, Record, Ref, VendorError, VendorHttp
from gateway_freshdesk.api import Sheet, ask, fetched, is_gone, is_not_available, sheets, trimmed
from gateway_freshdesk.labels import StatusLabels
from gateway_freshdesk.reading import ID_DIGITS_MAX, is_settled, moment

T = TypeVar("T")

INCLUDE: Final = "requester,stats"
PAGES_MAX: Final = 200
"""Pages of one ticket's conversation that are read: twenty thousand entries."""

RATINGS: Final = "satisfaction ratings"


class Look:
    """Looks things up in one account; `lacking` gathers what the account hasn't got, in words."""

    def __init__(self, http: VendorHttp, labels: StatusLabels, lacking: set[str]) -> None:
        self._http, self._labels, self._lacking = http, labels, lacking

    async def up(self, ref: Ref, now: int) -> Sequence[Record]:
        """What a ref names, as records; nothing if it is gone, or names nothing of ours."""
        if ref.kind != "ticket" or not (ref.id.isascii() and ref.id.isdigit() and len(ref.id) <= ID_DIGITS_MAX):
            return []
        path = f"/api/v2/tickets/{int(ref.id)}"
        ticket = await _if_there(ask(self._http, path, {"include": INCLUDE}))
        if ticket is None:
            return []
        labels = await self._labels.of(self._http, [ticket], now)
        records = [fetched({"ticket": trimmed(ticket), "labels": labels}, now, _version(ticket, now))]
        if ticket.get("deleted") or ticket.get("spam"):
            return records
        pages = await _if_there(self._pages(f"{path}/conversations"))
        if pages is None:
            return []
        records += [
            fetched({"conversations": [trimmed(entry) for entry in page.rows], "ticket_id": int(ref.id)}, now)
            for page in pages
        ]
        return records + await self._ratings(path, now)

    async def _pages(self, path: str) -> list[Sheet]:
        """The pages of a list that have anything on them."""
        found = [page async for page in sheets(self._http, path, at_most=PAGES_MAX)]
        if found[-1].more:
            raise Permanent(f"{path} has more than {PAGES_MAX} pages")
        return [page for page in found if page.rows]

    async def _ratings(self, path: str, now: int) -> list[Record]:
        try:
            found = await self._pages(f"{path}/satisfaction_ratings")
        except VendorError as error:
            if is_not_available(error):
                self._lacking.add(RATINGS)
            elif not is_gone(error):
                raise
            return []
        self._lacking.discard(RATINGS)
        return [fetched({"ratings": [trimmed(rating) for rating in page.rows]}, now) for page in found]


async def _if_there(asked: Awaitable[T]) -> T | None:
    """What was asked for; None where the vendor says that it is gone."""
    try:
        return await asked
    except Permanent as error:
        if is_gone(error):
            return None
        raise


def _version(ticket: dict[str, Any], now: int) -> int | None:
    """When a ticket was last changed, if nothing can change in that second any more."""
    try:
        changed = moment(ticket, "updated_at")
    except BadPayload:
        return None
    return int(changed) if changed is not None and is_settled(changed, now) else None
