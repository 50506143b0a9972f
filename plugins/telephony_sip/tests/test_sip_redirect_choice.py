"""Where calls are sent: what the settings may say, how a choice is made, and what happens when there is no time."""

from collections import Counter
from typing import Any

import pytest
from gateway_telephony_sip.facts import Logged
from gateway_telephony_sip.message import Message
from gateway_telephony_sip.redirect.choice import Chooser
from gateway_telephony_sip.redirect.settings import RedirectSettings
from gateway_telephony_sip.redirect.targets import URI_MAX, check_uri, contact, place, ranked
from gateway_telephony_sip.sip import read_sip
from pydantic import ValidationError

from gateway.model.judgement import Route
from gateway.plugin import ContactOpened, Ref, Source
from plugins.telephony_sip.tests.redirecting import DEFAULT, PROXY, VIP, request

INVITE = read_sip(request())


@pytest.mark.parametrize(
    "uri",
    [
        "sip:queue-vip@pbx.example",
        "SIP:10.0.0.5:5080;transport=tcp",
        "sips:vip@[2001:db8::1]:5061?X-Queue=vip",
        "sip:+1555;phone-context=a@pbx.example;user=phone",
        "tel:+1-555-0100;ext=12",
        "sip:a%20b@pbx.example",
    ],
)
def test_addresses_that_can_be_sent(uri: str) -> None:
    """As they are, in brackets, whatever parameters they have."""
    assert check_uri(uri) == uri
    assert contact(ranked([(uri, None)])) == f"<{uri}>;q=1"


@pytest.mark.parametrize(
    "uri",
    [
        "",
        "vip@pbx.example",
        "http://pbx.example",
        "sip:",
        "sip:vip@",
        "sip:vip@pbx.example\r\nContact: <sip:evil@example>",
        "sip:vip@pbx.example\n",
        "sip:vip @pbx.example",
        "sip:<vip>@pbx.example",
        'sip:"vip"@pbx.example',
        "sip:vip@pbx.example>",
        "sip:vip@pbx.example:99999",
        "sip:vip@pbx.example:0",
        "sip:vip@pbx_example",
        "sip:vip@-pbx.example",
        "sip:vip\0@pbx.example",
        "sip:vïp@pbx.example",
        "tel:",
        "tel:home",
        "sip:" + "v" * URI_MAX + "@pbx.example",
    ],
)
def test_addresses_that_can_not_be_sent(uri: str) -> None:
    """No scheme, no host, what would end a header or a line, what is too long: said when the settings are read."""
    with pytest.raises(ValueError, match=r"address|port"):
        check_uri(uri)
    with pytest.raises(ValidationError):
        RedirectSettings(default=uri)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("one", "two", "same"),
    [
        ("sip:vip@pbx.example", "SIP:vip@PBX.example:5060;transport=tcp", True),
        ("sip:+1-555-0100@pbx.example", "sips:+15550100@pbx.example", True),
        ("sip:+1555;ext=3@pbx.example", "sip:+1555@pbx.example", True),
        ("tel:+1-555", "tel:+1(555)", True),
        ("sip:vip@pbx.example", "sip:VIP@pbx.example", False),
        ("sip:john.doe@pbx.example", "sip:johndoe@pbx.example", False),
        ("sip:vip@pbx.example", "sip:vip@pbx.example:5080", False),
        ("sip:vip@pbx.example", "sip:pbx.example", False),
    ],
)
def test_the_same_place_in_other_words(one: str, two: str, same: bool) -> None:
    """What matters of an address where circles are looked for (RFC 3261, 19.1.4, but for parameters)."""
    assert (place(one) == place(two)) is same


def settings_of(**more: Any) -> RedirectSettings:
    """Settings as they are read from a file."""
    return RedirectSettings.model_validate({"default": "sip:general@pbx.example", **more})


def test_settings_take_one_address_or_several() -> None:
    """As text, or with a preference of its own."""
    found = settings_of(
        targets={
            "vip": ["sip:vip@pbx.example", {"uri": "sip:over@pbx.example", "q": 0.5}],
            "mail": "tel:+15550100",
        }
    )

    assert found.targets_of("vip") == (("sip:vip@pbx.example", 1.0), ("sip:over@pbx.example", 0.5))
    assert found.targets_of("mail") == (("tel:+15550100", 1.0),)
    assert found.targets_of("other") is None
    assert found.default_targets == (("sip:general@pbx.example", 1.0),)
    assert [str(network) for network in found.allow] == ["127.0.0.0/8", "::1/128"]


@pytest.mark.parametrize(
    "more",
    [
        {"targets": {"vip": []}},
        {"targets": {"vip": ["sip:a@b"] * 9}},
        {"targets": {"vip": [{"uri": "sip:a@b", "q": 2}]}},
        {"targets": {"vip": [{"uri": "sip:a@b", "weight": 2}]}},
        {"targets": {"vip": [7]}},
        {"allow": []},
        {"allow": ["everybody"]},
        {"late_ms": 0},
        {"udp": "127.0.0.1:70000"},
        {"overflow": "sip:a@b"},
    ],
)
def test_settings_that_make_no_sense_are_refused(more: dict[str, Any]) -> None:
    """Each with its place."""
    with pytest.raises(ValidationError):
        settings_of(**more)


def opening(invite: Message, source: Source, now_ms: int) -> ContactOpened:
    """What a call is opened as, as far as these tests care."""
    return ContactOpened(at=now_ms, ref=Ref("call", invite.first("call-id")), kind="call", channel="phone")


class Desk:
    """A chooser with a clock, and rules that take their time."""

    def __init__(self, route: Route | Exception | None, takes_ms: int = 0) -> None:
        self.counted: Counter[str] = Counter()
        self.now = 1_000_000
        self.takes_ms = takes_ms
        self.says = route
        self.asked: list[ContactOpened] = []
        self.told: list[Logged] = []
        self.chooser = Chooser(
            {"vip": VIP},
            DEFAULT,
            opening=opening,
            route=self.route,
            told=lambda invite, source, logged: self.told.append(logged),
            now=lambda: self.now,
            late_ms=400,
            count=self.count,
        )

    def count(self, what: str) -> None:
        self.counted[what] += 1

    def route(self, opened: ContactOpened) -> Route | None:
        self.now += self.takes_ms
        self.asked.append(opened)
        if isinstance(self.says, Exception):
            raise self.says
        return self.says


TO_VIP = Route(rule="vip", queue="vip")


def test_a_call_goes_where_its_queue_is() -> None:
    """The policy is asked about the contact that the call will be; what it says is told, to be kept with the call."""
    desk = Desk(TO_VIP)

    assert desk.chooser(INVITE, PROXY) == VIP
    assert desk.told == [Logged(at=1_000_000, what="entered", by="redirect", queue="vip")]
    assert desk.asked == [opening(INVITE, PROXY, 1_000_000)]
    assert desk.counted == {}


@pytest.mark.parametrize(
    ("older", "source"),
    [
        ("", PROXY),
        ("Via: SIP/2.0/UDP 192.0.2.7:5080;branch=z9hG4bK-0\r\n", ("192.0.2.7", 5_080)),
        ("Via: SIP/2.0/UDP trunk.example;branch=z9hG4bK-0;received=192.0.2.7\r\n", ("192.0.2.7", 5_060)),
        ("Via: nonsense\r\n", PROXY),
    ],
)
def test_a_call_comes_from_who_sent_it_to_the_proxy(older: str, source: Source) -> None:
    """Not from the proxy that asks, which every call would come from then."""
    found: list[Source] = []
    desk = Desk(TO_VIP)
    desk.chooser._opening = lambda invite, source, now_ms: found.append(source) or opening(invite, source, now_ms)

    desk.chooser(read_sip(request(more=older)), PROXY)

    assert found == [source]


@pytest.mark.parametrize(
    ("route", "queue", "reason"),
    [
        (Route(rule="r", queue="mail"), "mail", "no_target"),
        (None, "", "no_route"),
        (RuntimeError("the rules are ill"), "", "failed"),
    ],
)
def test_a_call_that_can_not_be_placed_goes_to_the_default(
    route: Route | Exception | None, queue: str, reason: str
) -> None:
    """And it is told why."""
    desk = Desk(route)

    assert desk.chooser(INVITE, PROXY) == DEFAULT
    assert desk.told == [Logged(at=1_000_000, what="entered", by="redirect", queue=queue, reason=reason)]
    assert desk.counted == {f"default_{reason}": 1}


def test_rules_that_are_slow_are_asked_less_often() -> None:
    """Choosing has a reserve and then half of the time: the other calls go to the default target at once."""
    desk = Desk(TO_VIP, takes_ms=20)

    chosen = []
    while desk.now < 1_010_000:
        before = desk.now
        chosen.append(desk.chooser(INVITE, PROXY) == VIP)
        desk.now = max(desk.now, before + 2)  # 500 calls a second

    assert 10_000 * 0.5 <= chosen.count(True) * 20 <= 10_000 * 0.5 + 400 + 20
    assert desk.counted["default_late"] == chosen.count(False) > 2_000
    assert all(chosen[:20])


def test_a_clock_that_is_set_back_gives_no_time_and_takes_none() -> None:
    """A choice that seems to have taken less than nothing."""
    desk = Desk(TO_VIP, takes_ms=-3_600_000)

    assert [desk.chooser(INVITE, PROXY) for _ in range(3)] == [VIP] * 3
