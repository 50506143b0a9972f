"""What the organisation pushes: its proof, and what it names."""

import base64
import hashlib
import hmac
import json
from typing import Any

import pytest
from gateway_salesforce.webhook import IDS_MAX

from gateway.plugin import Accepted, BadPayload, Fetch, Ref, Refused, Request, parse_instant

NOW = parse_instant("2026-03-02T09:00:00Z")
KEY = b"thirty-two bytes for a test only"
SECRET = "whsec_" + base64.b64encode(KEY).decode()


def signed(body: bytes, id: str = "job_707gL00000Abc", at_s: int = NOW // 1000, key: bytes = KEY) -> dict[str, str]:
    """The headers as the Apex class of the how-to makes them."""
    mac = hmac.new(key, f"{id}.{at_s}.".encode() + body, hashlib.sha256).digest()
    signature = "v1," + base64.b64encode(mac).decode()
    return {"webhook-id": id, "webhook-timestamp": str(at_s), "webhook-signature": signature}


def received(account: Any, body: bytes, headers: dict[str, str], **settings: Any) -> Any:
    """What the connector answers."""
    secrets = {"webhook_secret": SECRET, **settings}
    connector = account({}, **{name: value for name, value in secrets.items() if value is not None}).connector
    return connector.receive(Request("POST", headers, {}, body, NOW))


def test_what_the_class_signs_is_accepted_once(account: Any, make_id: Any) -> None:
    """Under the job's id, so that the same delivery twice is one."""
    body = json.dumps({"ids": [make_id("500", 7)]}).encode()
    receipt = received(account, body, signed(body))
    assert isinstance(receipt, Accepted)
    [record] = receipt.records
    assert (record.body, record.key, record.form) == (body, "job_707gL00000Abc", "push")


@pytest.mark.parametrize(
    "headers",
    [
        {},
        signed(b"another body"),
        signed(b"{}", key=b"another secret of thirty-two byte"),
        signed(b"{}", at_s=NOW // 1000 - 301),
        signed(b"{}", at_s=NOW // 1000 + 301),
        signed(b"{}") | {"webhook-id": "another"},
    ],
)
def test_what_is_not_proved_is_refused(headers: dict[str, str], account: Any) -> None:
    """Another body, another secret, another id, another time, nothing at all."""
    receipt = received(account, b"{}", headers)
    assert isinstance(receipt, Refused)
    assert receipt.status == 401


def test_without_a_secret_nothing_is_accepted(account: Any) -> None:
    """And a list of secrets verifies with any of them."""
    assert isinstance(received(account, b"{}", signed(b"{}"), webhook_secret=None), Refused)
    other = "whsec_" + base64.b64encode(b"another secret of thirty-two byte").decode()
    assert isinstance(received(account, b"{}", signed(b"{}"), webhook_secret=[other, SECRET]), Accepted)


def test_each_record_that_it_names_is_looked_up(account: Any, make_id: Any) -> None:
    """Once, also where it is named by both forms of its id; what isn't read here is passed over."""
    case, session, call = (make_id(prefix, 7) for prefix in ("500", "0Mw", "0LQ"))
    said = account({}).reads({"ids": [case, case[:15], make_id("003", 7), session, call[:15]]}, "push")
    assert all(isinstance(one, Fetch) and one.version is None for one in said)
    assert [one.ref for one in said] == [Ref("case", case), Ref("session", session), Ref("call", call)]


@pytest.mark.parametrize(
    "body",
    [
        {},
        [],
        {"ids": []},
        {"ids": "500gL0000000007"},
        {"ids": [None]},
        {"ids": ["003gL0000000007"]},
        {"ids": ["500gL0000000007AAA"]},
        {"ids": ["500' OR Id != '"]},
        {"ids": ["500gL0000000007"] * (IDS_MAX + 1)},
    ],
)
def test_what_names_nothing_of_ours_is_refused(body: Any, account: Any) -> None:
    """With the reason, so that whoever wrote the trigger sees it."""
    with pytest.raises(BadPayload):
        account({}).reads(body, "push")
