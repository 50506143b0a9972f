"""No network while the kit runs: whoever connects to, listens at or asks for more than loopback is refused, and seen.

An audit hook can't be taken away again: it is put in at first use, and minds nothing while nobody watches.
"""

import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

_seen: list[list[str]] = []
_hooked = False
_LOCAL = re.compile(r"localhost|::1|127(\.[0-9]{1,3}){3}")


class Offline(PermissionError):
    """Somebody wanted to leave this machine."""


@contextmanager
def offline() -> Iterator[list[str]]:
    """Refuse all but loopback until the block ends; the list fills with what was refused."""
    global _hooked
    if not _hooked:
        sys.addaudithook(_heard)
        _hooked = True
    refused: list[str] = []
    _seen.append(refused)
    try:
        yield refused
    finally:
        _seen.remove(refused)


def _heard(event: str, arguments: tuple[Any, ...]) -> None:
    if not _seen or not event.startswith("socket."):
        return
    if event in ("socket.connect", "socket.bind", "socket.sendto"):
        address = arguments[1]
        host = address[0] if isinstance(address, tuple) and address else None
    elif event in ("socket.getaddrinfo", "socket.gethostbyname"):
        host = arguments[0]
    else:
        return
    name = host.decode("ascii", "replace") if isinstance(host, bytes) else host
    if isinstance(name, str) and _LOCAL.fullmatch(name) is None:
        for refused in _seen:
            refused.append(f"{event.removeprefix('socket.')} {name or 'every address'}")
        raise Offline(f"the kit works offline: {name or 'every address'} is not loopback")
