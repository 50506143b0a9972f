"""The simulated account's webhooks: what they say, and how they are sent.

As Zendesk writes them: ids as text, `"0"` for null, enums in upper case, nine digits of a second, printed with
indentation and a line's end, signed over the timestamp and those very bytes. Faults double, swap and lose them.
"""

import asyncio
import json
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from random import Random
from typing import Any

import aiohttp
from pydantic import SecretStr

from gateway.plugin import SECOND_MS, NowFunction, format_instant
from gateway_zendesk.simulator.account import Json, second
from gateway_zendesk.simulator.story import MEDIA
from gateway_zendesk.webhook import SIGNATURE, TIMESTAMP, signature

ACCOUNT_ID = 22_129_848
TRIES = 5
WAIT_S = 0.2
"""Seconds between the tries of one webhook."""

ANSWER_WITHIN_S = 12.0
_CHANGES = {
    "priority": "priority_changed",
    "tags": "tags_changed",
    "assignee_id": "agent_assignment_changed",
    "group_id": "group_assignment_changed",
}


def webhooks_of(audit: Json, ticket: Json, people: dict[int, Json], at: int, random: Random) -> Iterator[bytes]:
    """The webhooks that an entry of the log sets off."""
    if any(entry["type"] == "Create" for entry in audit["events"]):
        yield _body("created", {}, ticket, at, random)
        return
    for entry in audit["events"]:
        if entry["type"] == "Comment":
            author = people[entry["author_id"]]
            comment = {
                "id": str(entry["id"]),
                "body": entry["body"],
                "is_public": entry["public"],
                "author": {"id": str(author["id"]), "is_staff": author["role"] != "end-user", "name": author["name"]},
            }
            yield _body("comment_added", {"comment": comment}, ticket, at, random)
        elif entry["field_name"] == "status" and entry["value"] == "deleted":
            yield _body("soft_deleted", {}, ticket, at, random)
        elif entry["field_name"] == "status":
            yield _body("status_changed", _change(entry, upper=True), ticket, at, random)
        elif entry["field_name"] == "tags":
            added = [tag for tag in entry["value"] if tag not in entry["previous_value"]]
            yield _body("tags_changed", {"tags_added": added, "tags_removed": []}, ticket, at, random)
        else:
            yield _body(_CHANGES[entry["field_name"]], _change(entry, upper=False), ticket, at, random)


def _change(entry: Json, *, upper: bool) -> Json:
    pair = {"current": entry["value"], "previous": entry["previous_value"]}
    return {key: _written(value, upper or entry["field_name"] == "priority") for key, value in pair.items()}


def _written(value: Any, upper: bool) -> str:
    """A value as webhooks write it."""
    if value is None:
        return "" if upper else "0"
    return str(value).upper() if upper else str(value)


def _body(name: str, event: Json, ticket: Json, at: int, random: Random) -> bytes:
    time = f"{second(at).removesuffix('Z')}.{at % SECOND_MS:03d}{random.randrange(10**6):06d}Z"
    content = {
        "account_id": ACCOUNT_ID,
        "detail": _detail(ticket),
        "event": event,
        "id": f"{random.getrandbits(128):032x}",
        "subject": f"zen:ticket:{ticket['id']}",
        "time": time,
        "type": f"zen:event-type:ticket.{name}",
        "zendesk_event_version": "2022-11-06",
    }
    return (json.dumps(content, indent=2, ensure_ascii=False) + "\n").encode()


def _detail(ticket: Json) -> Json:
    word, _ = MEDIA[ticket["via"]["channel"]]
    ids = ("id", "requester_id", "submitter_id", "assignee_id", "group_id")
    enums = ("status", "priority", "type")
    return {
        **{key: _written(ticket[key], upper=False) for key in ids},
        **{key: _written(ticket[key], upper=True) for key in enums},
        "actor_id": _written(ticket["assignee_id"] or ticket["submitter_id"], upper=False),
        "brand_id": "0",
        "organization_id": "0",
        "external_id": "",
        "subject": ticket["subject"],
        "description": ticket["description"],
        "tags": list(ticket["tags"]),
        "is_public": ticket["is_public"],
        "created_at": ticket["created_at"],
        "updated_at": ticket["updated_at"],
        "via": {"channel": word},
    }


@dataclass(slots=True)
class Pusher:
    """Sends webhooks one after the other, each with a few tries."""

    now: NowFunction
    secret: SecretStr
    faults: set[str]
    push_to: str | None = None
    given_up: int = 0
    _waiting: deque[bytes] = field(default_factory=deque)
    _news: asyncio.Event = field(default_factory=asyncio.Event)
    _idle: asyncio.Event = field(default_factory=asyncio.Event)

    def send(self, bodies: list[bytes]) -> None:
        """Queue webhooks; the faults of now apply."""
        if self.push_to is None or "lose" in self.faults:
            return
        if "reorder" in self.faults:
            bodies = bodies[::-1]
        if "duplicate" in self.faults:
            bodies = [body for body in bodies for _ in range(2)]
        if "reorder" in self.faults and self._waiting:
            self._waiting.extendleft(bodies)
        else:
            self._waiting.extend(bodies)
        self._idle.clear()
        self._news.set()

    async def settled(self) -> None:
        """Come back when nothing waits to be sent."""
        if self._waiting or self._news.is_set():
            await self._idle.wait()

    async def run(self) -> None:
        """Send what is queued, until cancelled."""
        limit = aiohttp.ClientTimeout(total=ANSWER_WITHIN_S)
        async with aiohttp.ClientSession(timeout=limit, headers={"User-Agent": "Zendesk Webhook"}) as session:
            while True:
                await self._news.wait()
                while self._waiting:
                    await self._deliver(session, self._waiting[0])
                    self._waiting.popleft()
                self._news.clear()
                self._idle.set()

    async def _deliver(self, session: aiohttp.ClientSession, body: bytes) -> None:
        for turn in range(TRIES):
            if turn:
                await asyncio.sleep(WAIT_S * turn)
            if self.push_to is not None and await self._post(session, self.push_to, body):
                return
        self.given_up += 1

    async def _post(self, session: aiohttp.ClientSession, url: str, body: bytes) -> bool:
        timestamp = format_instant(self.now() // SECOND_MS * SECOND_MS)
        headers = {
            "Content-Type": "application/json; charset=utf-8",
            "X-Zendesk-Account-Id": str(ACCOUNT_ID),
            SIGNATURE: signature(self.secret, timestamp, body),
            TIMESTAMP: timestamp,
        }
        try:
            async with session.post(url, data=body, headers=headers, allow_redirects=False) as response:
                await response.read()
                return 200 <= response.status < 300
        except (aiohttp.ClientError, TimeoutError, OSError):
            return False
