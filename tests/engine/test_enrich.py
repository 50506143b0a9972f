"""Enrichers are asked who the customer is; whatever becomes of it, nothing waits for the answer."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from pathlib import Path
from typing import Any, ClassVar

import msgspec
import pytest
from pydantic import BaseModel

from gateway.engine.answer_cache import AnswerCache, key_of
from gateway.engine.checkup import EnricherCheckup, noted_findings
from gateway.engine.enrich import (
    ABSENT_MS,
    BACKOFF_FIRST_MS,
    BACKOFF_MAX_MS,
    GIVE_UP_AFTER_MS,
    LEASE_SLACK_MS,
    NOBODY,
    OVER,
    STUCK,
)
from gateway.engine.world import EnricherLink
from gateway.kernel.card_numbers import is_number
from gateway.kernel.store import StoreFull
from gateway.model.identity import Customer
from gateway.plugin import Finding, OverBudget, Permanent, RateLimited, Transient, Unauthorized
from gateway.rules.strain import CALM, FAILURES_MAX, Strain
from gateway.rules.view import facts_view
from tests.acceptance.kept import verified
from tests.engine.asking import asked
from tests.engine.rig import HOUR, MINUTE, POLICY, SECOND, T0, Rig, event, opening, reply, until
from tests.engine.rig import run as tell
from tests.support.policies import loaded

OWES = "severity:\n  - {id: owes, when: contact.facts.payments.disputed > 0, severity: 2}"
ASKING = POLICY.replace("severity:", OWES, 1) + "enrich:\n  - {id: who, enricher: payments, ttl: 1h}\n"
ADA = {"email": "ada@x.example"}
STRIDE = 10 * SECOND
BOB = {"email": "bob@x.example"}


class Purse(msgspec.Struct, frozen=True):
    """What the fake enricher knows."""

    disputed: int = 0
    words: str = ""
    rate: float = 0.0
    more: Any = None


class Lists(msgspec.Struct, frozen=True, array_like=True):
    """Facts that are no object."""

    disputed: int = 0


class Payments:
    """Says what it is told to say, in this order, and then that one charge is disputed."""

    plugin: ClassVar[str] = "payments"
    settings_type: ClassVar[type[BaseModel]] = BaseModel
    facts_type: ClassVar[type[msgspec.Struct]] = Purse

    def __init__(self, name: str = "payments", settings: Any = None, context: Any = None) -> None:
        self.asked: list[Customer] = []
        self.says: list[Any] = []
        self.meanwhile: Callable[[], Awaitable[object]] | None = None
        self.hold: asyncio.Event | None = None
        self.findings: Sequence[Finding] = ()

    async def lookup(self, customer: Customer, now: int) -> Any:
        """The next of its answers."""
        self.asked.append(customer)
        if self.meanwhile is not None:
            meanwhile, self.meanwhile = self.meanwhile, None
            await meanwhile()
        if self.hold is not None:
            await self.hold.wait()
        says = self.says.pop(0) if self.says else Purse(disputed=1)
        if isinstance(says, BaseException):
            raise says
        return says

    async def check(self) -> Sequence[Finding]:
        """What it was told."""
        return self.findings


def run(
    story: Callable[[Rig, Payments], Coroutine[Any, Any, None]], path: Path | str = ":memory:", **options: Any
) -> None:
    """A story of a gateway with an enricher that its policy asks."""
    payments = Payments()
    tell(lambda rig: story(rig, payments), path, **{"policy": ASKING, "enrichers": {"payments": payments}, **options})


def link(rig: Rig) -> EnricherLink:
    """The enricher's link in the gateway that runs now."""
    return rig.gateway.enrichers["payments"]


async def enrich(rig: Rig) -> int:
    """Ask what is due, and judge what was said."""
    moved = await rig.gateway.enrich_once()
    await rig.settle()
    return moved


async def facts(rig: Rig, id: str = "1") -> dict[str, Any]:
    """What everybody sees of the enricher's answer."""
    state = (await rig.contact(id, "vendor")).state
    assert state is not None
    return facts_view(state)["payments"]


async def told(rig: Rig, id: str = "1") -> list[tuple[str, Any]]:
    """What the enricher was heard to say, in order: the facts, or the reason."""
    history = await rig.store.history((await rig.contact(id, "vendor")).id)
    answers = [one.event for one in history if one.event.__struct_config__.tag == "enrichment.received"]
    answers.sort(key=lambda one: one.at)
    return [(one.status, (one.facts and one.facts["disputed"]) or one.reason) for one in answers]  # type: ignore[union-attr]


async def severity(rig: Rig) -> int:
    """The contact's severity."""
    state = (await rig.contact(connector="vendor")).state
    assert state is not None
    return state.severity


def test_an_answer_becomes_an_event_and_changes_what_rules_say() -> None:
    """Asked by the identities of now, without the name; the answer is judged like any other event."""

    async def story(rig: Rig, payments: Payments) -> None:
        await rig.told(opening(customer={**ADA, "name": "Ada"}))
        await rig.settle()
        assert ((await facts(rig))["status"], await severity(rig)) == ("asked", 3)
        rig.clock.at += SECOND
        assert (await enrich(rig), await enrich(rig)) == (1, 0)
        assert payments.asked == [Customer(email="ada@x.example")]
        assert await facts(rig) == {
            "status": "ok",
            "at": "2026-03-02T09:00:01Z",
            "reason": None,
            "known_at": "2026-03-02T09:00:01Z",
            "known": {"disputed": 1, "words": "", "rate": 0.0, "more": None},
        }
        assert await severity(rig) == 2
        assert link(rig).counts == {"asked": 1, "answered": 1}
        assert rig.world.meters.look_up_seconds.family().samples[-1].value == 1
        row = await rig.contact(connector="vendor")
        assert (await rig.replayed(row)).state == row.state

    run(story)


def test_an_escalation_leaves_in_time_and_says_why_nothing_is_known() -> None:
    """Nobody waits for who is slow or down; once it answers, later notices have the facts."""

    async def story(rig: Rig, payments: Payments) -> None:
        payments.hold, link(rig).timeout_s = asyncio.Event(), 3_600.0
        payments.says = [Transient("503 from the API, key whsec_c2VjcmV0c2VjcmV0")]
        await rig.told(opening(customer=ADA))
        await rig.settle()
        assert await rig.gateway._enrichers.step() == 1
        await rig.at(15 * MINUTE)
        (raised,) = rig.bodies("escalation.raised")
        assert raised["time"] == "2026-03-02T09:15:00Z"
        assert raised["data"]["contact"]["facts"]["payments"]["status"] == "asked"
        payments.hold.set()
        assert await enrich(rig) == 0
        said = (await facts(rig))["reason"]
        assert said == "503 from the API, key whsec_***"
        await rig.at(45 * MINUTE)
        (stepped,) = rig.bodies("escalation.stepped")
        assert stepped["data"]["contact"]["facts"]["payments"]["status"] == "unavailable"
        assert stepped["data"]["contact"]["facts"]["payments"]["reason"] == said
        assert await enrich(rig) == 1
        await rig.told(reply(46 * MINUTE))
        await rig.at(46 * MINUTE)
        last = rig.bodies()[-1]["data"]["contact"]["facts"]["payments"]
        assert (last["status"], last["known"]["disputed"]) == ("ok", 1)
        assert await told(rig) == [("unavailable", said), ("ok", 1)]

    run(story)


def test_a_failure_is_told_once_and_tried_again_for_a_day() -> None:
    """After growing waits while the contact is open; then nobody is asked any more, and that is counted."""

    async def story(rig: Rig, payments: Payments) -> None:
        payments.says = [Permanent(f"403, the {number}th") for number in range(999)]
        await rig.told(opening(customer=ADA))
        await rig.settle()
        waits = []
        while await rig.store.questions_waiting():
            assert await enrich(rig) == 1
            before = rig.clock.at
            while await rig.store.questions_waiting() and not await rig.store.questions_due(rig.clock.at):
                rig.clock.at += STRIDE
            waits.append(rig.clock.at - before)
        assert BACKOFF_FIRST_MS <= waits[0] <= 1.2 * BACKOFF_FIRST_MS + STRIDE
        assert 2 * BACKOFF_FIRST_MS <= waits[1] <= 2.4 * BACKOFF_FIRST_MS + STRIDE
        assert BACKOFF_MAX_MS <= waits[-2] <= 1.2 * BACKOFF_MAX_MS + STRIDE
        assert rig.clock.at - T0 >= GIVE_UP_AFTER_MS
        assert await told(rig) == [("unavailable", "403, the 0th")]
        counts = link(rig).counts
        assert (counts["unavailable"], counts["gave_up"], counts["failed"]) == (1, 1, counts["asked"])
        assert link(rig).strain == CALM

    run(story)


def test_who_fails_again_and_again_is_left_alone() -> None:
    """What is asked meanwhile is unavailable at once, and not asked; then one question shows whether it is back."""

    async def story(rig: Rig, payments: Payments) -> None:
        payments.says = [Unauthorized("401")] * FAILURES_MAX
        for number in range(FAILURES_MAX + 3):
            await rig.told(opening(ticket=str(number), customer={"id": str(number)}))
            await rig.settle()
            assert await enrich(rig) == 1
        assert len(payments.asked) == FAILURES_MAX
        assert await told(rig, "7") == [("unavailable", "401; it is left alone for a while")]
        assert rig.clock.at < link(rig).strain.alone_until
        assert (link(rig).failed_at, link(rig).last_failure) == (T0, "401")
        assert [one["event"] for one in rig.log.entries if one["event"] == "enricher_left_alone"] != []
        rig.clock.at = link(rig).strain.alone_until
        assert await rig.gateway.enrich_once() == 1
        assert (link(rig).strain, link(rig).last_failure) == (CALM, "")
        while await rig.store.questions_waiting():
            await enrich(rig)
            rig.clock.at += SECOND
        for number in range(FAILURES_MAX + 3):
            assert [status for status, _ in await told(rig, str(number))] == ["unavailable", "ok"]

    run(story)


@pytest.mark.parametrize(("says", "calm"), [(Permanent("400"), True), (ZeroDivisionError(), False), (None, False)])
def test_only_who_works_is_trusted_again(says: Any, calm: bool) -> None:
    """A refusal is an answer; a fault of the plugin's tells nothing of the system behind it."""

    async def story(rig: Rig, payments: Payments) -> None:
        payments.says = [says]
        link(rig).strain = Strain(FAILURES_MAX, T0 - 1)
        await rig.told(opening(customer=ADA))
        await rig.settle()
        await enrich(rig)
        assert (link(rig).strain == CALM) is calm

    run(story)


def test_who_asks_for_a_pause_has_it() -> None:
    """A 429 with a time is kept at once; one's own limits are nobody's fault, and no try."""

    async def story(rig: Rig, payments: Payments) -> None:
        payments.says = [OverBudget("the limit", retry_after_s=60.0), RateLimited("slow down", retry_after_s=300.0)]
        await rig.told(opening(customer=ADA))
        await rig.settle()
        assert await enrich(rig) == 1
        assert link(rig).strain == CALM
        rig.clock.at += 60 * SECOND - 1
        assert await enrich(rig) == 0
        rig.clock.at += 13 * SECOND
        assert await enrich(rig) == 1
        assert link(rig).strain.alone_until == rig.clock.at + 300 * SECOND
        rig.clock.at += 361 * SECOND
        assert await enrich(rig) == 1
        assert await told(rig) == [("unavailable", "the limit"), ("ok", 1)]

    run(story)


def _nested(depth: int) -> Any:
    inner: Any = 1
    for _ in range(depth):
        inner = [inner]
    return inner


LOOP: list[Any] = []
LOOP.append(LOOP)


class Mute(Exception):
    """An error that can't even say what it is."""

    def __str__(self) -> str:
        raise RuntimeError("no words")


@pytest.mark.parametrize(
    ("says", "why"),
    [
        (None, "TypeError: lookup gives a Purse"),
        ({"disputed": 1}, "TypeError: lookup gives a Purse"),
        (Purse(disputed="many"), "ValidationError: Expected `int`, got `str`"),  # type: ignore[arg-type]
        (Purse(rate=float("nan")), "ValueError: a number of the facts is none"),
        (Purse(more=[float("inf")]), "ValueError: a number of the facts is none"),
        (Purse(more=1 << 63), "ValueError: a whole number"),
        (Purse(words="\ud83d"), "UnicodeEncodeError"),
        (Purse(words="x" * 16_384), "ValueError: facts have 16384 bytes at most"),
        (Purse(more=_nested(17)), "ValueError: facts lie 16 deep at most"),
        (Purse(more=LOOP), "RecursionError"),
        (Purse(more=object()), "TypeError"),
        (ZeroDivisionError("card 4111 1111 1111 1111, Bearer abcdef"), "ZeroDivisionError: card 4111 11"),
        (KeyError("rk_test_abcdef"), "KeyError: 'rk_test_***'"),
        (Mute(), "the enricher raised Mute: Mute"),
        (SystemExit(3), "SystemExit: 3"),
        (asyncio.CancelledError(), "ended itself without an answer"),
        (Transient("\ud83d\n\0\x1b[2Jhello"), "[2Jhello"),
    ],
)
def test_whatever_an_enricher_gives_or_raises_is_a_reason(says: Any, why: str) -> None:
    """No secret and no card stands in it; the next question is asked as ever."""

    async def story(rig: Rig, payments: Payments) -> None:
        payments.says = [says]
        await rig.told(opening(customer=ADA), opening(ticket="2", customer=BOB))
        await rig.settle()
        await enrich(rig)
        ((status, reason),) = await told(rig)
        assert (status, why in reason) == ("unavailable", True), reason
        assert "1111 1111" not in reason and "abcdef" not in reason
        assert await told(rig, "2") == [("ok", 1)]
        assert await rig.parked() == []

    run(story)


@pytest.mark.parametrize(
    "says", [Purse(more=_nested(15)), Purse(more=(1 << 63) - 1), Purse(words="x" * 16_000 + "\0é")]
)
def test_what_is_just_within_bounds_is_kept(says: Purse) -> None:
    """Deep, large and odd, and every step behind it can hold it."""

    async def story(rig: Rig, payments: Payments) -> None:
        payments.says = [says]
        await rig.told(opening(customer=ADA))
        await rig.settle()
        await enrich(rig)
        assert (await facts(rig))["known"] == msgspec.to_builtins(says)
        assert await rig.parked() == []

    run(story)


def test_facts_that_are_no_object_are_no_answer() -> None:
    """A type of another shape than the rules can read."""

    async def story(rig: Rig, payments: Payments) -> None:
        payments.facts_type = Lists  # type: ignore[misc]
        payments.says = [Lists(1)]
        await rig.told(opening(customer=ADA))
        await rig.settle()
        await enrich(rig)
        assert await told(rig) == [("unavailable", "the enricher raised TypeError: Lists isn't written as an object")]

    run(story)


def test_cards_in_facts_are_hidden() -> None:
    """Under every key, those called `id` among them; what belongs to the contact stays as it was."""

    async def story(rig: Rig, payments: Payments) -> None:
        payments.says = [Purse(words="paid with 4111 1111 1111 1111", more={"id": "4111111111111111"})]
        await rig.told(opening(ticket="4242424242424242", customer=ADA))
        await rig.settle()
        await enrich(rig)
        known = (await facts(rig, "4242424242424242"))["known"]
        assert "1111 1111" not in known["words"] and known["more"]["id"] != "4111111111111111"
        assert link(rig).counts["cards_hidden"] == 2

    run(story)


class Stubborn(Payments):
    """Goes on when it is told to end, until it is let go."""

    async def lookup(self, customer: Customer, now: int) -> Any:
        """Never an answer in time."""
        assert self.hold is not None
        while not self.hold.is_set():
            try:
                await self.hold.wait()
            except asyncio.CancelledError:
                self.asked.append(customer)
        return Purse()


def test_who_hangs_is_left_behind() -> None:
    """Its time is over: unavailable. Who doesn't even end when told to is asked nothing more, until that ends; others
    are asked meanwhile."""
    stubborn, payments = Stubborn(), Payments()
    policy = ASKING + "  - {id: other, enricher: stubborn}\n"

    async def story(rig: Rig) -> None:
        stubborn.hold = payments.hold = asyncio.Event()
        for link in rig.gateway.enrichers.values():
            link.timeout_s = 0.01
        for number in range(3):
            await rig.told(opening(ticket=str(number), customer={"id": str(number)}))
            await rig.settle()
            await enrich(rig)
        assert await told(rig, "0") == [("unavailable", "no answer within 0.01 s")] * 2
        assert rig.gateway.enrichers["stubborn"].running == len(stubborn.asked) == 2
        assert rig.gateway.enrichers["payments"].running == 0
        assert {reason for _, reason in await told(rig, "2")} == {"no answer within 0.01 s", STUCK}
        stubborn.hold.set()
        await until(lambda: rig.gateway.enrichers["stubborn"].running == 0)
        rig.clock.at += ABSENT_MS * 2
        while await rig.store.questions_due(rig.clock.at):
            await enrich(rig)
        assert [status for status, _ in await told(rig, "2")].count("ok") == 2

    tell(story, policy=policy, enrichers={"stubborn": stubborn, "payments": payments})


def test_what_isnt_configured_here_is_unavailable_at_once() -> None:
    """And is asked when it is there: after a restart, say."""
    payments = Payments()

    async def story(rig: Rig) -> None:
        await rig.told(opening(customer=ADA))
        await rig.settle()
        assert await enrich(rig) == 1
        assert await told(rig) == [("unavailable", "no enricher payments is configured here")]
        rig.enrichers["payments"] = payments
        await rig.restart(rig.clock.at + ABSENT_MS)
        assert await enrich(rig) == 1
        assert [status for status, _ in await told(rig)] == ["unavailable", "ok"]

    tell(story, policy=ASKING)


@pytest.mark.parametrize(
    ("then", "why"),
    [
        (event("status.changed", SECOND, to="closed"), OVER),
        (event("contact.redacted", SECOND, all=True), NOBODY),
    ],
)
def test_nobody_is_asked_about_who_is_gone(then: dict[str, Any], why: str) -> None:
    """The contact has ended, or its customer isn't known any more: that is said, and the question is over."""

    async def story(rig: Rig, payments: Payments) -> None:
        await rig.told(opening(customer=ADA))
        await rig.settle()
        rig.clock.at += SECOND
        await rig.told(then)
        await rig.settle()
        assert await enrich(rig) == 1
        assert (payments.asked, await told(rig)) == ([], [("unavailable", why)])
        assert await rig.store.questions_waiting() == {}
        assert link(rig).counts == {"unasked": 1, "unavailable": 1}

    run(story)


ONLY_ADA = ASKING.replace("enricher:", "when: contact.customer.email != 'bob@x.example', enricher:")


@pytest.mark.parametrize("policy", [ASKING, ONLY_ADA])
def test_an_answer_about_somebody_else_is_never_written(policy: str) -> None:
    """The customer is another one by the time of the answer: whether the new one is asked about or not, what comes of
    the first is dropped."""

    async def story(rig: Rig, payments: Payments) -> None:
        async def changed() -> None:
            rig.clock.at += SECOND
            await rig.told(event("contact.observed", SECOND, customer=BOB))
            await rig.settle()

        payments.says = [Purse(disputed=7), Purse(disputed=2)]
        payments.meanwhile = changed
        await rig.told(opening(customer=ADA))
        await rig.settle()
        assert await enrich(rig) == 1
        assert (await told(rig), link(rig).counts["overtaken"]) == ([], 1)
        again = await enrich(rig)
        assert again == (policy == ASKING)
        assert await told(rig) == [("ok", 2)] * again
        assert [one.email for one in payments.asked] == ["ada@x.example", "bob@x.example"][: 1 + again]

    run(story, policy=policy)


def test_an_answer_stands_beside_nobody_of_whom_a_late_event_tells() -> None:
    """Named later, dated earlier than the answer: what was said of the first isn't seen with the second."""

    async def story(rig: Rig, payments: Payments) -> None:
        payments.says = [Purse(disputed=7), Transient("down")]
        await rig.told(opening(customer=ADA))
        await rig.settle()
        rig.clock.at += 2 * SECOND
        await enrich(rig)
        assert (await facts(rig))["known"]["disputed"] == 7
        await rig.told(event("contact.observed", SECOND, customer=BOB))
        await rig.settle()
        assert ((await facts(rig))["status"], (await facts(rig))["known"]) == ("asked", None)
        await enrich(rig)
        assert ((await facts(rig))["reason"], (await facts(rig))["known"]) == ("down", None)

    run(story)


def test_a_telephone_number_that_could_be_a_card_is_the_same_customer_in_the_answer() -> None:
    """What its connector lists as an id stays one all the way; else the answer would be about somebody else."""
    phone = "4915112345678"
    assert is_number(phone)

    async def story(rig: Rig, payments: Payments) -> None:
        await rig.post(opening(customer={"phone": phone, "handles": [{"network": "sms", "handle": phone}]}))
        await rig.settle()
        assert await enrich(rig) == 1
        state = (await rig.contact()).state
        assert state is not None
        assert (payments.asked[0].phone, facts_view(state)["payments"]["status"]) == (phone, "ok")

    run(story)


def test_an_opening_that_is_read_again_with_another_customer_asks_again() -> None:
    """The same event, of a higher revision: who it names is who is asked about."""

    async def story(rig: Rig, payments: Payments) -> None:
        payments.says = [Purse(disputed=7)]
        await rig.told(opening(customer=ADA))
        await rig.settle()
        await enrich(rig)
        await rig.told(opening(customer=BOB, rev=1))
        await rig.settle()
        assert (await facts(rig))["status"] == "asked"
        await enrich(rig)
        assert [one.email for one in payments.asked] == ["ada@x.example", "bob@x.example"]
        assert (await facts(rig))["known"]["disputed"] == 1

    run(story)


def test_the_same_customer_is_asked_about_once_while_an_answer_is_good() -> None:
    """Together one look-up, later none until the policy's ttl is over; another customer is another question."""

    async def story(rig: Rig, payments: Payments) -> None:
        async def open(ticket: str, after: int = 0) -> None:
            rig.clock.at += after
            await rig.told(opening(rig.clock.at - T0, ticket=ticket, customer={**ADA, "name": f"Ada {ticket}"}))
            await rig.settle()

        payments.hold = asyncio.Event()
        await open("1")
        await open("2")
        assert await rig.gateway._enrichers.step() == 2
        payments.hold.set()
        assert await enrich(rig) == 0
        await open("3", HOUR)
        assert await enrich(rig) == 1
        assert (len(payments.asked), link(rig).counts) == (1, {"asked": 1, "joined": 1, "answered": 3, "cached": 1})
        for ticket in "123":
            assert await told(rig, ticket) == [("ok", 1)]
        await open("4", 1)
        assert await enrich(rig) == 1
        assert len(payments.asked) == 2
        await rig.restart()
        await open("5")
        assert await enrich(rig) == 1
        assert len(payments.asked) == 3

    run(story)


def test_no_more_are_under_way_than_the_enricher_bears() -> None:
    """Those beyond wait for room, and find it."""

    async def story(rig: Rig, payments: Payments) -> None:
        payments.hold = asyncio.Event()
        for number in range(5):
            await rig.told(opening(ticket=str(number), customer={"id": str(number)}))
        await rig.settle()
        assert (await rig.gateway._enrichers.step(), await rig.gateway._enrichers.step()) == (2, 0)
        await until(lambda: len(payments.asked) == 2)
        payments.hold.set()
        while await rig.store.questions_waiting():
            await enrich(rig)
        assert len(payments.asked) == 5

    run(story)


def test_what_was_asked_before_the_end_of_a_process_is_asked_by_the_next(tmp_path: Path) -> None:
    """Its lease ends with it, and the answer that it had and didn't store is said once, by the other."""

    async def story(rig: Rig, payments: Payments) -> None:
        payments.hold = asyncio.Event()
        await rig.told(opening(customer=ADA))
        await rig.settle()
        assert await rig.gateway._enrichers.step() == 1
        await until(lambda: bool(payments.asked))
        rig.gateway._enrichers.cut_off()
        await until(lambda: not rig.gateway._enrichers.tasks)
        await until(lambda: link(rig).running == 0)
        await rig.restart()
        payments.hold.set()
        assert await enrich(rig) == 1
        assert await told(rig) == [("ok", 1)]

    run(story, tmp_path / "gateway.db")


def test_what_is_stored_and_what_would_have_been_agree_with_answers(tmp_path: Path) -> None:
    """Each contact is what its journal says, answers of every kind in it; the same policy would have said the same."""

    async def story(rig: Rig, payments: Payments) -> None:
        payments.says = [Purse(disputed=2), Transient("down"), Purse(), Purse(disputed=3)]
        await rig.told(opening(customer=ADA), opening(ticket="2", customer=BOB))
        await rig.settle()
        await enrich(rig)
        await rig.at(20 * MINUTE)
        await enrich(rig)
        await rig.told(event("contact.observed", 10 * MINUTE, customer=BOB), reply(15 * MINUTE, "2"))
        await rig.settle()
        await enrich(rig)
        await rig.at(2 * HOUR)
        assert [await told(rig, ticket) for ticket in "12"] == [
            [("ok", 2), ("ok", None)],
            [("unavailable", "down"), ("ok", None)],
        ]
        answer = await asked(rig.store, loaded(ASKING))
        assert (answer.examples, answer.skipped, answer.unlike) == ([], 0, 0)
        assert answer.sides.before == answer.sides.after

    run(story, tmp_path / "gateway.db")
    assert verified(tmp_path / "gateway.db") == []


def test_an_answer_that_a_full_disk_refused_is_asked_for_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """When the lease is over; nothing of the first one is told."""

    async def story(rig: Rig, payments: Payments) -> None:
        async def full(settled: object) -> None:
            raise StoreFull("no space")

        await rig.told(opening(customer=ADA))
        await rig.settle()
        with monkeypatch.context() as patch:
            patch.setattr(rig.store, "settle_questions", full)
            assert await enrich(rig) == 1
        assert (await told(rig), await enrich(rig)) == ([], 0)
        rig.clock.at += round(link(rig).timeout_s * 1000) + LEASE_SLACK_MS
        assert (await enrich(rig), await told(rig)) == (1, [("ok", 1)])

    run(story)


def test_a_running_gateway_asks_by_itself_and_ends_in_order() -> None:
    """Its loop is told of what judging has asked; an answer that is under way at the end is waited for."""

    async def story(rig: Rig, payments: Payments) -> None:
        payments.hold = asyncio.Event()
        rig.gateway.start()
        await rig.told(opening(customer=ADA))
        await until(lambda: bool(payments.asked))
        stopping = asyncio.ensure_future(rig.gateway.stop())
        await until(lambda: all(loop._stopping for loop in rig.gateway.loops))
        payments.hold.set()
        await stopping
        await rig.settle()
        assert await told(rig) == [("ok", 1)]

    run(story)


def test_who_only_tries_out_asks_nobody() -> None:
    """A dry run decides nothing that goes out."""

    async def story(rig: Rig, payments: Payments) -> None:
        await rig.told(opening(customer=ADA))
        await rig.settle()
        assert (await enrich(rig), payments.asked) == (0, [])

    run(story, dry=True)


def test_who_was_there_before_is_asked_about_too_and_last() -> None:
    """Nobody is called by it, and what falls due later needs the answer. What has ended by then needs none."""

    async def story(rig: Rig, payments: Payments) -> None:
        solved = event("status.changed", -47 * HOUR, "over", to="solved")
        await rig.told(opening(-48 * HOUR, "over", customer=BOB), solved)
        await rig.told(opening(-48 * HOUR, "old", customer=ADA))
        await rig.settle()
        await rig.told(opening(0, "new", customer=BOB))
        await rig.settle()
        (first,) = await rig.store.claim_questions(enricher="payments", now=rig.clock.now(), lease_ms=1, limit=1)
        assert (first.strand.id, first.past) == ("new", False)
        (second,) = await rig.store.claim_questions(enricher="payments", now=rig.clock.now(), lease_ms=1, limit=9)
        assert (second.strand.id, second.past) == ("old", True)

    run(story)


def test_what_is_wrong_with_its_account_is_told_once() -> None:
    """Found by its own check, kept for other processes, and over when it is."""

    async def story(rig: Rig, payments: Payments) -> None:
        checkup = EnricherCheckup(rig.world, link(rig))
        payments.findings = (Finding(False, "the key is refused", "make another"), Finding(True, "the clock", ""))
        soon = await checkup.step()
        await checkup.step()
        assert link(rig).findings == payments.findings
        assert await noted_findings(rig.store, "payments", enricher=True) == [payments.findings[0]]
        assert await noted_findings(rig.store, "payments") == []
        payments.findings = ()
        assert await checkup.step() > 2 * soon
        events = [one["event"] for one in rig.log.entries if "finding" in one["event"]]
        assert events == ["enricher_finding", "enricher_finding_over"]

    run(story)


def test_the_cache_holds_so_much_and_no_more() -> None:
    """The least lately used goes first; what is too old, or of a time to come, is nothing."""
    keys = [key_of("payments", Customer(id=str(number))) for number in range(4)]
    cache = AnswerCache(entries_max=2, bytes_max=3 * len(keys[0][1]))
    cache.put(keys[0], 10, b"")
    cache.put(keys[1], 10, b"")
    assert cache.get(keys[0], 15, 5) == b""
    assert (cache.get(keys[0], 16, 5), cache.get(keys[0], 9, 5)) == (None, None)
    cache.put(keys[2], 10, b"")
    assert [cache.get(key, 10, 0) for key in keys] == [b"", None, b"", None]
    cache.put(keys[3], 10, b"x" * 2 * len(keys[3][1]))
    assert ([cache.get(key, 10, 0) is None for key in keys], cache.held) == ([True] * 3 + [False], 3 * len(keys[3][1]))
    cache.put(keys[3], 11, b"")
    assert (len(cache), cache.held) == (1, len(keys[3][1]))
    cache.put(keys[0], 11, b"x" * 99)
    assert (len(cache), cache.held) == (0, 0)
    assert key_of("payments", Customer(id="1", name="Ada")) == keys[1] != key_of("loyalty", Customer(id="1"))
