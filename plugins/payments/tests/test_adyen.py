"""Adyen's notifications: what proves them, what may be changed in them, and what they become."""

import base64
import itertools
import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from gateway_payments.adyen.connector import Adyen
from gateway_payments.adyen.notifications import trimmed
from gateway_payments.adyen.settings import AdyenSettings
from gateway_payments.adyen.signature import signature, signed_text
from gateway_payments.matter import Matter
from pydantic import ValidationError

from gateway.plugin import (
    UNSET,
    Accepted,
    BadPayload,
    ContactObserved,
    ContactOpened,
    Event,
    Instant,
    Piece,
    Record,
    Refused,
    Request,
    parse_instant,
)

KEY = "44782DEF547AAA06C910C43932B1EB0C71FC68D9D0C057550C48EC2ACF6BA056"
OTHER = "11" * 32
NOW = parse_instant("2026-03-02T09:00:00Z")
DUE = "2026-03-16T09:00:00+01:00"


def connector(**more: Any) -> Adyen:
    """A connector with this key."""
    return Adyen("adyen", AdyenSettings.model_validate({"hmac_key": KEY, **more}), None)  # type: ignore[arg-type]


def item(code: str = "CHARGEBACK", *, key: str = KEY, **more: Any) -> dict[str, Any]:
    """A signed notification."""
    beside = {"defensePeriodEndsAt": DUE, "chargebackReasonCode": "13.1", **more.pop("beside", {})}
    said = {
        "additionalData": beside,
        "amount": {"currency": "EUR", "value": 12_900},
        "eventCode": code,
        "eventDate": "2026-03-02T09:00:00+01:00",
        "merchantAccountCode": "ShopECOM",
        "merchantReference": "order:4711",
        "originalReference": "PAYMENT1",
        "paymentMethod": "visa",
        "pspReference": "DISPUTE1",
        "reason": "",
        "success": "true",
        **more,
    }
    beside["hmacSignature"] = signature(key, said)
    return said


def asked(*items: Mapping[str, Any], at: int = NOW, headers: Mapping[str, str] | None = None) -> Request:
    """A request with these notifications."""
    body = {"live": "false", "notificationItems": [{"NotificationRequestItem": one} for one in items]}
    return Request("POST", dict(headers or {}), {}, json.dumps(body).encode(), Instant(at))


def records(adyen: Adyen, *items: Mapping[str, Any], at: int = NOW) -> list[Record]:
    """What is stored of them."""
    receipt = adyen.receive(asked(*items, at=at))
    assert isinstance(receipt, Accepted)
    return list(receipt.records)


def told(adyen: Adyen, *items: Mapping[str, Any]) -> dict[str, Event]:
    """The events of one matter, as a gateway puts them together: each record once."""
    facts: Matter | None = None
    for record in {record.key: record for one in items for record in records(adyen, one)}.values():
        for piece in adyen.normalize(record):
            assert isinstance(piece, Piece) and isinstance(piece.facts, Matter)
            facts = piece.facts if facts is None else adyen.join(facts, piece.facts)
    return {} if facts is None else {event.id: event for event in adyen.tell(facts)}


def published_items() -> Iterator[dict[str, Any]]:
    """Adyen's own vectors, where they are."""
    folder = os.environ.get("GATEWAY_FIXTURES")
    for path in sorted(Path(folder, "adyen").glob("*.json")) if folder else ():
        yield json.loads(path.read_text())


def test_adyens_own_vectors_are_proved() -> None:
    """Colons and backslashes in the merchant's reference are signed as they stand."""
    key = "74F490DD33F7327BAECC88B2947C011FC02D014A473AAA33A8EC93E4DC069174"
    vectors = list(published_items())
    if not vectors:
        pytest.skip("GATEWAY_FIXTURES names no folder of published payloads")
    for vector in vectors:
        assert signature(key, vector) == vector["additionalData"]["hmacSignature"]
        assert isinstance(connector(hmac_key=[OTHER, key]).receive(asked(vector)), Accepted)


def test_a_signature_by_hand() -> None:
    """Eight fields, joined by colons; a missing one is empty."""
    said = {"pspReference": "A", "eventCode": "REFUND", "success": "false", "merchantReference": "x:\\y"}
    assert signed_text(said) == "A:::x:\\y:::REFUND:false"
    assert signature("00" * 32, said) == "kyjp6RK6GIPt8+wGtPX6W0AGLPHqJ+OnqaWfl2/aFc0="  # as `openssl dgst` says


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("pspReference", "DISPUTE2"),
        ("originalReference", "PAYMENT2"),
        ("merchantAccountCode", "OtherECOM"),
        ("merchantReference", "order:4712"),
        ("amount", {"currency": "EUR", "value": 12_901}),
        ("amount", {"currency": "USD", "value": 12_900}),
        ("amount", None),
        ("eventCode", "CHARGEBACK_REVERSED"),
        ("success", "false"),
        ("success", ["true"]),
        ("merchantReference", "\ud800"),
        ("additionalData", {}),
        ("additionalData", {"hmacSignature": ""}),
        ("additionalData", {"hmacSignature": "é"}),
        ("additionalData", {"hmacSignature": 7}),
        ("additionalData", []),
    ],
)
def test_what_is_signed_can_not_be_changed(field: str, value: object) -> None:
    """Any of the eight, or the proof itself: the whole request is refused, beside a good notification too."""
    adyen = connector()
    for items in ([{**item(), field: value}], [item("REFUND"), {**item(), field: value}]):
        receipt = adyen.receive(asked(*items))
        assert isinstance(receipt, Refused)
        assert receipt.status in (400, 401)


def test_fields_can_not_be_shifted_under_one_signature() -> None:
    """`A` and `B:C` sign as `A:B` and `C` do: a colon is lawful in the merchant's reference alone."""
    true = item(merchantReference="x:y")
    for shifted in (
        {"merchantAccountCode": "ShopECOM:x", "merchantReference": "y"},
        {"originalReference": "PAYMENT1:ShopECOM", "merchantAccountCode": "x", "merchantReference": "y"},
        {
            "pspReference": "DISPUTE1:PAYMENT1",
            "originalReference": "ShopECOM",
            "merchantAccountCode": "x",
            "merchantReference": "y",
        },
    ):
        assert isinstance(connector().receive(asked({**true, **shifted})), Refused)


def test_nothing_grave_is_read_from_what_is_not_signed() -> None:
    """Whoever sends a notification again with another time, status, reason or deadline says nothing new; and a first
    one can't close a dispute, or put its deadline beyond what schemes give, by what isn't signed."""
    adyen = connector()
    true = item()
    changed = {**true, "eventDate": "2026-03-02T07:59:00Z", "reason": "x", "paymentMethod": "mc"}
    changed["additionalData"] = {
        **true["additionalData"],
        "disputeStatus": "Won",
        "defensePeriodEndsAt": "2026-09-01T00:00:00Z",
    }
    assert [one.key for one in records(adyen, true)] == [one.key for one in records(adyen, changed, at=NOW + 9)]
    (opened,) = told(adyen, changed).values()
    assert isinstance(opened, ContactOpened)
    assert (opened.status, opened.deadline) == ("open", UNSET)
    assert "evidence_due_by" not in (opened.fields or {})
    (late,) = told(adyen, {**true, "eventDate": "2027-01-01T00:00:00Z"}).values()
    assert late.at == NOW


def test_what_is_stored_can_prove_nothing_and_holds_no_card() -> None:
    """No signature, no expiry, no authorisation code, nothing else of the shopper than who it is."""
    more = {"expiryDate": "03/2030", "authCode": "039404", "cardHolderName": "J Doe", "cardSummary": "1111"}
    (record,) = records(connector(), item("AUTHORISATION", beside=more, reason="039404:1111:03/2030"))
    kept = json.loads(record.body)
    assert "hmacSignature" not in record.body.decode()
    assert kept["additionalData"] == {"cardSummary": "1111", "chargebackReasonCode": "13.1", "defensePeriodEndsAt": DUE}
    assert "reason" not in kept
    assert trimmed({"eventCode": "X", "success": "false", "reason": "no"}) == {
        "eventCode": "X", "success": "false", "reason": "no", "additionalData": {}
    }  # fmt: skip


def test_any_order_of_a_disputes_notifications_ends_in_the_same() -> None:
    """Opened by the inquiry, answered, charged back, defended, and lost in the end; each as often as it comes."""
    codes = [
        "REQUEST_FOR_INFORMATION",
        "NOTIFICATION_OF_CHARGEBACK",
        "INFORMATION_SUPPLIED",
        "CHARGEBACK_REVERSED",
        "SECOND_CHARGEBACK",
    ]
    items = [item(code, eventDate=f"2026-03-02T08:0{place}:00Z") for place, code in enumerate(codes)]
    due = told(connector(), *items)
    statuses = {id: status for id, event in due.items() if (status := getattr(event, "status", UNSET)) is not UNSET}
    assert statuses == {
        "PAYMENT1:opened": "open",
        "PAYMENT1:DISPUTE1:information_supplied": "on_hold",
        "PAYMENT1:DISPUTE1:chargeback_reversed": "closed",
    }
    opened, supplied = due["PAYMENT1:opened"], due["PAYMENT1:DISPUTE1:information_supplied"]
    assert isinstance(opened, ContactOpened) and isinstance(supplied, ContactObserved)
    assert (opened.deadline, supplied.deadline) == (parse_instant(DUE), None)
    assert "PAYMENT1:DISPUTE1:answered" in due
    for order in itertools.islice(itertools.permutations(items), 0, 120, 7):
        assert told(connector(), *order, order[0]) == due


@pytest.mark.parametrize(
    ("code", "more", "priority", "tags"),
    [
        ("CHARGEBACK", {}, "high", {"payment_dispute"}),
        ("CHARGEBACK", {"beside": {"chargebackReasonCode": "10.4"}}, "urgent", {"payment_dispute", "fraud"}),
        ("REQUEST_FOR_INFORMATION", {}, "high", {"payment_dispute", "dispute_inquiry"}),
        ("NOTIFICATION_OF_FRAUD", {}, "urgent", {"fraud", "early_fraud_warning"}),
        ("REFUND_FAILED", {}, "high", {"payment_dispute", "refund_failed"}),
        ("REFUND", {"success": "false"}, "high", {"payment_dispute", "refund_failed"}),
        ("CANCEL_OR_REFUND", {"success": "false"}, "high", {"payment_dispute", "refund_failed"}),
        ("PAIDOUT_REVERSED", {}, "high", {"payout_failed"}),
        ("PAYOUT_THIRDPARTY", {"success": "false"}, "high", {"payout_failed"}),
        ("AUTHORISATION", {"success": "false", "reason": "Refused"}, "normal", {"payment_failed"}),
    ],
)
def test_what_each_becomes(code: str, more: dict[str, Any], priority: str, tags: set[str]) -> None:
    """A contact of that urgency, with its money and who says so."""
    opened = next(iter(told(connector(), item(code, **more)).values()))
    assert opened.priority == priority  # type: ignore[attr-defined]
    assert set(opened.tags) == tags  # type: ignore[attr-defined]
    assert opened.fields["amount"] == "129.00 EUR"  # type: ignore[attr-defined]
    assert opened.fields["provider"] == "adyen"  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "code", ["AUTHORISATION", "REFUND", "CAPTURE", "REPORT_AVAILABLE", "ISSUER_COMMENTS", "", "x" * 900]
)
def test_what_goes_well_or_is_unknown_says_nothing(code: str) -> None:
    """It is stored, and that is all."""
    assert told(connector(), item(code)) == {}


def ends_as(*after: tuple[str, dict[str, Any]]) -> Any:
    """A chargeback's contact after these, each an hour later."""
    later = [
        item(code, eventDate=f"2026-03-02T0{place}:00:00Z", **more) for place, (code, more) in enumerate(after, start=1)
    ]
    first = item(eventDate="2026-03-02T00:00:00Z")
    pieces = [
        said
        for one in (first, *later)
        for record in records(connector(), one)
        for said in connector().normalize(record)
    ]
    named = [{*one.names} for one in pieces if isinstance(one, Piece)]
    assert all(one & {"charge:PAYMENT1", "dispute:DISPUTE1"} for one in named)
    events = list(told(connector(), first, *later).values())
    assert len([event for event in events if isinstance(event, ContactOpened)]) == 1
    return [event.status for event in events if isinstance(event, ContactOpened | ContactObserved) and event.status][-1]


@pytest.mark.parametrize(
    "code", ["CHARGEBACK_REVERSED", "SECOND_CHARGEBACK", "PREARBITRATION_WON", "PREARBITRATION_LOST"]
)
def test_an_end_that_names_the_payment_alone_ends_its_dispute(code: str) -> None:
    """Or the dispute alone, unless Adyen is told to send both: of the same contact, and not one of its own."""
    assert ends_as((code, {"pspReference": "PAYMENT1", "originalReference": ""})) == "closed"
    assert ends_as((code, {"originalReference": ""})) == "closed"
    assert ends_as((code, {})) == "closed"


def test_a_bank_that_opens_a_pre_arbitration_wants_an_answer_again() -> None:
    """After a chargeback that was reversed; it is the scheme's to decide in the end."""
    begun: list[tuple[str, dict[str, Any]]] = [("CHARGEBACK_REVERSED", {}), ("PREARBITRATION_OPEN", {})]

    assert ends_as(*begun) == "open"
    assert ends_as(*begun, ("PREARBITRATION_DECLINED", {})) == "on_hold"
    assert ends_as(*begun, ("PREARBITRATION_ACCEPTED", {})) == "closed"
    assert ends_as(*begun, ("PREARBITRATION_ISSUER_WITHDRAWN", {})) == "closed"
    assert ends_as(*begun, ("SCHEME_ARBITRATION", {})) == "on_hold"
    assert ends_as(*begun, ("SCHEME_ARBITRATION", {}), ("SCHEME_ARBITRATION_LOST", {})) == "closed"


def test_who_may_defend_is_told_and_decides_nothing() -> None:
    """Words for people, since nobody signs them: the contact is open whatever they say."""
    disputed = item(beside={"autoDefended": "true", "defendable": False})
    [opened] = told(connector(), disputed).values()

    assert isinstance(opened, ContactOpened) and isinstance(opened.fields, dict)
    assert (opened.fields["auto_defended"], opened.fields["defendable"], opened.status) == (True, False, "open")


def test_refused_payments_of_one_shopper_are_a_burst() -> None:
    """The fifth within ten minutes is somebody who tries cards; another shopper's count apart."""
    items = [
        item(
            "AUTHORISATION",
            success="false",
            pspReference=f"TRY{place}",
            originalReference=None,
            eventDate=f"2026-03-02T08:0{place}:00Z",
            beside={"shopperReference": "shopper-7"},
        )
        for place in range(5)
    ]
    events = list(told(connector(), *items).values())
    assert [getattr(event, "priority", None) for event in events[:3]] == ["normal", "high", "urgent"]
    assert told(connector(failed_payments={"follow": False}), *items) == {}


def test_refused_payments_of_strangers_are_no_burst() -> None:
    """Adyen names no shopper unless it is told to: what is refused of one order counts together, of others apart."""

    def object_of(order: str, place: int) -> str:
        refused = item("AUTHORISATION", success="false", merchantReference=order, pspReference=f"TRY{place}")
        [said] = connector().normalize(records(connector(), refused)[0])
        assert isinstance(said, Piece)
        return said.names[0]

    assert object_of("order:1", 1) == object_of("order:1", 2)
    assert object_of("order:1", 1) != object_of("order:2", 2)
    assert object_of("", 1) == object_of("", 2)


def test_only_the_merchant_accounts_that_are_named_are_told() -> None:
    """Of others nothing is said; it is signed, so it is stored."""
    assert told(connector(merchant_accounts=["Other"]), item()) == {}
    assert told(connector(merchant_accounts=["Other", "ShopECOM"]), item())


def test_basic_authentication_is_asked_for_where_it_is_set_up() -> None:
    """Any of the passwords; without one, or with another, nothing is looked at."""
    adyen = connector(username="adyen", password=["näw", "old"])
    for proof, well in (("adyen:näw", True), ("adyen:old", True), ("adyen:", False), ("adyen:x", False), ("", False)):
        header = {"authorization": f"Basic {base64.b64encode(proof.encode()).decode()}"}
        assert isinstance(adyen.receive(asked(item(), headers=header)), Accepted) is well
    for header in (
        {},
        {"authorization": "Bearer x"},
        {"authorization": "Basic é"},
        {"authorization": "Basic " + "x" * 9_999},
    ):
        receipt = adyen.receive(asked(item(), headers=header))
        assert isinstance(receipt, Refused) and receipt.status == 401


@pytest.mark.parametrize(
    "settings",
    [
        {"hmac_key": "not hexadecimal, but long enough to be a key of some kind"},
        {"hmac_key": ["11" * 32, "11"]},
        {"hmac_key": []},
        {},
        {"hmac_key": KEY, "username": "a"},
        {"hmac_key": KEY, "password": "a"},
        {"hmac_key": KEY, "username": "a:b", "password": "c"},
    ],
)
def test_settings_that_prove_nothing_are_refused(settings: dict[str, Any]) -> None:
    """In words without a secret."""
    with pytest.raises(ValidationError) as wrong:
        AdyenSettings.model_validate(settings)
    assert "not hexadecimal" not in str(wrong.value)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"{}",
        b"\xff",
        b'{"notificationItems":[]}',
        b'{"notificationItems":[{}]}',
        b'{"notificationItems":[1]}',
        b'{"notificationItems":' + b"[" * 500 + b"]" * 500 + b"}",
        json.dumps({"notificationItems": [{"NotificationRequestItem": {}}] * 101}).encode(),
    ],
)
def test_a_body_that_is_not_adyens_is_refused(body: bytes) -> None:
    """With 400, and nothing is stored."""
    receipt = connector().receive(Request("POST", {}, {}, body, NOW))
    assert isinstance(receipt, Refused) and receipt.status in (400, 401)


@pytest.mark.parametrize(
    ("field", "value"),
    [("pspReference", "a b"), ("pspReference", None), ("originalReference", "ä"), ("success", "yes"), ("reason", 7),
     ("amount", {"currency": "EUR", "value": 10**16}), ("amount", {"currency": 7, "value": 1})],
)  # fmt: skip
def test_a_signed_notification_that_makes_no_sense_is_parked(field: str, value: object) -> None:
    """It is Adyen's, so it is kept, with the reason."""
    adyen = connector()
    (record,) = records(adyen, item(**{field: value}))
    with pytest.raises(BadPayload):
        list(adyen.normalize(record))
