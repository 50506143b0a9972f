"""A route asked for ahead is the route that the contact has once it is there, by the policy that is in force then."""

from dataclasses import replace as changed
from pathlib import Path
from random import Random
from typing import Any

import pytest
from msgspec.structs import replace

from gateway.engine.policies import Policies
from gateway.engine.routing import Router
from gateway.model.event import ContactOpened, convert_event
from gateway.plugin.listening import nowhere
from gateway.policy.presets import PRESETS, preset_text
from tests.engine.rig import HOUR, MINUTE, POLICY, T0, Cursed, Rig, judge_by, opening, run
from tests.support.policies import loaded

OTHER = POLICY.replace("queue: general}", "queue: urgent}")
URGENT_FROM_DATE = OTHER.replace("name: rig", "name: rig\nfrom: 2026-03-03")
CALL = {"kind": "call", "channel": "phone"}
CUSTOMERS = [
    None,
    {"phone": "+15550100"},
    {"email": "someone@example.com", "verified": ["someone@example.com"]},
    {"handles": [{"network": "x", "handle": "someone"}]},
]


def some(dice: Random) -> dict[str, Any]:
    """What may be said at an opening, of it a part."""
    may = {
        "direction": dice.choice(["inbound", "outbound"]),
        "subject": dice.choice(["My card was stolen", "urgent: locked out", "refund please", ""]),
        "tags": dice.sample(["vip", "fraud", "billing", "press", "security", "refund"], k=dice.randint(0, 3)),
        "priority": dice.choice(["urgent", "high", "normal", "low"]),
        "customer": dice.choice(CUSTOMERS),
        "language": dice.choice(["de", "en"]),
        "fields": {dice.choice(["called_number", "country", "amount"]): dice.randint(0, 5_000)},
    }
    return {
        "kind": dice.choice(["ticket", "call", "chat", "mention"]),
        "channel": dice.choice(["email", "phone", "chat", "social", "api"]),
        **{name: value for name, value in may.items() if dice.random() < 0.5},
    }


def opened(at: int = 0, **more: Any) -> ContactOpened:
    """A call that opens so long after T0."""
    found = convert_event(opening(at, **{**CALL, **more}))
    assert isinstance(found, ContactOpened)
    return found


async def router(rig: Rig) -> Router:
    """A router that has the gateway's policies."""
    found = Router()
    await found.take(rig.gateway.bench.policies, rig.clock.now())
    return found


@pytest.mark.parametrize("preset", PRESETS)
def test_a_route_ahead_is_the_contact_s(preset: str) -> None:
    """Whatever opens, whenever, by both presets: the queue, the rule, the skills, all of it."""
    dice = Random(preset)
    facts = {str(number): (dice.randint(-48, 0) * HOUR, some(dice)) for number in range(40)}

    async def story(rig: Rig) -> None:
        route = (await router(rig)).of("vendor")
        await rig.told(*(opening(at, ticket, **fact) for ticket, (at, fact) in facts.items()))
        await rig.gateway.judge_once()
        routes = set()
        for ticket, (at, fact) in facts.items():
            row = await rig.contact(ticket, connector="vendor")
            assert row.state is not None and row.state.route is not None
            assert route(opened(at, **fact)) == row.state.route
            routes.add(row.state.route)
        assert len(routes) > 3

    run(story, policy=preset_text(preset), subscriptions={})


def test_without_a_policy_there_is_no_route() -> None:
    """Before the gateway has one, outside of a gateway, before the first one's date, and where no rule matches."""

    async def story(rig: Rig) -> None:
        assert Router().of("vendor")(opened()) is None
        assert nowhere(opened()) is None
        assert (await router(rig)).of("vendor")(opened()) is None

    run(story, policy="version: 1\nname: empty\n")


def test_a_route_follows_a_reload() -> None:
    """From the instant at which the policy comes; what opened before is routed by the one before."""

    async def story(rig: Rig) -> None:
        route = (await router(rig)).of("vendor")
        rig.clock.at = T0 + MINUTE
        await rig.gateway.follow(loaded(OTHER))
        queues = [found.queue for at in (0, MINUTE - 1, MINUTE, HOUR) if (found := route(opened(at))) is not None]
        assert queues == ["general", "general", "urgent", "urgent"]

    run(story)


def test_a_policy_that_is_still_to_come_routes_from_its_date(tmp_path: Path) -> None:
    """It is read beforehand, after a restart too: nobody has to wait for it at midnight."""

    async def story(rig: Rig) -> None:
        await rig.gateway.follow(loaded(URGENT_FROM_DATE))
        rig.policy = URGENT_FROM_DATE
        for _ in range(2):
            route = (await router(rig)).of("vendor")
            queues = [found.queue for at in (14 * HOUR, 16 * HOUR) if (found := route(opened(at))) is not None]
            assert queues == ["general", "urgent"]
            await rig.restart()

    run(story, tmp_path / "gateway.db")


def test_what_is_not_read_yet_routes_nothing() -> None:
    """Policies that nobody has read can't be read without waiting."""

    async def story(rig: Rig) -> None:
        unread = await Policies.open(rig.store, rig.spawn)
        assert Router(unread).of("vendor")(opened()) is None

    run(story)


def test_nothing_is_kept_of_what_was_asked() -> None:
    """No contact, no notice; asked twice it says the same, and an event without an id will do."""

    async def story(rig: Rig) -> None:
        route = (await router(rig)).of("vendor")
        assert route(opened()) == route(replace(opened(), id="")) == route(opened())
        await rig.settle()
        assert (await rig.store.contacts(limit=9), rig.types()) == ([], [])

    run(story)


def test_what_the_rules_raise_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """A caller that has a default for such a case is to know."""

    async def story(rig: Rig) -> None:
        policy = loaded(POLICY).policy
        judge_by(rig, changed(policy, matcher=Cursed(policy.matcher)))
        policies = rig.gateway.bench.policies
        monkeypatch.setattr(policies, "ready", lambda now: changed(policy, matcher=Cursed(policy.matcher)))
        route = Router(policies).of("vendor")
        assert route(opened()) is not None
        with pytest.raises(ZeroDivisionError):
            route(opened(tags=["cursed"]))

    run(story)
