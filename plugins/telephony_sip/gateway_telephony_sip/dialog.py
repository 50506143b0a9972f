"""What one leg became, read from its facts: opened, rung, answered, held, referred, ended, and when silence ends it.

Laws. Absence proves nothing: some messages are never captured. Durations come from one emitter's clock, the one that
saw the caller's INVITE, where it saw both ends.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final as Constant

from gateway_telephony_sip.facts import Acked, Cancelled, Final, Invite, Leg, Offer
from gateway_telephony_sip.side import PASSING, View

TRANSACTION_MS = 32_000
"""64*T1: a request without any answer is over then (RFC 3261, 17.1.1.2, timer B)."""

RINGING_MS = 180_000
"""A ringing call of which nothing more is heard is over then (RFC 3261, 16.6, timer C)."""

SILENT_MS = 4 * 3_600_000
"""An answered call without session timers, of which nothing more is heard, is over then."""

SILENT_MS_MAX = 23 * 3_600_000

_SIGNALS: Constant = frozenset({180, 183})
_QUEUED: Constant = frozenset({182})
_CANCELLED = 487
_CLOSED: Constant = frozenset({"inactive"})
_HOLDING: Constant = _CLOSED | {"sendonly"}


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of time; `end` None while it lasts."""

    start: int
    end: int | None = None

    def __contains__(self, at: int) -> bool:
        return self.start < at and (self.end is None or at < self.end)


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
    """The final code that ended it; 0 where none did."""

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
    view = View.of(leg)
    if view is None:
        return None
    opened = Dialog(
        id=id,
        opened_at=view.opened_at,
        invite=view.invite,
        caller=view.caller,
        called=view.called,
        queued_at=view.rung(_QUEUED),
        ringing_at=view.rung(_SIGNALS),
        transfers=_transfers(view),
    )
    answer = view.answer()
    return _unanswered(opened, view) if answer is None else _answered(opened, view, answer)


def _answered(opened: Dialog, view: View, answer: Final | Acked) -> Dialog:
    answered_at = max(answer.at, opened.opened_at)
    hung = view.hung(answer.to_tag)
    life_s = answer.expires if isinstance(answer, Final) else 0
    silent_ms = min(life_s * 1_000, SILENT_MS_MAX) if life_s else SILENT_MS
    ended_at = None if hung is None else max(hung.at, answered_at)
    return replace(
        opened,
        answered_at=answered_at,
        agent=answer.agent if isinstance(answer, Final) else "",
        ended_at=ended_at,
        q850=0 if hung is None else hung.q850,
        crossed=view.is_crossed(answer.to_tag),
        hung_by_caller=None if hung is None else view.is_caller(hung.from_tag),
        lost_at=max(answered_at, view.leg.alive_at) + silent_ms,
        holds=_holds(view, ended_at),
    )


def _unanswered(opened: Dialog, view: View) -> Dialog:
    refusal = view.refusal()
    final = None if refusal is None or refusal.code in PASSING else refusal
    cancel = view.cancel()
    if cancel is not None and (final is None or final.code == _CANCELLED or cancel.at <= final.at):
        ended_at = max(cancel.at, opened.opened_at)
        return replace(opened, ended_at=ended_at, cancelled=True, elsewhere=view.is_elsewhere())
    if final is not None:
        ended_at = max(final.at, opened.opened_at)
        return replace(opened, ended_at=ended_at, refused=final.code, q850=final.q850)
    hung = view.hung("")
    if hung is not None:  # of an early dialog, which only the caller may end so (RFC 3261, 15), or its 2xx was lost
        by_caller = view.is_caller(hung.from_tag)
        ended_at = max(hung.at, opened.opened_at)
        return replace(opened, ended_at=ended_at, cancelled=by_caller, hung_by_caller=by_caller)
    if refusal is not None:
        return replace(opened, passed=refusal.code, lost_at=refusal.at + TRANSACTION_MS)
    beyond = view.beyond()
    if isinstance(beyond, Cancelled):  # the caller's own CANCEL, and the 487 that it got, were lost
        return replace(opened, cancelled=True, lost_at=beyond.at + TRANSACTION_MS)
    if beyond is not None:  # what went to the caller was lost
        return replace(opened, refused=beyond.code, q850=beyond.q850, lost_at=beyond.at + TRANSACTION_MS)
    leg = view.leg
    progressed_at = max([leg.progressed_at, *(one.at for one in leg.rung)])
    if progressed_at:
        return replace(opened, lost_at=progressed_at + RINGING_MS)
    return replace(opened, lost_at=max([opened.opened_at, *(one.at for one in leg.invites)]) + TRANSACTION_MS)


def _holds(view: View, ended_at: int | None) -> tuple[Span, ...]:
    """The stretches in which either side held the other, by the CSeq order of each side (RFC 3264, 8.4).

    Whoever is held by `inactive` has to answer so, and says it again when it refreshes the session: that is no hold of
    its own, and nothing would end it.
    """
    refused = {(one.method, one.from_tag, one.cseq) for one in view.leg.finals if one.code >= 300}
    sides: dict[str, list[Offer]] = {}
    for offer in sorted(view.by_one_clock(view.leg.offers), key=lambda offer: (offer.cseq, offer)):
        if offer.direction and (offer.method, offer.from_tag, offer.cseq) not in refused:
            sides.setdefault(offer.from_tag, []).append(offer)
    closed = [(tag, span) for tag, own in sides.items() for span in _held(own, ended_at, _CLOSED)]
    spans: list[Span] = []
    for tag, own in sides.items():
        others = [span for other, span in closed if other != tag]
        said = [one for one in own if one.direction not in _CLOSED or not any(one.at in span for span in others)]
        spans += _held(said, ended_at)
    return tuple(sorted(spans, key=lambda span: (span.start, span.end or 0)))


def _held(offers: Iterable[Offer], ended_at: int | None, words: frozenset[str] = _HOLDING) -> Iterable[Span]:
    start: int | None = None
    for offer in offers:
        holding = offer.direction in words
        if holding and start is None:
            start = offer.at
        elif not holding and start is not None:
            yield Span(start, max(start, offer.at))
            start = None
    if start is not None:
        yield Span(start, None if ended_at is None else max(start, ended_at))


def _transfers(view: View) -> tuple[Transfer, ...]:
    """The REFERs that were taken on, each at the time when it was known to have worked (RFC 3515, 2.4.4)."""
    done = []
    finals, notifies = view.by_one_clock(view.leg.finals), view.by_one_clock(view.leg.notifies)
    for refer in view.by_one_clock(view.leg.refers):
        answers = [one for one in finals if one.method == "REFER" and one.cseq == refer.cseq]
        answers = [one for one in answers if one.from_tag == refer.from_tag]
        told = [one for one in notifies if one.to_tag == refer.from_tag and one.refer in (0, refer.cseq)]
        good = [one.at for one in told if 200 <= one.code < 300]
        taken = [one.at for one in answers if 200 <= one.code < 300]
        failed = any(one.code >= 300 for one in told) or any(one.code >= 300 for one in answers)
        if good or (taken and not failed):
            done.append(Transfer(max(refer.at, min(good or taken)), refer.target))
    return tuple(sorted(done, key=lambda transfer: (transfer.at, transfer.target)))
