"""Reads a whole account with zenpy, in zenpy's own environment: what it found, as JSON on standard output.

Arguments: the e-mail address and API token, the first second to read from, and the tickets whose logs are read.
"""

import importlib
import json
import sys
from collections.abc import Iterable
from typing import Any


def read(email: str, token: str, start: int, some: list[int]) -> dict[str, list[Any]]:
    """What is read, by name: the ids, in the order in which they came."""
    zenpy: Any = importlib.import_module("zenpy")
    client = zenpy.Zenpy(subdomain="acme", email=email, token=token, proactive_ratelimit=None)
    writers = [client.tickets(id=ticket).requester_id for ticket in some]
    return {
        "tickets by cursor": _ids(client.tickets.incremental(start_time=start, paginate_by_time=False)),
        "tickets by time": _ids(client.tickets.incremental(start_time=start, paginate_by_time=True)),
        "users by cursor": _ids(client.users.incremental(start_time=start, paginate_by_time=False)),
        "users by time": _ids(client.users.incremental(start_time=start, paginate_by_time=True)),
        "tickets listed": _ids(client.tickets()),
        "users listed": _ids(client.users()),
        "ratings": _ids(client.satisfaction_ratings()),
        "audits": [one.id for ticket in some for one in client.tickets.audits(ticket=ticket)],
        "comments": [one.id for ticket in some for one in client.tickets.comments(ticket=ticket)],
        "requesters": [client.tickets(id=ticket).requester.email for ticket in some],
        "requested": [one.id for user in writers for one in client.users.requested(user)],
        "me": [client.users.me().email],
    }


def _ids(found: Iterable[Any]) -> list[Any]:
    return [one.id for one in found]


if __name__ == "__main__":
    json.dump(read(sys.argv[1], sys.argv[2], int(sys.argv[3]), [int(id) for id in sys.argv[4:]]), sys.stdout)
