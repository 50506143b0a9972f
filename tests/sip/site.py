"""A real gateway that hears Kamailio's copies and answers its questions, configured by the text of the how-to."""

import os
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import quote

from tests.acceptance.process import Daemon, Sender, Site, eventually
from tests.browser.site import free_port as free_tcp_port
from tests.sip.ports import HOST, free_port, is_bound
from tests.support.pages import blocks, page

CONFIG = """\
version: 1
listen: 127.0.0.1:0
admin: 127.0.0.1:{admin}
database: sqlite:///gateway.db
policy: policy.yaml
{phones}"""

POLICY = """\
version: 1
name: phones
sla:
  - {id: soon, when: contact.customer.phone == "+15550100200", metric: speed_of_answer, within: 1s}
  - {id: answer, when: contact.kind == "call", metric: speed_of_answer, within: 90s}
queues:
  general: {team: front, tier: 1}
  front: {team: front, tier: 1}
routing:
  - id: known
    when: >-
      contact.customer.phone == "+15550100123"
      && "called_number" in contact.fields && contact.fields["called_number"] == "+15550100999"
    queue: general
  - {id: default, queue: front}
"""
"""Calls of one customer to one number have the queue whose addresses the how-to names; all others have none there. To
another customer an answer within a second is promised."""

KEY = "change-me"
NEVER = "sip:nobody@127.0.0.1:9"


@dataclass(frozen=True)
class Told:
    """What the gateway tells of a call: the contact, and its events, the earliest first, as (type, when)."""

    contact: dict[str, Any]
    events: list[tuple[str, float]]

    @property
    def fields(self) -> dict[str, Any]:
        """What became of it."""
        fields: dict[str, Any] = self.contact["fields"]
        return fields

    def at(self, type: str, nth: int = 0) -> float:
        """When the nth event of a type happened, in milliseconds since the epoch."""
        return [at for told, at in self.events if told == type][nth]

    @property
    def types(self) -> list[str]:
        """What happened, in its order."""
        return [type for type, _ in self.events]


@dataclass
class PhoneSite(Site):
    """A site whose connector hears HEP and redirects; `default`, `general` and `overflow` are addresses of agents."""

    default: str = NEVER
    general: str = NEVER
    overflow: str = NEVER
    policy: str = POLICY
    environ: dict[str, str] = field(default_factory=lambda: {"HEP_KEY": KEY, **_searched()})
    hep: int = field(default_factory=free_port)
    redirect: int = field(default_factory=free_port)
    admin: int = field(default_factory=free_tcp_port)
    token: str = ""

    def write(self) -> None:
        """Put configuration and policy into the folder, and make a token to look."""
        self.folder.mkdir(exist_ok=True)
        phones = "".join(blocks(page("how-to/connect-kamailio.md"), "yaml"))
        phones = changed(phones, self.addresses)
        self.config.write_text(CONFIG.format(admin=self.admin, phones=phones), encoding="utf-8")
        (self.folder / "policy.yaml").write_text(self.policy, encoding="utf-8")
        made = self.run("token new", "test", "--role", "viewer")
        assert made.returncode == 0, made.stderr
        self.token = next(word for word in made.stdout.split() if word.startswith("ogt_"))

    @property
    def addresses(self) -> dict[str, str]:
        """What the page's configuration has, and what stands there instead."""
        return {
            "192.0.2.10:9060": f"{HOST}:{self.hep}",
            "udp: 192.0.2.10:5062": f"udp: {HOST}:{self.redirect}",
            "192.0.2.20/32": f"{HOST}/32",
            "sip:front@192.0.2.30": self.default,
            "sip:general@192.0.2.31": self.general,
            "sip:overflow@192.0.2.32": self.overflow,
        }

    def listens(self) -> Daemon:
        """Start a gateway; returns when it hears copies and answers questions."""
        daemon = self.start()
        eventually(lambda: is_bound(self.hep) and is_bound(self.redirect), "the gateway listens")
        return daemon

    def get(self, path: str) -> Any:
        """What the API answers; None where it has no such thing."""
        with Sender(f"http://{HOST}:{self.admin}") as sender:
            answer = sender.ask("GET", f"/api/v1/{path}", headers={"Authorization": f"Bearer {self.token}"})
        assert answer.status in (200, 404), answer.body
        return answer.json if answer.status == 200 else None

    def counted(self) -> dict[str, int]:
        """What the connector has heard since the start, by the words that the how-to explains."""
        (phones,) = self.get("connectors")["connectors"]
        counts: dict[str, int] = phones["counts"]
        return counts

    def ended_of(self, call_ids: Collection[str]) -> dict[str, dict[str, Any]] | None:
        """The contacts of calls by Call-ID, as soon as all of them have an outcome."""
        found: dict[str, dict[str, Any]] = {}
        for call_id in call_ids:
            contact = _ended(self.get(_path(call_id)))
            if contact is None:
                return None
            found[call_id] = contact
        return found

    def tells(self, call_id: str) -> Told:
        """Wait until a call has an outcome; what is told of it."""
        path = _path(call_id)
        contact = eventually(lambda: _ended(self.get(path)), f"{call_id} has an outcome")
        happened = self.get(f"{path}/timeline?limit=200")["timeline"]
        events = [(entry["type"], _ms(entry["at"])) for entry in reversed(happened) if entry["kind"] == "event"]
        return Told(contact, events)


def changed(text: str, changes: Mapping[str, str]) -> str:
    """A page's configuration with other addresses.

    What is to be changed must be there: else the page has moved on, and the tests would no longer run its text.
    """
    missing = [old for old in changes if old not in text]
    assert missing == [], f"the page doesn't have {missing}"
    for old, new in changes.items():
        text = text.replace(old, new)
    return text


def _searched() -> dict[str, str]:
    """Where the gateway looks for plugins, where the tests were told to look elsewhere."""
    return {name: os.environ[name] for name in ("PYTHONPATH",) if name in os.environ}


def _path(call_id: str) -> str:
    return f"contacts/{quote(f'phones:call:{call_id}', safe='')}"


def _ended(contact: Any) -> Any:
    return contact if contact and contact["fields"].get("outcome") else None


def _ms(told: str) -> float:
    return datetime.fromisoformat(told).timestamp() * 1_000
