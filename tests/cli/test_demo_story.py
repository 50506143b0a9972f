"""The demo's story fits the policy under which it is played."""

from collections import defaultdict

import pytest

from gateway.cli.demo.story import BREACH_AT_S, Act, earlier, story
from gateway.model.event import ContactOpened, Event, MessageAdded, Person, StatusChanged
from gateway.model.identity import Ref
from gateway.model.instant import Instant, parse_instant
from gateway.policy.load import load_policy
from gateway.policy.presets import preset_text
from gateway.rules.advance import Sourced
from gateway.rules.card import card_of
from gateway.rules.replay import replay
from gateway.rules.timeline import Timeline
from tests.cli.commands import gateway

START = parse_instant("2026-03-02T14:00:00Z")
"""A Monday afternoon."""

STATUSES = {"waits": "pending", "holds": "on_hold", "solves": "solved"}


@pytest.mark.parametrize(("preset", "promised_s"), [("orion", 30 * 60), ("orion-stars", 15 * 60)])
def test_the_grave_ticket_falls_due_within_the_minute(preset: str, promised_s: int) -> None:
    """It was opened as long ago as the policy gives for the first reply."""
    grave = story(load_policy(preset_text(preset), preset).policy)[0]

    assert (grave.what, grave.priority, grave.at_s) == ("opens", "urgent", BREACH_AT_S - promised_s)


def test_a_policy_without_such_a_promise_can_not_tell_it() -> None:
    """It says so, instead of showing nothing for a minute."""
    with pytest.raises(ValueError, match="the policy empty promises no first reply to an urgent ticket"):
        story(load_policy("name: empty\n", "empty.yaml").policy)


def test_an_unknown_preset(capsys: pytest.CaptureFixture[str]) -> None:
    """It is a wrong command, which names those that there are."""
    told = gateway(capsys, "demo", "--preset", "orio", "--for", "1s")

    assert told.code == 2
    assert "did you mean 'orion'" in told.err


@pytest.mark.parametrize("preset", ["orion", "orion-stars"])
def test_the_hours_before_break_no_promise(preset: str) -> None:
    """What is breached on the demo's board is what the story tells; the rest is in every state."""
    policy = load_policy(preset_text(preset), preset).policy
    events: dict[str, list[Sourced]] = defaultdict(list)
    for number, act in enumerate(earlier()):
        events[act.ticket] += [Sourced(act.account, event) for event in told(number, act)]
    states = [replay(told, Timeline.only(policy), START).state for told in events.values()]
    cards = [card_of(state, policy) for state in states if state is not None]

    assert len(cards) == len(events) == 11
    assert [card.subject for card in cards if card.due is not None and card.due.breached] == []
    assert {card.status for card in cards} >= {"new", "pending", "on_hold", "solved"}
    assert {card.waiting_since is None for card in cards} == {False, True}


def told(number: int, act: Act) -> list[Event]:
    """What the gateway hears of an act."""
    at, ref, id = Instant(START + round(act.at_s * 1000)), Ref("ticket", act.ticket), f"event {number}"
    if act.what == "opens":
        kind = "chat" if act.channel == "chat" else "ticket"
        opening = ContactOpened(
            id=id, at=at, ref=ref, kind=kind, channel=act.channel, priority=act.priority, tags=act.tags
        )
        return [opening, MessageAdded(id=f"{id} text", at=at, ref=ref, author=Person(kind="customer"))]
    if act.what in STATUSES:
        return [StatusChanged(id=id, at=at, ref=ref, to=STATUSES[act.what])]
    if act.what == "takes":
        return []
    return [MessageAdded(id=id, at=at, ref=ref, author=Person(kind="agent" if act.what == "answers" else "customer"))]
