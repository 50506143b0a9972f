"""Writes what is said under one Call-ID, by the rules of RFC 3261, as a proxy shows it: each message once as it comes
in and once as it goes out.

Nothing is judged here: a script says who sends what and when, and gets packets.
"""

from dataclasses import dataclass, replace
from random import Random
from typing import Final

from gateway_telephony_sip.headers import NO_SESSION
from gateway_telephony_sip.message import Captured, Message
from gateway_telephony_sip.sip import write_sip

DOMAIN: Final = "exchange.example"
PROXY: Final = ("192.0.2.1", 5060)
REASONS: Final = {
    100: "Trying", 180: "Ringing", 182: "Queued", 183: "Session Progress", 200: "OK", 202: "Accepted", 404: "Not Found",
    407: "Proxy Authentication Required", 480: "Temporarily Unavailable", 486: "Busy Here",
    487: "Request Terminated", 503: "Service Unavailable", 603: "Decline",
}  # fmt: skip

Headers = tuple[tuple[str, str], ...]
_LOCAL: Final = frozenset({"ACK", "CANCEL"})
"""What every hop says for itself: CANCEL always, ACK where the answer was no."""


@dataclass(frozen=True, slots=True)
class Phone:
    """Who calls or is called: a user, at an address. Everyone's port is 5060."""

    user: str
    host: str

    @property
    def socket(self) -> tuple[str, int]:
        """Where its messages come from."""
        return self.host, 5060

    @property
    def uri(self) -> str:
        """Whom a header names."""
        return f"sip:{self.user}@{DOMAIN}"


@dataclass(frozen=True, slots=True)
class Asked:
    """A request under way: what an answer has to repeat."""

    method: str
    number: int
    by: Phone
    to: Phone
    branch: str
    from_: str
    to_: str
    inner: str
    """The branch between the proxy and whom it is for."""

    body: bytes = b""
    headers: Headers = ()


class Dialog:
    """One Call-ID. `shared` are headers that each of its requests has; `packets` fills."""

    def __init__(
        self, chance: Random, call_id: str, caller: Phone, dialled: str, *, capturer: int = 2001, shared: Headers = ()
    ) -> None:
        self.call_id = call_id
        self.caller = caller
        self.packets: list[Captured] = []
        self.tags: dict[Phone, str] = {caller: f"{chance.getrandbits(40):010x}"}
        self._chance = chance
        self._dialled = dialled
        self._capturer = capturer
        self._shared = shared
        self._numbers: dict[Phone, int] = {}
        self._from = f"<{caller.uri}>"
        self._sessions: dict[Phone, str] = {}

    def anonymous(self) -> None:
        """The caller doesn't say who it is in From."""
        self._from = "Anonymous <sip:anonymous@anonymous.invalid>"

    def session(self, phone: Phone, uuid: str) -> None:
        """A side has such a half of the Session-ID (RFC 7989)."""
        self._sessions[phone] = uuid

    def invite(self, at: int, to: Phone, *, headers: Headers = (), body: bytes = b"", passed_on: bool = True) -> Asked:
        """The caller calls; the proxy passes it on, or keeps it to refuse it."""
        asked = self._asked("INVITE", self.caller, to, body, headers)
        self._first_hop(at, asked, f"sip:{self._dialled}@{DOMAIN}", headers)
        if passed_on:
            self._second_hop(at, asked, headers, body)
        return asked

    def fork(self, at: int, asked: Asked, to: Phone) -> Asked:
        """The proxy tries somebody else too, for the same request."""
        beside = replace(asked, to=to, inner=self._branch())
        self._second_hop(at, beside, asked.headers, asked.body)
        return beside

    def request(self, at: int, method: str, by: Phone, to: Phone, *, headers: Headers = (), body: bytes = b"") -> Asked:
        """A request within the dialog."""
        asked = self._asked(method, by, to, body, headers)
        self._first_hop(at, asked, f"sip:{to.user}@{to.host}:5060", headers)
        self._second_hop(at, asked, headers, body)
        return asked

    def ack(self, at: int, asked: Asked, status: int) -> None:
        """The ACK of a final answer: of a 2xx from end to end, of any other from hop to hop (RFC 3261, 17.1.1.3)."""
        good = 200 <= status < 300
        ack = self._ack(asked, self._tag(asked.to))
        if good:
            ack = replace(ack, branch=self._branch(), inner=self._branch())
        self._first_hop(at, ack, f"sip:{asked.to.user}@{asked.to.host}:5060", ())
        self._second_hop(at, ack, (), b"", alone=not good)

    def ack_inner(self, at: int, asked: Asked) -> None:
        """The proxy's own ACK of a refusal that it keeps to itself: that of one fork."""
        self._second_hop(at, self._ack(asked, self._tag(asked.to)), (), b"", alone=True)

    def cancel(self, at: int, asked: Asked, *, headers: Headers = (), outer: bool = True) -> None:
        """An INVITE is taken back; not `outer`: by the proxy, for one fork."""
        cancel = replace(asked, method="CANCEL", body=b"", headers=())
        if outer:
            self._first_hop(at, cancel, f"sip:{self._dialled}@{DOMAIN}", headers)
            self._answer_hop(at, cancel, PROXY, asked.by.socket, 200, (asked.branch,), (), b"", f"{asked.to_};tag=px")
        self._second_hop(at, cancel, headers, b"", alone=True)
        to = f"{asked.to_};tag={self._tag(asked.to)}"
        self._answer_hop(at, cancel, asked.to.socket, PROXY, 200, (asked.inner,), (), b"", to)

    def trying(self, at: int, asked: Asked) -> None:
        """The proxy has it."""
        self._answer_hop(at, asked, PROXY, asked.by.socket, 100, (asked.branch,), (), b"", asked.to_)

    def answer(
        self, at: int, asked: Asked, status: int, *, headers: Headers = (), body: bytes = b"", outer: bool = True
    ) -> None:
        """An answer, from whom it was for to who asked; not `outer`: the proxy keeps it to itself."""
        to = asked.to_ if ";tag=" in asked.to_ else f"{asked.to_};tag={self._tag(asked.to)}"
        more = headers
        if asked.method == "INVITE" and 180 <= status < 300:
            contact = f"<sip:{asked.to.user}@{asked.to.host}:5060>"
            more = (("record-route", f"<sip:{PROXY[0]};lr>"), ("contact", contact), *headers)
        branches = (asked.inner, asked.branch)
        self._answer_hop(at, asked, asked.to.socket, PROXY, status, branches, more, body, to)
        if outer:
            self._answer_hop(at, asked, PROXY, asked.by.socket, status, branches[1:], more, body, to)

    def refuse(self, at: int, asked: Asked, status: int, *, headers: Headers = ()) -> None:
        """The proxy itself refuses, and is told that this was heard."""
        to = f"{asked.to_};tag=px"
        self._answer_hop(at, asked, PROXY, asked.by.socket, status, (asked.branch,), headers, b"", to)
        self._first_hop(at, self._ack(asked, "px"), f"sip:{self._dialled}@{DOMAIN}", ())

    def _ack(self, asked: Asked, tag: str) -> Asked:
        return replace(asked, method="ACK", to_=f"{asked.to_.partition(';tag=')[0]};tag={tag}", body=b"", headers=())

    def _next_number(self, phone: Phone) -> int:
        """The CSeq of a side's next request."""
        self._numbers[phone] = self._numbers.get(phone, 100) + 1
        return self._numbers[phone]

    def _asked(self, method: str, by: Phone, to: Phone, body: bytes, headers: Headers) -> Asked:
        number = self._next_number(by)
        if method == "INVITE" and by == self.caller and to not in self.tags:
            to_ = f"<sip:{self._dialled}@{DOMAIN}>"
        else:
            to_ = f"{self._party(to)};tag={self._tag(to)}"
        from_ = f"{self._party(by)};tag={self._tag(by)}"
        return Asked(method, number, by, to, self._branch(), from_, to_, self._branch(), body, headers)

    def _party(self, phone: Phone) -> str:
        return self._from if phone == self.caller else f"<sip:{self._dialled}@{DOMAIN}>"

    def _tag(self, phone: Phone) -> str:
        if phone not in self.tags:
            self.tags[phone] = f"{self._chance.getrandbits(40):010x}"
        return self.tags[phone]

    def _branch(self) -> str:
        return f"z9hG4bK{self._chance.getrandbits(48):012x}"

    def _first_hop(self, at: int, asked: Asked, target: str, headers: Headers) -> None:
        vias = (("via", _via(asked.by.host, asked.branch)),)
        route: Headers = (("route", f"<sip:{PROXY[0]};lr>"),) if ";tag=" in asked.to_ else ()
        message = self._message(asked, target, vias, 70, (*route, *headers), asked.body)
        self._seen(at, asked.by.socket, PROXY, message)

    def _second_hop(self, at: int, asked: Asked, headers: Headers, body: bytes, *, alone: bool = False) -> None:
        vias: Headers = (("via", _via(PROXY[0], asked.inner)),)
        if not alone:
            vias = (*vias, ("via", f"{_via(asked.by.host, asked.branch)};received={asked.by.host}"))
        if asked.method == "INVITE" and ";tag=" not in asked.to_:
            headers = (("record-route", f"<sip:{PROXY[0]};lr>"), *headers)
        message = self._message(asked, f"sip:{asked.to.user}@{asked.to.host}:5060", vias, 69, headers, body)
        self._seen(at, PROXY, asked.to.socket, message)

    def _message(self, asked: Asked, target: str, vias: Headers, left: int, headers: Headers, body: bytes) -> Message:
        contact: Headers = ()
        if asked.method not in _LOCAL:
            contact = (("contact", f"<sip:{asked.by.user}@{asked.by.host}:5060>"),)
        whole = (
            *vias,
            ("max-forwards", str(left)),
            ("from", asked.from_),
            ("to", asked.to_),
            ("call-id", self.call_id),
            ("cseq", f"{asked.number} {asked.method}"),
            *contact,
            *self._session(asked.by, asked.to),
            *self._shared,
            *headers,
        )
        return Message(method=asked.method, target=target, headers=whole, body=body)

    def _answer_hop(
        self,
        at: int,
        asked: Asked,
        source: tuple[str, int],
        target: tuple[str, int],
        status: int,
        branches: tuple[str, ...],
        headers: Headers,
        body: bytes,
        to: str,
    ) -> None:
        hosts = (PROXY[0], asked.by.host)[-len(branches) :] if branches[-1] == asked.branch else (PROXY[0],)
        whole = (
            *(("via", _via(host, branch)) for host, branch in zip(hosts, branches, strict=True)),
            ("from", asked.from_),
            ("to", to),
            ("call-id", self.call_id),
            ("cseq", f"{asked.number} {asked.method}"),
            *self._session(asked.to, asked.by),
            *headers,
        )
        message = Message(status=status, reason=REASONS.get(status, "Answer"), headers=whole, body=body)
        self._seen(at, source, target, message)

    def _session(self, local: Phone, remote: Phone) -> Headers:
        if not self._sessions:
            return ()
        nobody = NO_SESSION
        return (("session-id", f"{self._sessions.get(local, nobody)};remote={self._sessions.get(remote, nobody)}"),)

    def _seen(self, at: int, source: tuple[str, int], target: tuple[str, int], message: Message) -> None:
        self.packets.append(Captured(write_sip(message), source=source, target=target, at=at, agent=self._capturer))


def media(phone: Phone, direction: str = "sendrecv", version: int = 1) -> tuple[Headers, bytes]:
    """A session description of one stream of audio that flows so, with the header that announces it."""
    lines = (
        "v=0",
        f"o=- 1 {version} IN IP4 {phone.host}",
        "s=-",
        f"c=IN IP4 {phone.host}",
        "t=0 0",
        "m=audio 40000 RTP/AVP 8",
        "a=rtpmap:8 PCMA/8000",
        f"a={direction}",
    )
    return (("content-type", "application/sdp"),), "".join(f"{line}\r\n" for line in lines).encode()


def _via(host: str, branch: str) -> str:
    return f"SIP/2.0/UDP {host}:5060;branch={branch}"
