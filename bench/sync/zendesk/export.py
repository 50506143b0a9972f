"""An account of Zendesk's: the pages of its export, put together from bytes that are made once. Pure.

By cursor and by time, in pages of up to 1,000. Whoever asks for users gets them beside the tickets.
"""

import base64
import bisect
import json
import re
from collections.abc import Mapping
from urllib.parse import quote, urlencode

import msgspec

from bench.sync.matters import changed_s
from bench.sync.shape import numbers
from bench.sync.site import Answer
from bench.sync.zendesk.tickets import people, ticket, user

PAGE = 1_000
_AFTER = re.compile(rb'"after_cursor": "([^"]+)"')
CURSOR, BY_TIME = "/api/v2/incremental/tickets/cursor", "/api/v2/incremental/tickets"

_ME = {"user": {"id": 370_000_100_000, "name": "Bench", "email": "bench@acme.example", "role": "admin", "active": True}}
_TOKEN = {"access_token": "bench", "token_type": "bearer", "scope": "read", "expires_in": 172_800}
_NOTHING = {
    "results": [],
    "count": 0,
    "next_page": None,
    "end_of_stream": True,
    "meta": {"has_more": False},
    "links": {"next": None},
}


class Export:
    """The export of an account with so many tickets; `base` is the address that its links have."""

    def __init__(self, tickets: int, base: str) -> None:
        self._base = base
        self._stamps = [changed_s(number) for number in numbers(tickets)]
        self._tickets = [msgspec.json.encode(ticket(number, base)) for number in numbers(tickets)]
        self._people = [people(number) for number in numbers(tickets)]
        named = {id for those in self._people for id in those}
        self._users = {id: msgspec.json.encode(user(id, base)) for id in named}

        self.ticket_bytes = sum(map(len, self._tickets))

    def answer(self, method: str, path: str, query: Mapping[str, str], body: bytes) -> Answer:
        """What a request is answered with."""
        path = path.removesuffix(".json")
        if path == CURSOR:
            return self._by_cursor(query)
        if path == BY_TIME:
            return self._by_time(query)
        if path == "/oauth/tokens" and method == "POST":
            return Answer(json.dumps(_TOKEN).encode(), status=201)
        if path == "/api/v2/users/me":
            return Answer(json.dumps(_ME).encode())
        return Answer(json.dumps({path.rpartition("/")[2]: [], **_NOTHING}).encode())

    def _by_cursor(self, asked: Mapping[str, str]) -> Answer:
        first = _place(asked["cursor"]) if "cursor" in asked else self._since(asked)
        behind = min(first + _per_page(asked), len(self._tickets))
        after = _cursor(self._stamps[behind - 1] if behind else 0, behind)
        kept = {key: asked[key] for key in ("include", "per_page", "support_type_scope") if key in asked}
        tail = {
            "after_url": f"{self._base}{CURSOR}.json?{urlencode({**kept, 'cursor': after})}",
            "before_url": None,
            "after_cursor": after,
            "before_cursor": None,
            "end_of_stream": behind == len(self._tickets),
        }
        return self._page(first, behind, asked, tail)

    def _by_time(self, asked: Mapping[str, str]) -> Answer:
        """A page that never splits a second, unless it can't be otherwise."""
        first, size = self._since(asked), _per_page(asked)
        behind = min(first + size, len(self._tickets))
        last = behind == len(self._tickets)
        if not last:
            whole = bisect.bisect_left(self._stamps, self._stamps[behind])
            behind = whole if whole > first else behind
        end = self._stamps[behind - 1] + (not last) if behind > first else self._start(asked)
        kept = {key: asked[key] for key in ("include", "per_page", "support_type_scope") if key in asked}
        following = f"{self._base}{BY_TIME}.json?{urlencode({**kept, 'start_time': str(end)})}"
        tail = {
            "count": behind - first,
            "end_time": end,
            "end_of_stream": last,
            "next_page": None if last else following,
        }
        return self._page(first, behind, asked, tail)

    def _page(self, first: int, behind: int, asked: Mapping[str, str], tail: Mapping[str, object]) -> Answer:
        parts = [b'{"tickets":[', b",".join(self._tickets[first:behind]), b"]"]
        if "users" in asked.get("include", "").split(","):
            named = dict.fromkeys(id for those in self._people[first:behind] for id in those)
            parts += [b',"users":[', b",".join(self._users[id] for id in named), b"]"]
        return Answer(b"".join([*parts, b",", json.dumps(tail).encode()[1:]]), behind - first)

    def _start(self, asked: Mapping[str, str]) -> int:
        return int(float(asked.get("start_time", "0")))

    def _since(self, asked: Mapping[str, str]) -> int:
        return bisect.bisect_left(self._stamps, self._start(asked))


def following(target: str, body: bytes, headers: Mapping[str, str]) -> str | None:
    """The page behind one of the export by cursor."""
    if body.endswith(b'"end_of_stream": true}'):
        return None
    after = _AFTER.search(body, len(body) - 1_000)
    if after is None:
        raise ValueError("a page without a cursor")
    return f"{CURSOR}?include=users&cursor={quote(after[1].decode())}"


def _per_page(asked: Mapping[str, str]) -> int:
    return max(1, min(PAGE, int(asked.get("per_page", PAGE))))


def _cursor(stamp: int, place: int) -> str:
    """A cursor as Zendesk's look: opaque to whoever gets it."""
    return base64.b64encode(f"{stamp}.0||{place}|".encode()).decode()


def _place(cursor: str) -> int:
    return int(base64.b64decode(cursor).split(b"|")[2])
