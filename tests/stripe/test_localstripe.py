"""localstripe, somebody else's Stripe, is read by a real gateway: its webhooks become contacts, its look-ups facts.

It knows no disputes, no warnings, no search and no charge's events; what it does know was not made up by us.
"""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from gateway_payments.purse import Purse
from gateway_payments.stripe.lookup import StripePurse

from gateway.kernel.clock import SystemClock
from gateway.kernel.reach import PRIVATE_TOO
from gateway.kernel.rng import SeededRng
from gateway.model.identity import StrandKey, contact_id
from gateway.plugin import DAY_MS, Context, Customer, Unauthorized
from gateway.plugin.account import open_account
from tests.acceptance.process import Daemon, Sender, Site, eventually, now_ms
from tests.browser.site import free_port
from tests.stripe.localstripe import DECLINED, KEY, Localstripe

SECRET = "whsec_of_localstripe"
CONFIG = """\
version: 1
listen: 127.0.0.1:0
admin: 127.0.0.1:{admin}
database: sqlite:///gateway.db
policy: policy.yaml
connectors:
  stripe:
    plugin: stripe
    webhook_secret: {{env: STRIPE_WEBHOOK_SECRET}}
enrichers:
  payments: {{plugin: stripe, api_key: {{env: STRIPE_API_KEY}}, base_url: "{stripe}", allow_private: true}}
"""
POLICY = """\
version: 1
name: payments
queues:
  money: {team: money, tier: 1}
routing:
  - {id: default, queue: money}
enrich:
  - {id: who, enricher: payments}
"""


@pytest.fixture(scope="module")
def localstripe(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Localstripe]:
    """One for all tests here."""
    peer = Localstripe(tmp_path_factory.mktemp("localstripe"))
    peer.start()
    yield peer
    peer.stop()


@dataclass
class MoneySite(Site):
    """A site whose connector hears localstripe, and whose enricher asks it, at `stripe`."""

    stripe: str = ""
    admin: int = field(default_factory=free_port)
    token: str = ""

    def write(self) -> None:
        """Put configuration and policy into the folder, and make a token to look."""
        self.environ |= {"STRIPE_WEBHOOK_SECRET": SECRET, "STRIPE_API_KEY": KEY}
        self.config.write_text(CONFIG.format(admin=self.admin, stripe=self.stripe), encoding="utf-8")
        (self.folder / "policy.yaml").write_text(POLICY, encoding="utf-8")
        made = self.run("token new", "test", "--role", "viewer")
        assert made.returncode == 0, made.stderr
        self.token = next(word for word in made.stdout.split() if word.startswith("ogt_"))

    def get(self, path: str) -> Any:
        """What the API answers."""
        with Sender(f"http://127.0.0.1:{self.admin}") as sender:
            answer = sender.ask("GET", f"/api/v1/{path}", headers={"Authorization": f"Bearer {self.token}"})
        assert answer.status in (200, 404), answer.body
        return answer.json if answer.status == 200 else {}

    def failures_of(self, customer: Any, since_ms: int) -> dict[str, Any]:
        """The contact of a customer's failed payments; nothing of one that isn't there."""
        strand = StrandKey("stripe", "failed_payments", f"{customer['id']}:{since_ms // DAY_MS}")
        found: dict[str, Any] = self.get(f"contacts/{contact_id(strand)}")
        return found


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, localstripe: Localstripe) -> Iterator[MoneySite]:
    """A gateway's folder; it had nothing to complain of."""
    site = MoneySite(tmp_path_factory.mktemp("site"), stripe=localstripe.url)
    site.write()
    yield site
    site.clear()
    assert site.faults() == []


@pytest.fixture(scope="module")
def gateway(site: MoneySite, localstripe: Localstripe) -> Daemon:
    """The gateway, which localstripe tells of everything."""
    daemon = site.start()
    localstripe.push_to(f"{daemon.listen}/in/stripe", SECRET)
    return daemon


async def looked_up(localstripe: Localstripe, customer: Customer, key: str = KEY) -> Purse:
    """What the enricher says."""
    settings = StripePurse.settings_type.model_validate({"api_key": key, "base_url": localstripe.url})
    http = open_account(StripePurse, settings, reach=PRIVATE_TOO, clock=SystemClock(), rng=SeededRng(1))
    try:
        return await StripePurse("payments", settings, Context(http)).lookup(customer, now_ms())
    finally:
        await http.aclose()


def test_failed_payments_are_one_contact_that_grows_worse(
    localstripe: Localstripe, site: MoneySite, gateway: Daemon
) -> None:
    """One is a nuisance, two are trouble, and five somebody who tries cards."""
    customer = localstripe.customer(DECLINED, email="eve@customer.example")
    begin = now_ms()
    for times, priority, tags in (
        (1, "normal", ["payment_failed"]),
        (2, "high", ["payment_failed"]),
        (5, "urgent", ["card_testing", "fraud", "payment_failed"]),
    ):
        while len(localstripe.ask(f"charges?customer={customer['id']}")[1]["data"]) < times:
            assert localstripe.pay(customer, 1_299)[0] == 402
        contact = eventually(
            lambda priority=priority: (  # type: ignore[misc]
                found if (found := site.failures_of(customer, begin)).get("priority") == priority else None
            ),
            f"{times} failed payments are {priority}",
        )
        assert (sorted(contact["tags"]), contact["status"], contact["kind"]) == (tags, "open", "ticket")
        assert contact["customer"]["id"] == customer["id"]
        assert contact["fields"]["failure_code"] == "card_declined"
        assert contact["fields"]["amount"] == "12.99 EUR"
    facts = eventually(
        lambda: found if (found := site.failures_of(customer, begin)["facts"]["payments"])["known"] else None,
        "the enricher has answered",
    )
    assert facts["status"] == "ok" and facts["known"]["customer_id"] == customer["id"]
    assert facts["known"]["failed_recently"] >= 1 and facts["known"]["payments"] == 0


def test_what_says_nothing_is_taken_and_what_is_forged_is_not(
    localstripe: Localstripe, site: MoneySite, gateway: Daemon
) -> None:
    """A customer, a payment and a payout are stored for nothing; another's secret is refused."""
    localstripe.pay(localstripe.customer(email="carl@customer.example"), 4_200)
    for kind in ("customer.created", "payment_intent.succeeded"):
        eventually(lambda kind=kind: f'webhook "{kind}" successfully delivered' in localstripe.said(), kind)  # type: ignore[misc]
    localstripe.push_to(f"{gateway.listen}/in/stripe", "whsec_of_somebody_else", name="forged")
    try:
        localstripe.customer(email="mallory@customer.example")
        eventually(lambda: 'webhook "customer.created" failed with response code 401' in localstripe.said(), "a 401")
    finally:
        localstripe.push_to("http://127.0.0.1:9/", SECRET, name="forged")
    parked = site.run("inbox list", "--state", "parked", "--json")
    assert (parked.returncode, parked.stdout) == (0, "")


def test_a_customer_is_found_with_what_was_paid(localstripe: Localstripe) -> None:
    """By address and by id; what localstripe lacks is said to be unseen, and a stranger is no error."""
    customer = localstripe.customer(email="Dora@Customer.example")
    charges = [localstripe.pay(customer, amount)[1]["latest_charge"]["id"] for amount in (1_500, 2_050)]
    localstripe.made("refunds", charge=charges[0], amount=500)

    for who in (Customer(email="Dora@Customer.example"), Customer(id=customer["id"])):
        purse = asyncio.run(looked_up(localstripe, who))
        assert (purse.known, purse.customers, purse.customer_id) == (True, 1, customer["id"])
        assert (purse.payments, purse.paid, purse.refunded, purse.currency) == (2, 35.5, 5.0, "EUR")
        assert purse.disputes == 0 and not purse.complete and any("warnings" in one for one in purse.unseen)
    nobody = asyncio.run(looked_up(localstripe, Customer(email="nobody@customer.example")))
    assert not nobody.known and any("search" in one for one in nobody.unseen)
    with pytest.raises(Unauthorized):
        asyncio.run(looked_up(localstripe, Customer(id=customer["id"]), key="nobodys"))
