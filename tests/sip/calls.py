"""The calls that are made: what the caller does in each, and what the agent does. Pauses are the times to be found."""

from dataclasses import dataclass

from tests.sip.scenarios import (
    ENDS,
    GIVEN_UP,
    OFFERED,
    RINGING,
    RINGS,
    SUPPORT,
    TAKEN,
    Pause,
    Receive,
    Step,
    agent_says,
    answer,
    caller_says,
    caller_tells,
    cancel,
    invite,
    media,
    refused,
    takes,
)

RING = Pause(800)
TALK = Pause(1_300)
HOLD = Pause(1_100)
PATIENCE = Pause(900)
TRYING = Receive("100", optional=True)
HANGS_UP = (caller_says("BYE", 2), Receive("200"))
DIGEST, KEYED = "canary-digest-5f3a", "canary-keyed-77"
"""What proves the caller, and what he keys in: nothing of it may be kept."""

CHALLENGE = 'Proxy-Authenticate: Digest realm="pstn.example", nonce="1"'
TRANSFER_TO = "sip:+15550100777@support.example"


@dataclass(frozen=True)
class Plan:
    """Both sides of a call."""

    caller: tuple[Step, ...]
    agent: tuple[Step, ...]


def _offer(direction: str, cseq: int) -> tuple[Step, ...]:
    """The agent puts the caller on hold (`sendonly`), or takes it back (`sendrecv`)."""
    offer = agent_says("INVITE", cseq, body=media(direction, cseq + 1))
    return offer, TRYING, Receive("200"), agent_says("ACK", cseq)


def _agrees(direction: str, version: int) -> tuple[Step, ...]:
    """The caller takes such an offer."""
    return Receive("INVITE"), answer("200 OK", body=media(direction, version), tag=False, again=True), Receive("ACK")


BRIEF = Plan(
    (invite(), *RINGS, *TAKEN, Pause(400), *HANGS_UP),
    (OFFERED, RINGING, *takes(), *ENDS),
)
"""An agent who takes it at once."""

PLANS = {
    "answered": Plan(
        (invite(), *RINGS, *TAKEN, TALK, *HANGS_UP),
        (OFFERED, RINGING, RING, *takes(), *ENDS),
    ),
    "cancelled": Plan(
        (invite(), TRYING, Receive("180"), PATIENCE, cancel(), Receive("200"), Receive("487"), refused()),
        (OFFERED, RINGING, *GIVEN_UP),
    ),
    "busy": Plan(
        (invite(), TRYING, Receive("486"), refused()),
        (OFFERED, answer("486 Busy Here", again=True), Receive("ACK")),
    ),
    "held": Plan(
        (invite(), *RINGS, *TAKEN, *_agrees("recvonly", 2), *_agrees("sendrecv", 3), TALK, *HANGS_UP),
        (OFFERED, RINGING, RING, *takes(), TALK, *_offer("sendonly", 1), HOLD, *_offer("sendrecv", 2), *ENDS),
    ),
    "transferred": Plan(
        (
            *(invite(), *RINGS, *TAKEN),
            *(Receive("REFER"), answer("202 Accepted", tag=False)),
            *(caller_tells(2, "200 OK"), Receive("200"), *ENDS),
        ),
        (
            *(OFFERED, RINGING, RING, *takes(), TALK),
            *(agent_says("REFER", 1, f"Refer-To: <{TRANSFER_TO}>", f"Referred-By: <sip:{SUPPORT}@support.example>"),),
            *(Receive("202"), Receive("NOTIFY"), answer("200 OK", tag=False)),
            *(agent_says("BYE", 2), Receive("200")),
        ),
    ),
    "challenged": Plan(
        (
            *(invite(), TRYING, Receive("407"), refused()),
            *(invite(f'Proxy-Authorization: Digest username="ann", response="{DIGEST}"', cseq=2), *RINGS),
            *(Receive("200", route=True), caller_says("ACK", 2), TALK),
            *(caller_says("INFO", 3, "Content-Type: application/dtmf-relay", body=f"Signal={KEYED}\n"), Receive("200")),
            *(caller_says("BYE", 4), Receive("200")),
        ),
        (
            *(Receive("INVITE"), answer("407 Proxy Authentication Required", CHALLENGE, again=True), Receive("ACK")),
            *(OFFERED, RINGING, RING, *takes()),
            *(Receive("INFO"), answer("200 OK", tag=False), *ENDS),
        ),
    ),
    "lost": Plan(
        (invite(), *RINGS, *TAKEN),
        (OFFERED, RINGING, RING, *takes("Session-Expires: 3;refresher=uac")),
    ),
}
"""By name. In `lost` nobody says a word after the beginning: no BYE, and no refresh of a session that lives for three
seconds."""

LIVES_MS = 3_000
