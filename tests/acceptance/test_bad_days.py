"""Stripe is down, slow, lying or busy: escalations leave in time and say so; when it is back, the next has the facts.

The real engine and the real enricher, a simulated Stripe on a real socket, and one clock for them that is told.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from gateway_payments.stripe.lookup import StripePurse
from gateway_payments.stripe.simulator import StripeSimulator

from gateway.kernel.reach import PRIVATE_TOO
from gateway.kernel.rng import SeededRng
from gateway.plugin import Context, VendorHttp
from gateway.plugin.account import open_account
from tests.engine.rig import MINUTE, POLICY, SECOND, T0, Rig, opening, run, until

ADA = {"email": "ada@customer.example", "name": "Ada", "currency": "eur"}
ASKING = POLICY + "enrich:\n  - {id: who, enricher: payments, ttl: 1h}\n"
"""An answer within 15 minutes; else the lead is told at once, and again after half an hour."""


@asynccontextmanager
async def stripe(rig: Rig) -> AsyncIterator[tuple[StripeSimulator, VendorHttp]]:
    """An account in which somebody has paid twice and disputed once, and a gateway whose enricher asks it."""
    simulator = StripeSimulator(seed=4)
    settings = await simulator.start(rig.clock.now, None)
    charges = [simulator.sell(at=T0 - MINUTE, amount=amount, **ADA) for amount in (12_900, 500)]
    simulator.dispute(charges[0], at=T0 - SECOND, reason="fraudulent")
    valid = StripePurse.settings_type.model_validate({name: settings[name] for name in ("api_key", "base_url")})
    http = open_account(StripePurse, valid, reach=PRIVATE_TOO, clock=rig.clock, rng=SeededRng(1))
    rig.enrichers["payments"] = StripePurse("payments", valid, Context(http))  # type: ignore[arg-type]
    try:
        await rig.build(T0)
        yield simulator, http
    finally:
        await http.aclose()
        await simulator.stop()


def facts_of(rig: Rig, type: str) -> tuple[str, dict[str, Any]]:
    """When a notice of a type said that it happened, and its facts about payments."""
    (notice,) = rig.bodies(type)
    facts: dict[str, Any] = notice["data"]["contact"]["facts"]["payments"]
    return notice["time"], facts


async def _ended(asking: asyncio.Task[int], rig: Rig, http: VendorHttp) -> None:
    """Let a look-up end: where Stripe has refused more, its limit is over a second later."""
    while not asking.done():
        await until(lambda: asking.done() or any(limit.closed for limit in http.budget.allowances()))
        rig.clock.at += SECOND


@pytest.mark.parametrize(
    ("fault", "status", "why"),
    [
        ("down", "unavailable", "503"),
        ("error_500", "unavailable", "500"),
        ("rate_limited", "unavailable", "429"),
        ("revoked", "unavailable", "401"),
        ("forbidden", "unavailable", "rak_customer_read"),
        ("lying", "unavailable", "another shape"),
        ("slow", "asked", ""),
    ],
)
def test_an_escalation_never_waits_for_stripe(fault: str, status: str, why: str) -> None:
    """It says why nothing is known, to the minute; half an hour later, on a good day, what was paid and is disputed."""

    async def story(rig: Rig) -> None:
        async with stripe(rig) as (account, http):
            account.fault(fault)
            await rig.told(opening(customer={"email": ADA["email"]}))
            await rig.settle()
            asking = asyncio.create_task(rig.gateway.enrich_once())
            if fault == "slow":
                await until(lambda: bool(account.api.calls))
            else:
                await _ended(asking, rig, http)
            await rig.at(15 * MINUTE)
            at, facts = facts_of(rig, "escalation.raised")
            assert (at, facts["status"], facts["known"]) == ("2026-03-02T09:15:00Z", status, None)
            assert why in (facts["reason"] or "")

            account.fault(fault, on=False)
            await asking
            for _ in range(3):  # the enricher is left alone for a while, and then asked once more
                rig.clock.at += 8 * MINUTE
                await rig.gateway.enrich_once()
                await rig.settle()
            await rig.at(45 * MINUTE)
        at, facts = facts_of(rig, "escalation.stepped")
        assert (at, facts["status"]) == ("2026-03-02T09:45:00Z", "ok")
        known = facts["known"]
        assert (known["payments"], known["paid"], known["disputed"]) == (2, 134.0, 129.0)
        assert (known["dispute_reason"], known["currency"]) == ("fraudulent", "EUR")

    run(story, policy=ASKING)
