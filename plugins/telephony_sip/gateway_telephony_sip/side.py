"""The facts of a leg as its caller's side sees them: which INVITE was the caller's, and what came back to it.

Laws. A final response counts as the leg's own if it went to the caller: its branch is that of an INVITE that the caller
sent; what a proxy's other branches answered are their results, not the call's. Addresses decide nothing: emitters
leave them out, or show one for both ends.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final as Constant
from typing import TypeVar

from msgspec.structs import astuple, replace

from gateway_telephony_sip.facts import Acked, Cancelled, Fact, Final, Hung, Invite, Leg
from gateway_telephony_sip.reused import first_call

PASSING: Constant = frozenset({401, 407, 422, *range(300, 400)})
"""Finals after which the caller usually asks again: for credentials, a longer session, or another target."""

SEVERAL_MS = 32_000
"""64*T1: the caller takes answers of several telephones for so long (RFC 3261, 13.2.2.4)."""

ELSEWHERE_SIP, ELSEWHERE_Q850 = 200, 26

_Seen = TypeVar("_Seen", bound=Fact)


@dataclass(frozen=True, slots=True)
class View:
    """The facts of a leg as its caller's side sees them."""

    leg: Leg
    by: int
    from_tag: str
    opened_at: int
    invite: Invite | None
    caller: str
    called: str
    own: frozenset[tuple[int, str]]
    """The caller's own INVITEs, by CSeq and branch; empty where none was seen."""

    finals: tuple[Final, ...]
    """What answered an INVITE that opens the dialog."""

    near: tuple[Final, ...]
    """Those that went to the caller."""

    @classmethod
    def of(cls, leg: Leg) -> "View | None":
        """The view; None where nothing tells who calls whom."""
        if leg.invites:
            return cls._of_invites(first_call(leg))
        for seen in leg.glimpses:
            tag = seen.from_tag
            finals = _finals(leg, tag)
            if finals or any(one.from_tag == tag and one.cseq not in _again(leg, tag) for one in leg.rung):
                return cls(
                    leg, seen.by, tag, seen.at, None, seen.caller, seen.called, frozenset(), finals, _least(finals)
                )
        return None  # what was seen answers a re-INVITE: the call began before we listened

    @classmethod
    def _of_invites(cls, leg: Leg) -> "View":
        tag = leg.invites[0].from_tag  # an exchange that keeps the Call-ID has a tag of its own, and calls later
        # The caller's copy has gone over the fewest hops: the times of several emitters aren't causal.
        hops: dict[int, tuple[int, int]] = {}
        group = [one for one in leg.invites if one.from_tag == tag]
        for one in group:
            hops[one.cseq] = min(hops.get(one.cseq, _hop(one)), _hop(one))
        own = [one for one in group if _hop(one) == hops[one.cseq]]
        invite = min(own, key=lambda one: (one.cseq, one))
        if any(one.private for one in group):
            invite = replace(invite, private=True, caller="")  # some hop lost what the caller wanted
        at = min(one.at for one in own if one.by == invite.by)
        branches = frozenset((one.cseq, one.branch) for one in own)
        finals = _finals(leg, tag)
        near = _near(leg, own, finals)
        return cls(leg, invite.by, tag, at, invite, invite.caller, invite.called, branches, finals, near)

    def first(self, facts: Iterable[_Seen]) -> _Seen | None:
        """The earliest; one that the INVITE's own emitter saw goes before."""
        return min(facts, key=lambda fact: (fact.by != self.by, fact), default=None)

    def by_one_clock(self, facts: Iterable[_Seen]) -> list[_Seen]:
        """Those facts, each once: as the INVITE's own emitter saw it, if it did."""
        found: dict[object, _Seen] = {}
        for fact in sorted(facts, key=lambda fact: (fact.by != self.by, fact)):
            found.setdefault(astuple(fact)[2:], fact)
        return list(found.values())

    def rung(self, codes: frozenset[int]) -> int | None:
        """When the first of these provisional responses was seen."""
        rung = self.first(one for one in self.leg.rung if one.from_tag == self.from_tag and one.code in codes)
        return None if rung is None else max(rung.at, self.opened_at)

    @property
    def last(self) -> int:
        """The CSeq of the caller's last attempt."""
        return max((cseq for cseq, _ in self.own), default=max((final.cseq for final in self.near), default=0))

    def refusal(self) -> Final | None:
        """The final that ended the caller's last attempt, if each of its branches was refused."""
        last = self.last
        refused: dict[str, Final] = {}
        for final in sorted(self.near, key=lambda final: (final.by != self.by, final)):
            if final.code >= 300 and final.cseq == last:
                refused.setdefault(final.branch, final)  # as the INVITE's own emitter saw it first, by its clock
        waiting = {branch for cseq, branch in self.own if cseq == last} - refused.keys()
        return None if waiting else max(refused.values(), key=lambda final: (final.at, final), default=None)

    def answer(self) -> Final | Acked | None:
        """The 2xx that the caller got first, as it was first seen; the ACK for it where only that was captured."""
        good = [final for final in self.finals if final.code < 300]
        winner = self.first(final for final in self.near if final.code < 300)
        refusal = self.refusal()
        if winner is None and refusal is not None and refusal.code not in PASSING:
            return None
        winner = winner or self.first(good)
        if winner is None:
            return self.first(ack for ack in self.leg.acks if self._shows_answer(ack))
        kept = self._kept(winner)
        told = self.first(final for final in good if final.to_tag == kept)
        return told if told is None or kept == winner.to_tag else replace(told, at=winner.at)

    def _kept(self, winner: Final) -> str:
        """The tag of the answer that the caller went on with: of several it hangs up all but one (RFC 3261, 13.2.2.4),
        which needn't be the first."""
        others = {final.to_tag for final in self.near if final.code < 300} - {winner.to_tag}
        ended = self._bye_of(winner.to_tag) if others else None
        if ended is None or not self.is_caller(ended.from_tag):
            return winner.to_tag
        ends = {tag: bye.at for tag in others if (bye := self._bye_of(tag)) is not None}
        last = max(ends, key=lambda tag: (ends[tag], tag), default="")
        if last and ends[last] > ended.at:
            return last
        going_on = sorted(others - ends.keys())
        return going_on[0] if going_on and ended.at - winner.at <= SEVERAL_MS else winner.to_tag

    def _bye_of(self, tag: str) -> Hung | None:
        return self.first(bye for bye in self.leg.byes if tag in (bye.from_tag, bye.to_tag))

    def _shows_answer(self, ack: Acked) -> bool:
        """Whether an ACK is for a 2xx: then it's a transaction of its own (RFC 3261, 17.1.1.3)."""
        if ack.from_tag != self.from_tag or ack.cseq not in {cseq for cseq, _ in self.own}:
            return False
        if ack.to_tag in {final.to_tag for final in self.finals if final.code >= 300}:
            return False
        seen = {invite.branch for invite in self.leg.invites} | {cancel.branch for cancel in self.leg.cancels}
        return ack.branch not in seen and not self.cancels()

    def cancels(self) -> list[Cancelled]:
        """The caller's CANCELs, one for each of its branches; a proxy's, of a branch further on, is none."""
        found: dict[tuple[int, str], Cancelled] = {}
        for one in sorted(self.leg.cancels, key=lambda one: (one.by != self.by, one)):
            if not self.own or (one.cseq, one.branch) in self.own:
                found.setdefault((one.cseq, one.branch), one)
        return list(found.values())

    def cancel(self) -> Cancelled | None:
        """The CANCEL after which nothing was left to wait for: other branches were cancelled or refused before."""
        cancels = self.cancels()
        closed = {(one.cseq, one.branch) for one in cancels}
        closed |= {(one.cseq, one.branch) for one in self.near if one.code >= 300}
        waiting = {one for one in self.own if one[0] == self.last} - closed
        return None if waiting else max(cancels, key=lambda one: (one.at, one), default=None)

    def is_elsewhere(self) -> bool:
        """Whether the caller's side says that it was answered elsewhere: `Reason: SIP;cause=200` (RFC 3326, 3.1)."""
        return any(
            one.sip_cause == ELSEWHERE_SIP or one.q850 == ELSEWHERE_Q850
            for one in self.leg.cancels
            if not self.own or (one.cseq, one.branch) in self.own
        )

    def is_crossed(self, to_tag: str) -> bool:
        """Whether the caller cancelled what was answered: both were on their way at once."""
        if not self.own:
            return False
        answered = {(one.cseq, one.branch) for one in self.near if one.code < 300 and one.to_tag == to_tag}
        if not answered:
            return bool(self.cancels()) and not self.is_elsewhere()
        return any((one.cseq, one.branch) in answered for one in self.cancels())

    def beyond(self) -> Cancelled | Final | None:
        """What ended the last of the branches that were tried beyond the caller's own; None while one may go on."""
        tried = {(one.cseq, one.branch) for one in self.leg.invites} - self.own
        refused = [one for one in self.finals if one.code >= 300 and one.code not in PASSING]
        ends: list[Cancelled | Final] = [*self.leg.cancels, *refused]
        ends = [one for one in ends if (one.cseq, one.branch) in tried]
        if not tried or tried - {(one.cseq, one.branch) for one in ends}:
            return None
        return max(ends, key=lambda one: (one.at, isinstance(one, Final), astuple(one)))

    def hung(self, to_tag: str) -> Hung | None:
        """The BYE of the dialog that was answered; those of forks that lost are none."""
        losers = {final.to_tag for final in self.finals if final.code < 300} - {to_tag}
        return self.first(bye for bye in self.leg.byes if bye.from_tag not in losers and bye.to_tag not in losers)

    def is_caller(self, tag: str) -> bool:
        """Whether a tag is that of the caller's side."""
        return tag == self.from_tag or any(invite.from_tag == tag for invite in self.leg.invites)


def _hop(invite: Invite) -> tuple[int, int]:
    return (-invite.left, invite.vias)


def _again(leg: Leg, from_tag: str) -> set[int]:
    """The CSeqs of this side's re-INVITEs."""
    return {offer.cseq for offer in leg.offers if offer.method == "INVITE" and offer.from_tag == from_tag}


def _finals(leg: Leg, from_tag: str) -> tuple[Final, ...]:
    again = _again(leg, from_tag)
    own = [final for final in leg.finals if final.method == "INVITE" and final.from_tag == from_tag]
    return tuple([final for final in own if final.cseq not in again])


def _near(leg: Leg, own: list[Invite], finals: tuple[Final, ...]) -> tuple[Final, ...]:
    """The finals of the caller's own branches, and what stands in for those that weren't seen."""
    branches = {(one.cseq, one.branch) for one in own}
    near = [final for final in finals if (final.cseq, final.branch) in branches]
    for invite in own:
        # With fewer hops to go than the INVITE had gone: nearer to the caller than any INVITE that was seen.
        nearer = [one for one in finals if one.cseq == invite.cseq and one.vias < invite.vias]
        near += [replace(one, branch=invite.branch) for one in nearer]
    refused = {(final.cseq, final.branch) for final in near if final.code >= 300}
    for ack in leg.acks:
        # An ACK on the INVITE's branch is for a refusal (RFC 3261, 17.1.1.3): the same one further on stands in.
        if (ack.cseq, ack.branch) in branches - refused:
            same = [one for one in finals if one.code >= 300 and (one.cseq, one.to_tag) == (ack.cseq, ack.to_tag)]
            near += [replace(one, branch=ack.branch) for one in same[:1]]
    return tuple(near)


def _least(finals: tuple[Final, ...]) -> tuple[Final, ...]:
    """Where no INVITE was seen: the finals with the fewest hops still to go."""
    least = min((final.vias for final in finals), default=0)
    return tuple([final for final in finals if final.vias == least])
