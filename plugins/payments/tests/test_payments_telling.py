"""What follows from the facts: one contact of all that is at issue about a charge."""

from typing import Any

import msgspec
import pytest
from gateway_payments.failures import FailureRules
from gateway_payments.matter import Failure, Issue, Matter, Named, Paid, Seen, Shown, Stage, What
from gateway_payments.money import money
from gateway_payments.telling import tell

from gateway.plugin import ContactAcknowledged, ContactObserved, ContactOpened, Event, Instant, MessageAdded

S = 1_000
T = 1_771_900_000 * S
DAY = 86_400 * S


def issue(what: What, *statuses: tuple[str, Stage, int], fraud: bool = False, **more: Any) -> Issue:
    """Something at issue that had these statuses at these seconds."""
    seen = {
        status: Seen(stage, rank, (T + at * S,), Shown(at=T + at * S, money="5.00 EUR", amount=500, fraud=fraud))
        for rank, (status, stage, at) in enumerate(statuses)
    }
    return Issue(what=what, seen=seen, **more)


def told(facts: Matter, rules: FailureRules | None = None) -> list[Event]:
    return sorted(tell(facts, rules or FailureRules()), key=lambda event: (event.at, event.sequence))


def of_charge(**issues: Issue) -> list[Event]:
    return told(Matter(provider="stripe", refs=(Named(0, "charge", "ch_1"),), issues=issues))


def life(events: list[Event]) -> list[tuple[int, Any, Any]]:
    """Second, status and priority as they are after each event that changes one."""
    found: list[tuple[int, Any, Any]] = []
    status = priority = None
    for event in events:
        if isinstance(event, ContactOpened | ContactObserved):
            status = event.status or status
            priority = event.priority or priority
            if not found or found[-1][1:] != (status, priority):
                found.append(((event.at - T) // S, status, priority))
    return found


def test_a_dispute_from_its_beginning_to_its_end() -> None:
    """Open, on hold, closed; what was done is told before what it led to."""
    dispute = issue(
        "dispute",
        ("needs_response", "open", 5),
        ("under_review", "waits", 60),
        ("won", "over", 90),
        began_at=T,
        evidence_at=T + 30 * S,
        answered_at=T + 60 * S,
    )
    found = of_charge(dp_1=dispute)

    assert [(type(event), (event.at - T) // S, event.id) for event in found] == [
        (ContactOpened, 0, "ch_1:opened"),
        (ContactAcknowledged, 30, "ch_1:dp_1:evidence"),
        (MessageAdded, 60, "ch_1:dp_1:answered"),
        (ContactObserved, 60, "ch_1:dp_1:under_review"),
        (ContactObserved, 90, "ch_1:dp_1:won"),
    ]
    assert life(found) == [(0, "open", "high"), (60, "on_hold", "high"), (90, "closed", "high")]


def test_what_was_over_when_it_was_first_seen_is_not_backdated() -> None:
    """No clock of months ago is broken by a dispute that ends after the gateway was put in."""
    found = of_charge(dp_1=issue("dispute", ("lost", "over", 500), began_at=T))

    assert life(found) == [(500, "closed", "high")]


def test_all_about_a_charge_is_one_contact() -> None:
    """Open while anything is, closed when all is over, opened again by what comes later; as urgent as the worst."""
    found = of_charge(
        dp_1=issue("dispute", ("needs_response", "open", 0), ("lost", "over", 50)),
        issfr_1=issue("warning", ("actionable", "open", 20), ("not_actionable", "over", 30)),
        re_1=issue("refund", ("failed", "open", 80), made_at=T),
    )

    assert life(found) == [
        (0, "open", "high"), (20, "open", "urgent"), (50, "closed", "urgent"), (80, "open", "urgent"),
    ]  # fmt: skip
    assert len([event for event in found if isinstance(event, ContactOpened)]) == 1
    assert len({event.id for event in found}) == len(found)


def test_a_status_that_comes_back_is_told_again() -> None:
    """An appeal, or a bank that asks once more."""
    seen = issue("dispute", ("needs_response", "open", 0), ("under_review", "waits", 10)).seen
    again = seen["needs_response"]
    back = Issue(what="dispute", seen={**seen, "needs_response": Seen("open", 0, (T, T + 20 * S), again.shown)})
    found = of_charge(dp_1=back)

    assert [event.id for event in found] == [
        "ch_1:opened", "ch_1:dp_1:under_review", "ch_1:dp_1:needs_response:2"
    ]  # fmt: skip
    assert life(found)[-1] == (20, "open", "high")


def test_of_two_statuses_of_one_second_the_later_counts() -> None:
    """By their rank: Stripe's times have whole seconds."""
    found = of_charge(dp_1=issue("dispute", ("needs_response", "open", 0), ("prevented", "over", 0)))

    assert life(found)[-1] == (0, "closed", "high")


def test_what_never_wanted_an_answer_is_no_contact() -> None:
    """A refund that came through, a person who was verified at once, a payout that arrived."""
    assert of_charge(re_1=issue("refund", ("succeeded", "over", 0))) == []
    assert of_charge(vs_1=issue("verification", ("processing", "waits", 0), ("verified", "over", 9))) == []
    assert told(Matter(refs=(Named(0, "payouts", "a"),), paid=(Paid(T, T, "po_1"),))) == []
    assert of_charge(issfr_1=issue("warning", ("not_actionable", "over", 0))) == []
    assert told(Matter()) == []


def test_a_warning_that_nobody_can_act_on_still_counts() -> None:
    """Banks send many for charges that are refunded or disputed already: a dispute of such a one is fraud."""
    warning, dispute = ("not_actionable", "over", 0), ("needs_response", "open", 50)
    found = of_charge(issfr_1=issue("warning", warning), dp_1=issue("dispute", dispute))

    assert life(found) == [(50, "open", "urgent")]


def test_a_failed_refund_is_made_good_by_a_later_one() -> None:
    """Of at least its amount, made after it, and only once it has succeeded."""
    failed = issue("refund", ("failed", "open", 10), made_at=T)

    def with_another(status: str, stage: Stage, made_s: int, amount: int = 500) -> str:
        shown = Shown(at=T + 40 * S, amount=amount)
        other = Issue(what="refund", made_at=T + made_s * S, seen={status: Seen(stage, 1, (T + 40 * S,), shown)})
        return str(life(of_charge(re_1=failed, re_2=other))[-1][1])

    assert with_another("succeeded", "over", 20) == "closed"
    assert with_another("succeeded", "over", -20) == "open"
    assert with_another("succeeded", "over", 20, amount=499) == "open"
    assert with_another("pending", "none", 20) == "open"


def test_a_failed_payout_is_made_good_by_one_that_arrives() -> None:
    """One that was made before it says nothing."""
    failed = issue("payout", ("failed", "open", 100), made_at=T)
    refs = (Named(0, "payouts", "account:eur:2026-02"),)

    def with_paid(made_s: int) -> list[tuple[int, Any, Any]]:
        paid = (Paid(T + made_s * S, T + 200 * S, "po_2"),)
        return life(told(Matter(refs=refs, issues={"po_1": failed}, paid=paid)))

    assert with_paid(-5) == [(100, "open", "high")]
    assert with_paid(5) == [(100, "open", "high"), (200, "closed", "high")]


def test_the_deadline_is_the_earliest_of_what_is_open() -> None:
    """It moves when another comes or goes, and is gone when nothing wants an answer any more."""

    def asks(at: int, due: int, *then: tuple[str, Stage, int]) -> Issue:
        first = Seen("open", 0, (T + at * S,), Shown(at=T + at * S, due_by=T + due * DAY))
        return Issue(what="dispute", seen={"needs_response": first, **issue("dispute", *then).seen})

    both: Any = of_charge(dp_1=asks(0, 9), dp_2=asks(10, 5))[-1]
    assert (both.fields["dispute"], both.deadline) == ("dp_2", Instant(T + 5 * DAY))

    found: list[Any] = of_charge(
        dp_1=asks(0, 9, ("under_review", "waits", 50)),
        dp_2=asks(10, 5, ("lost", "over", 40)),
        dp_3=issue("review", ("open", "open", 20)),
    )

    assert [((event.at - T) // S, getattr(event, "deadline", None)) for event in found] == [
        (0, Instant(T + 9 * DAY)),
        (10, Instant(T + 5 * DAY)),
        (20, found[2].deadline),
        (40, Instant(T + 9 * DAY)),
        (50, None),
    ]


def test_a_deadline_of_another_century_is_none() -> None:
    """The contact is told all the same."""
    far = Seen("open", 0, (T,), Shown(at=T, due_by=T + 366 * DAY))
    [found] = of_charge(dp_1=Issue(what="dispute", seen={"needs_response": far}))

    assert isinstance(found, ContactOpened)
    assert not found.deadline


RULES = FailureRules(window_ms=600 * S, high_from=2, urgent_from=5, quiet_ms=3_600 * S)


def failed(*seconds: int, last: int | None = None) -> list[Event]:
    failures = tuple(Failure(T + at * S, f"ch_{at}", "card_declined", "5.00 EUR") for at in sorted(seconds))
    last_at = T + S * (max(seconds) if last is None else last)
    refs = (Named(0, "failed_payments", "cus_1:9"),)
    return told(Matter(provider="stripe", refs=refs, failures=failures, failed_last_at=last_at), RULES)


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        ([0], [(0, "open", "normal"), (3_600, "solved", "normal")]),
        ([0, 601], [(0, "open", "normal"), (4_201, "solved", "normal")]),
        ([0, 600], [(0, "open", "normal"), (600, "open", "high"), (4_200, "solved", "high")]),
        (
            [0, 100, 200, 300, 400, 500],
            [(0, "open", "normal"), (100, "open", "high"), (400, "open", "urgent"), (4_100, "solved", "urgent")],
        ),
        ([0, 200, 400, 500, 601], [(0, "open", "normal"), (200, "open", "high"), (4_201, "solved", "high")]),
        (
            [0, 10, 3_611],
            [(0, "open", "normal"), (10, "open", "high"), (3_610, "solved", "high"),
             (3_611, "open", "normal"), (7_211, "solved", "normal")],
        ),
    ],
)  # fmt: skip
def test_failed_payments_are_counted_within_the_window(seconds: list[int], expected: list[Any]) -> None:
    """One is a nuisance, two are trouble, five are somebody trying cards; silence ends it, the next opens it anew."""
    assert life(failed(*seconds)) == expected


@pytest.mark.parametrize("seconds", [[0], [0, 601], [0, 3_700]])
def test_single_failures_may_be_left_alone(seconds: list[int]) -> None:
    """A shop of thousands of payments has hundreds that fail once: neither opened, nor ended."""
    failures = tuple(Failure(T + at * S, f"ch_{at}") for at in seconds)
    facts = Matter(refs=(Named(0, "failed_payments", "cus_1:9"),), failures=failures)
    rules = FailureRules(open_from=2)

    assert told(facts, rules) == []
    again = Failure(failures[-1].at + S, "ch_z")
    assert life(told(msgspec.structs.replace(facts, failures=(*failures, again)), rules))[0][1:] == ("open", "high")


def test_the_end_by_silence_is_told_ahead_and_taken_back() -> None:
    """Under an id that stays with the spell."""
    one, two = failed(0), failed(0, 50)

    assert (one[-1].id, two[-1].id) == ("cus_1:9:quiet:ch_0",) * 2
    assert two[-1].at - one[-1].at == 50 * S


def test_more_failures_than_are_known_singly_still_keep_it_open() -> None:
    """The last one counts."""
    assert failed(0, last=9_000)[-1].at == T + 12_600 * S


def test_card_testing_is_fraud() -> None:
    """By its tags; the fields say how many, and why."""
    urgent: Any = failed(0, 1, 2, 3, 4)[2]

    assert urgent.tags == ("card_testing", "fraud", "payment_failed")
    assert urgent.fields == {
        "provider": "stripe", "failed_payments": 5, "failure_code": "card_declined", "amount": "5.00 EUR"
    }  # fmt: skip


@pytest.mark.parametrize(
    ("minor", "currency", "shown"),
    [
        (12_900, "eur", "129.00 EUR"),
        (5, "usd", "0.05 USD"),
        (-5, "usd", "-0.05 USD"),
        (0, "usd", "0.00 USD"),
        (500, "jpy", "500 JPY"),
        (5_124, "kwd", "5.124 KWD"),
        (7, "kwd", "0.007 KWD"),
    ],
)
def test_amounts_read_as_people_write_them(minor: int, currency: str, shown: str) -> None:
    """By the decimal places in which the provider counts."""
    assert money(minor, currency, {"JPY": 0, "KWD": 3}) == shown


def test_of_several_disputes_the_fields_show_the_one_that_wants_an_answer() -> None:
    """Whole, with its own amount: not the deadline of one beside the name of another."""

    def one(status: str, stage: Stage, at: int, money: str, **fields: Any) -> Issue:
        shown = Shown(at=T + at * S, money=money, fields={"dispute_status": status, **fields})
        return Issue(what="dispute", seen={status: Seen(stage, 1, (T + at * S,), shown)})

    found: Any = of_charge(
        dp_1=one("needs_response", "open", 0, "9.00 EUR", evidence_due_by="2026-03-03T02:26:40Z"),
        dp_2=one("lost", "over", -10, "4.00 EUR", network_reason_code="13.1"),
        re_1=issue("refund", ("failed", "open", 20), made_at=T),
    )[-1]

    assert found.fields == {
        "provider": "stripe", "charge": "ch_1", "dispute": "dp_1", "dispute_status": "needs_response",
        "amount": "9.00 EUR", "evidence_due_by": "2026-03-03T02:26:40Z", "refund": "re_1",
        "network_reason_code": None,
    }  # fmt: skip


def test_a_warning_is_over_once_its_charge_is_disputed_or_refunded_in_full() -> None:
    """Whoever doesn't say so himself: there is nothing left to do about it. An inquiry isn't a dispute yet."""
    warning = issue("warning", ("reported", "open", 0))

    def then(what: What, status: str, stage: Stage, amount: int = 500, *, inquiry: bool = False) -> Any:
        shown = Shown(at=T + 40 * S, amount=amount, inquiry=inquiry)
        other = Issue(what=what, made_at=T, seen={status: Seen(stage, 1, (T + 40 * S,), shown)})
        return life(of_charge(issfr_1=warning, other=other))[-1]

    assert then("refund", "succeeded", "over") == (40, "closed", "urgent")
    assert then("refund", "succeeded", "over", 499) == (0, "open", "urgent")
    assert then("refund", "canceled", "over") == (0, "open", "urgent")
    assert then("dispute", "lost", "over", 100) == (40, "closed", "urgent")
    assert then("dispute", "warning_closed", "over", inquiry=True) == (0, "open", "urgent")


def test_a_canceled_refund_makes_no_failed_one_good() -> None:
    """Nobody got the money."""
    canceled = Issue(
        what="refund", made_at=T + S, seen={"canceled": Seen("over", 2, (T + 9 * S,), Shown(at=T, amount=500))}
    )
    failed = issue("refund", ("failed", "open", 5), made_at=T)

    assert life(of_charge(re_1=Issue(what="refund", made_at=T, seen=failed.seen), re_2=canceled))[-1][1] == "open"
