"""What `gateway doctor` says of an organisation."""

from typing import Any

import pytest

from gateway.plugin import RateLimited, Transient, Unauthorized

INFO = "/services/oauth2/userinfo"
WHO = {"preferred_username": "gateway@acme.example", "urls": {"custom_domain": "https://acme.my.salesforce.com"}}


def wrong(account: Any, answers: Any = None, **more: Any) -> list[tuple[str, str]]:
    """What isn't ok, and what to do."""
    found = account({INFO: WHO, **(answers or {})}, **more).check()
    assert all(finding.what and (finding.ok or finding.hint) for finding in found)
    return [(finding.what, finding.hint) for finding in found if not finding.ok]


def test_an_organisation_as_it_should_be_is_ok(account: Any) -> None:
    """Who we are, what we may read, and how many requests of the day are spent."""
    found = account({INFO: WHO}, headers={"sforce-limit-info": "api-usage=18/5000"}).check()
    assert [finding.what for finding in found if not finding.ok] == []
    told = " · ".join(finding.what for finding in found)
    for words in ("gateway@acme.example", "Case, CaseHistory", "18 of 5000", "pulled every 60 s"):
        assert words in told


def test_without_credentials_nothing_is_asked(account: Any) -> None:
    """What is missing is said, and not that Salesforce refuses what nobody has sent."""
    before = account({INFO: WHO}, client_id=None, client_secret=None)
    what, hint = next((finding.what, finding.hint) for finding in before.check() if not finding.ok)
    assert "no credentials" in what and "private_key" in hint
    assert before.org.asked == []


@pytest.mark.parametrize(
    ("code", "hint"), [("invalid_grant", "preauthorize"), ("INVALID_SESSION_ID", "credentials"), ("", "credentials")]
)
def test_refused_credentials_are_told(code: str, hint: str, account: Any) -> None:
    """With what to do, by OAuth's word or the API's."""
    body = f'{{"error": "{code}"}}'.encode() if code.islower() else f'[{{"errorCode": "{code}"}}]'.encode()
    [(what, told)] = wrong(account, {INFO: Unauthorized("the vendor answered 401", status=401, body=body)})
    assert code in what
    assert hint in told


def test_a_spent_budget_is_nobodys_credentials(account: Any) -> None:
    """There is nothing to mend."""
    [(_, told)] = wrong(account, {INFO: RateLimited("the budget is spent", retry_after_s=60.0)})
    assert told.startswith("nothing to do")


def test_an_app_without_the_scope_is_no_fault(account: Any, refusal: Any) -> None:
    """Who we are isn't needed; that the vendor is ill is told."""
    assert wrong(account, {INFO: refusal(403, "Missing_OAuth_Token")}) == []
    [(what, _)] = wrong(account, {INFO: Transient("the vendor answered 503", status=503)})
    assert "503" in what


def test_another_home_is_compared_and_never_followed(account: Any) -> None:
    """Whoever gave the name of an organisation gave another's; before a proxy the two differ."""
    elsewhere = {**WHO, "urls": {"rest": "https://other.my.salesforce.com/services/data/v{version}/"}}
    [(what, hint)] = wrong(account, {INFO: elsewhere})
    assert "other.my.salesforce.com" in what + hint
    assert wrong(account, {INFO: elsewhere}, domain=None, base_url="https://proxy.example") == []
    assert wrong(account, {INFO: {"urls": {"rest": "https://[/"}}}) == []


def test_what_cannot_be_read_is_told(account: Any) -> None:
    """Cases are needed; the rest is done without."""
    [(what, hint)] = wrong(account, lacks=["Case"])
    assert "cases" in what
    assert "permission" in hint
    found = account({INFO: WHO}, lacks=["VoiceCall", "MessagingSession"]).check()
    assert any("MessagingSession, VoiceCall" in finding.what and finding.ok for finding in found)


def test_a_version_that_is_not_there_is_told(account: Any) -> None:
    """Salesforce retires the old ones, and a new one isn't everywhere at once."""
    [(what, hint)] = wrong(account, {"/services/data": [{"version": "68.0"}]})
    assert "66.0" in what
    assert "68.0" in hint


def test_a_misspelt_status_is_told(account: Any) -> None:
    """It would never be met."""
    [(what, _)] = wrong(account, statuses={"Wating on Customer": "pending", "working": "open"})
    assert "Wating on Customer" in what


@pytest.mark.parametrize(("used", "words"), [(4000, "the past rests"), (4800, "everything rests")])
def test_a_day_that_runs_low_is_told(used: int, words: str, account: Any) -> None:
    """With how many are spent."""
    [(what, _)] = wrong(account, headers={"sforce-limit-info": f"api-usage={used}/5000"})
    assert f"{used} of 5000" in what
    assert words in what
