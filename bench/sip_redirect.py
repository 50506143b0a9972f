"""A running gateway with a redirect server, and how soon it answers INVITEs that another process sends.

The policy is the preset `orion`: each call's contact is judged by it, in memory, before the answer goes out.
"""

import json
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

from bench import server
from bench.options import Options
from bench.sip_load import percentile
from bench.table import Figure

SECONDS = 20.0
WARM_UP_S = 2.0
WITHIN_MS = 50.0
VOICE = "sip:voice@192.0.2.40"
DEFAULT = "sip:front@192.0.2.41"

CONFIG = """\
version: 1
listen: 127.0.0.1:0
admin: 127.0.0.1:0
database: sqlite:///gateway.db
policy: preset:orion
connectors:
  phones:
    plugin: telephony_sip
{captures}    redirect:
      udp: 127.0.0.1:{port}
      default: {default}
      targets: {{voice: {voice}, engineering: {voice}}}
endpoints:
  helpdesk:
    url: http://127.0.0.1:9999/hooks
    secret: {{env: BENCH_SECRET}}
    allow_private: true
"""
CAPTURES = """\
    hep:
      udp: 127.0.0.1:0
      allow: [127.0.0.0/8]
"""
"""With captures each call becomes a contact, too, which is stored and judged beside."""


def answers(options: Options, per_second: int) -> list[Figure]:
    """The rows of the redirect server: alone, and while every call is stored and judged."""
    figures: list[Figure] = []
    for words, captures in (("", ""), (", each call judged too", CAPTURES)):
        found = asked(options, captures, per_second)
        latencies: list[float] = found["latencies_ms"]
        p50, p99 = percentile(latencies, 0.5), percentile(latencies, 0.99)
        chosen = sum(count for answer, count in found["answers"].items() if VOICE in answer)
        figures.append(
            Figure(
                f"redirect, {per_second} calls a second{words}: p99",
                (p99,),
                "ms",
                WITHIN_MS if not captures else None,
                "at most",
                1,
                # Others can only make it slower.
                noise=found["others"] if p99 > WITHIN_MS else 0.0,
                note=f"p50 {p50:.1f} ms, at most {max(latencies):.1f} ms; {found['answered']:,} of {found['sent']:,} "
                f"answered, {chosen:,} of them sent where the policy routes them, the others to the default; "
                f"{found['cpu']:.0%} of the server's processor, others took {found['others']:.0%}",
            )
        )
    return figures


def asked(options: Options, captures: str, per_second: int) -> dict[str, Any]:
    """What came of so many calls a second."""
    with server.workplace() as folder:
        port = free_port()
        text = CONFIG.format(captures=captures, port=port, default=DEFAULT, voice=VOICE)
        Path(folder, "gateway.yaml").write_text(text)
        with server.gateway(options.tree, folder) as running:
            _load(port, per_second, WARM_UP_S, first=1_000_000)
            busy, cpu = server.core_busy_s(), running.cpu_s()
            seconds = options.seconds(SECONDS)
            found = _load(port, per_second, seconds)
            took = running.cpu_s() - cpu
            found["others"], found["cpu"] = server.others_share(busy, took), took / seconds
    return found


def free_port() -> int:
    """A UDP port of the loopback that nobody has now."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as door:
        door.bind(("127.0.0.1", 0))
        port: int = door.getsockname()[1]
        return port


def _load(port: int, per_second: int, seconds: float, first: int = 0) -> dict[str, Any]:
    done = subprocess.run(
        [
            *(sys.executable, "-m", "bench.sip_load", "invites", "--port", str(port)),
            *("--per-second", str(per_second), "--seconds", str(seconds), "--first", str(first)),
        ],
        cwd=server.HERE,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        preexec_fn=lambda: server.pin(server.LOAD_CPU),
    )
    found: dict[str, Any] = json.loads(done.stdout)
    return found
