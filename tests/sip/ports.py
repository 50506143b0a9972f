"""UDP ports of loopback: free ones, and who listens."""

import itertools
import os
import socket
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

HOST = "127.0.0.1"
_LOOPBACK = "0100007F"
_FIRST, _NUMBER = 20_000, 12_000
"""Below the ports that Linux gives to whoever asks for any: what is free stays free until it is bound."""


def _ports() -> Iterator[int]:
    """Each port once, in an order of this process's own."""
    begin = os.getpid() * 61 % _NUMBER
    return itertools.chain(range(_FIRST + begin, _FIRST + _NUMBER), range(_FIRST, _FIRST + begin))


_LEFT = _ports()


def free_port() -> int:
    """A port that nobody has and that wasn't given away before. SIPp can't say which one it took, so it is told."""
    return next(port for port in _LEFT if _is_free(port))


def _is_free(port: int) -> bool:
    with closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as tried:
        try:
            tried.bind((HOST, port))
        except OSError:
            return False
        return True


def is_bound(port: int) -> bool:
    """Whether somebody listens on this port of loopback."""
    table = Path("/proc/net/udp").read_text(encoding="ascii").splitlines()[1:]
    return any(line.split()[1] == f"{_LOOPBACK}:{port:04X}" for line in table)
