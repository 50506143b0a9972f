"""Which call a recording is of: the address that the settings make has the Call-ID that the contact has."""

from collections.abc import Iterable
from typing import Any

from gateway_telephony_sip import TelephonySip
from gateway_telephony_sip.message import Captured
from gateway_telephony_sip.settings import TelephonySettings

from gateway.plugin import ContactObserved, Context
from plugins.telephony_sip.tests.calls import call_of, request, response

URL = "https://records.example/{call_id}.wav"


def recording(packets: Iterable[Captured], **calls: Any) -> object:
    settings = TelephonySettings.model_validate(
        {"hep": {"udp": "127.0.0.1:9060", "allow": ["127.0.0.1"]}, "calls": calls, "recordings": {"url": URL}}
    )
    connector = TelephonySip("phones", settings, Context(http=None))  # type: ignore[arg-type]
    told = [event for event in connector.tell(call_of(packets)) if isinstance(event, ContactObserved)]
    fields = told[-1].fields
    assert isinstance(fields, dict)
    return fields.get("recording_url")


def legs() -> list[Captured]:
    """A caller, and a telephone whose leg has the Call-ID that sorts first."""
    header = ["X-CID: shared-1"]
    return [
        request("INVITE", 0, id="z@caller", headers=header),
        response(200, 100, id="z@caller"),
        request("INVITE", 1_000, id="a@pbx", tags=("pbx", ""), headers=header),
        response(180, 1_100, id="a@pbx", tags=("pbx", "phone")),
    ]


def test_the_recording_is_the_callers() -> None:
    assert recording(legs()) == "https://records.example/z%40caller.wav"


def test_a_call_that_only_music_answered_has_none() -> None:
    assert recording(legs(), answered_by="agent_leg") is None
    answered = [*legs(), response(200, 5_000, id="a@pbx", tags=("pbx", "phone"))]
    assert recording(answered, answered_by="agent_leg") == "https://records.example/z%40caller.wav"
