"""Looking objects up: what is asked, what is kept, and an API that lies."""

import json
from typing import Any

import pytest
from gateway_payments.stripe.account import READS

from gateway.plugin import BadPayload, Permanent, Piece, Transient, Unauthorized, VendorError
from plugins.payments.tests.stripe_said import KEY, MISSING, NO_PERMISSION, NOW, Account, T, refused, sample

DISPUTE = "/v1/disputes/dp_1SampleDispute01"
ID = "dp_1SampleDispute01"


def whole(**values: Any) -> dict[str, Any]:
    """The dispute as the API gives it, its charge and customer in it, and all that isn't needed."""
    object: dict[str, Any] = sample("fetched_dispute")["object"]
    event = sample("push_dispute_created")["data"]["object"]
    charge = {**object["charge"], "receipt_url": "https://pay.example/r", "metadata": {"a": "b"}}
    charge["payment_method_details"]["card"] |= {"fingerprint": "x", "exp_year": 2030}
    return {**event, **object, "evidence": {"uncategorized_text": "…"}, "charge": charge, **values}


def test_what_is_asked() -> None:
    """With the charge and its customer, in one version of the API; the account's own key goes by the client."""
    account = Account({DISPUTE: whole()})
    account.look_up("dispute", ID)

    assert account.http.asked == [(DISPUTE, {"expand[0]": "charge.customer"}, {"Stripe-Version": "2026-10-28.endive"})]
    assert KEY not in str(account.http.asked)


def test_what_is_kept() -> None:
    """No evidence, nothing of the card but what tells one from another, nothing more of the person than is needed."""
    [record] = Account({DISPUTE: whole()}).look_up("dispute", ID)

    assert json.loads(record.body) == {**sample("fetched_dispute"), "read_at": NOW}


def test_a_connected_account_is_asked_as_such() -> None:
    """By a header, and the answer says whose it is."""
    account = Account({DISPUTE: whole()})
    [record] = account.look_up("dispute", f"acct_1Connected/{ID}")

    assert account.http.asked[0][2]["Stripe-Account"] == "acct_1Connected"
    assert json.loads(record.body)["account"] == "acct_1Connected"


def test_when_it_was_read_is_stripes_to_say() -> None:
    """By its own clock, unless that is far from ours; then it is known up to which change it was read."""
    near = "Tue, 24 Feb 2026 02:27:45 GMT"
    [record] = Account({DISPUTE: whole()}, date=near).look_up("dispute", ID)
    [far] = Account({DISPUTE: whole()}, date="Mon, 02 Mar 2026 09:00:00 GMT").look_up("dispute", ID)
    [odd] = Account({DISPUTE: whole()}, date="soon").look_up("dispute", ID)

    assert (json.loads(record.body)["read_at"], record.version) == ((T + 65) * 1000, (T + 63) * 1000)
    assert [(json.loads(one.body)["read_at"], one.version) for one in (far, odd)] == [(NOW, None)] * 2


@pytest.mark.parametrize(
    ("kind", "id"),
    [
        ("dispute", "../charges"),
        ("dispute", "dp_1?x=1"),
        ("dispute", ""),
        ("dispute", "acct_1/acct_2/dp_1"),
        ("x", "dp_1"),
    ],
)
def test_only_ids_are_looked_up(kind: str, id: str) -> None:
    """Whatever a record said; nothing is asked."""
    account = Account()

    assert account.look_up(kind, id) == []
    assert account.http.asked == []


def test_what_is_gone_gives_nothing() -> None:
    """It may be the key of another account: nothing is concluded from it."""
    assert Account({DISPUTE: MISSING}).look_up("dispute", ID) == []


@pytest.mark.parametrize(
    "error", [refused(401), refused(403, b"<html>"), refused(400), refused(402), refused(500), refused(503)]
)
def test_other_failures_are_the_cores(error: Any) -> None:
    """It waits, goes on or gives up by their class."""
    with pytest.raises(type(error)):
        Account({DISPUTE: error}).look_up("dispute", ID)


def test_a_key_that_may_not_read_charges_reads_the_dispute_alone() -> None:
    """The check says what is done without."""
    alone = {**whole(), "charge": "ch_3SampleCharge0001"}
    account = Account({**{path: {} for path in READS.values()}, DISPUTE: [NO_PERMISSION, alone]})
    [record] = account.look_up("dispute", ID)

    assert json.loads(record.body)["object"]["charge"] == "ch_3SampleCharge0001"
    assert any("rak_dispute_read" in finding.what for finding in account.check())


def test_a_key_that_may_not_read_it_at_all() -> None:
    """What events tell is all that is known."""
    assert Account({DISPUTE: [NO_PERMISSION, NO_PERMISSION]}).look_up("dispute", ID) == []


def test_an_account_that_has_left_the_platform_says_nothing() -> None:
    """What its events told stays; our own account's refusal is another matter."""
    left = refused(403, {"error": {"code": "account_invalid", "message": "Application access may have been revoked."}})

    assert Account({DISPUTE: left}).look_up("dispute", f"acct_1Connected/{ID}") == []
    with pytest.raises(VendorError):
        Account({DISPUTE: left}).look_up("dispute", ID)


@pytest.mark.parametrize(
    "answer",
    [
        b"<html>",
        [],
        None,
        {},
        {"object": "dispute", "id": "dp_another"},
        whole(object="charge"),
        whole(status=7),
        whole(amount="1"),
        whole(charge={"object": "charge", "id": None, "customer": 4}),
        whole(charge={"id": "ch_1", "billing_details": []}),
        whole(charge={"id": "ch_1", "customer": {"id": "cus_1", "email": 5}}),
        whole(evidence_details={"due_by": -4}),
    ],
)
def test_an_api_that_lies_is_ill_weather(answer: Any) -> None:
    """Another object, other types: nothing of it is stored, and it is asked again later."""
    with pytest.raises(Transient):
        Account({DISPUTE: [answer]}).look_up("dispute", ID)


@pytest.mark.parametrize("kind", ["charge", "dispute", "warning", "review", "refund"])
def test_a_read_is_a_piece(kind: str) -> None:
    """Of the matter of the charge, and never asks for another look-up."""
    said = Account().reads(sample(f"fetched_{kind}"), "fetched")

    assert [type(one) for one in said] == [Piece]
    assert "charge:ch_3SampleCharge0001" in said[0].names
    assert said[0].facts.payments["ch_3SampleCharge0001"].email == "ada@customer.example"


def test_a_deleted_customer_is_still_one() -> None:
    """What the charge itself says of them stays."""
    read = sample("fetched_dispute")
    read["object"]["charge"]["customer"] = {"id": "cus_1", "object": "customer", "deleted": True}
    [piece] = Account().reads(read, "fetched")
    payment = piece.facts.payments["ch_3SampleCharge0001"]

    assert (payment.customer, payment.email) == ("cus_1", "ada@customer.example")


@pytest.mark.parametrize("read_at", [None, -1, 0, True, 2**43, "now"])
def test_a_record_without_its_time_is_bad_payload(read_at: object) -> None:
    """It is parked, and the others go on."""
    with pytest.raises(BadPayload):
        Account().reads({**sample("fetched_dispute"), "read_at": read_at}, "fetched")


def test_a_key_that_is_worth_nothing_is_told_as_such() -> None:
    """Unauthorized stays what it is: a Permanent of its own."""
    with pytest.raises(Unauthorized):
        Account({DISPUTE: refused(401)}).look_up("dispute", ID)
    assert issubclass(Unauthorized, Permanent)
