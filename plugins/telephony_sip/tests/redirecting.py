"""What the tests of the redirect server share: requests as proxies write them, and a table to answer them."""

from collections import Counter
from collections.abc import Callable
from ipaddress import ip_network
from typing import Any

from gateway_telephony_sip.headers import contacts, tag
from gateway_telephony_sip.message import Message
from gateway_telephony_sip.redirect.table import Table
from gateway_telephony_sip.redirect.targets import Targets, ranked
from gateway_telephony_sip.sip import read_sip

from gateway.plugin import Source

PROXY = ("10.1.1.1", 5060)
VIP = ranked([("sip:vip@pbx.example", None), ("sip:overflow@pbx.example", 0.5)])
DEFAULT = ranked([("sip:general@pbx.example", None)])


def request(
    method: str = "INVITE",
    *,
    uri: str = "sip:+15551230000@gateway.example",
    via: str = "SIP/2.0/UDP 10.1.1.1;branch=z9hG4bK-1",
    call: str = "call-1@proxy.example",
    from_tag: str = "ann",
    to_tag: str = "",
    number: int = 1,
    more: str = "",
    hops: str = "Max-Forwards: 70\r\n",
) -> bytes:
    """A request, by default the INVITE of a call. `more`: further header lines, each with its line's end."""
    told = f";tag={to_tag}" if to_tag else ""
    return (
        f"{method} {uri} SIP/2.0\r\nVia: {via}\r\n{hops}"
        f'From: "Ann" <sip:+15557770000@carrier.example>;tag={from_tag}\r\n'
        f"To: <sip:+15551230000@gateway.example>{told}\r\n"
        f"Call-ID: {call}\r\nCSeq: {number} {method}\r\n{more}Content-Length: 0\r\n\r\n"
    ).encode()


def chosen(*answers: Targets) -> Callable[[Message, Source], Targets]:
    """Chooses one answer after the other, the last one for ever."""
    left = list(answers)

    def choose(invite: Message, source: Source) -> Targets:
        return left.pop(0) if len(left) > 1 else left[0]

    return choose


class Peer:
    """A table, and somebody who sends to it: what came back is read, and checked to be whole."""

    def __init__(self, choose: Callable[[Message, Source], Targets] | None = None, **more: Any) -> None:
        self.counted: Counter[str] = Counter()
        self.source = PROXY
        more.setdefault("allow", [ip_network("10.0.0.0/8"), ip_network("2001:db8::/32")])
        more.setdefault("key", b"secret")
        self.table = Table(choose or chosen(VIP), DEFAULT, count=self._count, **more)

    def _count(self, what: str) -> None:
        self.counted[what] += 1

    def send(self, data: bytes, at: int = 0, source: Source | None = None) -> list[tuple[bytes, Source]]:
        """What is answered, as it goes out."""
        return self.table.receive(data, source or self.source, at)

    def ask(self, data: bytes, at: int = 0, source: Source | None = None) -> Message | None:
        """What is answered, read; None for nothing."""
        found = self.send(data, at, source)
        assert len(found) < 2
        return read_sip(found[0][0]) if found else None


def status(answer: Message | None) -> int:
    """The status of an answer, 0 for none."""
    return answer.status if answer else 0


def offered(answer: Message | None) -> list[tuple[str, float]]:
    """The addresses that a 302 names."""
    assert answer is not None and answer.status == 302
    return [(one.address.uri, one.q) for one in contacts(answer)]


def to_tag(answer: Message | None) -> str:
    """The tag that an answer gave To."""
    assert answer is not None
    return tag(answer, "to")
