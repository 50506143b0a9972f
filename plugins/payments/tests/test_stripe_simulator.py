"""The simulated account's story: its objects have Stripe's own fields, its events say what changed, a seed repeats."""

import json
import os
from pathlib import Path
from typing import Any

import msgspec
import pytest
from gateway_payments.stripe.simulator import FAULTS, StripeSimulator
from gateway_payments.stripe.simulator.acts import ACTS
from gateway_payments.stripe.simulator.cards import TOKENS
from gateway_payments.stripe.simulator.desk import Impossible

from gateway.plugin import DAY_MS, ContactOpened, encode_event
from plugins.payments.tests.stripe_shop import Shop, told

ADDED_LATER = {"refund": {"failure_reason"}}
"""What Stripe adds to an object in a state in which none of the published ones is."""

UNPUBLISHED_PARTS = {"charge": {"outcome": {"risk_level", "risk_score"}}}
"""What Stripe's reference names and its published objects lack."""


@pytest.fixture(scope="module")
def published() -> dict[str, Any]:
    """Stripe's published objects, by kind."""
    folder = os.environ.get("GATEWAY_FIXTURES")
    if not folder:
        pytest.skip("GATEWAY_FIXTURES names no folder of published objects")
    text = (Path(folder) / "stripe" / "fixtures3.json").read_text(encoding="utf-8")
    resources: dict[str, Any] = json.loads(text)["resources"]
    return resources


async def lived(shop: Shop) -> None:
    """Everything has happened in it."""
    shop.simulator.seed(28, since=shop.now - DAY_MS)
    for name in sorted(ACTS) * 2:
        shop.simulator.act(name)
        shop.pass_(7)


def test_objects_have_the_fields_that_stripe_publishes(published: dict[str, Any]) -> None:
    """None more and none less, and their parts none that Stripe's don't have."""

    async def story(shop: Shop) -> None:
        await lived(shop)
        kinds = {
            "customer": "customers",
            "charge": "charges",
            "payment_intent": "payment_intents",
            "payment_method": "payment_methods",
            "dispute": "disputes",
            "radar.early_fraud_warning": "radar/early_fraud_warnings",
            "review": "reviews",
            "refund": "refunds",
            "payout": "payouts",
            "identity.verification_session": "identity/verification_sessions",
            "webhook_endpoint": "webhook_endpoints",
            "event": "events",
        }
        for kind, path in kinds.items():
            rows = (await shop.ask(f"{path}?limit=100")).content["data"]
            assert rows, kind
            for row in rows:
                assert set(row) - ADDED_LATER.get(kind, set()) == set(published[kind]), kind
                assert row["object"] == kind and row["livemode" if "livemode" in row else "id"] is not True
        for path in ("balance", "account"):
            assert set((await shop.ask(path)).content) == set(published[path])
        for kind in ("charge", "dispute", "payment_method"):
            for row in shop.simulator.account.rows(kind):
                for part, theirs in published[kind].items():
                    if isinstance(theirs, dict) and theirs and isinstance(row[part], dict):
                        more = UNPUBLISHED_PARTS.get(kind, {}).get(part, set())
                        assert set(row[part]) - more <= set(theirs), (kind, part)

    told(story)


def test_an_event_holds_its_object_as_it_was_then() -> None:
    """With what it was before, whole seconds, our request's key, and in the order in which things happened."""

    async def story(shop: Shop) -> None:
        shop.now += 789
        desk = shop.simulator.desk
        charge = desk.attempt(desk.intend(shop.now, 12_900, "eur"), shop.now, TOKENS["pm_card_visa"])
        dispute = desk.dispute(charge, shop.now, "fraudulent", inquiry=True)
        shop.pass_(60)
        desk.escalate(dispute, shop.now)
        shop.pass_(60)
        await shop.ask(f"disputes/{dispute['id']}", {"submit": "true"}, headers={"Idempotency-Key": "k-1"})
        shop.pass_(60)
        desk.decide(dispute, shop.now, "won")

        events = (await shop.ask("events?limit=100&type=charge.dispute.*")).content["data"][::-1]
        types = [event["type"].removeprefix("charge.dispute.") for event in events]
        assert types == ["created", "updated", "funds_withdrawn", "updated", "closed", "funds_reinstated"]
        assert [event["data"]["object"]["status"] for event in events] == [
            "warning_needs_response",
            *["needs_response"] * 2,
            "under_review",
            *["won"] * 2,
        ]
        before = events[1]["data"]["previous_attributes"]
        assert before["status"] == "warning_needs_response"
        assert before["payment_method_details"] == {"card": {"case_type": "inquiry"}}
        assert "previous_attributes" not in events[0]["data"]
        assert [event["request"]["idempotency_key"] for event in events] == [None, None, None, "k-1", None, None]
        assert {event["created"] - shop.now // 1_000 for event in events} == {-180, -120, -60, 0}

    told(story)


def test_a_dispute_or_a_refund_ends_what_was_asked_before() -> None:
    """Its warning is one that nothing can be done about, its review is closed."""

    async def story(shop: Shop) -> None:
        desk, now = shop.simulator.desk, shop.now
        for end in ("dispute", "refund"):
            charge = desk.attempt(desk.intend(now, 5_000, "eur"), now, TOKENS["pm_card_visa"])
            warning, review = desk.warn(charge, now), desk.review(charge, now)
            assert warning["actionable"] and charge["review"] == review["id"]
            if end == "dispute":
                desk.dispute(charge, now, "fraudulent")
            else:
                desk.refund(charge, now, status="succeeded")
            assert not warning["actionable"] and not review["open"] and charge["review"] is None
            assert review["closed_reason"] == {"dispute": "disputed", "refund": "refunded"}[end]
            with pytest.raises(Impossible):
                desk.close_review(review, now)

    told(story)


def test_a_refund_that_fails_is_taken_off_the_charge() -> None:
    """What was paid back is not."""

    async def story(shop: Shop) -> None:
        desk, now = shop.simulator.desk, shop.now
        charge = desk.attempt(desk.intend(now, 5_000, "eur"), now, TOKENS["pm_card_visa"])
        refund = desk.refund(charge, now, status="pending")
        assert (charge["refunded"], charge["amount_refunded"]) == (True, 5_000)
        desk.settle_refund(refund, now, "failed")
        assert (charge["refunded"], charge["amount_refunded"], refund["status"]) == (False, 0, "failed")
        with pytest.raises(Impossible):
            desk.refund(charge, now, 5_001, status="succeeded")

    told(story)


def test_a_seed_tells_the_same_account_again() -> None:
    """Every object and event of it; another seed tells another."""
    logs: list[bytes] = []

    async def story(shop: Shop) -> None:
        await lived(shop)
        log = [happening.body() for happening in shop.simulator.account.newest_first()]
        logs.append(msgspec.json.encode([{**body, "pending_webhooks": 0} for body in log]))

    for seed in (5, 5, 6):
        told(story, seed=seed)
    assert logs[0] == logs[1] != logs[2]


def test_what_was_seeded_is_past_and_told_to_nobody() -> None:
    """It is in the log and true, in the order of time; every plot is in it."""

    async def story(shop: Shop) -> None:
        shop.simulator.seed(28, since=shop.now - DAY_MS)
        assert await shop.settled() == []
        times = [happening.created * 1_000 for happening in shop.simulator.account.newest_first()]
        assert times == sorted(times, reverse=True)
        assert shop.now - DAY_MS <= times[-1] and times[0] < shop.now
        truth = shop.simulator.truth()
        kinds = {event.ref.kind for event in truth if isinstance(event, ContactOpened)}
        assert kinds == {"charge", "failed_payments", "payouts", "verification"}
        assert len({event.id for event in truth}) == len(truth)
        assert [encode_event(event) for event in shop.simulator.truth()] == [encode_event(event) for event in truth]

    told(story)


def test_names_that_are_none_are_refused() -> None:
    """Of acts, faults and permissions; and no act has the name of a fault, for both are typed at one prompt."""
    simulator = StripeSimulator()
    with pytest.raises(ValueError, match="is no fault"):
        simulator.fault("rain")
    with pytest.raises(ValueError, match="can't be read"):
        simulator.permit({"weather"})
    with pytest.raises(ValueError, match="is no act"):
        simulator.act("dance")
    assert not set(ACTS) & set(FAULTS)


def test_a_story_can_be_told_as_it_happened_before_anybody_listened() -> None:
    """Who pays twice is one customer; a charge that isn't there or is disputed can't be disputed."""

    async def story(shop: Shop) -> None:
        ago = shop.now - DAY_MS
        bought = {"email": "ada@customer.example", "name": "Ada", "currency": "eur"}
        first = shop.simulator.sell(at=ago, amount=12_900, **bought)
        shop.simulator.sell(at=ago + 60_000, amount=500, **bought)
        dispute = shop.simulator.dispute(first, at=shop.now, reason="product_not_received")
        (customer,) = (await shop.ask("customers?email=ada@customer.example")).content["data"]
        charges = (await shop.ask(f"charges?customer={customer['id']}")).content["data"]
        assert [(row["amount"], row["disputed"]) for row in charges] == [(500, False), (12_900, True)]
        assert charges[1]["created"] * 1_000 == ago
        assert (await shop.ask(f"disputes/{dispute}")).content["reason"] == "product_not_received"
        for charge in ("ch_none", first):
            with pytest.raises(ValueError, match="no charge|disputed already"):
                shop.simulator.dispute(charge, at=shop.now, reason="fraudulent")

    told(story)
