"""The headers of a message that tell of transactions, dialogs and people, each read when it is asked for.

Total: a header that isn't there or makes no sense is None, an empty text or an empty list; nothing is raised. Texts
are as the message has them; what is kept or shown of them goes through `grammar.plain`.
"""

import re
from typing import Final, NamedTuple

from gateway_telephony_sip.grammar import NameAddr, host_port, name_addr, parameters, read_uri, split, unquoted
from gateway_telephony_sip.message import Message

LISTED_MAX: Final = 64
"""Entries of a list that are read; the rest is passed over."""

NO_SESSION: Final = "0" * 32
"""The UUID of a side that isn't known yet (RFC 7989, section 5)."""

_CSEQ: Final = re.compile(r"0*([0-9]{1,10})[ \t]+([A-Za-z0-9.!%*_+`'~-]+)")
_CSEQ_MAX: Final = 2**31
_VIA: Final = re.compile(
    r"SIP[ \t]*/[ \t]*2\.0[ \t]*/[ \t]*([A-Za-z0-9.!%*_+`'~-]+)[ \t]+(.*)", re.IGNORECASE | re.DOTALL
)
_SESSION: Final = re.compile(r"[0-9a-f]{32}")
_INDEX: Final = re.compile(r"[0-9]{1,4}(?:\.[0-9]{1,4}){0,31}")
_SECONDS: Final = re.compile(r"0*([0-9]{1,9})")
_Q: Final = re.compile(r"0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?|\.[0-9]{1,3}")


class Via(NamedTuple):
    """One hop of a message's way. `port` 0: not said. `rport`: None where it isn't asked for, 0 where it isn't told."""

    transport: str
    host: str
    port: int
    branch: str
    received: str
    rport: int | None
    params: dict[str, str]

    @property
    def sent_by(self) -> tuple[str, int]:
        """Host and port, the port that of the transport where none is said (RFC 3261, section 18.1.1)."""
        return self.host, self.port or (5061 if self.transport in ("TLS", "WSS") else 5060)


class CSeq(NamedTuple):
    """Number and method of a request within its dialog."""

    number: int
    method: str


class Contact(NamedTuple):
    """Where somebody can be reached, and how gladly: `q` from 0 to 1 (RFC 3261, section 20.10)."""

    address: NameAddr
    q: float


class SessionId(NamedTuple):
    """The two UUIDs of a session, 32 hexadecimal digits in lower case; which is whose depends on who speaks."""

    local: str
    remote: str

    @property
    def known(self) -> tuple[str, ...]:
        """Those that are known, sorted: the pair has no order (RFC 7989, section 5)."""
        return tuple(sorted({self.local, self.remote} - {NO_SESSION}))


class Replaces(NamedTuple):
    """The dialog whose place a call takes (RFC 3891)."""

    call_id: str
    to_tag: str
    from_tag: str
    early_only: bool


class Reason(NamedTuple):
    """Why a request was sent (RFC 3326). `cause` None: not said."""

    protocol: str
    cause: int | None
    text: str


class Passed(NamedTuple):
    """One entry of History-Info: whom the call was for, and the numbers of its index, 1.2 as (1, 2) (RFC 7044)."""

    path: tuple[int, ...]
    address: NameAddr


class Referral(NamedTuple):
    """Whom a REFER points to, without the headers of its URI, and the dialog that the new call is to replace."""

    uri: str
    replaces: Replaces | None


class Expiry(NamedTuple):
    """How long a session lives without a refresh, in seconds, and who sees to it: `uac`, `uas` or nobody."""

    seconds: int
    refresher: str


def listed(message: Message, name: str) -> list[str]:
    """All values of a header, those that share a line by commas parted, at most 64."""
    return [part for value in message.every(name) for part in split(value)][:LISTED_MAX]


def addresses(message: Message, name: str) -> list[NameAddr]:
    """All that a header names: P-Asserted-Identity (RFC 3325), Remote-Party-ID, Diversion (RFC 5806: newest first)."""
    return [name_addr(value) for value in listed(message, name)]


def address(message: Message, name: str) -> NameAddr | None:
    """The first that a header names: From, To, Referred-By, P-Asserted-Identity."""
    value = message.first(name)
    if not value:
        return None
    if name in ("from", "to") or "," not in value:
        return name_addr(value)
    return next((name_addr(part) for part in split(value)), None)


def tag(message: Message, name: str) -> str:
    """The tag of `from` or `to`; empty where there is none."""
    value = message.first(name)
    tail = value[value.rfind(">") + 1 :]
    if '"' in tail or "<" in tail:
        return name_addr(value).params.get("tag", "")
    if "=" not in tail:
        return ""
    for part in tail.split(";")[1:]:
        key, _, told = part.partition("=")
        if key.strip(" \t").lower() == "tag":
            return told.strip(" \t")
    return ""


def call_id(message: Message) -> str:
    """The Call-ID; empty where there is none."""
    return message.first("call-id")


def top_via(message: Message) -> Via | None:
    """The newest hop: of a request who sent it here, of a response whom it goes to."""
    value = message.first("via")
    if "," in value:
        value = next(iter(split(value)), "")
    return via(value)


def vias(message: Message) -> list[Via]:
    """All hops that can be read, the newest first."""
    return [hop for value in listed(message, "via") if (hop := via(value))]


def via(value: str) -> Via | None:
    """One hop. None where there is no host."""
    found = _VIA.fullmatch(value.strip(" \t"))
    if not found:
        return None
    where, _, rest = found[2].partition(";")
    host, port = host_port(where)
    if not host:
        return None
    params = parameters(rest)
    rport = None
    if "rport" in params:
        rport = host_port(f"x:{params['rport']}")[1]
    received = params.get("received", "").strip("[]")
    return Via(found[1].upper(), host, port, params.get("branch", ""), received, rport, params)


def cseq(message: Message) -> CSeq | None:
    """Number and method; None for a number of 2^31 or more (RFC 3261, section 8.1.1.5)."""
    found = _CSEQ.fullmatch(message.first("cseq"))
    if not found or int(found[1]) >= _CSEQ_MAX:
        return None
    return CSeq(int(found[1]), found[2])


def contacts(message: Message) -> list[Contact]:
    """Where somebody can be reached, in the header's order; 1 for a q that isn't said or makes no sense."""
    return [Contact(one, _q(one.params.get("q", ""))) for one in addresses(message, "contact")]


def session_id(message: Message) -> SessionId | None:
    """The pair of Session-ID (RFC 7989); RFC 7329's single one has a remote that isn't known."""
    value = message.first("session-id")
    if not value:
        return None
    local, _, rest = value.lower().partition(";")
    local, remote = local.strip(" \t"), parameters(rest).get("remote", NO_SESSION)
    if not _SESSION.fullmatch(local) or not _SESSION.fullmatch(remote):
        return None
    return SessionId(local, remote)


def history(message: Message) -> list[Passed]:
    """The way of a call in the order of its indexes, the number that was dialled first in front."""
    found = []
    for one in addresses(message, "history-info"):
        index = one.params.get("index", "")
        if _INDEX.fullmatch(index):
            found.append(Passed(tuple(int(part) for part in index.split(".")), one))
    return sorted(found, key=lambda passed: passed.path)


def privacy(message: Message) -> frozenset[str]:
    """What the caller wants hidden: `id`, `user`, `header`, `session`, `none`, `critical` (RFC 3323, RFC 3325)."""
    return frozenset(
        part.lower() for value in message.every("privacy") for piece in split(value, ";") for part in split(piece)
    )


def reasons(message: Message) -> list[Reason]:
    """Why a CANCEL or a BYE was sent, as each protocol says it: `SIP`, `Q.850`."""
    return [_reason(value) for value in listed(message, "reason")]


def refer_to(message: Message) -> Referral | None:
    """Whom a REFER points to (RFC 3515); for an attended transfer, with the dialog to be replaced (RFC 3891)."""
    value = message.first("refer-to")
    if not value:
        return None
    target = name_addr(value)
    asked = read_uri(target.uri).headers.get("replaces", "")
    return Referral(target.uri.partition("?")[0] if asked else target.uri, _replaces(asked))


def replaces(message: Message) -> Replaces | None:
    """The dialog whose place an INVITE takes."""
    return _replaces(message.first("replaces"))


def session_expires(message: Message) -> Expiry | None:
    """How long the session lives without a refresh (RFC 4028)."""
    told, _, rest = message.first("session-expires").partition(";")
    seconds = _number(told)
    return None if seconds is None else Expiry(seconds, parameters(rest).get("refresher", "").lower())


def icid(message: Message) -> str:
    """The charging id that the legs of a call share (RFC 7315, section 5.6); empty where there is none."""
    return parameters(message.first("p-charging-vector")).get("icid-value", "")


def number(message: Message, name: str) -> int | None:
    """A header that is one number below a thousand million: Max-Forwards, Expires, Retry-After, Content-Length."""
    return _number(message.first(name).partition(";")[0].partition("(")[0])


def content_type(message: Message) -> tuple[str, dict[str, str]]:
    """Type in lower case, such as `application/sdp`, and its parameters."""
    kind, _, rest = message.first("content-type").partition(";")
    return kind.strip(" \t").lower(), parameters(rest)


def _q(told: str) -> float:
    return float(told) if _Q.fullmatch(told) else 1.0


def _number(told: str) -> int | None:
    found = _SECONDS.fullmatch(told.strip(" \t"))
    return int(found[1]) if found else None


def _reason(value: str) -> Reason:
    protocol, _, rest = value.partition(";")
    params = parameters(rest)
    return Reason(unquoted(protocol), _number(params.get("cause", "")), params.get("text", ""))


def _replaces(value: str) -> Replaces | None:
    call, _, rest = value.partition(";")
    call, params = call.strip(" \t"), parameters(rest)
    if not call or not params.get("to-tag") or not params.get("from-tag"):
        return None
    return Replaces(call, params["to-tag"], params["from-tag"], "early-only" in params)
