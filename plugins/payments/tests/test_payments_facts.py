"""The facts of a matter: whatever comes first, and however often, what is known is the same."""

import random
from typing import Any

import msgspec
from gateway_payments import matter
from gateway_payments.matter import Failure, Issue, Matter, Named, Paid, Payment, Seen, Shown, join
from hypothesis import given
from hypothesis import strategies as st

AT = 1_771_900_000_000

moments = st.integers(AT, AT + 40)
shown = st.builds(
    Shown,
    at=moments,
    amount=st.integers(0, 2),
    reason=st.sampled_from(["", "general"]),
    due_by=st.one_of(st.none(), moments),
    fields=st.dictionaries(st.sampled_from("ab"), st.sampled_from([None, 1, "x", True])),
)
seen = st.builds(Seen, st.just("open"), st.just(1), moments.map(lambda at: (at,)), shown)
issues = st.builds(
    Issue,
    what=st.just("dispute"),
    began_at=st.one_of(st.none(), moments),
    made_at=st.one_of(st.none(), moments),
    evidence_at=st.one_of(st.none(), moments),
    answered_at=st.one_of(st.none(), moments),
    seen=st.dictionaries(st.sampled_from(["needs_response", "won", "lost"]), seen, max_size=2),
)
payments = st.builds(Payment, at=moments, whole=st.booleans(), email=st.sampled_from([None, "a", "b"]))
matters = st.builds(
    Matter,
    provider=st.just("stripe"),
    refs=st.lists(st.builds(Named, st.integers(0, 1), st.just("charge"), st.sampled_from("abc")), max_size=2)
    .map(lambda refs: tuple(sorted({*refs}))),
    issues=st.dictionaries(st.sampled_from("abcd"), issues, max_size=2),
    payments=st.dictionaries(st.sampled_from("abcd"), payments, max_size=2),
    failures=st.lists(st.builds(Failure, moments, st.sampled_from("abcdef"), st.sampled_from("xy")), max_size=1)
    .map(tuple),
    failed_last_at=st.one_of(st.none(), moments),
    paid=st.lists(st.builds(Paid, moments, moments, st.sampled_from("abcdef")), max_size=1).map(tuple),
)  # fmt: skip


@given(st.lists(matters, min_size=1, max_size=8), st.integers(0, 2**32), st.booleans())
def test_any_order_and_any_repetition_end_the_same(parts: list[Matter], seed: int, narrow: bool) -> None:
    """Joined one by one, shuffled and doubled, or in two heaps that are joined then; with bounds that matter, too."""
    bounds = {"INSTANTS_MAX": 2, "ISSUES_MAX": 2, "PAYMENTS_MAX": 2, "STATUSES_MAX": 2, "REFS_MAX": 2}
    bounds |= {"FAILURES_MAX": 2, "PAID_MAX": 2}
    before = {name: getattr(matter, name) for name in bounds}
    chance = random.Random(seed)
    mixed = [*parts, *chance.choices(parts, k=3)]
    chance.shuffle(mixed)
    middle = len(mixed) // 2
    try:
        for name, value in bounds.items() if narrow else ():
            setattr(matter, name, value)
        found = {
            written(joined(parts)),
            written(joined(mixed)),
            written(join(joined(mixed[:middle]), joined(mixed[middle:]))),
        }
    finally:
        for name, value in before.items():
            setattr(matter, name, value)

    assert len(found) == 1


def joined(parts: list[Matter]) -> Matter:
    found = Matter()
    for part in parts:
        found = join(found, part)
    return found


def written(facts: Matter) -> bytes:
    """The facts as they are kept; they can be read again."""
    body = msgspec.json.encode(facts, order="deterministic")
    assert msgspec.json.decode(body, type=Matter) == facts
    return body


def test_a_showing_with_the_customer_is_kept() -> None:
    """A later one that has only the customer's id brings less."""
    whole: Any = Payment(at=AT, whole=True, customer="cus_1", email="ada@customer.example")
    later = Payment(at=AT + 9, customer="cus_1")
    latest = Payment(at=AT + 10, whole=True, customer="cus_1", email="new@customer.example")
    by = [Matter(payments={"ch_1": payment}) for payment in (whole, later, latest)]

    assert joined(by[:2]).payments["ch_1"] is whole
    assert joined(by).payments["ch_1"] is latest
