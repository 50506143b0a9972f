"""The simulated account's webhooks: proved by each secret in force, sent again for three days, lost and doubled."""

import hashlib
import hmac
from itertools import pairwise

import pytest
from gateway_payments.stripe.simulator.push import GIVEN_UP_AFTER_MS, LONGEST_WAIT_MS

from plugins.payments.tests.stripe_shop import Pushed, Shop, told


def proof(secret: str, pushed: Pushed) -> str:
    """The signature of a webhook, reckoned here."""
    at = dict(pair.split("=", 1) for pair in pushed.signature.split(","))["t"]
    return hmac.new(secret.encode(), f"{at}.".encode() + pushed.body, hashlib.sha256).hexdigest()


def proofs(pushed: Pushed) -> list[str]:
    """Those of its header that count."""
    pairs = [pair.split("=", 1) for pair in pushed.signature.split(",")]
    return [value for key, value in pairs if key == "v1"]


def test_every_event_is_sent_once_and_proved() -> None:
    """As it was when it happened, with the second of its sending."""

    async def story(shop: Shop) -> None:
        shop.now += 900
        shop.simulator.act("dispute_fraud")
        came = await shop.settled()
        types = [pushed.event["type"] for pushed in came]
        assert types[-2:] == ["charge.dispute.created", "charge.dispute.funds_withdrawn"] and len(set(types)) == 6
        for pushed in came:
            assert proofs(pushed) == [proof(shop.settings["webhook_secret"], pushed)]
            assert pushed.signature.startswith(f"t={shop.now // 1_000},") and ",v0=" in pushed.signature
            assert pushed.event["pending_webhooks"] == 1
        assert {event["pending_webhooks"] for event in (await shop.ask("events")).content["data"]} == {0}

    told(story)


def test_while_a_secret_is_rolled_both_sign() -> None:
    """For a day; then the new one alone."""

    async def story(shop: Shop) -> None:
        (endpoint,) = shop.simulator.pusher.endpoints.values()
        endpoint.roll("whsec_new", shop.now)
        old = shop.settings["webhook_secret"]
        for secrets in (["whsec_new", old], ["whsec_new"]):
            shop.simulator.act("payout")
            (pushed,) = await shop.settled()
            assert proofs(pushed) == [proof(secret, pushed) for secret in secrets]
            shop.pass_(86_400)

    told(story)


def test_what_is_not_taken_is_sent_again_for_three_days() -> None:
    """With growing waits, the same body, a new signature; then never again, though the API has it."""

    async def story(shop: Shop) -> None:
        shop.status = 500
        shop.simulator.act("payout")
        begin, came, at = shop.now, await shop.settled(), [shop.now]
        while not shop.simulator.pusher.given_up:
            shop.pass_(1)
            if again := await shop.settled():
                came += again
                at.append(shop.now)
                shop.pass_(min(2 * (at[-1] - at[-2]), LONGEST_WAIT_MS) / 1_000 - 2)  # nothing comes before
            assert shop.now - begin <= 2 * GIVEN_UP_AFTER_MS
        waits = [later - earlier for earlier, later in pairwise(at)]
        assert waits[:3] == [5_000, 10_000, 20_000] and waits == sorted(waits)
        assert begin + GIVEN_UP_AFTER_MS - 12 * 3_600_000 <= at[-1] <= begin + GIVEN_UP_AFTER_MS
        assert len({pushed.body for pushed in came}) == 1
        assert len({pushed.signature for pushed in came}) == len(came)
        (event,) = (await shop.ask("events?delivery_success=false")).content["data"]
        assert event["pending_webhooks"] == 1

    told(story)


def test_what_is_taken_at_last_is_sent_no_more() -> None:
    """As soon as somebody says 2xx."""

    async def story(shop: Shop) -> None:
        shop.status = 302
        shop.simulator.act("payout")
        assert len(await shop.settled()) == 1
        shop.status = 204
        shop.pass_(5)
        assert len(await shop.settled()) == 1
        shop.pass_(3 * 86_400)
        assert await shop.settled() == []
        assert shop.simulator.pusher.sent == 1

    told(story)


def test_faults_of_the_way() -> None:
    """What is lost never comes, what is doubled comes twice, and in disorder all comes all the same."""

    async def story(shop: Shop) -> None:
        shop.simulator.fault("lose")
        shop.simulator.act("payout")
        shop.simulator.fault("lose", on=False)
        shop.pass_(3 * 86_400)
        assert await shop.settled() == []
        shop.simulator.fault("duplicate")
        shop.simulator.act("payout")
        one, two = await shop.settled()
        assert one.body == two.body
        shop.simulator.fault("duplicate", on=False)
        shop.simulator.fault("reorder")
        for _ in range(4):
            shop.simulator.act("test_cards")
        came = [pushed.event["id"] for pushed in await shop.settled()]
        order = [happening.id for happening in shop.simulator.account.newest_first()][::-1][-len(came) :]
        assert sorted(came) == sorted(order) and came != order

    told(story)


def test_endpoints_are_made_and_ended_by_the_api() -> None:
    """Each with a secret of its own, told once, and the events that it wants."""

    async def story(shop: Shop) -> None:
        shop.simulator.push_to(None)
        form = {"url": shop.hook, "enabled_events[0]": "payout.failed", "enabled_events[1]": "payout.paid"}
        made = (await shop.ask("webhook_endpoints", form)).content
        for name in ("payout", "payout_paid"):
            shop.simulator.act(name)
        (pushed,) = await shop.settled()
        assert pushed.event["type"] == "payout.paid" and proofs(pushed) == [proof(made["secret"], pushed)]
        assert "secret" not in (await shop.ask(f"webhook_endpoints/{made['id']}")).content
        await shop.ask(f"webhook_endpoints/{made['id']}", method="DELETE")
        shop.simulator.act("payout")
        assert await shop.settled() == []
        assert (await shop.ask(f"webhook_endpoints/{made['id']}")).status == 404

    told(story)


@pytest.mark.parametrize("field", ["url", "enabled_events[]"])
def test_an_endpoint_needs_both(field: str) -> None:
    """An address, and what goes there."""

    async def story(shop: Shop) -> None:
        form = {"url": shop.hook, "enabled_events[]": "*"}
        del form[field]
        refused = await shop.ask("webhook_endpoints", form)
        assert (refused.status, refused.error["code"]) == (400, "parameter_missing")

    told(story)
