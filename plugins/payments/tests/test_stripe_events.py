"""What Stripe's events say, one by one."""

import json
from typing import Any

import pytest

from gateway.plugin import BadPayload, ContactObserved, ContactOpened, Fetch, Piece, Ref
from plugins.payments.tests.stripe_said import Account, T, changed, sample


def opened(*events: Any, reads: Any = (), **settings: Any) -> ContactOpened:
    found = Account(**settings).tells(*events, reads=reads)[0]
    assert isinstance(found, ContactOpened)
    return found


@pytest.mark.parametrize(
    ("name", "priority", "tags"),
    [
        ("push_dispute_created", "high", {"payment_dispute"}),
        ("row_dispute_inquiry", "high", {"payment_dispute", "dispute_inquiry"}),
        ("push_warning", "urgent", {"fraud", "early_fraud_warning"}),
        ("push_review_opened", "high", {"payment_review"}),
        ("push_charge_failed", "normal", {"payment_failed"}),
        ("push_intent_failed", "normal", {"payment_failed"}),
        ("push_refund_failed", "high", {"payment_dispute", "refund_failed"}),
        ("push_payout_failed", "high", {"payout_failed"}),
        ("push_verification", "high", {"verification_delay"}),
    ],
)
def test_each_event_has_its_severity(name: str, priority: str, tags: set[str]) -> None:
    """By the table of severities: fraud first, a single failed payment last."""
    found = opened(sample(name))

    assert (found.priority, {*found.tags}, found.status) == (priority, tags, "open")
    assert (found.kind, found.channel, found.direction) == ("ticket", "other", "inbound")


def test_a_dispute_says_what_is_at_stake() -> None:
    """The amount for people, the reason, the network's own code, and until when."""
    found = opened(sample("push_dispute_created"))

    assert found.ref == Ref("charge", "ch_3SampleCharge0001")
    assert found.subject == "Payment disputed: product not received, 129.00 EUR"
    assert found.fields == {
        "provider": "stripe",
        "charge": "ch_3SampleCharge0001",
        "payment_intent": "pi_3SampleIntent0001",
        "dispute": "dp_1SampleDispute01",
        "amount": "129.00 EUR",
        "reason": "product_not_received",
        "network_reason_code": "13.1",
        "case_type": "chargeback",
        "dispute_status": "needs_response",
        "evidence_due_by": "2026-03-03T02:26:40Z",
        "has_evidence": False,
        "evidence_submissions": 0,
        "charge_refundable": True,
    }


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ({"payment_method_details": {"type": "paypal", "paypal": {"case_id": "PP-1", "reason_code": "INR"}}}, "INR"),
        ({"payment_method_details": {"type": "klarna", "klarna": {"reason_code": "returns"}}}, "returns"),
        ({"payment_method_details": None, "network_reason_code": "83"}, "83"),
        ({"payment_method_details": None}, None),
    ],
)
def test_the_code_of_whoever_disputes(values: dict[str, Any], code: str | None) -> None:
    """PayPal's, Klarna's, a network's; in old versions of the API it stood elsewhere."""
    fields = opened(changed("push_dispute_created", **values)).fields

    assert isinstance(fields, dict)
    assert fields.get("network_reason_code") == code


def test_a_dispute_of_an_old_version_ends_by_a_refund() -> None:
    """`charge_refunded` is an end, though newer versions have another word."""
    event = sample("push_dispute_created")
    ended = changed("push_dispute_created", at=T + 90, status="charge_refunded")

    assert getattr(Account(api_key=None).tells(event, ended)[-1], "status", None) == "closed"


def test_fraud_is_urgent() -> None:
    """A dispute with the reason `fraudulent`."""
    found = opened(changed("push_dispute_created", reason="fraudulent"))

    assert (found.priority, found.tags) == ("urgent", ("fraud", "payment_dispute"))


def test_a_review_of_the_highest_risk_is_urgent() -> None:
    """Only a re-read tells the charge's risk; the opening has it then."""
    read = sample("fetched_review")
    read["object"]["charge"]["outcome"]["risk_level"] = "highest"

    assert opened(sample("push_review_opened"), reads=[read]).priority == "urgent"


def test_a_read_brings_the_customer_and_the_card_but_no_number() -> None:
    """An event of a dispute has neither."""
    event, read = sample("push_dispute_created"), sample("fetched_dispute")
    found = opened(event, reads=[read])

    assert opened(event).customer != found.customer
    assert json.loads(json.dumps(found.customer, default=lambda value: value.email)) == "ada@customer.example"
    assert isinstance(found.fields, dict)
    assert (found.fields["card_brand"], found.fields["card_last4"]) == ("visa", "4242")


def test_what_is_unknown_says_nothing() -> None:
    """Other types, thin events, statuses that come some day: stored, and no error."""
    account = Account()
    thin = {"object": "v2.core.event", "id": "evt_2", "type": "v1.billing.meter.error_report_triggered"}

    assert account.reads({**sample("push_dispute_created"), "type": "customer.updated"}) == []
    assert account.reads(thin) == []
    assert account.tells(changed("push_dispute_created", status="brand_new")) == []


def test_an_event_of_the_other_mode_says_nothing() -> None:
    """By the key, by the setting; with neither both modes are told."""
    live = {**sample("push_dispute_created"), "livemode": True}

    assert Account().reads(live) == []
    assert Account(mode="live").reads(live) != []
    assert Account(api_key="rk_live_1").reads(live) != []
    assert Account(api_key="rk_live_1").reads(sample("push_dispute_created")) == []
    assert Account(api_key=None).reads(live) != []
    assert Account(api_key=None).reads(sample("push_dispute_created")) != []


def test_without_a_key_nothing_is_looked_up() -> None:
    """The rest is told all the same."""
    said = Account(api_key=None).reads(sample("push_dispute_created"))

    assert [type(one) for one in said] == [Piece]


def test_an_event_of_a_connected_account_is_read_there() -> None:
    """The account stands in the fields, and before the id of the look-up."""
    said = Account().reads(sample("push_connected"))

    assert [one.ref.id for one in said if isinstance(one, Fetch)] == ["acct_1SampleConnected/dp_1SampleDispute02"]
    found = opened(sample("push_connected"))
    assert isinstance(found.fields, dict)
    assert found.fields["account"] == "acct_1SampleConnected"


def test_funds_that_move_say_nothing_of_the_status() -> None:
    """Reinstated isn't won: what the dispute itself says counts."""
    base = changed("push_dispute_closed", status="lost")
    moved = {**changed("push_dispute_closed", status="lost", at=base["created"] + 5)}
    moved["type"] = "charge.dispute.funds_reinstated"
    last = Account().tells(sample("push_dispute_created"), base, moved)[-1]

    assert isinstance(last, ContactObserved)
    assert isinstance(last.fields, dict)
    assert (last.status, last.fields["dispute_status"]) == ("closed", "lost")


def test_one_failed_attempt_counts_once() -> None:
    """Stripe tells it as a charge and as a payment intent."""
    found = Account().tells(sample("push_charge_failed"), sample("push_intent_failed"))

    assert [(event.at, event.id) for event in found] == [
        (T * 1000, "cus_Sample000001:20508:opened"),
        ((T + 1 + 3600) * 1000, "cus_Sample000001:20508:quiet:ch_3SampleFailed0001"),
    ]


@pytest.mark.parametrize(
    ("values", "begins"),
    [
        ({}, "cus_Sample000001:"),
        ({"customer": "ada@customer.example"}, "customer-"),
        ({"customer": None}, "email-"),
        ({"customer": None, "billing_details": {"email": "ADA@customer.example"}}, "email-"),
        ({"customer": None, "billing_details": None}, "guest-pi_"),
        ({"customer": None, "billing_details": None, "payment_intent": None}, "guest-AOB934RVNwzk6xtn:"),
    ],
)
def test_whose_failures_count_together(values: dict[str, Any], begins: str) -> None:
    """A customer's, whose id may be one of the merchant's own; else an address's, a payment intent's, a card's."""
    found = opened(changed("push_charge_failed", **values))

    assert found.ref.kind == "failed_payments"
    assert found.ref.id.startswith(begins)
    assert "@" not in found.id


def test_cards_that_a_guest_tries_on_one_intent_are_a_burst_and_guests_are_not() -> None:
    """Whoever tests cards has many of them; five strangers whose payments fail are five strangers."""

    def guests(intent: str) -> list[str | None]:
        nobody = {"customer": None, "billing_details": None}
        card = sample("push_charge_failed")["data"]["object"]["payment_method_details"]["card"]
        tried = [
            changed(
                "push_charge_failed",
                at=T + place,
                id=f"ch_{place}",
                payment_intent=intent.format(place),
                **nobody,
                payment_method_details={"card": {**card, "fingerprint": f"card{place}"}},
            )
            for place in range(5)
        ]
        names = [{*said.names} for event in tried for said in Account().reads(event)]
        together = all(one & names[0] for one in names)
        return [str(event.priority) for event in Account().tells(*tried) if together and event.priority]

    assert guests("pi_1") == ["normal", "high", "urgent"]
    assert guests("pi_{}") == []


def test_failed_payments_may_be_left_alone() -> None:
    """By the setting; the rest is told."""
    account = Account(failed_payments={"follow": False})

    assert account.reads(sample("push_charge_failed")) == []
    assert account.reads(sample("push_intent_failed")) == []
    assert account.reads(sample("push_payout_failed")) != []


@pytest.mark.parametrize(
    ("of", "value"),
    [
        ("id", 7),
        ("id", "../v1/charges"),
        ("id", None),
        ("charge", ["ch_1"]),
        ("status", 4),
        ("amount", "12"),
        ("amount", True),
        ("amount", 10**40),
        ("created", -5),
        ("created", 1.5),
        ("currency", {}),
        ("evidence_details", []),
        ("evidence_details", {"due_by": "soon"}),
        ("evidence_details", {"has_evidence": 1}),
        ("is_charge_refundable", "yes"),
        ("payment_method_details", {"card": "visa"}),
        ("object", "charge"),
    ],
)
def test_another_shape_is_bad_payload(of: str, value: object) -> None:
    """With the place and the reason; nothing else is ever raised."""
    with pytest.raises(BadPayload):
        Account().reads(changed("push_dispute_created", **{of: value}))


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"object":"event"}', b'{"object":"charge","type":"x"}'])
def test_what_is_no_event_is_bad_payload(body: bytes) -> None:
    """It is parked with the reason."""
    with pytest.raises(BadPayload):
        Account().reads(body)


def test_a_date_that_is_zero_is_none() -> None:
    """Stripe writes 0 where a bank takes no answer."""
    found = opened(changed("push_dispute_created", evidence_details={"due_by": 0, "submission_count": 0}))

    assert isinstance(found.fields, dict)
    assert "evidence_due_by" not in found.fields
