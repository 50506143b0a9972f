"""Nothing that opens a door is kept: passwords and tokens in URIs, headers with credentials, bodies, keys of media."""

import msgspec
import pytest
from gateway_telephony_sip import RECORDING_URL
from gateway_telephony_sip.leg import _read_party
from gateway_telephony_sip.telling import opening, tell

from plugins.telephony_sip.tests.calls import RULES, call_of, request, response

THERE = ("ann", "bob")
SECRETS = [
    'Proxy-Authorization: Digest username="u", response="SECRET1"',
    "Contact: <sip:u:SECRET2@h;token=SECRET3>",
    "P-Asserted-Identity: <sip:ann:SECRET4@h;x=SECRET5?Authorization=SECRET6>",
    "Referred-By: <sip:a:SECRET7@b;token=SECRET8>",
    "Diversion: <sip:a:SECRET9@b;tok=SECRET10>",
    "Identity: SECRET11;info=<https://certs.example/SECRET12>",
    "Referred-By: <cid:SECRET13@h>",
]
PLACES = [
    "sip:x:SECRET14@pbx.example;agree=SECRET15?Authorization=SECRET16",
    "https://pbx.example/SECRET17?token=SECRET18",
    "data:text/plain,SECRET19",
]


@pytest.mark.parametrize("header", SECRETS)
@pytest.mark.parametrize("target", PLACES)
def test_no_secret_of_a_call_is_kept_or_told(header: str, target: str) -> None:
    call = call_of(
        [
            request("INVITE", 0, target=target, headers=[header], sdp="sendrecv\r\na=crypto:1 AES inline:SECRET20"),
            response(200, 30, headers=["Contact: <sip:a:SECRET21@h;token=SECRET22>", "WWW-Authenticate: SECRET23"]),
            request("INFO", 40, tags=THERE, body="Signal=SECRET24"),
            request("MESSAGE", 50, tags=THERE, body="SECRET25"),
            request("REFER", 60, tags=THERE, cseq=2, headers=[f"Refer-To: <{target}>"]),
            response(202, 70, method="REFER", cseq=2),
            request("BYE", 90, tags=THERE, cseq=3, headers=['Reason: SIP;cause=200;text="SECRET26"']),
        ]
    )
    assert b"SECRET" not in msgspec.json.encode(call)
    assert "SECRET" not in str(list(tell(call, RULES)))


def test_an_emergency_is_told_as_one() -> None:
    call = call_of([request("INVITE", 0, target="urn:service:sos.fire")])
    assert b"urn:service:sos.fire" in msgspec.json.encode(call)
    assert opening(tell(call, RULES)).kind == "call"


@pytest.mark.parametrize(
    "url",
    ["https://ann:secret@r.example/1", "javascript://%0aalert(1)", "data://x,y", "r.example/1", "https://r example/1"],
)
def test_a_header_that_names_no_plain_address_is_no_recording(url: str) -> None:
    assert RECORDING_URL.fullmatch(url) is None


@pytest.mark.parametrize("url", ["https://r.example/1.wav", "s3://bucket/a@b.wav", "https://r.example/a?of=x@y"])
def test_plain_addresses_of_recordings(url: str) -> None:
    assert RECORDING_URL.fullmatch(url)


def test_long_addresses_of_strangers_fill_no_memory() -> None:
    """A name of 20 KB is read, and not remembered: neither its name nor its address."""
    before = _read_party.cache_info().currsize
    for number in range(20):
        name = f'Referred-By: "{"n" * 20_000}" <sip:short{number}@h>'
        address = f"P-Asserted-Identity: <sip:{'u' * 20_000}{number}@h>"
        call_of([request("INVITE", 0, id=f"{number}@h", headers=[name, address])])
    assert _read_party.cache_info().currsize <= before + 4
