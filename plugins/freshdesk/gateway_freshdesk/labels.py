"""What the account calls its own statuses, so that a record can say it.

Laws. The labels are read when a ticket has a status that isn't Freshdesk's own, and again after a day, or ten minutes
later for a status that isn't among them. A label decides what a status means: a ticket waits for its label as long as
it can be had, and goes without only where Freshdesk refuses it to this agent.
"""

import asyncio
from collections.abc import Iterable, Mapping
from typing import Any, Final

from gateway.plugin import DAY_MS, MINUTE_MS, VendorError, VendorHttp
from gateway_freshdesk.api import answer_of, is_not_available, objects
from gateway_freshdesk.words import is_own

FIELDS: Final = "/api/v2/ticket_fields"
LABEL_MAX: Final = 200
"""Characters of a label that are kept."""

UNNAMED: Final = "the names of the account's own statuses"
_PAUSE_MS: Final = 10 * MINUTE_MS


class StatusLabels:
    """The labels of one account's own statuses; `lacking` gathers what the account hasn't got, in words."""

    def __init__(self, lacking: set[str]) -> None:
        self._lacking = lacking
        self._labels: dict[str, str] = {}
        self._stale_at = 0
        self._again_at = 0
        self._lock = asyncio.Lock()

    async def of(self, http: VendorHttp, tickets: Iterable[Mapping[str, Any]], now: int) -> dict[str, str]:
        """The labels of the own statuses that `tickets` have, by number as text. Raises VendorError."""
        numbers = {str(one) for ticket in tickets if isinstance(one := ticket.get("status"), int) and is_own(one)}
        if not numbers:
            return {}
        async with self._lock:
            if now >= self._stale_at or (not numbers <= self._labels.keys() and now >= self._again_at):
                await self._read(http, now)
        return {number: self._labels[number] for number in sorted(numbers & self._labels.keys())}

    async def all(self, http: VendorHttp) -> dict[str, str]:
        """Every own status of the account, asked for now. Raises VendorError."""
        return labels_of(objects((await answer_of(http, FIELDS)).json()))

    async def _read(self, http: VendorHttp, now: int) -> None:
        try:
            self._labels = await self.all(http)
            self._lacking.discard(UNNAMED)
        except VendorError as error:
            if not is_not_available(error):
                raise
            self._lacking.add(UNNAMED)
        self._stale_at, self._again_at = now + DAY_MS, now + _PAUSE_MS


def labels_of(fields: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """The labels of own statuses that a list of ticket fields tells: what agents see, not what customers do."""
    found: dict[str, str] = {}
    for field in fields:
        choices = field.get("choices")
        if field.get("name") != "status" or not isinstance(choices, dict):
            continue
        for number, label in choices.items():
            words = label[0] if isinstance(label, list) and label else label
            known = number.isascii() and number.isdigit() and len(number) <= 9
            if known and is_own(int(number)) and isinstance(words, str) and words:
                found[str(int(number))] = words[:LABEL_MAX]
    return found
