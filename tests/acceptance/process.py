"""A real gateway process: its folder, its start, its end by signal, and a sender on a real socket.

Whatever waits here asks for a condition until a deadline; nothing is taken to be so because time has passed.
"""

import http.client
import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

from standardwebhooks import Webhook

from gateway.model.identity import StrandKey, contact_id
from gateway.model.instant import Instant, format_instant
from tests.support.secrets import secret_of
from tests.support.source import ROOT

T = TypeVar("T")
DEADLINE_S = 40.0
"""So long a test waits for what must come."""

_ANNOUNCED = re.compile(r"listening on (http://\S+)\n(?:.*\n)*?.*board is at (http://[^/\s]+)/.*\n")
NOWHERE = "http://127.0.0.1:65535/"
CONFIG = """\
version: 1
listen: 127.0.0.1:0
admin: 127.0.0.1:0
database: sqlite:///{database}
policy: policy.yaml
body_limit: {body_limit}
connectors:
  events: {{plugin: events, secret: {{env: EVENTS_SECRET}}}}
endpoints:
  helpdesk: {{url: "{endpoint}", allow_private: true, secret: {{env: HELPDESK_SECRET}}, notices: ["*"]}}
"""
POLICY = """\
version: 1
name: acceptance
queues:
  general: {team: t1, tier: 1}
sla:
  - {id: reply, when: contact.severity != 1, metric: first_reply, within: 2s}
routing:
  - {id: default, queue: general}
roles:
  lead: {endpoints: [helpdesk]}
chains:
  call: {steps: [{after: 0m, notify: [lead]}]}
escalation:
  - {id: grave, when: contact.severity == 1, on: matched, chain: call}
  - {id: late, on: sla.breached, chain: call}
"""
"""Whom nobody answers within two seconds is escalated, and what is urgent at once."""

REPLY_WITHIN_MS = 2_000


ENVIRON = {"EVENTS_SECRET": secret_of("events"), "HELPDESK_SECRET": secret_of("helpdesk")}


def now_ms() -> int:
    """The present instant."""
    return time.time_ns() // 1_000_000


def eventually(condition: Callable[[], T], what: str, deadline_s: float = DEADLINE_S, poll_s: float = 0.01) -> T:
    """Ask until the answer is true, and return it; a test fails with `what` when it never is."""
    ends = time.monotonic() + deadline_s
    while not (found := condition()):
        assert time.monotonic() < ends, f"this never came to be: {what}"
        time.sleep(poll_s)
    return found


def event(type: str, ticket: str, at: int, id: str = "", **fields: Any) -> dict[str, Any]:
    """An event of a ticket, as a sender writes it."""
    own = {"id": id or f"{ticket}/{type}", "at": format_instant(Instant(at)), "ref": {"kind": "ticket", "id": ticket}}
    return {"type": type, **own, **fields}


def opening(ticket: str, at: int, **fields: Any) -> dict[str, Any]:
    """A ticket by e-mail."""
    return event("contact.opened", ticket, at, **{"kind": "ticket", "channel": "email", **fields})


def reply(ticket: str, at: int) -> dict[str, Any]:
    """An agent's public reply."""
    return event("message.added", ticket, at, author={"kind": "agent"})


def contact_of(ticket: str) -> str:
    """The id of the ticket's contact."""
    return contact_id(StrandKey("events", "ticket", ticket))


def signed(body: bytes, secret: str = ENVIRON["EVENTS_SECRET"], at_s: int | None = None) -> dict[str, str]:
    """The headers of a sender that has the secret, by the reference implementation of Standard Webhooks."""
    second = now_ms() // 1_000 if at_s is None else at_s
    mark = Webhook(secret).sign("msg_1", datetime.fromtimestamp(second, UTC), body.decode())
    return {"webhook-id": "msg_1", "webhook-timestamp": str(second), "webhook-signature": mark}


def body_of(events: Sequence[Mapping[str, Any]]) -> bytes:
    """The body that brings events."""
    return json.dumps({"events": events}).encode()


@dataclass(frozen=True)
class Answer:
    """What a request was answered; header names are in lower case."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body's value."""
        return json.loads(self.body)


class Sender:
    """One connection to a gateway, kept for several requests. Raises OSError or HTTPException when it breaks."""

    def __init__(self, url: str) -> None:
        self._connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=DEADLINE_S)

    def __enter__(self) -> "Sender":
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def ask(self, method: str, path: str, body: bytes = b"", headers: Mapping[str, str] | None = None) -> Answer:
        """One request and its answer."""
        self._connection.request(method, path, body, dict(headers or {}))
        response = self._connection.getresponse()
        named = {name.lower(): value for name, value in response.getheaders()}
        return Answer(response.status, named, response.read())

    def post(self, *events: Mapping[str, Any]) -> Answer:
        """Post events, signed."""
        body = body_of(events)
        return self.ask("POST", "/in/events", body, signed(body))


@dataclass
class Daemon:
    """A `gateway run`, and the file that has its words and its log."""

    child: "subprocess.Popen[bytes]"
    log: Path

    @property
    def listen(self) -> str:
        """The address that vendors reach, as it was announced."""
        return self._announced()[1]

    @property
    def admin(self) -> str:
        """The address that people reach, as it was announced."""
        return self._announced()[2]

    @property
    def announced(self) -> bool:
        """Whether it has said where it listens."""
        return _ANNOUNCED.search(self.said()) is not None

    def wait_until_ready(self) -> None:
        """Come back when it accepts requests."""
        eventually(self._has_announced, "the gateway says where it listens")
        with Sender(self.listen) as sender:
            assert sender.ask("GET", "/healthz").status == 200

    def kill(self) -> None:
        """Let it end this instant."""
        self.child.kill()

    def ended(self) -> int:
        """Wait for the end of the process; its exit code."""
        return self.child.wait(DEADLINE_S)

    def stop(self) -> int:
        """Ask it to end, and wait; its exit code."""
        self.child.terminate()
        return self.ended()

    def said(self) -> str:
        """All that it has said so far: words for people, and its log."""
        return self.log.read_text(encoding="utf-8")

    def logged(self) -> list[dict[str, Any]]:
        """Its log, line by line."""
        return [json.loads(line) for line in self.said().splitlines() if line.startswith("{")]

    def _has_announced(self) -> bool:
        assert self.child.poll() is None, f"the gateway has ended with {self.child.returncode}: {self.said()}"
        return self.announced

    def _announced(self) -> re.Match[str]:
        found = _ANNOUNCED.search(self.said())
        assert found is not None
        return found


@dataclass
class Site:
    """A folder in which gateways run one after another: configuration, policy, database, and a log of each.

    `more` is written behind the configuration, `options` stand before every command.
    """

    folder: Path
    endpoint: str = NOWHERE
    policy: str = POLICY
    body_limit: str = "1MiB"
    database: str = "gateway.db"
    more: str = ""
    options: tuple[str, ...] = ()
    environ: dict[str, str] = field(default_factory=lambda: dict(ENVIRON))
    started: list[Daemon] = field(default_factory=list)

    @property
    def config(self) -> Path:
        """Where the configuration is."""
        return self.folder / "gateway.yaml"

    @property
    def database_file(self) -> Path:
        """Where the database is."""
        return self.folder / self.database

    def write(self) -> None:
        """Put the configuration and the policy into the folder."""
        self.folder.mkdir(exist_ok=True)
        text = CONFIG.format(endpoint=self.endpoint, body_limit=self.body_limit, database=self.database)
        self.config.write_text(text + self.more, encoding="utf-8")
        (self.folder / "policy.yaml").write_text(self.policy, encoding="utf-8")

    def spawn(self, *before: str) -> Daemon:
        """Start a gateway on the folder, by the command `before` if there is one."""
        log = self.folder / f"run{len(self.started)}.log"
        with log.open("wb") as file:
            child = subprocess.Popen(
                [*before, *self._command("run", "--log-format", "json")],
                cwd=self.folder,
                env=self._environ(),
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=file,
            )
        self.started.append(Daemon(child, log))
        return self.started[-1]

    def start(self) -> Daemon:
        """Start a gateway on the folder; returns when it accepts requests."""
        daemon = self.spawn()
        daemon.wait_until_ready()
        return daemon

    def run(self, command: str, *arguments: str) -> "subprocess.CompletedProcess[str]":
        """Run another command to its end."""
        return subprocess.run(
            self._command(command, *arguments),
            cwd=self.folder,
            env=self._environ(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=DEADLINE_S,
        )

    def faults(self) -> list[dict[str, Any]]:
        """What every gateway of this folder has logged as an error."""
        return [line for daemon in self.started for line in daemon.logged() if line["level"] in ("error", "critical")]

    def clear(self) -> None:
        """End what still runs."""
        for daemon in self.started:
            daemon.kill()
            daemon.ended()

    def _command(self, command: str, *arguments: str) -> list[str]:
        words = [*self.options, *command.split(), "--config", str(self.config), *arguments]
        return [sys.executable, "-m", "gateway", *words]

    def _environ(self) -> dict[str, str]:
        paths = [str(ROOT), *([self.environ["PYTHONPATH"]] if "PYTHONPATH" in self.environ else [])]
        return {**os.environ, **self.environ, "PYTHONPATH": os.pathsep.join(paths)}
