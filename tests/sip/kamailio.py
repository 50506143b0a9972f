"""A Kamailio on loopback, with a configuration that holds the very text of the how-to."""

import socket
import subprocess
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from tests.acceptance.process import DEADLINE_S, eventually
from tests.sip.ports import HOST, free_port
from tests.sip.site import changed
from tests.support.pages import blocks, page

BASE = """\
#!KAMAILIO
debug=1
log_stderror=yes
children=2
disable_tcp=yes
auto_aliases=no
dns=no
rev_dns=no
listen=udp:{address}

loadmodule "tm.so"
loadmodule "sl.so"
loadmodule "rr.so"
loadmodule "pv.so"
loadmodule "maxfwd.so"
loadmodule "textops.so"
loadmodule "siputils.so"
loadmodule "corex.so"
{page}
request_route {{
    if (is_method("OPTIONS") && uri == myself) {{ sl_send_reply("200", "OK"); exit; }}
    if (!mf_process_maxfwd_header("10")) {{ sl_send_reply("483", "Too Many Hops"); exit; }}
    if (is_method("CANCEL")) {{ if (t_check_trans()) t_relay(); exit; }}
    if (has_totag()) {{
        if (is_method("ACK") && !loose_route()) {{ t_check_trans(); exit; }}
        if (!is_method("ACK") && !loose_route()) {{ sl_send_reply("404", "Not Here"); exit; }}
        t_relay();
        exit;
    }}
    t_check_trans();
    record_route();
    {asks}
    t_relay();
}}
"""
"""A proxy that sends a call to where its request says, after whatever the how-to lets it do before."""


LIFE_S = 600


def config(listen: str, *, hep: str, redirect: str, fallback: str) -> str:
    """A configuration that does all that the page says, with addresses (host and port): its own, those of the gateway,
    and that of what takes calls without it."""
    *modules, asks = blocks(page("how-to/connect-kamailio.md"), "kamailio")
    text = BASE.format(address=listen, page="\n".join(modules), asks=asks.strip())
    return changed(text, {"192.0.2.10:9060": hep, "192.0.2.10:5062": redirect, "192.0.2.30:5060": fallback})


@dataclass
class Kamailio:
    """One Kamailio: its folder, its port, its start and its end."""

    program: str
    folder: Path
    port: int = field(default_factory=free_port)
    child: "subprocess.Popen[bytes] | None" = None

    @property
    def address(self) -> str:
        """Host and port."""
        return f"{HOST}:{self.port}"

    def start(self, text: str) -> None:
        """Start it with this configuration; returns when it answers."""
        path = self.folder / "kamailio.cfg"
        path.write_text(text, encoding="utf-8")
        command = [
            # It ends by itself, should these tests be killed.
            *("timeout", f"{LIFE_S}s"),
            *(self.program, "-f", str(path), "-DD", "-E", "-m", "32", "-M", "4"),
            *("-Y", str(self.folder), "-P", str(self.folder / "kamailio.pid")),
        ]
        with self._log.open("wb") as log:
            self.child = subprocess.Popen(
                command, cwd=self.folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
            )
        with closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as asking:
            asking.bind((HOST, 0))
            asking.settimeout(0.1)
            eventually(lambda: self._answers(asking), "Kamailio answers")

    def said(self) -> str:
        """Its log."""
        return self._log.read_text(encoding="utf-8", errors="replace") if self._log.exists() else ""

    def stop(self) -> None:
        """Ask it to end, with all its processes, and wait."""
        if self.child is not None and self.child.poll() is None:
            self.child.terminate()
            self.child.wait(DEADLINE_S)

    @property
    def _log(self) -> Path:
        return self.folder / "kamailio.log"

    def _answers(self, asking: socket.socket) -> bool:
        assert self.child is not None
        assert self.child.poll() is None, f"Kamailio has ended with {self.child.returncode}: {self.said()}"
        port = asking.getsockname()[1]
        lines = (
            f"OPTIONS sip:{self.address} SIP/2.0",
            f"Via: SIP/2.0/UDP {HOST}:{port};branch=z9hG4bKready",
            f"From: <sip:test@{HOST}>;tag=1",
            f"To: <sip:{self.address}>",
            f"Call-ID: ready@{HOST}",
            "CSeq: 1 OPTIONS",
            "Max-Forwards: 5",
            "Content-Length: 0",
        )
        asking.sendto(("\r\n".join(lines) + "\r\n\r\n").encode(), (HOST, self.port))
        try:
            return asking.recv(65_535).startswith(b"SIP/2.0 200")
        except (TimeoutError, ConnectionError):
            return False
