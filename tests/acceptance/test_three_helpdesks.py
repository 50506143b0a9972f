"""One customer writes to a Zendesk, a Salesforce and a Freshdesk account: one policy judges the three as one would."""

import json
from collections.abc import Iterator
from contextlib import ExitStack
from functools import partial
from typing import Any

import pytest

from tests.acceptance.process import Daemon, Sender, Site, eventually, now_ms
from tests.acceptance.receiver import Receiver
from tests.support.accounts import LAG_S, SIMULATORS, Account

TOKEN = "the-token-of-the-admin"
WHO = ("Ines Duarte", "ines@fabrikam.example")
OTHER = ("Ada Customer", "ada@customer.example")
POLICY = """\
version: 1
name: three
queues:
  general: {team: t1, tier: 1}
  grave: {team: t2, tier: 2}
severity:
  - {id: by-priority, when: contact.priority == "urgent", severity: 2}
sla:
  - {id: urgent, when: contact.severity == 2, metric: first_reply, within: 3s}
  - {id: other, metric: first_reply, within: 10h}
routing:
  - {id: grave, when: contact.severity == 2, queue: grave}
  - {id: default, queue: general}
roles:
  lead: {endpoints: [helpdesk]}
chains:
  call: {steps: [{after: 0m, notify: [lead]}]}
escalation:
  - {id: late, on: sla.breached, chain: call}
"""


@pytest.fixture
def accounts() -> Iterator[dict[str, Account]]:
    """An account of each vendor, by the name of its connector."""
    with ExitStack() as opened:
        yield {name: opened.enter_context(Account(name, seed=1)) for name in SIMULATORS}


def test_one_customer_has_one_promise(site: Site, receiver: Receiver, accounts: dict[str, Account]) -> None:
    """What the customer asks at three vendors is due at one instant, by one rule, and escalated by one; who asks is
    known by the same address everywhere, and nobody else is among them."""
    site.policy = POLICY
    site.more = "admin_token: {env: ADMIN_TOKEN}\n"
    site.environ["ADMIN_TOKEN"] = TOKEN
    site.write()
    for account in accounts.values():
        site.environ |= account.environ
    connectors = "".join(f"  {name}: {json.dumps(account.settings)}\n" for name, account in accounts.items())
    site.config.write_text(site.config.read_text().replace("endpoints:\n", f"{connectors}endpoints:\n", 1))
    daemon = site.start()
    # Vendors tell whole seconds: one that begins after the gateway did, or it would be the past.
    at = now_ms() // 1_000 * 1_000 + 1_000
    eventually(lambda: now_ms() > at, "that second has come")
    for name, account in accounts.items():
        account.push_to(f"{daemon.listen}/in/{name}")
        for requester, priority in ((WHO, "urgent"), (OTHER, "normal")):
            asked = {"subject": "Orders vanish", "priority": priority, "requester": requester, "channel": "email"}
            account.ask(partial(account.simulator.open_ticket, at=at, tags=(), **asked))

    eventually(lambda: len(receiver.contacts("escalation.raised")) == 3, "three are late, and escalated")
    # Zendesk's webhooks have no addresses: who it is comes with the export, which lags behind.
    eventually(lambda: now_ms() > at + (LAG_S + 1) * 1_000, "the export shows the tickets")
    assert site.run("sync", "zendesk").returncode == 0
    found = eventually(lambda: known(daemon, WHO[1]), "the address of all three is known", poll_s=0.1)
    assert daemon.stop() == 0

    assert {ref["connector"] for one in found for ref in one["refs"]} == {*accounts}
    assert [promises(one) for one in found] == [promises(found[0])] * 3
    assert [escalations(one) for one in found] == [escalations(found[0])] * 3
    assert {(one["severity"], one["queue"], one["subject"]) for one in found} == {(2, "grave", "Orders vanish")}
    assert receiver.contacts("escalation.raised") == {one["id"] for one in found}
    assert site.faults() == []


def known(daemon: Daemon, address: str) -> list[dict[str, Any]]:
    """The contacts of the customer with this address, by the API; none while one of three is still missing."""
    proof = {"authorization": f"Bearer {TOKEN}"}
    with Sender(daemon.admin) as sender:
        listed = sender.ask("GET", "/api/v1/contacts?status=any", headers=proof).json["contacts"]
        whole = [sender.ask("GET", f"/api/v1/contacts/{one['id']}", headers=proof).json for one in listed]
    found = [one for one in whole if one["customer"].get("email") == address]
    return found if len(found) >= 3 else []


def promises(contact: dict[str, Any]) -> list[Any]:
    """What was promised by which rule, and until when."""
    return [(clock["rule"], clock["metric"], clock["state"], clock["due_at"]) for clock in contact["clocks"]]


def escalations(contact: dict[str, Any]) -> list[Any]:
    """By which rule it was escalated."""
    return [(one["rule"], one["chain"]) for one in contact["escalations"]]
