"""The load of the calls' bench, as a process of its own: HEP packets at a steady pace, and INVITEs that want an answer.

Prints JSON. Who is behind the pace sends what is due at once and goes on; how late it ever was is told.
"""

import argparse
import json
import re
import select
import socket
import sys
import time
from collections.abc import Sequence

from bench import sip_calls
from bench.sip_hear import stream

BATCH_S = 0.001
"""What is due is looked at so often."""

ANSWER_S = 2.0
"""An answer that comes later is taken for lost."""

_TAG = re.compile(rb"\r\nTo:[^\r]*;tag=([^;\r]+)", re.IGNORECASE)
_NUMBER = re.compile(rb"\r\nCall-ID: ([0-9a-f]{8})-", re.IGNORECASE)


def packets(port: int, per_s: int, seconds: float) -> dict[str, object]:
    """Send packets of calls to a port, so many a second, each once."""
    calls = max(1, round(per_s * seconds / sip_calls.PACKETS))
    data = [packet for _, packet in stream(calls, per_s / sip_calls.PACKETS)]
    door = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    door.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4 << 20)
    to = ("127.0.0.1", port)
    started, sent, late = time.perf_counter(), 0, 0.0
    while sent < len(data):
        elapsed = time.perf_counter() - started
        due = min(len(data), int(elapsed * per_s) + 1)
        late = max(late, (due - sent) / per_s)
        for packet in data[sent:due]:
            door.sendto(packet, to)
        sent = due
        time.sleep(BATCH_S)
    return {"sent": sent, "seconds": time.perf_counter() - started, "late_ms": late * 1_000}


def invites(port: int, per_s: float, seconds: float, first: int) -> dict[str, object]:
    """Begin so many calls a second at a redirect server, numbered from `first` on, and acknowledge its answers;
    latencies in ms."""
    door = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    door.bind(("127.0.0.1", 0))
    door.setblocking(False)
    door.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
    own, to = door.getsockname()[1], ("127.0.0.1", port)
    many = round(per_s * seconds)
    asks = [sip_calls.invite(first + number, own) for number in range(many)]
    sent_at, latencies, seen = [0.0] * many, list[float](), dict[str, int]()
    started, sent = time.perf_counter(), 0
    ends = started + seconds + ANSWER_S
    while (now := time.perf_counter()) < ends and len(latencies) < many:
        while sent < many and sent <= (now - started) * per_s:
            sent_at[sent] = time.perf_counter()
            door.sendto(asks[sent], to)
            sent += 1
        wait = max(0.0, started + sent / per_s - time.perf_counter()) if sent < many else 0.05
        if not select.select([door], [], [], wait)[0]:
            continue
        answer = door.recv(65_535)
        came = time.perf_counter()
        number, tag = _NUMBER.search(answer), _TAG.search(answer)
        if number is None or tag is None:
            continue
        which = int(number[1], 16)
        door.sendto(sip_calls.ack(which, own, tag[1].decode()), to)
        which -= first
        if sent_at[which]:
            latencies.append((came - sent_at[which]) * 1_000)
            sent_at[which] = 0.0
            status, contact = answer[8:11].decode(), answer.partition(b"Contact: ")[2].partition(b"\r\n")[0].decode()
            seen[f"{status} {contact}"] = seen.get(f"{status} {contact}", 0) + 1
    return {"sent": sent, "answered": len(latencies), "latencies_ms": latencies, "answers": seen}


def percentile(values: Sequence[float], share: float) -> float:
    """The value below which this share of them lies."""
    return sorted(values)[min(len(values) - 1, int(share * len(values)))]


def main() -> int:
    """Send, and print what came of it."""
    parser = argparse.ArgumentParser(prog="python -m bench.sip_load", description=__doc__)
    parser.add_argument("what", choices=["packets", "invites"])
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--per-second", type=int, required=True)
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--first", type=int, default=0, help="the number of the first call")
    given = parser.parse_args()
    if given.what == "packets":
        found = packets(given.port, given.per_second, given.seconds)
    else:
        found = invites(given.port, given.per_second, given.seconds, given.first)
    print(json.dumps(found))
    return 0


if __name__ == "__main__":
    sys.exit(main())
