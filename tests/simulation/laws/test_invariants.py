"""The checkers: of a sound run they have nothing to say; whatever is forged in it they find.

No checker is without a forgery: one that can't fail would prove nothing.
"""

from dataclasses import replace
from functools import lru_cache
from typing import Any

import pytest

from gateway.model.instant import Instant
from gateway.model.record import Record
from tests.engine.rig import HOUR, MINUTE, T0, Rig, opening, run
from tests.simulation.laws import invariants, inward, outward
from tests.simulation.laws.forgeries import FORGERIES, twice_delivered
from tests.simulation.laws.invariants import Scene, Violation
from tests.simulation.laws.kept import Try
from tests.simulation.laws.quiet import quiet_scene
from tests.simulation.laws.troubles import Trouble, Troubles, doubled, troubles
from tests.simulation.world import stories
from tests.simulation.world.witness import Fault, Heard


@lru_cache
def sound() -> Scene:
    """A run of a day in which nothing went wrong."""
    return quiet_scene(4, contacts_a_day=18)


@pytest.mark.parametrize("number", range(3))
def test_of_a_sound_run_there_is_nothing_to_say(number: int) -> None:
    """Though some of it is told late, and another policy comes: corrections and all."""
    scene = quiet_scene(number)

    assert invariants.told_of(invariants.violations(scene)) == ""
    assert invariants.violations_so_far(scene) == []


def test_a_sound_run_has_everything_that_is_forged() -> None:
    """Else a forgery would change nothing."""
    types = {notice.effect.type for notice in sound().kept.notices}

    assert types >= {"sla.breached", "sla.warned", "sla.met", "escalation.raised", "escalation.stepped"}


@pytest.mark.parametrize("name", FORGERIES)
def test_what_is_forged_is_found(name: str) -> None:
    """By the checker that it is for."""
    id, words, forge = FORGERIES[name]
    found = invariants.violations(forge(sound()))

    assert any(one.id == id and words in one.words for one in found), invariants.told_of(found)


# ── What excuses ─────────────────────────────────────────────────────────────────────────────────────────────────────


def again(scene: Scene, **first: Any) -> Scene:
    """The first notice came twice."""
    one, *rest = scene.witness.heard
    twice = [replace(one, **first), *rest, replace(one, at=one.at + MINUTE)]
    return replace(scene, witness=replace(scene.witness, heard=twice))


def fives(scene: Scene) -> list[Violation]:
    """What is wrong with what came twice."""
    return [one for one in invariants.violations_so_far(scene) if one.id == "I5"]


def test_a_second_time_is_excused_by_what_happened_to_the_first() -> None:
    """A try that failed, a crash just then, a network that doubles; an operator may ask for one more try."""
    scene = sound()
    one = scene.witness.heard[0]
    delivery = next(row for row in scene.kept.deliveries if (row.endpoint, row.effect) == (one.endpoint, one.id))
    crash = Troubles((Trouble(one.at + 5, one.at + 9, long=False),))
    long_after = Troubles((Trouble(one.at + 2 * MINUTE, one.at + 3 * MINUTE),))
    failed = {**scene.kept.tries, delivery.id: (Try(1, one.at, None), *scene.kept.tries[delivery.id])}
    twice = Fault(one.at, "net.doubled", f"{one.endpoint} {one.id}")
    asked_for_all = ("deliveries.replay", "*", "3 of dead and delivered, made before 9, from 1 on")

    assert fives(again(scene))
    assert fives(replace(again(scene), troubles=long_after))
    assert not fives(replace(again(scene), kept=replace(scene.kept, tries=failed)))
    assert not fives(replace(again(scene), troubles=crash))
    assert not fives(replace(again(scene), troubles=Troubles((), slow=True)))
    assert not fives(replace(again(scene), witness=replace(again(scene).witness, faults=[twice])))
    assert doubled([twice], one.endpoint, "msg_other") == 0
    tried_again = replace(scene, kept=replace(scene.kept, tries=twice_delivered(scene.kept)))
    delivery = scene.kept.deliveries[0]
    asked = ("delivery.replay", str(delivery.id), "due")
    for replay in (asked, asked_for_all):
        assert fives(tried_again)
        assert not fives(replace(tried_again, kept=replace(tried_again.kept, replays=(replay,))))


def test_a_clock_that_is_wrong_excuses_that_nothing_was_proved() -> None:
    """By minutes, while a sender waited for the answer, and nothing but a 401; a new process has a right one."""

    def excused(status: int, *faults: Fault) -> bool:
        scene = FORGERIES["a true request is sent away"][2](sound())
        refused = [replace(one, at=T0, status=status) for one in scene.witness.refused]
        witness = replace(scene.witness, refused=refused, faults=list(faults))
        return list(inward.requests_are_taken(replace(scene, witness=witness))) == []

    wrong, right = Fault(T0 - HOUR, "clock", "-2700000 ms ahead"), Fault(T0 - 29_000, "clock", "0 ms ahead")
    assert excused(401, wrong)
    assert excused(401, wrong, right)
    assert not excused(422, wrong)
    assert not excused(401, wrong, replace(right, at=T0 - 31_000))
    assert not excused(401, wrong, Fault(T0 - MINUTE, "down", "killed"))
    assert not excused(401, Fault(T0 - HOUR, "clock", "90000 ms ahead"))
    assert not excused(401, replace(wrong, at=T0 + 1))


def test_what_is_dead_was_refused_three_times_or_had_been_delivered() -> None:
    """410 and 429 refuse nothing; whoever replays what was delivered gives it one more try."""
    scene = FORGERIES["a delivery is dead"][2](sound())
    dead = next(one for one in scene.kept.deliveries if one.state == "dead")
    witness = scene.witness

    def complained(*statuses: int, **kept: Any) -> bool:
        heard = [Heard(T0, dead.endpoint, dead.effect, {}, dead.body, True, status) for status in statuses]
        forged = replace(scene, witness=replace(witness, heard=heard), kept=replace(scene.kept, **kept))
        return any("is dead" in one.words for one in outward.deliveries_arrive(forged))

    asked = (("delivery.replay", str(dead.id), "due"),)
    assert complained(422, 422)
    assert not complained(422, 500, 404, 401)
    assert complained(422, 422, 410, 429)
    assert not complained(204, 500, replays=asked)
    assert complained(204, 500)
    assert complained(500, replays=asked, tries={})


def test_a_record_may_be_parked_for_a_reason_that_the_run_has_caused() -> None:
    """And for no other."""
    forge = FORGERIES["a record is parked"][2]
    scene = replace(forge(sound()), parked=("why",))

    assert not [one for one in invariants.violations(scene) if "is parked" in one.words]


def test_lateness_is_excused_while_something_is_wrong() -> None:
    """As long as it lasts, and a little longer."""
    forged = FORGERIES["a breach was announced late"][2](sound())
    all_day = Troubles((Trouble(forged.now - 3 * stories.DAY, forged.now + stories.DAY),))

    def late(scene: Scene) -> list[Violation]:
        return [one for one in invariants.violations(scene) if "was announced at" in one.words]

    assert late(forged)
    assert not late(replace(forged, troubles=all_day))


def test_troubles_are_told_from_faults() -> None:
    """When each began and ended, how wrong the clock was, and when it first jumped."""
    faults = [
        Fault(1_000, "disk full", "9 s"),
        Fault(9_000, "disk has room"),
        Fault(100_000, "pause", "2.5 s"),
        Fault(200_000, "clock", "-90000 ms ahead"),
        Fault(300_000, "kill", "within 5 steps"),
        Fault(400_000, "disk fails", "3 s"),
        Fault(500_000, "net.doubled", "a b"),
    ]
    found = troubles(faults, 600_000)
    exact = troubles([*faults, Fault(310_000, "down"), Fault(320_000, "up")], 600_000)

    assert [(one.start, one.end) for one in found.known] == [
        (1_000, 39_000), (100_000, 132_500), (200_000, 230_000), (300_000, 3_930_000), (400_000, 630_000),
    ]  # fmt: skip
    assert (found.skew_ms, found.jumped_at) == (90_000, 200_000)
    assert found.lasting(0, 50_000) == 38_000
    assert found.lasting(110_000, 210_000) == 22_500 + 10_000
    assert found.between(132_501, 199_999) == []
    assert {(300_000, 330_000), (310_000, 350_000)} <= {(one.start, one.end) for one in exact.known}


# ── At any instant ───────────────────────────────────────────────────────────────────────────────────────────────────


def test_old_leases_are_found() -> None:
    """What is leased, and nobody holds; what a start has released is not."""

    async def story(rig: Rig) -> None:
        connection = rig.store.writer.connection
        await rig.post(opening())
        await rig.store.claim_records(now=T0, lease_ms=5_000, limit=9)

        def found(now: int, up_since: int = 0, **more: bool) -> list[Violation]:
            return list(invariants.leases_are_young(connection, now, up_since, **more))

        assert found(T0 + 10_000) == []
        assert [one.id for one in found(T0 + 10_001)] == ["I9"]
        assert found(T0 + 10_001, up_since=T0 + 5_000) == []
        assert [one.id for one in found(T0 - 10_000)] == ["I9"]
        assert found(T0 - 10_000, clock_was_wrong=True) == []
        connection.execute("UPDATE inbox SET due = 0")
        assert found(T0 + 10_001) == []

    run(story)


def test_secrets_are_found_wherever_they_lie() -> None:
    """In rows, in lines and in files; and never told whole."""
    secret = "whsec_canary-of-the-tests"

    async def story(rig: Rig) -> None:
        connection = rig.store.writer.connection

        def found(**places: Any) -> list[str]:
            return [one.words for one in invariants.secrets_are_nowhere([secret], connection, **places)]

        assert found(logged=["all is well"], files={"db": b"nothing"}) == []
        assert len(found(logged=[f"key {secret}"])) == 1
        assert len(found(files={"db": b"\0" + secret.encode()})) == 1
        await rig.store.add_records("events", [Record(body=secret.encode(), received_at=Instant(T0))])
        assert len(found()) == 1
        assert not any(secret in words for words in found(logged=[f"key {secret}"]))

    run(story)


def test_what_is_left_over_is_counted() -> None:
    """More than in the beginning is too much; less is not."""
    found = list(invariants.back_to_base({"tasks": 4, "requests": 2}, {"tasks": 5, "requests": 1, "calls": 1}))

    assert [one.words.partition(":")[0] for one in found] == ["calls", "tasks"]
