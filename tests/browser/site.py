"""A gateway for a browser: a policy whose promises are seconds long, a port that it keeps, and its own way in.

Beside its `events` it has an account that nobody answers for, so that the pages have a connector that is ill, and an
endpoint that refuses what it gets.
"""

import base64
import hashlib
import hmac
import json
import re
import socket
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from tests.acceptance.process import ENVIRON, Answer, Daemon, Sender, Site, event, eventually, now_ms, opening, reply

POLICY = """\
version: 1
name: browser
calendars:
  office:
    timezone: Europe/Berlin
    hours: {mon-fri: ["08:00-12:00", "13:00-18:00"]}
severity:
  - {id: grave, when: '"grave" in contact.tags', severity: 1}
  - {id: quick, when: '"quick" in contact.tags', severity: 2}
sla:
  - {id: quick-reply, when: contact.severity == 2, metric: first_reply, within: 2s}
  - {id: grave-reply, when: contact.severity == 1, metric: first_reply, within: 15m, warn: [50%]}
  - {id: reply, metric: first_reply, within: 4h, warn: [75%]}
  - {id: update, metric: pausable_update, within: 8h}
  - {id: work, metric: agent_work, within: 3d, calendar: office}
queues:
  general: {team: front, tier: 1}
  fast: {team: front, tier: 1}
  risk: {team: risk, tier: 2}
routing:
  - {id: grave, when: contact.severity == 1, queue: risk, skills: [fraud], priority: 100}
  - {id: quick, when: contact.severity == 2, queue: fast, priority: 50}
  - {id: default, queue: general}
roles:
  lead: {endpoints: [helpdesk]}
  head: {endpoints: [helpdesk]}
chains:
  call:
    steps:
      - {after: 0m, notify: [lead]}
      - {after: 30m, notify: [head]}
      - {after: 2h, notify: [head, lead]}
escalation:
  - {id: grave-now, when: contact.severity == 1, on: matched, chain: call}
  - {id: late, on: sla.breached, chain: call}
"""
"""What is `quick` breaches after two seconds, what is `grave` is escalated at once, everything else has hours."""

MORE = """\
  zendesk:
    plugin: zendesk
    subdomain: acme
    base_url: http://127.0.0.1:65535
    allow_private: true
    email: bot@acme.example
    api_token: {env: ZENDESK_API_TOKEN}
    webhook_secret: {env: ZENDESK_WEBHOOK_SECRET}
"""
"""An account that nobody answers for: nothing listens there."""

VENDOR_SECRET = "canary-vendor-secret"
_LINK = re.compile(r"(http://[^/\s]+)/\S*[?#]token=([^\s&#]+)")
_TOLD = re.compile(r"ogt_[A-Za-z0-9_-]+")


KNOWN = {
    "customer": "cus_1",
    "currency": "EUR",
    "paid": 1240.0,
    "cards": ["visa 4242", "mastercard 4444"],
    "disputes": [{"id": "dp_1", "due_by": "2026-03-04T09:00:00Z", "network": {"code": "10.4"}}],
    **{f"more {number}": number for number in range(12)},
}
"""What an enricher knows of somebody: more than is unfolded."""


def free_port() -> int:
    """A port of this machine that nobody listens on."""
    with closing(socket.socket()) as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@dataclass
class WebSite(Site):
    """A site whose pages have the same address after every start."""

    policy: str = POLICY
    environ: dict[str, str] = field(
        default_factory=lambda: {
            **ENVIRON,
            "ZENDESK_API_TOKEN": "canary-api-token",
            "ZENDESK_WEBHOOK_SECRET": VENDOR_SECRET,
        }
    )
    admin_port: int = field(default_factory=free_port)

    def write(self) -> None:
        """Put configuration and policy into the folder."""
        super().write()
        text = self.config.read_text(encoding="utf-8")
        text = text.replace("admin: 127.0.0.1:0", f"admin: 127.0.0.1:{self.admin_port}")
        self.config.write_text(text.replace("\nendpoints:\n", f"\n{MORE}endpoints:\n"), encoding="utf-8")

    @property
    def address(self) -> str:
        """Where the pages are, without a slash at the end."""
        return f"http://127.0.0.1:{self.admin_port}"

    @property
    def daemon(self) -> Daemon:
        """The one that was started last."""
        return self.started[-1]

    @property
    def token(self) -> str:
        """The administrator's, as the last start has printed it."""
        found = _LINK.search(self.daemon.said())
        assert found is not None, self.daemon.said()
        return found[2]

    def new_token(self, name: str, role: str) -> str:
        """A token of a role."""
        done = self.run("token new", name, "--role", role)
        found = _TOLD.search(done.stdout)
        assert found is not None, done.stderr
        return found[0]

    def api(self, path: str, method: str = "GET", token: str | None = None, **headers: str) -> Answer:
        """The answer of the API to the administrator, or to whoever has `token`."""
        with Sender(self.address) as sender:
            return sender.ask(method, path, headers={"Authorization": f"Bearer {token or self.token}", **headers})

    def post(self, *events: Mapping[str, Any]) -> None:
        """Send events in, signed; they are judged soon."""
        with Sender(self.daemon.listen) as sender:
            answer = sender.post(*events)
        assert answer.status == 202, answer.body

    def knows(self, ticket: str) -> str:
        """Wait until the ticket's contact is there; its id."""
        path = f"/api/v1/contacts/{quote(f'events:ticket:{ticket}')}"
        answer = eventually(lambda: _found(self.api(path)), f"{ticket} is known")
        return str(answer.json["id"])

    def push(self, payload: Mapping[str, Any]) -> None:
        """A webhook of the vendor, signed by its secret."""
        body, at = json.dumps(payload).encode(), datetime.fromtimestamp(now_ms() / 1000, UTC).isoformat()
        mark = hmac.new(VENDOR_SECRET.encode(), at.encode() + body, hashlib.sha256).digest()
        headers = {
            "X-Zendesk-Webhook-Signature": base64.b64encode(mark).decode(),
            "X-Zendesk-Webhook-Signature-Timestamp": at,
        }
        with Sender(self.daemon.listen) as sender:
            answer = sender.ask("POST", "/in/zendesk", body, headers)
        assert answer.status in (200, 202, 204), answer.body


def _found(answer: Answer) -> Answer | None:
    return answer if answer.status == 200 else None


def furnish(site: WebSite) -> dict[str, str]:
    """Let every kind of contact be there; the ids by a short name each."""
    now = now_ms()
    hour = 3_600_000
    ada = {"name": "Ada Okafor", "email": "ada@northwind.example", "handles": [{"network": "chat", "handle": "@ada"}]}
    site.post(
        opening("wait", now - hour, subject="Where is my order?", customer=ada, priority="normal"),
        opening("grave", now, subject="Money is gone", tags=["grave", "vip"], group="risk", assignee="Sam Reed"),
        event("enrichment.received", "grave", now + 1, "known", enricher="payments", status="ok", facts=KNOWN),
        event(
            "enrichment.received",
            "grave",
            now + 2,
            "failed",
            enricher="crm",
            status="unavailable",
            reason="answered 503",
        ),
        opening("quick", now - 60_000, subject="Answer me at once", tags=["quick"], channel="chat"),
        opening("paused", now - 2 * hour, subject="Copy of the invoice"),
        reply("paused", now - hour),
        event("status.changed", "paused", now - hour + 1, to="pending"),
        opening("done", now - 30 * hour, subject="Change of address"),
        reply("done", now - 29 * hour),
        event("status.changed", "done", now - 29 * hour + 1, to="solved"),
        event("message.added", "late", now - hour, author={"kind": "customer"}, text="Its opening never came"),
    )
    site.push({"type": "zen:event-type:ticket.created", "nonsense": True})
    named = {name: site.knows(name) for name in ("wait", "grave", "quick", "paused", "done", "late")}
    return {**named, **of_outside(site)}


def of_outside(site: WebSite) -> dict[str, str]:
    """The ids of a record that is parked and of a delivery, as soon as there is one of each."""

    def first(path: str, name: str) -> str:
        found = eventually(lambda: site.api(path).json[name], f"there are {name}")
        return str(found[0]["id"])

    return {
        "record": first("/api/v1/inbox?state=parked", "records"),
        "delivery": first("/api/v1/deliveries?state=delivered", "deliveries"),
    }
