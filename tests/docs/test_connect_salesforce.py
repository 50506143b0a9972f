"""What the how-to for Salesforce shows: settings that are right, and a class that signs as the gateway proves."""

from pathlib import Path

import pytest
from gateway_salesforce import Salesforce
from gateway_salesforce.settings import SalesforceSettings
from gateway_salesforce.simulator.oauth import keys

from gateway.config import load_config
from gateway.plugin import ClientCredentials, JwtBearer
from tests.support.pages import blocks, page

PAGE = "how-to/connect-salesforce.md"
REST = "version: 1\nlisten: 127.0.0.1:0\nadmin: 127.0.0.1:0\ndatabase: sqlite:///gateway.db\npolicy: preset:orion\n"
OF_THE_KEY = ("client_id", "username", "private_key")
ENV = {"SALESFORCE_CLIENT_SECRET": "c-secret"}


@pytest.mark.parametrize("by_secret", [False, True])
def test_the_settings_of_the_page_are_right(by_secret: bool, tmp_path: Path) -> None:
    """Its blocks, one after the other; the second takes the place of the key."""
    first, secret, words = blocks(page(PAGE), "yaml")
    pem = tmp_path / "salesforce.pem"
    pem.write_text(keys()[0])
    pem.chmod(0o600)
    key = first.replace("/etc/gateway/salesforce.pem", str(pem))
    lines = [line for line in first.splitlines(keepends=True) if line.split(":")[0].strip() not in OF_THE_KEY]
    path = tmp_path / "gateway.yaml"
    path.write_text(REST + ("".join(lines) + secret if by_secret else key) + words)

    settings = load_config(path, ENV).connector_settings("salesforce", SalesforceSettings)

    assert isinstance(Salesforce.auth(settings), ClientCredentials if by_secret else JwtBearer)
    assert settings.statuses["With engineering"] == "on_hold"
    assert settings.fields == ("Severity__c", "Product__c")


def test_the_class_signs_what_standard_webhooks_say() -> None:
    """Id, time and body with points between, under the secret's own bytes, behind `v1,`; its id has no point in it."""
    code = "".join(blocks(page(PAGE), "apex"))

    assert "Blob.valueOf(id + '.' + at + '.' + body)" in code
    assert "EncodingUtil.base64Decode(secret.removeStart('whsec_'))" in code
    assert "'v1,' + EncodingUtil.base64Encode(mac)" in code
    assert "String id = 'job_' + context.getJobId();" in code
    for header in ("webhook-id", "webhook-timestamp", "webhook-signature"):
        assert f"request.setHeader('{header}', " in code


def test_the_test_of_the_page_runs_its_triggers() -> None:
    """Salesforce takes no trigger into production that no test has run. Those that stand behind it are told apart."""
    *before, test = next(
        apex[: at + 1]
        for apex in [blocks(page(PAGE), "apex")]
        for at, code in enumerate(apex)
        if code.startswith("@IsTest")
    )
    triggered = [code.split(" on ")[1].split()[0] for code in before if code.startswith("trigger")]

    assert triggered == ["Case", "EmailMessage", "CaseComment"]
    assert [name for name in triggered if f"new {name}(" not in test] == []
    assert test.index("Test.startTest()") < test.index("insert one") < test.index("Test.stopTest()")
