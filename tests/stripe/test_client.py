"""Stripe's own client takes our simulated account for Stripe: objects, pages, expansion, keys, every kind of error."""

import asyncio
from typing import Any

import pytest
import stripe

from gateway.plugin import DAY_MS
from tests.acceptance.process import now_ms
from tests.stripe.shop import Counter, told


async def paid(counter: Counter, **more: Any) -> Any:
    """A payment with a test card."""
    wish = {"amount": 12_900, "currency": "eur", "payment_method": "pm_card_visa", "confirm": True, **more}
    return await counter.shop.payment_intents.create_async(wish)


def test_objects_are_read_and_expanded() -> None:
    """Each is of the client's own class, as deep as was asked."""

    async def story(counter: Counter) -> None:
        ada = await counter.shop.customers.create_async({"email": "ada@customer.example", "name": "Ada"})
        intent = await paid(counter, customer=ada.id, payment_method="pm_card_createDispute")
        assert isinstance(intent, stripe.PaymentIntent) and intent.status == "succeeded"
        (listed,) = (await counter.reader.disputes.list_async({"charge": intent.latest_charge})).data
        dispute = await counter.reader.disputes.retrieve_async(listed.id, {"expand": ["charge.customer"]})
        assert isinstance(dispute.charge, stripe.Charge) and isinstance(dispute.charge.customer, stripe.Customer)
        assert dispute.charge.customer.email == "ada@customer.example"
        assert (dispute.reason, dispute.charge.disputed) == ("fraudulent", True)
        warned = await counter.reader.radar.early_fraud_warnings.list_async()
        assert warned.data == []
        assert (await counter.reader.balance.retrieve_async()).available[0].amount == 12_900
        won = await counter.shop.disputes.update_async(
            dispute.id, {"evidence": {"uncategorized_text": "winning_evidence"}}
        )
        assert won.status == "won"

    told(story)


def test_lists_are_turned_to_their_end() -> None:
    """Forwards and backwards, each object once; by time and by kind."""

    async def story(counter: Counter) -> None:
        counter.simulator.seed(70, since=now_ms() - 7 * DAY_MS)
        account = counter.simulator.account
        for kind, service in (("charge", counter.reader.charges), ("customer", counter.reader.customers)):
            due = [row["id"] for row in account.rows(kind)]
            page = await service.list_async({"limit": 7})
            seen = [row.id async for row in page.auto_paging_iter()]
            assert sorted(seen) == sorted(due) and seen[0] != due[0]
            back = await service.list_async({"limit": 7, "ending_before": seen[-1]})
            assert [row.id async for row in back.auto_paging_iter()] == seen[-2::-1]
        types = ["charge.dispute.created", "payout.failed"]
        since = (now_ms() - 2 * DAY_MS) // 1_000
        events = await counter.reader.events.list_async({"types": types, "created": {"gte": since}, "limit": 3})
        found = [event async for event in events.auto_paging_iter()]
        due = [one.id for one in account.newest_first() if one.type in types and one.created >= since]
        assert [event.id for event in found] == due and len(due) > 3
        assert isinstance(found[0].data.object, dict | stripe.StripeObject)

    told(story)


def test_a_search_is_turned_to_its_end() -> None:
    """A page at a time."""

    async def story(counter: Counter) -> None:
        for number in range(5):
            await counter.shop.customers.create_async({"email": f"ann{number}@b.example", "name": "Ann"})
        found = await counter.reader.customers.search_async({"query": "name:'ann'", "limit": 2})
        assert len({row.id async for row in found.auto_paging_iter()}) == 5

    told(story)


def test_a_key_does_a_thing_once() -> None:
    """As the client sends it."""

    async def story(counter: Counter) -> None:
        async def made(email: str) -> Any:
            return await counter.shop.customers.create_async({"email": email}, {"idempotency_key": "k"})

        first, again = await made("a@b.example"), await made("a@b.example")
        assert first.id == again.id
        assert again.last_response.headers["Idempotent-Replayed"] == "true"
        with pytest.raises(stripe.IdempotencyError):
            await made("other@b.example")
        (event,) = (await counter.reader.events.list_async({"type": "customer.created"})).data
        assert event.request.idempotency_key == "k"

    told(story)


def test_every_error_is_of_the_clients_own_kind() -> None:
    """With its code, and what it was about."""

    async def story(counter: Counter) -> None:
        async def asked() -> None:
            await counter.reader.charges.retrieve_async(charge)

        charge = (await paid(counter)).latest_charge
        with pytest.raises(stripe.CardError) as card:
            await paid(counter, payment_method="pm_card_visa_chargeDeclinedInsufficientFunds")
        assert (card.value.code, card.value.error.decline_code) == ("card_declined", "insufficient_funds")
        with pytest.raises(stripe.InvalidRequestError) as missing:
            await counter.reader.disputes.retrieve_async("dp_none")
        assert (missing.value.code, missing.value.param, missing.value.http_status) == ("resource_missing", "id", 404)
        with pytest.raises(stripe.InvalidRequestError) as unknown:
            await counter.reader.charges.list_async({"custmer": "cus_1"})
        assert unknown.value.code == "parameter_unknown"
        with pytest.raises(stripe.PermissionError):
            await counter.reader.customers.create_async({})
        with pytest.raises(stripe.AuthenticationError):
            await counter.client("sk_test_somebodyelses").charges.list_async()
        for fault, kind in (
            ("revoked", stripe.AuthenticationError),
            ("forbidden", stripe.PermissionError),
            ("rate_limited", stripe.RateLimitError),
            ("lock_timeout", stripe.RateLimitError),
            ("error_500", stripe.APIError),
            ("down", stripe.APIError),
        ):
            counter.simulator.fault(fault)
            with pytest.raises(kind) as raised:
                await asked()
            assert type(raised.value) is kind, fault
            counter.simulator.fault(fault, on=False)
            await asked()

    told(story)


def test_a_key_in_use_is_no_other_answer() -> None:
    """409 while the first request is under way."""

    async def story(counter: Counter) -> None:
        counter.simulator.fault("slow")
        wish: tuple[Any, Any] = ({"email": "a@b.example"}, {"idempotency_key": "k"})
        first = asyncio.create_task(counter.shop.customers.create_async(*wish))
        while not counter.simulator.api.keys:  # noqa: ASYNC110 - a dictionary has no event
            await asyncio.sleep(0)
        with pytest.raises(stripe.StripeError) as used:
            await counter.shop.customers.create_async(*wish)
        assert (used.value.http_status, used.value.error.code) == (409, "idempotency_key_in_use")
        counter.simulator.fault("slow", on=False)
        assert (await first).email == "a@b.example"

    told(story)
