"""A contact explained: its clocks add up, what comes next comes true, and an instant of the past is told as it was."""

import random
from typing import Any

import pytest

from gateway.engine.explaining import CantTell, Explaining, explained
from gateway.model.instant import format_instant, parse_instant
from gateway.rules.timeline import Timeline
from tests.support.policies import in_force
from tests.web.worlds import NOW, POLICY, D, H, M, Whole, event, opened, run

STATUSES = ("open", "pending", "on_hold", "open", "pending", "solved")
BEGUN = NOW - 3 * D
MORE = POLICY.replace("queues:\n", "  - {id: next, metric: next_reply, within: 50m, calendar: office}\nqueues:\n", 1)
LATER = MORE.replace("within: 4h", "within: 6h").replace("name: test", "name: later")


def history(seed: int) -> list[dict[str, Any]]:
    """Some days of one contact, by chance."""
    chance = random.Random(seed)
    tags = ["outage"] if seed % 2 else []
    events = [opened(1, BEGUN, tags=tags, channel=chance.choice(["email", "chat"]))]
    at = BEGUN
    for _ in range(chance.randint(2, 12)):
        at += chance.randint(1, 7 * H)
        more = (
            ("status.changed", {"to": chance.choice(STATUSES)}),
            ("message.added", {"author": {"kind": chance.choice(["customer", "agent"])}}),
            ("contact.observed", {"tags": chance.choice([["outage"], []]), "priority": chance.choice(["high", "low"])}),
        )
        type, fields = chance.choice(more)
        events.append(event(type, 1, at, **fields))
    return events


async def told(whole: Whole, at: int | None = None, *, all: bool = False) -> Any:
    """The explanation of the contact as of now, or as of an instant before."""
    row = await whole.store.find_contact("shop:ticket:1")
    assert row is not None
    explaining = Explaining(whole.store, whole.spawn)
    return explained(await explaining.case(row, whole.clock.at, at, all=all))


def add_up(explanation: Any) -> None:
    """Every clock's segments count what it has elapsed, and leave no time out from its start on."""
    assert explanation["history"]["told"], explanation["history"]["why"]
    for clock in explanation["clocks"]:
        assert clock["counted_s"] == clock["elapsed_s"]
        assert clock["stretches"][0]["from"] == clock["started_at"]
        assert clock["stretches"][-1]["to"] == explanation["at"]
        counted = sum(segment["counted_s"] for stretch in clock["stretches"] for segment in stretch["segments"])
        assert round(counted, 3) == clock["elapsed_s"]
        for one, other in zip(clock["stretches"], clock["stretches"][1:], strict=False):
            assert one["to"] == other["from"]


def happened(explanation: Any, kind: str, rule: str, at: str) -> bool:
    """Whether a clock or an escalation tells that this happened at that instant."""
    changes = {"breach": "breached", "warning": "warned"}
    clocks = (change for clock in explanation["clocks"] for part in clock["stretches"] for change in part["changes"])
    if kind in changes:
        return any((one["kind"], one["at"]) == (changes[kind], at) for one in clocks)
    moments = (one for call in explanation["escalations"] if call["rule"] == rule for one in call["moments"])
    return any((one["kind"], one["at"]) == (kind, at) for one in moments)


@pytest.mark.parametrize("seed", range(12))
def test_clocks_add_up_and_what_comes_next_comes_true(seed: int) -> None:
    """As of now and of any instant before; moved to the next instant, what was told has happened at it."""

    async def work(whole: Whole) -> None:
        await whole.post(*history(seed))
        await whole.judge()
        add_up(await told(whole))
        for at in (BEGUN, BEGUN + 5 * H + 1, BEGUN + 2 * D):
            before = await told(whole, at)
            add_up(before)
            assert all(one["at"] > before["at"] for one in before["next"])
        for _ in range(3):
            comes = (await told(whole))["next"]
            if not comes:
                break
            whole.clock.at = parse_instant(comes[0]["at"])
            await whole.judge()
            now = await told(whole)
            add_up(now)
            assert happened(now, comes[0]["kind"], comes[0]["rule"], comes[0]["at"])

    run(work, policy=MORE)


def test_the_past_is_told_as_it_was() -> None:
    """Every instant asked for gives the state that stood then, with what was to come, and no later policy."""

    async def work(whole: Whole) -> None:
        await whole.post(opened(1, NOW, channel="email"))
        await whole.judge()
        stood = await told(whole)
        whole.clock.at = NOW + H
        await in_force(whole.gateway.world, LATER)
        await whole.post(event("message.added", 1, NOW + 10 * M, author={"kind": "agent"}))
        await whole.judge()
        now, then = await told(whole), await told(whole, NOW)
        between = await told(whole, NOW + 30 * M)

        assert now["clocks"][0]["state"] == between["clocks"][0]["state"] == "met"
        assert then == {**stood, "policy": then["policy"], "updated_at": then["updated_at"]}
        assert then["policy"]["name"] == "test"
        assert between["history"] == {"told": True, "why": None, "received_later": 1}
        assert [one["kind"] for one in then["next"]] == ["warning", "breach", "breach"]

    run(work, policy=MORE)


def test_what_has_not_been_judged_is_not_told_as_if_it_were() -> None:
    """A deadline that passed while nobody judged: told as of just before it, and said to be past."""

    async def work(whole: Whole) -> None:
        await whole.post(opened(1, NOW, tags=["outage"]))
        await whole.judge()
        whole.clock.at = NOW + H
        late = await told(whole)

        add_up(late)
        assert late["at"] == format_instant(NOW + 7 * M + 30_000 - 1)
        assert late["behind_s"] == (H - 7 * M - 30_000 + 1) / 1000
        assert (late["next"][0]["kind"], late["next"][0]["in_s"] < 0) == ("warning", True)
        assert late["clocks"][0]["state"] == "running"

    run(work)


def test_a_contact_that_is_judged_while_it_is_asked_for() -> None:
    """Its row was read before the last event came, by the next policy: it is told as it is by now, as whole as ever."""

    async def work(whole: Whole) -> None:
        await whole.post(opened(1, NOW, channel="email"))
        await whole.judge()
        row = await whole.store.find_contact("shop:ticket:1")
        assert row is not None
        explaining = Explaining(whole.store, whole.spawn)
        whole.clock.at = NOW + H
        await in_force(whole.gateway.world, LATER)
        await whole.post(event("message.added", 1, NOW + 2 * M, author={"kind": "agent"}))
        await whole.judge()

        add_up(explained(await explaining.case(row, NOW + M)))
        assert explained(await explaining.case(row, NOW + H)) == await told(whole)

    run(work, policy=MORE)


def test_an_instant_of_which_nothing_can_be_told() -> None:
    """One that is still to come, one before the opening, and any of a contact that isn't opened."""

    async def work(whole: Whole) -> None:
        await whole.post(opened(1, NOW), event("status.changed", 2, NOW, to="open"))
        await whole.judge()
        explaining = Explaining(whole.store, whole.spawn)
        for name, at, why in (
            ("shop:ticket:1", NOW + 1, "ahead"),
            ("shop:ticket:1", NOW - 1, "nothing"),
            ("shop:ticket:2", NOW, "nothing"),
        ):
            row = await whole.store.find_contact(name)
            assert row is not None
            with pytest.raises(CantTell) as raised:
                await explaining.case(row, NOW, at)
            assert raised.value.why == why

    run(work)


def test_a_policy_that_came_after_the_end_judges_nothing_of_it() -> None:
    """A solved contact is told by the policy that judged its end, now and at every instant since."""

    async def work(whole: Whole) -> None:
        await whole.post(opened(1, NOW), event("status.changed", 1, NOW + M, to="solved"))
        whole.clock.at = NOW + 2 * M
        await whole.judge()
        whole.clock.at = NOW + H
        await in_force(whole.gateway.world, LATER)
        await whole.judge()
        whole.clock.at = NOW + 2 * H
        now, then = await told(whole), await told(whole, NOW + 90 * M)

        assert (now["history"]["told"], now["policy"]["name"], then["policy"]["name"]) == (True, "test", "test")
        assert [clock["target_s"] for clock in now["clocks"]] == [clock["target_s"] for clock in then["clocks"]]

    run(work, policy=MORE)


def test_every_rule_is_told_with_what_it_read() -> None:
    """What became of each in its section, its condition, and the values, once for all rules."""

    async def work(whole: Whole) -> None:
        await whole.post(opened(1, NOW, tags=["outage"]))
        await whole.judge()
        explanation = await told(whole)

        rules = {section: [(one["rule"], one["became"]) for one in of] for section, of in explanation["tried"].items()}
        assert rules["severity"] == [("outage", "matched"), ("paying", "not asked")]
        assert rules["routing"] == [("outage", "matched"), ("default", "not asked")]
        assert explanation["tried"]["severity"][0]["condition"] == '"outage" in contact.tags'
        assert explanation["tried"]["severity"][0]["reads"] == ["tags"]
        assert explanation["tried"]["escalation"][0]["on"] == "sla.breached"
        assert "on" not in explanation["tried"]["severity"][0]
        assert (explanation["read"]["tags"], explanation["read"]["severity"]) == (["outage"], 1)

    run(work)


def test_a_timeline_up_to_an_instant() -> None:
    """What comes into force later is not in it."""
    assert Timeline(()).up_to(NOW).after(0) is None
