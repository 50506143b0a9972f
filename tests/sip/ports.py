"""UDP ports of loopback: free ones, and who listens."""

import socket
from contextlib import closing
from pathlib import Path

HOST = "127.0.0.1"
_LOOPBACK = "0100007F"


def free_port() -> int:
    """A UDP port that nobody has. SIPp may bind no port of 0, so it must be known before."""
    with closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as found:
        found.bind((HOST, 0))
        return int(found.getsockname()[1])


def is_bound(port: int) -> bool:
    """Whether somebody listens on this port of loopback."""
    table = Path("/proc/net/udp").read_text(encoding="ascii").splitlines()[1:]
    return any(line.split()[1] == f"{_LOOPBACK}:{port:04X}" for line in table)
