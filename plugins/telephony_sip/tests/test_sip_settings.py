"""What people write into gateway.yaml by mistake, and what they are told."""

from typing import Any

import pytest
from gateway_telephony_sip.settings import TelephonySettings
from pydantic import ValidationError

HEP: dict[str, Any] = {"udp": "127.0.0.1:9060", "allow": ["127.0.0.1"]}
REDIRECT: dict[str, Any] = {"udp": "127.0.0.1:9060", "default": "sip:front@pbx.example"}


def mistakes(given: dict[str, Any]) -> list[str]:
    with pytest.raises(ValidationError) as error:
        TelephonySettings.model_validate(given)
    return [str(one["msg"]).removeprefix("Value error, ") for one in error.value.errors()]


@pytest.mark.parametrize(
    ("allow", "words"),
    [
        (
            ["10.20.0.5/16"],
            "an address within a network: write 10.20.0.0/16 for all of it, or the address without its /",
        ),
        (
            ["pbx.example"],
            "give a network such as 10.20.0.0/16, or an address such as 10.20.0.5: names aren't looked up",
        ),
        ([10], "give a network such as 10.20.0.0/16, or an address such as 10.20.0.5"),
        ([], "name one network at least: nobody else is heard"),
    ],
)
def test_networks_that_are_none_are_told_once(allow: list[Any], words: str) -> None:
    """One mistake, one line: that none is left over isn't said beside it."""
    assert mistakes({"hep": HEP | {"allow": allow}}) == [words]
    assert mistakes({"redirect": REDIRECT | {"allow": allow}}) == [words]


def test_an_address_alone_is_a_network_of_one() -> None:
    """IPv4 and IPv6."""
    settings = TelephonySettings.model_validate({"hep": HEP | {"allow": ["10.20.0.5", "2001:db8::1"]}})
    assert settings.hep is not None
    assert [str(one) for one in settings.hep.allow] == ["10.20.0.5/32", "2001:db8::1/128"]


@pytest.mark.parametrize("host", ["127.0.0.1", "0.0.0.0"])
def test_one_port_for_two_purposes_is_a_mistake(host: str) -> None:
    """Each would take the other's packets for rubbish; any free port (0) is no address yet."""
    words = "`hep.udp` and `redirect.udp` are the same address: give the redirect server another port"
    assert mistakes({"hep": HEP, "redirect": REDIRECT | {"udp": f"{host}:9060"}}) == [words]
    for other in ("127.0.0.1:9061", "127.0.0.2:9060"):
        TelephonySettings.model_validate({"hep": HEP, "redirect": REDIRECT | {"udp": other}})
    free = {"udp": "127.0.0.1:0"}
    TelephonySettings.model_validate({"hep": HEP | free, "redirect": REDIRECT | free})


def test_two_ways_to_name_a_recording_are_one_too_many() -> None:
    """And none is one too few."""
    both = {"header": "X-Recording", "url": "https://rec.example/{call_id}"}
    assert mistakes({"hep": HEP, "recordings": both}) == [
        "give `header` or `url`, not both: what says where a recording lies"
    ]
    assert mistakes({"hep": HEP, "recordings": {}}) == ["give `header` or `url`: what says where a recording lies"]


@pytest.mark.parametrize("code", ["+49", "0049", "4900", "de"])
def test_a_countrys_code_stands_alone(code: str) -> None:
    """Without plus or zeros; none at all is allowed."""
    assert mistakes({"hep": HEP, "numbers": {"country": code}}) == [
        "give the country's code alone, without plus or zeros: 49, 1"
    ]
    TelephonySettings.model_validate({"hep": HEP, "numbers": {"country": ""}})


def test_a_path_of_a_log_is_whole() -> None:
    """Which folder another path would start at is nothing to guess."""
    words = "give the whole path, from / on, such as /var/log/asterisk/queue_log"
    assert mistakes({"asterisk": {"queue_log": "asterisk/queue_log"}}) == [words]
    TelephonySettings.model_validate({"asterisk": {"queue_log": "/var/log/asterisk/queue_log"}})
