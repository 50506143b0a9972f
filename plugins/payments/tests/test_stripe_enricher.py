"""The Stripe enricher: who is found, what is added up, what is left unseen, and what a lying answer comes to."""

import asyncio
import json
import re
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qs

import httpx2
import pytest
from gateway_payments.stripe.customers import quoted
from gateway_payments.stripe.lookup import DISPUTED_MAX, StripePurse, StripePurseSettings
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.kernel.rng import SeededRng
from gateway.plugin import Context, Customer, Permanent, RateLimited, Transient, Unauthorized, VendorError
from gateway.plugin.account import open_account
from gateway.testing.clock import START, StoryClock

NOW = int(START)
S = NOW // 1000
DAY = 86_400
KEY = "rk_test_kept0secret0and0never0shown"
Rows = list[dict[str, Any]]


def charge(number: int, **more: Any) -> dict[str, Any]:
    """A charge of 10.00 EUR, `number` minutes ago."""
    card = {"card": {"brand": "visa", "last4": "4242", "exp_year": 2030}, "type": "card"}
    plain = {"id": f"ch_{number}", "object": "charge", "created": S - 60 * number, "currency": "eur", "amount": 1000}
    paid = {"amount_captured": 1000, "captured": True, "status": "succeeded", "customer": "cus_ada"}
    return {**plain, **paid, "amount_refunded": 0, "disputed": False, "payment_method_details": card, **more}


def dispute(charge: str = "ch_1", **more: Any) -> dict[str, Any]:
    """A dispute that wants an answer within two days."""
    due = {"due_by": S + 2 * DAY, "past_due": False}
    plain = {"id": f"dp_{charge}", "charge": charge, "currency": "eur", "amount": 1000, "reason": "fraudulent"}
    return {**plain, "status": "needs_response", "evidence_details": due, **more}


class Stripe:
    """An account, as far as the enricher asks it."""

    def __init__(self) -> None:
        ada = {"id": "cus_ada", "created": S - 400 * DAY, "email": "ada@customer.example", "phone": "+442071838750"}
        self.customers: Rows = [{**ada, "delinquent": False}]
        self.charges: Rows = []
        self.disputes: Rows = []
        self.warnings: Rows = []
        self.asked: list[tuple[str, dict[str, str]]] = []
        self.instead: Callable[[str], httpx2.Response | None] = lambda path: None

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        """Answer as Stripe does."""
        path = request.url.path
        query = {key: values[0] for key, values in parse_qs(request.url.query.decode()).items()}
        self.asked.append((path, query))
        assert request.headers["authorization"] == f"Bearer {KEY}"
        answer = self.instead(path) or self._answer(path, query)
        return httpx2.Response(answer.status_code, headers=answer.headers, stream=httpx2.ByteStream(answer.content))

    def _answer(self, path: str, query: Mapping[str, str]) -> httpx2.Response:
        if path == "/v1/customers/search":
            field, _, value = query["query"].partition(":")
            given = json.loads(value)
            return page([one for one in self.customers if str(one.get(field)).lower() == given.lower()], query)
        if path == "/v1/customers":
            return page([one for one in self.customers if one["email"] == query.get("email", one["email"])], query)
        if path == "/v1/charges":
            since, whose = int(query.get("created[gt]", -1)), query.get("customer")
            rows = [one for one in self.charges if one["created"] > since and whose in (None, one["customer"])]
            return page(sorted(rows, key=lambda one: -one["created"]), query)
        lists = {"/v1/disputes": self.disputes, "/v1/radar/early_fraud_warnings": self.warnings}
        if path in lists:
            return page([one for one in lists[path] if one["charge"] == query.get("charge", one["charge"])], query)
        found = [one for one in self.customers if path == f"/v1/customers/{one['id']}"]
        return httpx2.Response(200, json=found[0]) if found else refused(404, "resource_missing")


def page(rows: Rows, query: Mapping[str, str]) -> httpx2.Response:
    """A page of these."""
    ids = [row["id"] for row in rows]
    start = ids.index(query["starting_after"]) + 1 if "starting_after" in query else 0
    limit = int(query.get("limit", 10))
    return httpx2.Response(200, json={"data": rows[start : start + limit], "has_more": len(rows) > start + limit})


def refused(status: int, message: str, **headers: str) -> httpx2.Response:
    """An error as Stripe tells it."""
    return httpx2.Response(status, json={"error": {"message": message}}, headers=headers)


def ask(stripe: Stripe, customer: Customer | None = None, **more: Any) -> Any:
    """What the enricher says of Ada, or finds of the key (`customer` None)."""
    values = StripePurseSettings(api_key=KEY, requests_per_second=100, **more)

    async def work() -> Any:
        transport = httpx2.MockTransport(stripe)
        http = open_account(StripePurse, values, clock=StoryClock(), rng=SeededRng(1), transport=transport)
        try:
            enricher = StripePurse("payments", values, Context(http))
            return await (enricher.check() if customer is None else enricher.lookup(customer, NOW))
        finally:
            await http.aclose()

    return asyncio.run(work())


ADA = Customer(email="ada@customer.example")


@pytest.mark.parametrize(
    "customer",
    [
        Customer(id="cus_ada"),
        ADA,
        Customer(id="zendesk-4711", email="ada@customer.example"),
        Customer(id="cus_gone", email="ADA@customer.example"),
        Customer(phone="+44 (20) 7183-8750"),
        Customer(email="nobody@customer.example", phone="00442071838750"),
    ],
)
def test_a_customer_is_found(customer: Customer) -> None:
    """By Stripe's id, by e-mail however it is written, by phone; an id of another vendor's isn't asked for."""
    stripe = Stripe()
    facts = ask(stripe, customer)

    assert (facts.known, facts.customer_id, facts.known_days) == (True, "cus_ada", 400)
    assert not any("zendesk" in path for path, _ in stripe.asked)


@pytest.mark.parametrize(
    "customer",
    [
        Customer(),
        Customer(name="Ada"),
        Customer(id="../v1/balance"),
        Customer(id="cus_ada/../../v1/balance"),
        Customer(email="no address"),
        Customer(email="a\n@b"),
        Customer(phone="4711"),
        Customer(phone='"'),
    ],
)
def test_what_can_be_no_identity_is_not_asked_for(customer: Customer) -> None:
    """Nobody is known, and Stripe wasn't asked."""
    stripe = Stripe()

    assert (ask(stripe, customer).known, stripe.asked) == (False, [])


@given(st.text(max_size=40) | st.text("\"\\'a", max_size=12))
@settings(max_examples=60, deadline=None)
def test_nothing_gets_out_of_its_quotes(text: str) -> None:
    """An identity is one value of the query, whatever it holds: no quote ends it but the last."""
    inside = re.fullmatch(r'"((?:[^"\\]|\\["\\])*)"', quoted(text), re.DOTALL)

    assert inside is not None
    assert re.sub(r"\\(.)", r"\1", inside[1], flags=re.DOTALL) == text


def test_what_was_paid_is_told_by_currency() -> None:
    """The one with the most payments first; yen have no decimals and dinars three; nothing is added across them."""
    stripe = Stripe()
    stripe.charges = [
        charge(1, amount_refunded=250),
        charge(2, amount=2999, amount_captured=2000),
        charge(3, currency="jpy", amount=500, amount_captured=500),
        charge(4, currency="kwd", amount=5124, amount_captured=5124),
        charge(5, status="pending"),
        charge(6, captured=False, amount_captured=0),
        charge(400 * 24 * 60),
    ]
    facts = ask(stripe, ADA)

    assert (facts.currency, facts.payments, facts.paid, facts.refunded) == ("EUR", 2, 30.0, 2.5)
    assert [(one.currency, one.payments, one.paid) for one in facts.others] == [("JPY", 1, 500.0), ("KWD", 1, 5.124)]
    assert (facts.card_brand, facts.card_last4, facts.last_paid_at) == ("visa", "4242", "2026-03-02T08:59:00Z")
    assert facts.complete and facts.unseen == ()


@pytest.mark.parametrize(
    ("amounts", "paid", "refunded"),
    [
        ({"amount": 20675, "amount_captured": 20300, "amount_refunded": 375}, 203.0, 0.0),
        ({"amount": 20675, "amount_captured": 20300, "amount_refunded": 1375}, 203.0, 10.0),
        ({"amount": 1000, "amount_captured": 1200, "amount_refunded": 1200}, 12.0, 12.0),
    ],
)
def test_what_was_never_taken_was_never_given_back(amounts: dict[str, int], paid: float, refunded: float) -> None:
    """Stripe shows what a partial capture releases as a refund; an overcapture takes more than was authorized."""
    stripe = Stripe()
    stripe.charges = [charge(1, **amounts)]
    facts = ask(stripe, ADA)

    assert (facts.paid, facts.refunded) == (paid, refunded)


def test_failures_and_disputes_are_told() -> None:
    """What failed within a day; the dispute that is due first, and one that is decided; a warning."""
    stripe = Stripe()
    stripe.charges = [
        charge(1, disputed=True),
        charge(2, disputed=True),
        charge(3, status="failed", failure_code="card_declined", amount_captured=0),
        charge(2000, status="failed", amount_captured=0),
    ]
    later = dispute("ch_1", id="dp_later", status="warning_needs_response", evidence_details={"due_by": S + 9 * DAY})
    stripe.disputes = [later, dispute("ch_1"), dispute("ch_2", status="lost")]
    stripe.warnings = [{"id": "issfr_1", "charge": "ch_1", "fraud_type": "misc"}]
    facts = ask(stripe, ADA)

    assert (facts.failed_recently, facts.last_failure) == (1, "card_declined")
    assert (facts.disputes, facts.open_disputes, facts.lost_disputes, facts.disputed) == (3, 2, 1, 20.0)
    assert (facts.paid, facts.lost) == (20.0, 10.0)
    assert (facts.dispute_due_at, facts.dispute_reason) == ("2026-03-04T09:00:00Z", "fraudulent")
    assert facts.warnings == 1


def test_several_customers_are_one_person() -> None:
    """Their payments are counted together; the newest names them."""
    stripe = Stripe()
    stripe.customers.append({**stripe.customers[0], "id": "cus_new", "created": S - DAY, "delinquent": True})
    stripe.charges = [charge(1), charge(2, customer={"id": "cus_new", "object": "customer"})]
    stripe.charges[1]["customer"] = "cus_new"
    facts = ask(stripe, ADA)

    assert (facts.customers, facts.customer_id, facts.payments, facts.delinquent) == (2, "cus_new", 2, True)


def test_what_is_too_much_is_said_to_be_unseen() -> None:
    """Ten thousand payments are two hundred that were counted, in a bounded number of requests."""
    stripe = Stripe()
    stripe.customers += [{**stripe.customers[0], "id": f"cus_{number}"} for number in range(9)]
    stripe.charges = [charge(number, disputed=True) for number in range(10_000)]
    facts = ask(stripe, ADA)

    assert (facts.customers, facts.complete) == (5, False)
    stripe.customers = stripe.customers[:1]
    stripe.asked.clear()
    facts = ask(stripe, ADA)

    assert (facts.payments, facts.paid, facts.complete) == (200, 2000.0, False)
    assert set(facts.unseen) == {"payments before the newest 200", f"disputes of more than {DISPUTED_MAX} payments"}
    assert len(stripe.asked) <= 12


@pytest.mark.parametrize(
    "wrong",
    [
        {"amount": -5},
        {"amount": "1000"},
        {"amount": True},
        {"amount": 10**18},
        {"created": "yesterday"},
        {"currency": "€"},
        {"customer": "cus_somebody_else"},
        {"customer": None},
        {"amount_refunded": 1001},
        {"amount_captured": 2000, "amount_refunded": 2001},
        {"payment_method_details": {"card": {"last4": "4242424242424242"}}},
        {"id": ""},
    ],
)
def test_a_lying_payment_is_never_added_up(wrong: dict[str, Any]) -> None:
    """Wrong types, impossible amounts, another's payment, a card's whole number: no sum, and words without values."""
    stripe = Stripe()

    def instead(path: str) -> httpx2.Response | None:
        rows = [charge(1), charge(2, **wrong)]
        return httpx2.Response(200, json={"data": rows, "has_more": False}) if path == "/v1/charges" else None

    stripe.instead = instead
    with pytest.raises(Transient, match="Stripe answered") as caught:
        ask(stripe, ADA)
    assert "4242" not in str(caught.value) and "somebody" not in str(caught.value)


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/v1/customers", {"data": [{"id": "cus_eve", "email": "eve@customer.example"}]}),
        ("/v1/customers", {"data": [{"id": "../x", "email": "ada@customer.example"}]}),
        ("/v1/customers", {"data": {}}),
        ("/v1/customers", []),
        ("/v1/charges", {"data": [charge(1)], "has_more": True}),
        ("/v1/charges", {"data": [], "has_more": True}),
        ("/v1/charges", {"data": [charge(1, disputed=True)] * 101}),
        ("/v1/disputes", {"data": [dispute("ch_of_another")]}),
        ("/v1/disputes", {"data": [dispute(amount=-1)]}),
    ],
)
def test_a_lying_list_is_ill_weather(path: str, body: object) -> None:
    """Somebody else's, another shape, or a list that never ends."""
    stripe = Stripe()
    stripe.charges = [charge(1, disputed=True)]
    stripe.instead = lambda asked: httpx2.Response(200, json=body) if asked == path else None

    with pytest.raises(Transient):
        ask(stripe, ADA)


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (lambda: refused(401, "Invalid API Key provided"), Unauthorized),
        (lambda: refused(403, "Having the 'rak_customer_read' permission would allow it"), Permanent),
        (lambda: refused(429, "lock_timeout", **{"retry-after": "120"}), RateLimited),
        (lambda: refused(500, "oh"), Transient),
        (lambda: httpx2.Response(200, text="<html>"), Transient),
    ],
)
def test_a_refusal_is_a_reason(answer: Callable[[], httpx2.Response], error: type[VendorError]) -> None:
    """With the permission that is lacking, and without the key."""
    stripe = Stripe()
    stripe.instead = lambda path: answer()

    with pytest.raises(error) as caught:
        ask(stripe, ADA)
    assert KEY not in f"{caught.value!r} {caught.value}"
    assert error is not Permanent or "rak_customer_read" in str(caught.value)


def test_a_key_that_may_not_read_disputes_leaves_them_unseen() -> None:
    """The sums are true all the same, and it is said what lacks."""
    stripe = Stripe()
    stripe.charges = [charge(1, disputed=True)]
    words = "Having the 'rak_dispute_read' permission would allow this request to continue."
    stripe.instead = lambda path: refused(403, words) if path == "/v1/disputes" else None
    facts = ask(stripe, ADA)

    assert (facts.paid, facts.disputes, facts.complete) == (10.0, 0, False)
    assert facts.unseen == ("disputes: the key lacks the permission rak_dispute_read",)


def test_without_search_it_is_said_who_can_not_be_found() -> None:
    """Stripe's search isn't to be had everywhere."""
    stripe = Stripe()
    stripe.instead = lambda path: refused(404, "Unrecognized request URL") if path.endswith("/search") else None

    assert ask(stripe, ADA).known
    unknown = ask(stripe, Customer(phone="+442071838750"))
    assert (unknown.known, unknown.complete, len(unknown.unseen)) == (False, False, 1)


def test_the_check_names_what_the_key_may_not_read() -> None:
    """Each permission by its name; a key that isn't accepted is one finding."""
    stripe = Stripe()
    assert [one.ok for one in ask(stripe)] == [True] * 5

    words = "Having the 'rak_charge_read' permission would allow this request to continue."
    stripe.instead = lambda path: refused(403, words) if path == "/v1/charges" else None
    wrong = [one for one in ask(stripe) if not one.ok]
    assert [one.what for one in wrong] == ["the key may not read charges"]
    assert "rak_charge_read" in wrong[0].hint

    stripe.instead = lambda path: refused(401, "Invalid API Key provided")
    assert [(one.ok, one.what) for one in ask(stripe)] == [(False, "Stripe doesn't accept the key")]
