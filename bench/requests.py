"""Signed requests without end, made as they are sent: each brings one event of 2 to 3 KB under an id of its own.

A contact opens and gets four messages, `APART` requests apart, as events of different contacts mix in real life. With
`stored`, every second contact is one of those that were stored beforehand, chosen all over them, and gets five
messages. One event in fifty is an opening that delivers a notice.
"""

import base64
import hashlib
import hmac
import time
from collections.abc import Iterator

KEY = bytes(range(32))
SECRET = "whsec_" + base64.b64encode(KEY).decode()
PATH = "/in/bench"
EVENTS_PER_CONTACT = 5
APART = 1_000
LOUD_ONE_IN = 50
TEXT = b"The order has not arrived and nobody answers the phone. " * 40
STRIDE = 7_919
"""A prime: stored contacts are taken with this distance, so that no two requests meet on one page by plan."""

_OPENED = (
    b'{"events":[{"id":"%b","at":"%b","ref":{"kind":"ticket","id":"%b"},"type":"contact.opened","kind":"ticket",'
    b'"channel":"email","subject":"%b","tags":["a"%b]}]}'
)
_ADDED = (
    b'{"events":[{"id":"%b","at":"%b","ref":{"kind":"ticket","id":"%b"},"type":"message.added",'
    b'"author":{"kind":"%b"},"text":"%b","sequence":%d}]}'
)


def stored_ref(number: int) -> str:
    """The vendor's id of a contact that was stored beforehand."""
    return f"held-{number:07d}"


class Stamp:
    """The time as requests carry it: whole seconds, and milliseconds in RFC 3339."""

    def __init__(self) -> None:
        self.second = 0
        self._text = ""

    def now(self) -> bytes:
        """The present, in milliseconds."""
        moment = time.time()
        second = int(moment)
        if second != self.second:
            self.second = second
            self._text = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(second))
        return f"{self._text}.{int(moment * 1000) % 1000:03d}Z".encode()


def signed(id: bytes, second: int, body: bytes) -> bytes:
    """The whole request, signed by Standard Webhooks."""
    mark = base64.b64encode(hmac.digest(KEY, b"%b.%d.%b" % (id, second, body), hashlib.sha256))
    return (
        b"POST /in/bench HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n"
        b"webhook-id: %b\r\nwebhook-timestamp: %d\r\nwebhook-signature: v1,%b\r\ncontent-length: %d\r\n\r\n%b"
    ) % (id, second, mark, len(body), body)


def opening(id: bytes, at: bytes, ref: bytes, tags: bytes = b"", subject: bytes = TEXT) -> bytes:
    """The body that opens a contact; `tags` as JSON, each with a comma before it."""
    return _OPENED % (id, at, ref, subject, tags)


def message(id: bytes, at: bytes, ref: bytes, part: int, author: bytes = b"customer", text: bytes = TEXT) -> bytes:
    """The body in which somebody writes."""
    return _ADDED % (id, at, ref, author, text, part)


def requests(run: str, *, stored: int = 0) -> Iterator[bytes]:
    """Requests without end; `run` is in every id."""
    stamp = Stamp()
    opened = 0
    openings = LOUD_ONE_IN // EVENTS_PER_CONTACT // (2 if stored else 1)
    number = 0
    while True:
        turn, place = divmod(number, APART)
        round, part = divmod(turn, EVENTS_PER_CONTACT)
        contact = round * APART + place
        id = f"{run}-{number}".encode()
        at = stamp.now()
        if stored and contact % 2:
            ref = stored_ref((contact * STRIDE) % stored).encode()
            body = message(id, at, ref, part + 1)
        elif part == 0:
            opened += 1
            tags = b',"loud"' if opened % openings == 0 else b""
            body = opening(id, at, f"{run}-{contact}".encode(), tags)
        else:
            body = message(id, at, f"{run}-{contact}".encode(), part)
        yield signed(id, stamp.second, body)
        number += 1
