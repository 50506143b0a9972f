"""Where a recording lies is told with the call: by a header, or by the settings."""

from typing import Any

import pytest
from gateway_telephony_sip import TelephonySip
from gateway_telephony_sip.facts import Call
from gateway_telephony_sip.settings import TelephonySettings
from gateway_telephony_sip.sip import read_sip
from pydantic import ValidationError

from gateway.plugin import ContactObserved, Context
from plugins.telephony_sip.tests.calls import call_of, request, response

HEP = {"udp": "127.0.0.1:0", "allow": ["127.0.0.1/32"]}
NAMED = {"encrypted": True, "retention": "calls-90d"}


def connector(**recordings: Any) -> TelephonySip:
    """A connector of calls that are recorded."""
    settings = TelephonySettings.model_validate({"hep": HEP, "recordings": recordings})
    return TelephonySip("phones", settings, Context(http=None))  # type: ignore[arg-type]


def told(calls: TelephonySip, facts: Call) -> dict[str, Any]:
    """The fields of the call's end that speak of a recording."""
    (outcome,) = (event for event in calls.tell(facts) if isinstance(event, ContactObserved))
    fields = outcome.fields
    assert isinstance(fields, dict)
    return {name: value for name, value in fields.items() if name.startswith("recording")}


def test_an_answered_call_has_the_recording_that_the_settings_say() -> None:
    """By the name of the call, written so that it can't change the address; one that nobody answered has none."""
    calls = connector(url="https://rec.example/{call_id}.wav", **NAMED)
    rings, answers = request("INVITE", 0), response(200, 1_000)

    assert told(calls, call_of([rings])) == {}
    fields = told(calls, call_of([rings, answers]))
    assert fields == {
        "recording_url": fields["recording_url"],
        "recording_encrypted": True,
        "recording_retention": "calls-90d",
    }
    assert str(fields["recording_url"]).startswith("https://rec.example/")
    assert "@" not in str(fields["recording_url"])


@pytest.mark.parametrize(
    ("value", "kept"),
    [
        ("https://rec.example/1.wav", True),
        ("s3://recordings/1.wav", True),
        ("javascript://rec.example/%0aalert(1)", False),
        ("https://rec.example/a b", False),
        ("1.wav", False),
        ("https://rec.example/" + "x" * 2_000, False),
        ("", False),
    ],
)
def test_a_header_names_the_recording(value: str, kept: bool) -> None:
    """An address that can be shown as a link, and nothing else: callers may write headers, too."""
    calls = connector(header="X-Recording-Url", **NAMED)
    message = read_sip(request("INVITE", 0, headers=[f"X-Recording-Url: {value}"]).payload)
    found = calls._recording_of(message)

    assert (found is not None) == kept
    if found is not None:
        facts = Call(legs=call_of([request("INVITE", 0)]).legs, recordings=(found,))
        assert told(calls, facts)["recording_url"] == value


@pytest.mark.parametrize(
    ("recordings", "why"),
    [
        ({}, "give `header` or `url`"),
        ({"header": "X-R", "url": "https://rec.example/{call_id}"}, "give `header` or `url`"),
        ({"url": "https://rec.example/all.wav"}, "every call would have the same recording"),
        ({"url": "no address {call_id}"}, "pattern"),
        ({"header": "X R"}, "pattern"),
    ],
)
def test_what_names_no_recording_is_refused(recordings: dict[str, Any], why: str) -> None:
    """Before the gateway starts."""
    with pytest.raises(ValidationError, match=why):
        connector(**recordings)
