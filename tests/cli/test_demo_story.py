"""The demo's story fits the policy under which it is played."""

from collections import defaultdict
from itertools import islice

import pytest

from gateway.cli.demo.lines import Lines
from gateway.cli.demo.story import BREACH_AT_S, CALL_BREACH_AT_S, PHONES, Act, calls, earlier, everyday, story
from gateway.kernel.rng import SeededRng
from gateway.model.event import CallAnswered, ContactOpened, Event, MessageAdded, Person, StatusChanged
from gateway.model.identity import Ref
from gateway.model.instant import Instant, parse_instant
from gateway.policy.load import load_policy
from gateway.policy.presets import preset_text
from gateway.rules.advance import Sourced
from gateway.rules.card import card_of
from gateway.rules.replay import replay
from gateway.rules.timeline import Timeline
from gateway.web.receiver import Notice
from tests.cli.commands import gateway

START = parse_instant("2026-03-02T14:00:00Z")
"""A Monday afternoon."""

STATUSES = {"waits": "pending", "holds": "on_hold", "solves": "solved"}

NOTHING = {"known": True, "currency": "EUR", "payments": 0, "paid": 0.0, "disputed": 0.0, "open_disputes": 0}


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


@pytest.mark.parametrize(
    ("preset", "start", "waits_s"),
    [
        ("orion", START, 90),
        ("orion-stars", START, 60),
        ("orion", parse_instant("2026-03-01T20:00:00Z"), 60),  # a Sunday, when no promise to callers runs: a minute
    ],
)
def test_a_caller_waits_until_the_promise_is_broken(preset: str, start: Instant, waits_s: int) -> None:
    """As long ago as the policy gives for an answer at that hour; the team lead hears of it while the call waits."""
    policy = load_policy(preset_text(preset), preset).policy
    acts = calls(policy, start)
    late = [act for act in acts if act.ticket == "too long"]
    ref = Ref("call", "1")
    ring = ContactOpened(id="1", at=_at(start, late[0]), ref=ref, kind="call", channel="phone")
    answer = CallAnswered(id="2", at=_at(start, late[1]), ref=ref)
    state = replay([Sourced(PHONES, ring), Sourced(PHONES, answer)], Timeline.only(policy), answer.at).state

    assert late[0].at_s == CALL_BREACH_AT_S - waits_s
    assert [act.at_s for act in acts] == sorted(act.at_s for act in acts)
    assert state is not None
    assert [escalation.rule for escalation in state.escalations] == (["late-answer"] if start == START else [])


def test_calls_go_on_after_the_story() -> None:
    """In the order of time, each to its end."""
    acts = list(islice(everyday(56, SeededRng(7)), 200))
    told = [act.what for act in acts if act.account == PHONES]

    assert [act.at_s for act in acts] == sorted(act.at_s for act in acts)
    assert {"calls", "picks up", "gives up", "hangs up"} == set(told)
    assert 0 <= told.count("calls") - told.count("hangs up") - told.count("gives up") <= 1


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        ({"status": "asked"}, "payments: asked: no answer yet"),
        ({"status": "unavailable", "reason": "no answer within 5 s"}, "payments: unavailable: no answer within 5 s"),
        ({"known": {**NOTHING, "known": False}}, "payments: not a customer of the shop"),
        ({"known": NOTHING}, "payments: never paid"),
        ({"known": {**NOTHING, "payments": 2, "paid": 378.0}}, "payments: paid 378.00 EUR in 2 payments"),
    ],
)
def test_what_is_known_stands_under_an_escalation(
    facts: dict[str, object], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """In words for who sees it the first time: an account that nobody has isn't one of which nothing was paid."""
    body = {"data": {"contact": {"id": "con_a", "facts": {"payments": facts}}}}
    Lines(as_json=False, preset="orion").notice(1.0, Notice("msg_a", "escalation.raised", True, False, body))

    assert capsys.readouterr().out.splitlines()[-1].strip() == words


def _at(start: Instant, act: Act) -> Instant:
    return Instant(start + round(act.at_s * 1000))
