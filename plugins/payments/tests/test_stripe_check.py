"""What `gateway doctor` says of a Stripe account."""

from typing import Any

import pytest
from gateway_payments.stripe.account import READS
from gateway_payments.stripe.events import PULLED
from gateway_payments.stripe.settings import StripeSettings
from pydantic import SecretStr, ValidationError

from plugins.payments.tests.stripe_said import NO_PERMISSION, Account, refused

EMPTY = {"object": "list", "data": [], "has_more": False}
ENDPOINTS = "/v1/webhook_endpoints"


def endpoint(**values: Any) -> dict[str, Any]:
    return {"url": "https://gateway.example/in/stripe", "status": "enabled", "enabled_events": ["*"], **values}


def account(answers: Any = (), endpoints: Any = None, **settings: Any) -> Account:
    listed = {"data": [endpoint()] if endpoints is None else endpoints}
    return Account({**dict.fromkeys(READS.values(), EMPTY), ENDPOINTS: listed, **dict(answers)}, **settings)


def wrong(of: Account) -> list[str]:
    """What isn't as it should be."""
    return [finding.what for finding in of.check() if not finding.ok]


def said(of: Account) -> str:
    return "\n".join(finding.what for finding in of.check())


def test_all_is_well() -> None:
    """A restricted key, all permissions, an endpoint."""
    found = account()

    assert wrong(found) == []
    assert "the key is a restricted one, of test mode" in said(found)
    assert "the key may read all that is needed" in said(found)
    assert "an endpoint calls /in/stripe with all that is needed" in said(found)


def test_a_key_that_is_worth_nothing() -> None:
    """The rest isn't asked."""
    assert len(wrong(account({"/v1/events": refused(401)}))) == 1


def test_which_permissions_are_lacking() -> None:
    """By Stripe's own name; what is needed is wrong, what can be done without is said."""
    found = account({"/v1/disputes": NO_PERMISSION, "/v1/reviews": NO_PERMISSION})

    assert wrong(found) == ["the key may not read disputes (rak_dispute_read)"]
    assert "the key may not read reviews" in said(found)


def test_another_trouble_is_told() -> None:
    """With what to do."""
    assert wrong(account({"/v1/charges": refused(500)})) == ["charges can't be read: the vendor answered 500"]


@pytest.mark.parametrize(
    ("key", "words"),
    [("sk_live_1", "a full secret key"), ("rk_live_1", "of live mode"), ("pk_test_1", "a publishable one")],
)
def test_what_the_key_is(key: str, words: str) -> None:
    """A full key works; a restricted one suffices."""
    assert words in said(account(api_key=key))


def test_an_organizations_key_is_refused_in_words() -> None:
    """Stripe would answer 400 to each request: it belongs to no account."""
    assert wrong(account(api_key="sk_org_live_1"))[0] == "the key is an organization's, which names no account"


def test_an_endpoint_without_identity_is_well() -> None:
    """Most accounts verify nobody by Stripe."""
    sent = [kind for kind in PULLED if not kind.startswith("identity.")]
    found = account(endpoints=[endpoint(enabled_events=sent)])

    assert wrong(found) == []
    assert "without what Stripe Identity tells" in said(found)


def test_a_key_of_another_mode_than_is_told() -> None:
    """Its re-reads would find nothing."""
    assert wrong(account(mode="live")) == ["the key is of test mode, and events of live mode are told"]


def test_without_a_key_and_without_a_secret() -> None:
    """Each alone works, and it is said what is missing; without both there is nothing to do."""
    assert wrong(account(api_key=None)) == [
        "without api_key no customer is known, and an event whose webhook is lost stays unknown"
    ]
    assert wrong(account(webhook_secret=None)) == ["no webhook is accepted"]
    with pytest.raises(ValidationError):
        StripeSettings()


def test_a_clock_that_is_wrong() -> None:
    """Webhooks would be refused for their time."""
    found = account()
    found.http.clock_ahead_s = -200.4

    assert wrong(found) == ["this machine's clock is 200 s behind Stripe's"]


@pytest.mark.parametrize(
    ("endpoints", "words"),
    [
        ([], "no endpoint of the account calls /in/stripe"),
        ([endpoint(url="https://gateway.example/in/other")], "no endpoint of the account calls /in/stripe"),
        ([endpoint(url="https://[broken")], "no endpoint of the account calls /in/stripe"),
        (["endpoint"], "no endpoint of the account calls /in/stripe"),
        ([endpoint(status="disabled")], "the endpoint that calls /in/stripe is disabled"),
        ([endpoint(enabled_events=[*PULLED[:-1], 3])], f"the endpoint that calls /in/stripe doesn't send {PULLED[-1]}"),
        ([endpoint(enabled_events=None)], f"the endpoint that calls /in/stripe doesn't send {', '.join(PULLED)}"),
    ],
)
def test_what_is_wrong_with_the_endpoint(endpoints: Any, words: str) -> None:
    """Stripe disables one that fails for days, and tells it by e-mail alone."""
    assert wrong(account(endpoints=endpoints)) == [words]


def test_endpoints_that_cant_be_seen() -> None:
    """That is no fault: the key may not."""
    found = account({ENDPOINTS: NO_PERMISSION})

    assert wrong(found) == []
    assert "whether an endpoint calls us can't be seen" in said(found)


def test_a_failing_list_of_endpoints_is_told() -> None:
    """Another trouble than a permission."""
    assert wrong(account({ENDPOINTS: refused(503)})) == ["the endpoints can't be listed: the vendor answered 503"]


@pytest.mark.parametrize(
    "values",
    [
        {"webhook_secret": ""},
        {"webhook_secret": []},
        {"tolerance_s": 0},
        {"tolerance_s": 4_000},
        {"api_version": "latest"},
        {"base_url": "https://user@api.stripe.com"},
        {"base_url": "https://api.stripe.com/v1"},
        {"mode": "sandbox"},
        {"backfill_days": 31},
        {"failed_payments": {"high_from": 6}},
        {"failed_payments": {"solved_after_s": 86_400}},
        {"secret": "x"},
    ],
)
def test_settings_that_are_refused(values: dict[str, Any]) -> None:
    """With their place."""
    with pytest.raises(ValidationError):
        StripeSettings(**{"api_key": SecretStr("rk_test_1"), **values})


def test_no_secret_is_shown() -> None:
    """By no repr."""
    settings = StripeSettings(api_key=SecretStr("rk_test_hidden"), webhook_secret=("whsec_hidden",))

    assert "hidden" not in repr(settings)
