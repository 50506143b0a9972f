"""What one leg became, read from its facts: opened, rung, answered, held, referred, ended, and when silence ends it.

Laws. A final response counts as the leg's own if it went to the caller: its branch is that of an INVITE that the caller
sent; what a proxy's other branches answered are their results, not the call's. Absence proves nothing: some messages
are never captured. Durations come from one emitter's clock, the one that saw the caller's INVITE, where it saw both.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final as Constant
from typing import TypeVar

from gateway_telephony_sip.facts import Acked, Cancelled, Fact, Final, Glimpse, Hung, Invite, Leg, Offer

TRANSACTION_MS = 32_000
"""64*T1: a request without any answer is over then (RFC 3261, 17.1.1.2, timer B)."""

RINGING_MS = 180_000
"""A ringing call of which nothing more is heard is over then (RFC 3261, 16.6, timer C)."""

SILENT_MS = 4 * 3_600_000
"""An answered call without session timers, of which nothing more is heard, is over then."""

SILENT_MS_MAX = 23 * 3_600_000

_SIGNALS: Constant = frozenset({180, 183})
_QUEUED = 182
_CANCELLED = 487
_PASSING: Constant = frozenset({401, 407, 422, *range(300, 400)})
"""Finals after which the caller usually asks again: for credentials, a longer session, or another target."""

_ELSEWHERE_SIP, _ELSEWHERE_Q850 = 200, 26
"""A CANCEL with `Reason: SIP;cause=200` says that another branch was answered (RFC 3326, 3.1)."""

_HOLDING: Constant = frozenset({"sendonly", "inactive"})
_Seen = TypeVar("_Seen", bound=Fact)


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of time; `end` None while it lasts."""

    start: int
    end: int | None = None


@dataclass(frozen=True, slots=True)
class Transfer:
    """The call was handed to somebody; `target` is who, as the REFER says."""

    at: int
    target: str = ""


@dataclass(frozen=True, slots=True)
class Dialog:
    """A leg as its facts tell it. What isn't known is None, 0 or empty; times in ms."""

    id: str
    opened_at: int
    invite: Invite | None
    caller: str
    called: str
    queued_at: int | None = None
    ringing_at: int | None = None
    answered_at: int | None = None
    agent: str = ""
    ended_at: int | None = None
    refused: int = 0
    """The final code that reached the caller and ended it; 0 where none did."""

    q850: int = 0
    cancelled: bool = False
    elsewhere: bool = False
    crossed: bool = False
    hung_by_caller: bool | None = None
    """Whether the caller's side sent the BYE; None where there was none."""

    passed: int = 0
    """The code of a final after which the caller was to ask again, and hasn't yet."""

    lost_at: int = 0
    """When the leg counts as over if nothing more is heard of it."""

    holds: tuple[Span, ...] = ()
    transfers: tuple[Transfer, ...] = ()


def read_leg(id: str, leg: Leg) -> Dialog | None:
    """What the leg became; None where nothing tells who calls whom."""
    view = _View.of(leg)
    if view is None:
        return None
    answer = view.answer()
    opened = Dialog(
        id=id,
        opened_at=view.opened_at,
        invite=view.invite,
        caller=view.caller,
        called=view.called,
        queued_at=_at(view.first(rung for rung in view.rung if rung.code == _QUEUED)),
        ringing_at=_at(view.first(rung for rung in view.rung if rung.code in _SIGNALS)),
    )
    cancel = view.cancel()
    if answer is None:
        return _unanswered(opened, view, cancel)
    hung = view.hung(answer.to_tag)
    ended_at = None if hung is None else max(hung.at, answer.at)
    life_s = getattr(answer, "expires", 0)
    silent_ms = min(life_s * 1_000, SILENT_MS_MAX) if life_s else SILENT_MS
    return replace(
        opened,
        answered_at=max(answer.at, opened.opened_at),
        agent=getattr(answer, "agent", ""),
        ended_at=ended_at,
        q850=hung.q850 if hung is not None else 0,
        crossed=cancel is not None,
        hung_by_caller=None if hung is None else hung.from_tag in view.callers,
        lost_at=max(answer.at, leg.alive_at) + silent_ms,
        holds=_holds(leg, ended_at),
        transfers=_transfers(leg),
    )


def _unanswered(opened: Dialog, view: "_View", cancel: Cancelled | None) -> Dialog:
    refusal = view.refusal()
    final = refusal is not None and refusal.code not in _PASSING
    if cancel is not None and (not final or refusal is None or refusal.code == _CANCELLED or cancel.at <= refusal.at):
        elsewhere = cancel.sip_cause == _ELSEWHERE_SIP or cancel.q850 == _ELSEWHERE_Q850
        return replace(opened, ended_at=cancel.at, cancelled=True, elsewhere=elsewhere, q850=cancel.q850)
    if refusal is not None and final:
        return replace(opened, ended_at=refusal.at, refused=refusal.code, q850=refusal.q850)
    hung = view.hung("")
    if hung is not None:  # in an early dialog, which only the caller may end so (RFC 3261, 15), or its answer was lost
        by_caller = hung.from_tag in view.callers
        return replace(opened, ended_at=hung.at, cancelled=by_caller, hung_by_caller=by_caller)
    if refusal is not None:
        return replace(opened, passed=refusal.code, lost_at=refusal.at + TRANSACTION_MS)
    forwarded = view.first(view.leg.cancels)
    if forwarded is not None and view.all_cancelled():
        # The caller's own CANCEL and its 487 were lost; the proxy's were seen.
        return replace(opened, cancelled=True, lost_at=forwarded.at + TRANSACTION_MS)
    leg = view.leg
    progressed = max([leg.progressed_at, *(rung.at for rung in view.rung)])
    asked = max([opened.opened_at, *(invite.at for invite in leg.invites)])
    return replace(opened, lost_at=progressed + RINGING_MS if progressed else asked + TRANSACTION_MS)


@dataclass(frozen=True, slots=True)
class _View:
    """The facts of a leg as its caller's side sees them."""

    leg: Leg
    by: int
    from_tag: str
    callers: frozenset[str]
    opened_at: int
    invite: Invite | None
    caller: str
    called: str
    own: frozenset[tuple[int, str]]
    """The caller's own INVITEs, by CSeq and branch; empty where none was seen."""

    @classmethod
    def of(cls, leg: Leg) -> "_View | None":
        if leg.invites:
            return cls._of_invites(leg)
        if not leg.glimpses:
            return None
        seen: Glimpse = leg.glimpses[0]
        callers = frozenset({seen.from_tag})
        return cls(leg, seen.by, seen.from_tag, callers, seen.at, None, seen.caller, seen.called, frozenset())

    @classmethod
    def _of_invites(cls, leg: Leg) -> "_View":
        from_tag = leg.invites[0].from_tag  # a B2BUA that keeps the Call-ID has a tag of its own, and calls later
        group = [invite for invite in leg.invites if invite.from_tag == from_tag]
        # The caller's copy is the one that has gone over the fewest hops: times of several emitters aren't causal.
        invite = min(group, key=lambda one: (-one.left, one.vias, one))
        own = [one for one in group if _hop(one) == _hop(invite)]
        opened_at = min(one.at for one in own if one.by == invite.by)
        return cls(
            leg,
            invite.by,
            from_tag,
            frozenset(one.from_tag for one in leg.invites),
            opened_at,
            invite,
            invite.caller,
            invite.called,
            frozenset((one.cseq, one.branch) for one in own),
        )

    def first(self, facts: Iterable[_Seen]) -> _Seen | None:
        """The earliest; one that the same emitter saw as the INVITE goes before."""
        return min(facts, key=lambda fact: (fact.by != self.by, fact), default=None)

    @property
    def rung(self) -> list[Fact]:
        return []

    def finals(self) -> Sequence[Final]:
        """What answered an INVITE that opens the dialog."""
        again = {(offer.from_tag, offer.cseq) for offer in self.leg.offers if offer.method == "INVITE"}
        return [
            final
            for final in self.leg.finals
            if final.method == "INVITE" and final.from_tag == self.from_tag and (final.from_tag, final.cseq) not in again
        ]

    def near(self, final: Final) -> bool:
        """Whether it went to the caller."""
        if self.own:
            return (final.cseq, final.branch) in self.own
        return final.vias == min(one.vias for one in self.finals())

    def refusal(self) -> Final | None:
        """The final that ended the caller's last attempt: all its branches were refused."""
        refused = [final for final in self.finals() if final.code >= 300 and self.near(final)]
        last = max((cseq for cseq, _ in self.own), default=max((final.cseq for final in refused), default=0))
        open_branches = {branch for cseq, branch in self.own if cseq == last}
        refused = [final for final in refused if final.cseq == last]
        if not refused or open_branches - {final.branch for final in refused}:
            return None
        return max(refused, key=lambda final: (final.at, final))

    def answer(self) -> "Final | Acked | None":
        """The 2xx that the caller got first, at the time when any copy of it was first seen."""
        good = [final for final in self.finals() if 200 <= final.code < 300]
        winner = self.first(final for final in good if self.near(final))
        if winner is None and self.refusal_counts():
            return None
        winner = winner or self.first(good)
        if winner is not None:
            return self.first(final for final in good if final.to_tag == winner.to_tag)
        return self.first(ack for ack in self.leg.acks if self.shows_answer(ack))

    def refusal_counts(self) -> bool:
        """Whether a final told the caller that it won't be answered."""
        refusal = self.refusal()
        return refusal is not None and refusal.code not in _PASSING

    def shows_answer(self, ack: Acked) -> bool:
        """Whether an ACK is for a 2xx that wasn't seen: no INVITE and no refusal has its branch or its tag."""
        if ack.from_tag != self.from_tag or not ack.to_tag or not self.own:
            return False
        refused = {final.to_tag for final in self.finals() if final.code >= 300}
        branches = {invite.branch for invite in self.leg.invites}
        return ack.branch not in branches and ack.to_tag not in refused and ack.cseq in {cseq for cseq, _ in self.own}

    def cancel(self) -> Cancelled | None:
        """The caller's CANCEL; a proxy's of another branch is none."""
        if not self.own:
            return self.first(self.leg.cancels)
        return self.first(one for one in self.leg.cancels if (one.cseq, one.branch) in self.own)

    def all_cancelled(self) -> bool:
        """Whether every branch that was tried beyond the caller's own was taken back."""
        tried = {(invite.cseq, invite.branch) for invite in self.leg.invites} - self.own
        return bool(tried) and tried <= {(one.cseq, one.branch) for one in self.leg.cancels}

    def hung(self, to_tag: str) -> Hung | None:
        """The BYE of the dialog that was answered; those of forks that lost are none."""
        losers = {final.to_tag for final in self.finals() if 200 <= final.code < 300} - {to_tag}
        return self.first(bye for bye in self.leg.byes if bye.from_tag not in losers and bye.to_tag not in losers)


def _hop(invite: Invite) -> tuple[int, int, str]:
    return (invite.left, invite.vias, invite.source)


def _at(fact: Fact | None) -> int | None:
    return None if fact is None else fact.at


def _holds(leg: Leg, ended_at: int | None) -> tuple[Span, ...]:
    """The stretches in which either side held the other, by the CSeq order of each side (RFC 3264, 8.4)."""
    refused = {(one.method, one.from_tag, one.cseq) for one in leg.finals if one.code >= 300}
    spans: list[Span] = []
    for tag in sorted({offer.from_tag for offer in leg.offers}):
        own = [offer for offer in leg.offers if offer.from_tag == tag and offer.direction]
        own = [offer for offer in own if (offer.method, offer.from_tag, offer.cseq) not in refused]
        spans += _held(sorted(own, key=lambda offer: (offer.cseq, offer)), ended_at)
    return tuple(sorted(spans, key=lambda span: (span.start, span.end or 0)))


def _held(offers: Iterable[Offer], ended_at: int | None) -> Iterable[Span]:
    start: int | None = None
    for offer in offers:
        holding = offer.direction in _HOLDING
        if holding and start is None:
            start = offer.at
        elif not holding and start is not None:
            yield Span(start, max(start, offer.at))
            start = None
    if start is not None:
        yield Span(start, None if ended_at is None else max(start, ended_at))


def _transfers(leg: Leg) -> tuple[Transfer, ...]:
    """The REFERs that were taken on, each at the time when it was known to have worked (RFC 3515, 2.4.4)."""
    done = []
    for refer in leg.refers:
        answers = [one for one in leg.finals if one.method == "REFER" and one.cseq == refer.cseq]
        answers = [one for one in answers if one.from_tag == refer.from_tag]
        told = [one for one in leg.notifies if one.to_tag == refer.from_tag and one.refer in (0, refer.cseq)]
        good = [one.at for one in told if 200 <= one.code < 300]
        taken = [one.at for one in answers if 200 <= one.code < 300]
        failed = any(one.code >= 300 for one in told) or any(one.code >= 300 for one in answers)
        if good or (taken and not failed):
            done.append(Transfer(max(refer.at, min(good or taken)), refer.target))
    return tuple(sorted(done, key=lambda transfer: (transfer.at, transfer.target)))
