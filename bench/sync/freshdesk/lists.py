"""An account of Freshdesk's: pages of its list of tickets, put together from bytes that are made once. Pure.

As Freshdesk has it: nothing that is older than thirty days without `updated_since`, which means its own second, too;
pages of at most 100, and none behind the 300th. Nothing is deleted, and nothing is spam.
"""

import bisect
import json
from collections.abc import Mapping
from datetime import datetime
from urllib.parse import urlencode

import msgspec

from bench.sync.freshdesk.tickets import CHOICES, included, ticket
from bench.sync.matters import changed_s
from bench.sync.shape import numbers
from bench.sync.site import Answer

PAGE, PAGES = 100, 300
LIST = "/api/v2/tickets"
_ME = {"id": 77_000_000_100, "available": True, "contact": {"name": "Bench", "email": "bench@acme.example"}}
_STATUS = {"id": 1, "name": "status", "label": "Status", "type": "default_status", "choices": CHOICES}
_WALL = {
    "description": "Validation failed",
    "errors": [
        {"field": "page", "message": "You cannot access tickets beyond the 300th page.", "code": "invalid_value"}
    ],
}


class Lists:
    """An account with so many tickets; `base` is the address that its links have."""

    def __init__(self, tickets: int, base: str) -> None:
        self._base = base
        self._stamps = [changed_s(number) for number in numbers(tickets)]
        self._tickets = [_inside(ticket(number)) for number in numbers(tickets)]
        self._included = [
            {name: _inside(shown) for name, shown in included(number).items()} for number in numbers(tickets)
        ]
        self.ticket_bytes = sum(map(len, self._tickets)) + sum(
            len(one) for those in self._included for name, one in those.items() if name != "company"
        )

    def answer(self, method: str, path: str, query: Mapping[str, str], body: bytes) -> Answer:
        """What a request is answered with."""
        if path == LIST:
            return self._list(query)
        if path == "/api/v2/agents/me":
            return Answer(json.dumps(_ME).encode())
        return Answer(json.dumps([_STATUS] if path == "/api/v2/ticket_fields" else []).encode())

    def _list(self, asked: Mapping[str, str]) -> Answer:
        if "updated_since" not in asked or "filter" in asked:
            return Answer(b"[]", 0)
        page, size = int(asked.get("page", "1")), min(PAGE, int(asked.get("per_page", "30")))
        if page > PAGES:
            return Answer(json.dumps(_WALL).encode(), 0, 400)
        since = datetime.fromisoformat(asked["updated_since"]).timestamp()
        first = bisect.bisect_left(self._stamps, since) + (page - 1) * size
        behind = min(first + size, len(self._tickets))
        wanted = [name for name in asked.get("include", "").split(",") if name]
        found = [self._whole(place, wanted) for place in range(first, behind)]
        headers = {} if behind >= len(self._tickets) else {"Link": f'<{self._link(asked, page + 1)}>; rel="next"'}
        return Answer(b"[" + b",".join(found) + b"]", len(found), headers=headers)

    def _whole(self, place: int, wanted: list[str]) -> bytes:
        return b"{" + b",".join([self._tickets[place], *(self._included[place][name] for name in wanted)]) + b"}"

    def _link(self, asked: Mapping[str, str], page: int) -> str:
        return f"{self._base}{LIST}?{urlencode({**asked, 'page': page})}"


def following(target: str, body: bytes, headers: Mapping[str, str]) -> str | None:
    """The page behind one."""
    link = headers.get("link")
    return None if link is None else LIST + link[link.index("?") : link.index(">")]


def _inside(shown: Mapping[str, object]) -> bytes:
    """An object's JSON without its braces."""
    return msgspec.json.encode(shown)[1:-1]
