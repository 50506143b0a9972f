"""SIPp as a caller and as an agent: one call each, and its own log of every message, to the microsecond."""

import re
import subprocess
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from tests.acceptance.process import DEADLINE_S, eventually
from tests.sip.ports import HOST, free_port, is_bound

_MESSAGE = re.compile(
    r"^-{10,} (\d{4}-\d\d-\d\d)\s+(\d\d:\d\d:\d\d\.\d{6})\n"
    r"UDP message (sent|received) .*?:\n\n(\S[^\n]*)\n(.*?)(?=^-{10,} \d{4}|\Z)",
    re.MULTILINE | re.DOTALL,
)
_CSEQ = re.compile(r"^CSeq:\s*\d+\s+(\S+)", re.MULTILINE | re.IGNORECASE)
_CALL_ID = re.compile(r"^Call-ID:\s*(\S+)", re.MULTILINE | re.IGNORECASE)


@dataclass(frozen=True)
class Logged:
    """One message of SIPp's log: when (milliseconds since the epoch), which way, and its first line."""

    at: float
    sent: bool
    line: str
    method: str
    call_id: str

    def is_a(self, what: str) -> bool:
        """Whether it is the request `BYE`, or the answer to one: `200 BYE`."""
        status, _, method = what.rpartition(" ")
        if not status:
            return self.line.startswith(f"{method} ")
        return self.line.startswith(f"SIP/2.0 {status}") and self.method == method


def messages(log: str) -> list[Logged]:
    """What SIPp has logged, in its order."""
    return [
        Logged(
            datetime.fromisoformat(f"{day} {second}").timestamp() * 1_000,
            way == "sent",
            line.strip(),
            _found(_CSEQ, rest),
            _found(_CALL_ID, rest),
        )
        for day, second, way, line, rest in _MESSAGE.findall(log)
    ]


def _found(wanted: re.Pattern[str], headers: str) -> str:
    found = wanted.search(headers)
    return found[1] if found else ""


@dataclass
class Phone:
    """One SIPp, which plays one scenario, for one call or for as many as `calls_max`."""

    sipp: str
    folder: Path
    name: str
    scenario: str
    port: int = field(default_factory=free_port)
    calls_max: int = 1
    child: "subprocess.Popen[bytes] | None" = None

    @property
    def address(self) -> str:
        """Host and port."""
        return f"{HOST}:{self.port}"

    def start(self, *options: str) -> None:
        """Begin; an agent waits, a caller calls. Returns when its port is bound, or it has ended already."""
        path = self.folder / f"{self.name}.xml"
        path.write_text(self.scenario, encoding="utf-8")
        command = [
            *(self.sipp, "-sf", str(path), "-m", str(self.calls_max), "-i", HOST, "-p", str(self.port), "-nostdin"),
            *("-timeout", f"{DEADLINE_S:.0f}s", "-timeout_error", "-cid_str", f"{self.name}-%u-%p@sipp.example"),
            *("-trace_msg", "-message_file", str(self._log), "-trace_err", "-error_file", str(self._errors)),
            *options,
        ]
        with (self.folder / f"{self.name}.out").open("wb") as output:
            self.child = subprocess.Popen(
                command, cwd=self.folder, stdin=subprocess.DEVNULL, stdout=output, stderr=output
            )
        eventually(lambda: is_bound(self.port) or self._has_ended, f"{self.name} listens")
        assert self.child.poll() in (None, 0), f"{self.name} doesn't start:\n{self._said}"

    def calls(self, proxy: str, number: str, per_s: int = 1) -> None:
        """Call a number (user@host) by a proxy; several calls so often in a second."""
        self.start("-s", number, "-r", str(per_s), "-rsa", proxy, proxy)

    def ended(self) -> "Phone":
        """Wait for its end; it must have gone as the scenario says."""
        assert self.child is not None
        code = self.child.wait(DEADLINE_S)
        assert code == 0, f"{self.name} has ended with {code}:\n{self._said}"
        return self

    def clear(self) -> None:
        """End it."""
        if self.child is not None and self.child.poll() is None:
            self.child.kill()
            self.child.wait(DEADLINE_S)

    @property
    def log(self) -> list[Logged]:
        """All messages until now."""
        return messages(self._log.read_text(encoding="utf-8", errors="replace")) if self._log.exists() else []

    def at(self, what: str, nth: int = 0) -> float:
        """When it sent or received the nth message of a kind: `INVITE`, `180 INVITE`."""
        return self._all(what)[nth].at

    @property
    def call_id(self) -> str:
        """That of its first call."""
        return self.log[0].call_id

    def _all(self, what: str) -> list[Logged]:
        return [message for message in self.log if message.is_a(what)]

    @property
    def _has_ended(self) -> bool:
        return self.child is not None and self.child.poll() is not None

    @property
    def _said(self) -> str:
        files: list[Path] = [self._errors, self._log]
        return "\n".join(file.read_text(encoding="utf-8", errors="replace") for file in files if file.exists())

    @property
    def _log(self) -> Path:
        return self.folder / f"{self.name}.messages"

    @property
    def _errors(self) -> Path:
        return self.folder / f"{self.name}.errors"


NewPhone = Callable[[str, str], Phone]
