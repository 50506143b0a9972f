"""What callers and agents do in each call, as SIPp reads it: XML, made of few pieces.

SIPp counts a line of a scenario, a pause too, as one step; what belongs to an earlier request's transaction (CANCEL,
and ACK after a refusal) must say by how many steps it is later. Here that is counted, never written by hand. What is in
brackets is SIPp's own.
"""

from dataclasses import dataclass
from xml.sax.saxutils import escape

CALLER = "+15550100123"
SUPPORT = "+15550100999"

CALLER_ID = '"Ann Caller" <sip:' + CALLER + "@pstn.example>;tag=[pid]c[call_number]"
CONTACT = "<sip:me@[local_ip]:[local_port]>"
MEDIA = """\
v=0
o=peer 1 {version} IN IP[local_ip_type] [local_ip]
s=-
c=IN IP[media_ip_type] [media_ip]
t=0 0
m=audio [media_port] RTP/AVP 0
a={direction}"""


@dataclass(frozen=True)
class Send:
    """A message that is sent; `since` is the step of the request to whose transaction it belongs."""

    lines: tuple[str, ...]
    body: str = ""
    again: bool = False
    since: int | None = None

    def written(self, step: int) -> str:
        """Its element of the scenario."""
        branch = "[branch]" if self.since is None else f"[branch-{step - self.since}]"
        head = "\n".join(self.lines).replace("{branch}", branch)
        kind = "\nContent-Type: application/sdp" if self.body.startswith("v=") else ""
        retrans = ' retrans="500"' if self.again else ""
        return f"<send{retrans}><![CDATA[\n\n{head}{kind}\nContent-Length: [len]\n\n{self.body}\n]]></send>"


@dataclass(frozen=True)
class Receive:
    """A message that is waited for; `keep` puts headers into variables: (header, occurrence, variable)."""

    what: str
    optional: bool = False
    route: bool = False
    keep: tuple[tuple[str, int, str], ...] = ()

    def written(self, step: int) -> str:
        """Its element of the scenario."""
        kind = "response" if self.what.isdigit() else "request"
        marks = f'{kind}="{self.what}"' + ' optional="true"' * self.optional + ' rrs="true"' * self.route
        actions = "".join(
            f'<ereg regexp=".*" search_in="hdr" header="{header}:" occurrence="{nth}" assign_to="{name}"/>'
            for header, nth, name in self.keep
        )
        return f"<recv {marks}>" + f"<action>{actions}</action>" * bool(actions) + "</recv>"


@dataclass(frozen=True)
class Pause:
    """So long nothing is done: the length of a stretch of the call. With `to_ms` any length between both, by chance."""

    ms: int
    to_ms: int | None = None

    def written(self, step: int) -> str:
        """Its element of the scenario."""
        if self.to_ms is None:
            return f'<pause milliseconds="{self.ms}"/>'
        return f'<pause distribution="uniform" min="{self.ms}" max="{self.to_ms}"/>'


Step = Send | Receive | Pause


def scenario(name: str, *steps: Step) -> str:
    """The file."""
    body = "\n".join(step.written(number) for number, step in enumerate(steps))
    kept = {name for step in steps if isinstance(step, Receive) for _, _, name in step.keep}
    # SIPp refuses a variable that nothing reads.
    read = f'<Reference variables="{",".join(sorted(kept))}"/>\n' * bool(kept)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<scenario name="{escape(name)}">\n{body}\n{read}</scenario>\n'


def media(direction: str = "sendrecv", version: int = 1) -> str:
    """A description of a call's media; `version` grows with each offer."""
    return MEDIA.format(direction=direction, version=version)


# ── The caller ──────────────────────────────────────────────────────────────────────────────────────────────────────
def invite(*more: str, cseq: int = 1, caller: str = CALLER) -> Send:
    """The call: always a caller's first step, and once more, as `cseq` 2, after a challenge. `[service]` is
    dialled, and `caller` is whom the network names."""
    return Send(
        (
            "INVITE sip:[service] SIP/2.0",
            "Via: SIP/2.0/[transport] [local_ip]:[local_port];branch={branch}",
            f"From: {CALLER_ID}",
            "To: <sip:[service]>",
            "Call-ID: [call_id]",
            f"CSeq: {cseq} INVITE",
            f"Contact: {CONTACT}",
            "Max-Forwards: 70",
            f"P-Asserted-Identity: <tel:{caller}>",
            *more,
        ),
        media(),
        again=True,
    )


def _of_the_invite(method: str, to: str) -> Send:
    return Send(
        (
            f"{method} sip:[service] SIP/2.0",
            "Via: SIP/2.0/[transport] [local_ip]:[local_port];branch={branch}",
            f"From: {CALLER_ID}",
            f"To: <sip:[service]>{to}",
            "Call-ID: [call_id]",
            f"CSeq: 1 {method}",
            "Max-Forwards: 70",
        ),
        again=method == "CANCEL",
        since=0,
    )


def cancel() -> Send:
    """The caller gives up."""
    return _of_the_invite("CANCEL", "")


def refused() -> Send:
    """The ACK of a final answer that wasn't 2xx."""
    return _of_the_invite("ACK", "[peer_tag_param]")


def caller_says(method: str, cseq: int, *more: str, body: str = "") -> Send:
    """A request of the caller within the call."""
    return Send(
        (
            f"{method} [next_url] SIP/2.0",
            "Via: SIP/2.0/[transport] [local_ip]:[local_port];branch={branch}",
            "[routes]",
            f"From: {CALLER_ID}",
            "To: <sip:[service]>[peer_tag_param]",
            "Call-ID: [call_id]",
            f"CSeq: {cseq} {method}",
            f"Contact: {CONTACT}",
            "Max-Forwards: 70",
            *more,
        ),
        body,
        again=method != "ACK",
    )


def caller_tells(cseq: int, status: str) -> Send:
    """What became of a transfer: a status line in a NOTIFY."""
    more = ("Event: refer", "Subscription-State: terminated;reason=noresource", "Content-Type: message/sipfrag")
    return caller_says("NOTIFY", cseq, *more, body=f"SIP/2.0 {status}\n")


RINGS = (Receive("100", optional=True), Receive("180", optional=True))
"""Whether a caller hears it ringing is up to the proxy: some overtakes the answer."""

TAKEN = (Receive("200", route=True), caller_says("ACK", 1))


# ── The agent ───────────────────────────────────────────────────────────────────────────────────────────────────────
def answer(status: str, *more: str, body: str = "", tag: bool = True, again: bool = False) -> Send:
    """An answer to what was received last; `tag`: it is the first that gives the call one."""
    return Send(
        (
            f"SIP/2.0 {status}",
            "[last_Via:]",
            "[last_Record-Route:]",
            "[last_From:]",
            "[last_To:]" + ";tag=[pid]a[call_number]" * tag,
            "[last_Call-ID:]",
            "[last_CSeq:]",
            f"Contact: {CONTACT}",
            *more,
        ),
        body,
        again=again,
    )


def agent_says(method: str, cseq: int, *more: str, body: str = "", since: int | None = None) -> Send:
    """A request of the agent within the call, after `OFFERED` has kept who is who."""
    return Send(
        (
            f"{method} [next_url] SIP/2.0",
            "Via: SIP/2.0/[transport] [local_ip]:[local_port];branch={branch}",
            "[routes]",
            "From: [$to];tag=[pid]a[call_number]",
            "To: [$from]",
            "Call-ID: [call_id]",
            f"CSeq: {cseq} {method}",
            f"Contact: {CONTACT}",
            "Max-Forwards: 70",
            *more,
        ),
        body,
        again=method != "ACK",
        since=since,
    )


OFFERED = Receive(
    "INVITE", route=True, keep=(("From", 1, "from"), ("To", 1, "to"), ("Via", 1, "near"), ("Via", 2, "far"))
)
"""The call comes in. It keeps who is who, and by which way it came: the proxy, and the caller."""

RINGING = answer("180 Ringing")


def takes(*more: str) -> tuple[Step, ...]:
    """The agent takes the call."""
    return answer("200 OK", *more, body=media(), again=True), Receive("ACK")


GIVEN_UP = (
    Receive("CANCEL"),
    answer("200 OK"),
    Send(
        (
            "SIP/2.0 487 Request Terminated",
            "Via: [$near]",
            "Via: [$far]",
            "[last_From:]",
            "[last_To:];tag=[pid]a[call_number]",
            "[last_Call-ID:]",
            "CSeq: 1 INVITE",
        ),
        again=True,
    ),
    Receive("ACK"),
)
"""The caller gives up while it rings: an answer to the CANCEL, and one to the INVITE."""

ENDS = (Receive("BYE"), answer("200 OK", tag=False))
"""The other side hangs up."""
