"""What is said to the outside: once while it stands, corrected once, said again under a new id, and to whom."""

from collections.abc import Iterable

import pytest

from gateway.model.judgement import Effect, Implied, ImpliedType, LedgerEntry
from gateway.rules.announce import Announced, announce, recipients
from gateway.rules.calendar import ALWAYS
from gateway.rules.policy import Chain, EscalationRule, Step
from tests.rules.worlds import T0, H, M, agent, judged, opening, policy, sla

BREACH = Implied(id="msg_1", type="sla.breached", at=T0, rule="fr", reason="late", detail={"instance": 1})
RAISED = Implied(id="msg_2", type="escalation.raised", at=T0, rule="e", roles=("hotline",))
STEPPED = Implied(id="msg_3", type="escalation.stepped", at=T0 + M, rule="e", roles=("lead", "hotline"))
Ledger = dict[str, LedgerEntry]


def tell(implied: Iterable[Implied], ledger: Ledger, now: int = T0, *, live_from: int = 0) -> Announced:
    """Announce everything that follows, and keep the ledger."""
    told = announce(implied, dict(ledger), now, live_from=live_from, whole=True)
    ledger.update({entry.id: entry for entry in told.entries})
    return told


def types(told: Announced) -> list[str]:
    """The types of what goes out."""
    return [effect.type for effect in told.effects]


def test_what_is_new_is_announced_once() -> None:
    """Judged again with the same result, nothing is said."""
    ledger: Ledger = {}
    (effect,) = tell([BREACH], ledger, T0 + M).effects
    assert effect == Effect(
        id="msg_1",
        cause="msg_1",
        type="sla.breached",
        at=T0,
        rule="fr",
        reason="late",
        late_by_ms=M,
        detail={"instance": 1},
    )
    assert tell([BREACH], ledger, T0 + H) == Announced((), ())


def test_what_follows_in_the_future_is_not_late() -> None:
    """Never by less than nothing."""
    assert tell([STEPPED], {}, T0).effects[0].late_by_ms == 0


def test_what_no_longer_follows_is_corrected_once() -> None:
    """The ledger keeps it as no longer standing; judged once more, nothing is said again."""
    ledger: Ledger = {}
    tell([BREACH], ledger)
    (correction,) = tell([], ledger, T0 + M).effects
    assert (correction.type, correction.cause, correction.at, correction.rule) == (
        "sla.corrected",
        "msg_1",
        T0 + M,
        "fr",
    )
    assert correction.detail == {"corrects": "msg_1", "corrected_type": "sla.breached"}
    assert "no longer follows" in correction.reason
    assert not ledger["msg_1"].stands
    assert tell([], ledger, T0 + H) == Announced((), ())


def test_what_follows_again_is_announced_under_a_new_id() -> None:
    """Receivers that drop known ids must hear of it; it can be corrected again, under a new id too."""
    ledger: Ledger = {}
    ids = []
    for _ in range(3):
        ids += [effect.id for effect in tell([BREACH], ledger).effects]
        corrected = tell([], ledger).effects
        assert [effect.detail["corrects"] for effect in corrected] == ids[-1:]
        ids += [effect.id for effect in corrected]
    assert len(set(ids)) == 6
    assert ledger["msg_1"].times == 3


def test_deciding_twice_gives_the_same_ids() -> None:
    """Two runs from the same ledger say the same."""
    entry = LedgerEntry(id="msg_1", type="sla.breached", at=T0, policy="p", stands=False)
    assert tell([BREACH], {"msg_1": entry}) == tell([BREACH], {"msg_1": entry})


@pytest.mark.parametrize(
    ("type", "correction"),
    [
        ("sla.warned", "sla.corrected"),
        ("sla.breached", "sla.corrected"),
        ("sla.met", "sla.corrected"),
        ("escalation.raised", "escalation.cancelled"),
        ("escalation.stepped", None),
        ("escalation.acknowledged", None),
        ("escalation.resolved", None),
        ("contact.opened", None),
        ("contact.routed", None),
        ("contact.solved", None),
    ],
)
def test_which_announcements_are_taken_back(type: ImpliedType, correction: str | None) -> None:
    """Clocks and escalations; what else no longer follows only ceases to stand."""
    ledger: Ledger = {}
    tell([Implied(id="x", type=type, at=T0)], ledger)
    assert types(tell([], ledger)) == ([correction] if correction else [])
    assert not ledger["x"].stands


def test_an_escalation_is_cancelled_for_everybody_whom_it_called() -> None:
    """The roles of every step that was announced, each once."""
    ledger: Ledger = {}
    tell([RAISED, STEPPED], ledger)
    (cancelled,) = tell([], ledger).effects
    assert cancelled.type == "escalation.cancelled"
    assert cancelled.roles == ("hotline", "lead")


def test_what_lies_before_the_first_day_is_recorded_as_suppressed() -> None:
    """Its correction too; what falls due after it goes out, whatever its events were."""
    ledger: Ledger = {}
    told = tell([BREACH, STEPPED], ledger, T0 + H, live_from=T0 + 1)
    assert [(effect.type, effect.suppressed) for effect in told.effects] == [
        ("sla.breached", True),
        ("escalation.stepped", False),
    ]
    assert [entry.suppressed for entry in ledger.values()] == [True, False]
    corrections = tell([], ledger, T0 + H, live_from=T0 + 1).effects
    assert [(effect.type, effect.suppressed) for effect in corrections] == [("sla.corrected", True)]


def test_a_question_calls_nobody_and_is_asked_about_the_past_too() -> None:
    """What falls due later needs its answer; a dry run asks nothing, and says nothing."""
    asked = Implied(id="msg_4", type="enrichment.requested", at=T0, rule="paid")
    assert not tell([asked], {}, T0 + H, live_from=T0 + 1).effects[0].suppressed
    told = announce([asked, STEPPED], {}, T0 + H, live_from=0, whole=True, dry=True)
    assert [effect.suppressed for effect in told.effects] == [entry.suppressed for entry in told.entries] == [True] * 2


def test_the_very_instant_of_the_first_day_is_live() -> None:
    """At `live_from` itself it goes out."""
    assert not tell([BREACH], {}, live_from=T0).effects[0].suppressed


def test_what_only_the_policy_brings_is_recorded_as_suppressed() -> None:
    """A policy that comes into force announces what falls due after that; its corrections are suppressed with it."""
    ledger: Ledger = {}
    brought = Implied(id="x", type="sla.breached", at=T0, rule="fr", policy="p", by_policy=True)
    told = tell([brought, RAISED], ledger)
    assert [(effect.id, effect.suppressed, effect.policy) for effect in told.effects] == [
        ("x", True, "p"),
        ("msg_2", False, ""),
    ]
    assert [(effect.type, effect.suppressed, effect.policy) for effect in tell([RAISED], ledger).effects] == [
        ("sla.corrected", True, "p")
    ]


def test_corrections_come_in_the_order_of_what_they_correct() -> None:
    """By time; a clock's before those of the escalations that it raised, however the ledger lies."""
    late = Implied(id="msg_0", type="sla.breached", at=T0 + H, rule="nr")
    ledger: Ledger = {}
    tell([late, RAISED, STEPPED, BREACH], ledger)
    assert [effect.cause for effect in tell([], ledger).effects] == ["msg_1", "msg_2", "msg_0"]


def test_a_clocks_correction_comes_before_that_of_what_it_raised() -> None:
    """Whatever their ids are."""
    raised = Implied(id="msg_0", type="escalation.raised", at=T0, rule="e")
    ledger: Ledger = {}
    tell([BREACH, raised], ledger)
    assert [effect.cause for effect in tell([], ledger).effects] == ["msg_1", "msg_0"]


def test_the_ledger_follows_a_cause_to_another_instant() -> None:
    """The same thing found to have happened earlier is no news, but lies at its new place in time."""
    ledger: Ledger = {}
    tell([BREACH], ledger)
    (entry,) = tell([Implied(id="msg_1", type="sla.breached", at=T0 - M, rule="fr")], ledger).entries
    assert (entry.id, entry.at, entry.stands, entry.times) == ("msg_1", T0 - M, True, 1)


def test_every_correction_has_an_id_of_its_own() -> None:
    """As all notices have: none is dropped as known."""
    ledger: Ledger = {}
    others = [Implied(id=f"msg_{n}", type="sla.met", at=T0) for n in range(5, 8)]
    ids = [effect.id for effect in (*tell([BREACH, *others], ledger).effects, *tell([], ledger).effects)]
    assert len(set(ids)) == len(ids) == 8
    assert all(id.startswith("msg_") for id in ids)


def test_an_announcement_calls_the_roles_that_follow() -> None:
    """Those of a step, in its order."""
    assert [effect.roles for effect in tell([BREACH, STEPPED], {}).effects] == [(), ("lead", "hotline")]


def test_a_part_of_what_follows_corrects_nothing() -> None:
    """Going on from a stored state implies only what is new; the rest of the ledger stands."""
    ledger: Ledger = {}
    tell([BREACH], ledger)
    told = announce([RAISED], ledger, T0, live_from=0, whole=False)
    assert [effect.type for effect in told.effects] == ["escalation.raised"]
    assert [entry.id for entry in told.entries] == ["msg_2"]


def test_a_reply_that_comes_to_light_late_takes_breach_and_escalation_back() -> None:
    """And the warning's clock is met instead."""
    rules = policy(
        sla("first_reply", 15 * M),
        chains=(Chain("c", ALWAYS, (Step(0, ("hotline",)), Step(30 * M, ("lead",)))),),
        escalation=(EscalationRule("e", "sla.breached", "c"),),
    )
    ledger: Ledger = {}
    before = tell(judged(rules, H, opening()).implied, ledger, T0 + H)
    after = tell(judged(rules, 2 * H, agent(10 * M), opening()).implied, ledger, T0 + 2 * H)
    assert types(before)[2:] == ["sla.breached", "escalation.raised", "escalation.stepped"]
    assert sorted(types(after)) == ["escalation.cancelled", "sla.corrected", "sla.met"]
    cancelled = next(effect for effect in after.effects if effect.type == "escalation.cancelled")
    assert cancelled.roles == ("hotline", "lead")


# ── Who hears of it ──────────────────────────────────────────────────────────────────────────────────────────────────


def effect_for(*roles: str, type: ImpliedType = "escalation.stepped") -> Effect:
    """An effect that calls for these roles."""
    return Effect(id="x", cause="x", type=type, at=T0, roles=roles)


@pytest.mark.parametrize(
    ("roles", "subscriptions", "expected"),
    [
        ((), {}, ()),
        (("lead",), {"desk": (), "phone": ()}, ("desk",)),
        (("hotline", "lead"), {"desk": (), "phone": ()}, ("phone", "desk")),
        (("lead", "ops"), {"desk": ()}, ("desk",)),
        (("lead",), {"desk": ("escalation.*",), "log": ("*",)}, ("desk", "log")),
        ((), {"desk": ("sla.*",), "log": ("escalation.stepped",)}, ("log",)),
        ((), {"desk": ("escalation.*", "*")}, ("desk",)),
        (("nobody",), {"desk": ()}, ()),
        (("lead",), {"phone": ()}, ()),
        ((), {"desk": ("Escalation.*",)}, ()),
    ],
)
def test_each_endpoint_gets_a_notice_once(
    roles: tuple[str, ...], subscriptions: dict[str, tuple[str, ...]], expected: tuple[str, ...]
) -> None:
    """Those of its roles first, then whoever subscribes to its type; nobody who isn't configured."""
    known = {"lead": ("desk",), "ops": ("desk",), "hotline": ("phone",)}
    assert recipients(effect_for(*roles), known, subscriptions) == expected
