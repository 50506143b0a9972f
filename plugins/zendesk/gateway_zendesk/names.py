"""The account's own words for ids, so that a record can say them: its brands and its custom statuses.

Laws. They are read when a ticket names one, and again after a day, or an hour later for an id that isn't among them. A
ticket is never kept waiting for its words: what can't be read now stays without a name.
"""

import asyncio
from collections.abc import Iterable, Mapping
from typing import Any

from gateway.plugin import DAY_MS, HOUR_MS, MINUTE_MS, VendorError, VendorHttp
from gateway_zendesk.api import is_not_available, objects, pages

PAGES_MAX = 20
NAME_MAX = 200
"""Characters of a name that are kept."""

_PAUSE_MS = 10 * MINUTE_MS


class _Book:
    """One list of names, by id."""

    def __init__(self, path: str, key: str, label: str) -> None:
        self._path, self._key, self._label = path, key, label
        self._names: dict[int, str] = {}
        self._stale_at = 0
        self._again_at = 0
        self._lock = asyncio.Lock()

    async def of(self, http: VendorHttp, ids: set[int], now: int) -> dict[str, str]:
        """The names of `ids`, as far as they are known."""
        async with self._lock:
            if (now >= self._stale_at or not ids <= self._names.keys()) and now >= self._again_at:
                await self._read(http, now)
        return {str(id): self._names[id] for id in sorted(ids & self._names.keys())}

    async def _read(self, http: VendorHttp, now: int) -> None:
        found: dict[int, str] = {}
        try:
            async for page in pages(http, self._path, at_most=PAGES_MAX):
                for item in objects(page.get(self._key)):
                    id, name = item.get("id"), item.get(self._label)
                    if isinstance(id, int) and isinstance(name, str) and name:
                        found[id] = name[:NAME_MAX]
        except VendorError as error:
            self._again_at = now + (DAY_MS if is_not_available(error) else _PAUSE_MS)
            return
        self._names, self._stale_at, self._again_at = found, now + DAY_MS, now + HOUR_MS


class Names:
    """What the account calls its brands and its custom statuses."""

    def __init__(self) -> None:
        self._brands = _Book("/api/v2/brands.json", "brands", "name")
        self._statuses = _Book("/api/v2/custom_statuses.json", "custom_statuses", "agent_label")

    async def of_tickets(self, http: VendorHttp, tickets: Iterable[Mapping[str, Any]], now: int) -> dict[str, Any]:
        """The names of what `tickets` point at: what `names` of a record is."""
        listed = list(tickets)
        brands, statuses = _ids(listed, "brand_id"), _ids(listed, "custom_status_id")
        return await self._of(http, brands, statuses, now)

    async def of_log(self, http: VendorHttp, audits: Iterable[Mapping[str, Any]], now: int) -> dict[str, Any]:
        """The names of what entries of a log point at."""
        set_to = [
            {str(entry.get("field_name")): entry.get("value")}
            for audit in audits
            for entry in objects(audit.get("events"))
            if entry.get("field_name") in ("brand_id", "custom_status_id")
        ]
        return await self._of(http, _ids(set_to, "brand_id"), _ids(set_to, "custom_status_id"), now)

    async def _of(self, http: VendorHttp, brands: set[int], statuses: set[int], now: int) -> dict[str, Any]:
        named = {
            "brands": await self._brands.of(http, brands, now) if brands else {},
            "custom_statuses": await self._statuses.of(http, statuses, now) if statuses else {},
        }
        return {key: names for key, names in named.items() if names}


def _ids(sources: Iterable[Mapping[str, Any]], key: str) -> set[int]:
    return {id for source in sources if isinstance(id := source.get(key), int) and not isinstance(id, bool)}
