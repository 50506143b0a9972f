"""What a call became, read from all that is known of it.

Laws. A function of the facts and the rules: whatever the order in which the facts came, it says the same. The main leg
is the one whose INVITE came first; it is the customer's way to us, and its end is the end of the call.

Which source counts. SIP counts for what it saw: the opening, the ringing, the end, who hung up. The exchange's
queue_log is the truth of its queue: when a call entered, that an agent (and not music) answered, that it was abandoned.
The CDR fills what neither saw. Our redirect server says when it chose a queue.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from gateway_telephony_sip.dialog import SILENT_MS, TRANSACTION_MS, Dialog, Span, Transfer, read_leg
from gateway_telephony_sip.facts import Call
from gateway_telephony_sip.logs import WHOLE_SECOND_MS, Lines, read_lines
from gateway_telephony_sip.outcome import Outcome, logged_as, passed_as, refused_as
from gateway_telephony_sip.rules import Rules, Side

CLOCKS_MS = 10_000
"""So far apart may the clocks be that show the legs of a call."""

SAME_TRANSFER_MS = 5_000
"""One transfer shows on several legs, and in the log, within so long."""


@dataclass(frozen=True, slots=True)
class Point:
    """When something happened, and which source says so."""

    at: int
    by: str
    agent: str = ""
    queue: str = ""


@dataclass(frozen=True, slots=True)
class End:
    """How the call ended, or will have ended if nothing more is heard of it (`is_lost`)."""

    at: int
    by: str
    outcome: Outcome
    ended_by: str = ""
    code: int = 0
    is_lost: bool = False


@dataclass(frozen=True, slots=True)
class Became:
    """What the call became. Times and lengths in ms; None is what isn't known, or hasn't happened."""

    id: str
    side: Side
    opened_at: int
    caller: str
    called: str
    original: str
    redirecting: str
    is_private: bool
    replaces: str
    queued: Point | None
    ringing: Point | None
    answered: Point | None
    holds: tuple[Span, ...]
    transfers: tuple[Transfer, ...]
    end: End
    is_crossed: bool
    wait_ms: int | None
    hold_ms: int | None
    handle_ms: int | None
    """Talk and hold together; work after the call doesn't show here."""

    @property
    def talk_ms(self) -> int | None:
        """How long both sides spoke."""
        return None if self.handle_ms is None or self.hold_ms is None else self.handle_ms - self.hold_ms


def became(call: Call, rules: Rules) -> Became | None:
    """What the call became; None while nothing tells that there is one."""
    dialogs = _dialogs(call)
    lines = read_lines(call.logged)
    main = dialogs[0] if dialogs else None
    if main is None and lines is None:
        return None
    opened_at = _opened_at(main, lines)
    side, caller, called = _parties(dialogs, lines, rules)
    answered = _between(opened_at, None, _answered(dialogs, lines, rules, side))
    end = _end(dialogs, lines, answered, side)
    end = replace(end, at=max(end.at, answered.at if answered else opened_at))
    latest_at = answered.at if answered else end.at
    queued = _between(opened_at, latest_at, _queued(main, lines))
    waiting_since = queued.at if queued else opened_at
    wait_ms = None if answered is None and end.is_lost else (answered or end).at - waiting_since
    if end.outcome == "abandoned" and wait_ms is not None and wait_ms < rules.short_abandoned_s * 1_000:
        end = replace(end, outcome="short_abandoned")
    holds = _holds(dialogs, answered, end)
    is_measured = answered is not None and not end.is_lost
    invite = main.invite if main is not None else None
    return Became(
        id=main.id if main is not None else min(call.legs, default=lines.name if lines else ""),
        side=side,
        opened_at=opened_at,
        caller=caller,
        called=called,
        original=invite.original if invite else "",
        redirecting=invite.redirecting if invite else "",
        is_private=_is_private(dialogs),
        replaces=invite.replaces if invite else "",
        queued=queued,
        ringing=_between(opened_at, latest_at, _ringing(main, lines)),
        answered=answered,
        holds=holds,
        transfers=_transfers(dialogs, lines, answered, end),
        end=end,
        is_crossed=main is not None and main.crossed,
        wait_ms=wait_ms,
        hold_ms=sum((span.end or end.at) - span.start for span in holds) if is_measured else None,
        handle_ms=end.at - answered.at if answered is not None and is_measured else None,
    )


def _dialogs(call: Call) -> list[Dialog]:
    """The legs that can be read, the main one first; one whose INVITE was seen goes before one whose wasn't. A leg to a
    recorder is none: it is answered at once, and by nobody."""
    read = [dialog for id, leg in call.legs.items() if (dialog := read_leg(id, leg)) is not None]
    read = [dialog for dialog in read if dialog.invite is None or not dialog.invite.records]
    read = sorted(read, key=lambda dialog: (dialog.invite is None, dialog.opened_at, dialog.id))
    for dialog in read[1:]:
        if _comes_of(call, read[0], dialog):
            return [dialog, *(one for one in read if one is not dialog)]
    return read


def _comes_of(call: Call, later: Dialog, dialog: Dialog) -> bool:
    """Whether a leg came about by another one, though its INVITE bears an earlier time: it says that one's Call-ID.

    Emitters stamp what they sent before what they got now and then, two machines have two clocks, and of the caller's
    own leg the INVITE may be lost.
    """
    return (
        dialog.opened_at - later.opened_at <= CLOCKS_MS
        and dialog.id in call.legs[later.id].names
        and later.id not in call.legs[dialog.id].names
    )


def _opened_at(main: Dialog | None, lines: Lines | None) -> int:
    """When it began: the INVITE says it, or, where that was lost, whatever is earliest."""
    opened = [] if main is None else [main.opened_at]
    if lines is not None and (main is None or main.invite is None):
        opened.append(lines.opened_at)
    return min(opened, default=0)


def _between(earliest: int, latest: int | None, point: Point | None) -> Point | None:
    """The point within its bounds: clocks of several sources don't agree, and some have whole seconds only."""
    if point is None:
        return None
    at = max(earliest, point.at if latest is None else min(point.at, latest))
    return point if at == point.at else replace(point, at=at)


def _is_private(dialogs: list[Dialog]) -> bool:
    """Whether the caller wants not to be known: as the INVITE says, or, where that was lost, any other of the call."""
    invites = [dialog.invite for dialog in dialogs if dialog.invite is not None]
    lost = bool(dialogs) and dialogs[0].invite is None
    return any(invite.private for invite in (invites if lost else invites[:1]))


def _parties(dialogs: list[Dialog], lines: Lines | None, rules: Rules) -> tuple[Side, str, str]:
    """Which way it goes, and who calls whom."""
    main = dialogs[0] if dialogs else None
    caller = main.caller if main is not None else ""
    called = main.called if main is not None else ""
    if main is not None and main.invite is not None and (rules.number(main.invite.target) or not called):
        called = main.invite.target
    if lines is not None:
        caller = caller or ("" if _is_private(dialogs) else lines.caller)
        called = called or lines.called
    source = main.invite.source if main is not None and main.invite is not None else ""
    return rules.side(source, caller, called), caller, called


def _queued(main: Dialog | None, lines: Lines | None) -> Point | None:
    """When it came into a queue: the exchange's log knows best, then our redirect server."""
    if lines is not None and lines.entered is not None:
        return Point(lines.entered.at, lines.entered.by, queue=lines.entered.queue)
    if lines is not None and lines.chosen is not None:
        # By our clock, which need not be that of the packets; and whom we answered late had gone on without us.
        went_on = (main.ringing_at, main.answered_at, main.ended_at) if main is not None else ()
        at = min([lines.chosen.at, *(at for at in went_on if at is not None)])
        return Point(at, lines.chosen.by, queue=lines.chosen.queue)
    return Point(main.queued_at, "sip") if main is not None and main.queued_at is not None else None


def _ringing(main: Dialog | None, lines: Lines | None) -> Point | None:
    """When the caller heard that it rings; an agent's telephone counts only where no packet was seen."""
    if main is not None:
        return Point(main.ringing_at, "sip") if main.ringing_at is not None else None
    line = lines.ringing if lines is not None else None
    return Point(line.at, line.by, line.agent, line.queue) if line is not None else None


def _answered(dialogs: list[Dialog], lines: Lines | None, rules: Rules, side: Side) -> Point | None:
    """When somebody of ours, or whom we called, answered; the agent of an outbound call is who calls."""
    point = _first_answer(dialogs, lines, rules)
    if point is None or point.by != "sip":
        return point
    return replace(point, agent=rules.shown(dialogs[0].caller if side == "outbound" else point.agent))


def _first_answer(dialogs: list[Dialog], lines: Lines | None, rules: Rules) -> Point | None:
    main = dialogs[0] if dialogs else None
    if lines is not None and lines.connected is not None:
        line = lines.connected
        return Point(line.at, line.by, line.agent, line.queue)
    if lines is not None and lines.entered is not None:
        # The exchange's own answer was for its music. Who left the queue may have been answered elsewhere.
        return _first_agent(dialogs, lines.left.at - WHOLE_SECOND_MS) if lines.left is not None else None
    if rules.answered_by == "agent_leg":
        return _first_agent(dialogs, 0)
    if main is not None and main.answered_at is not None:
        return Point(main.answered_at, "sip", main.agent)
    # A BYE ends what was answered, though the answer itself was lost on its way to us; a refusal or a CANCEL doesn't.
    was_open = main is None or main.ended_at is None or main.hung_by_caller is not None
    if lines is not None and lines.answered is not None and was_open:
        line = lines.answered
        return Point(line.at, line.by, line.agent, line.queue)
    return None


def _first_agent(dialogs: list[Dialog], since: int) -> Point | None:
    """The first answer on a leg that isn't the customer's."""
    answers = [(one.answered_at, one.id, one.agent) for one in dialogs[1:] if one.answered_at is not None]
    at, _, agent = min((answer for answer in answers if answer[0] >= since), default=(None, "", ""))
    return None if at is None else Point(at, "sip", agent)


def _end(dialogs: list[Dialog], lines: Lines | None, answered: Point | None, side: Side) -> End:
    main = dialogs[0] if dialogs else None
    calling, other = ("caller", "agent") if side == "inbound" else ("agent", "called")
    if main is not None and main.ended_at is not None:
        by_caller = main.cancelled or main.hung_by_caller is True
        who = calling if by_caller and not main.elsewhere else other if main.hung_by_caller is False else ""
        outcome = "answered" if answered is not None else _unanswered(main, side)
        return End(main.ended_at, "sip", outcome, who, main.refused)
    if lines is not None:
        logged = _logged_end(lines, answered, side)
        if logged is not None:
            return logged
    lost_at = max([one.lost_at for one in dialogs if one.ended_at is None], default=0)
    if lines is not None:
        redirected = lines.chosen is not None and lines.chosen.at == lines.last_at and lines.entered is None
        lost_at = max(lost_at, lines.last_at + (TRANSACTION_MS if redirected or main is not None else SILENT_MS))
    if answered is not None:
        lost_at = max(lost_at, answered.at + (0 if answered.by == "sip" else SILENT_MS))
        return End(lost_at, "silence", "answered", is_lost=True)
    return End(lost_at, "silence", _silent(main, lines, side), is_lost=True)


def _unanswered(main: Dialog, side: Side) -> Outcome:
    """What a call became that ended before anybody answered it."""
    if main.elsewhere:
        return "elsewhere"
    if main.cancelled or main.hung_by_caller is True:
        return "abandoned" if side == "inbound" else "cancelled"
    if main.hung_by_caller is False:
        return "no_answer" if main.answered_at is not None else "lost"
    return _refused(main, side)


def _refused(main: Dialog, side: Side) -> Outcome:
    outcome = refused_as(main.refused, main.q850)
    return "cancelled" if outcome == "abandoned" and side != "inbound" else outcome


def _silent(main: Dialog | None, lines: Lines | None, side: Side) -> Outcome:
    """What a call counts as of which nothing more was heard before anybody answered it."""
    if main is not None and main.cancelled:
        return "abandoned" if side == "inbound" else "cancelled"
    if main is not None and main.refused:
        return _refused(main, side)
    if main is not None and main.passed:
        return passed_as(main.passed)
    # Where only our redirect server saw it, it went where it was sent.
    only_chosen = lines is not None and lines.chosen is not None and lines.chosen.at == lines.last_at
    return "redirected" if only_chosen and (main is None or main.ringing_at is None) else "lost"


def _logged_end(lines: Lines, answered: Point | None, side: Side) -> End | None:
    """The end as the logs have it, where no packet shows one."""
    line = lines.ended or lines.abandoned or lines.completed
    if line is None:
        return None
    who = lines.completed.reason if lines.completed is not None else ""
    if answered is not None:
        return End(line.at, line.by, "answered", who if who in ("caller", "agent") else "")
    if lines.abandoned is not None:
        return End(line.at, line.by, "abandoned" if side == "inbound" else "cancelled", "caller")
    outcome = logged_as(line.reason)
    return End(line.at, line.by, "no_answer" if outcome == "answered" else outcome)


def _holds(dialogs: list[Dialog], answered: Point | None, end: End) -> tuple[Span, ...]:
    """The stretches in which somebody of the call was on hold, on any of its legs, from the answer to the end."""
    if answered is None:
        return ()
    held: list[tuple[int, int | None]] = []
    for span in sorted((span for dialog in dialogs for span in dialog.holds), key=lambda span: span.start):
        start, stop = max(span.start, answered.at), span.end
        if start >= end.at or (stop is not None and stop <= start):
            continue
        stop = None if stop is None or stop >= end.at else stop
        if held and (held[-1][1] is None or start <= held[-1][1]):
            before = held[-1][1]
            held[-1] = (held[-1][0], None if before is None or stop is None else max(before, stop))
        else:
            held.append((start, stop))
    return tuple(Span(start, stop) for start, stop in held)


def _transfers(dialogs: list[Dialog], lines: Lines | None, answered: Point | None, end: End) -> tuple[Transfer, ...]:
    """The transfers of an answered call; what shows one of them again is passed over."""
    if answered is None:
        return ()
    kept: list[Transfer] = []
    for transfer in sorted(_shown_transfers(dialogs, lines), key=lambda one: (one.at, one.target)):
        if not answered.at <= transfer.at <= end.at:
            continue
        if kept and transfer.at - kept[-1].at <= SAME_TRANSFER_MS:
            kept[-1] = Transfer(kept[-1].at, kept[-1].target or transfer.target)
        else:
            kept.append(transfer)
    return tuple(kept)


def _shown_transfers(dialogs: list[Dialog], lines: Lines | None) -> Iterator[Transfer]:
    up = {dialog.id for dialog in dialogs if dialog.answered_at is not None}
    for dialog in dialogs:
        yield from dialog.transfers
        # A leg of this very call that takes another's place; one that wasn't answered was picked up, not transferred.
        if dialog.invite is not None and dialog.invite.replaces in up - {dialog.id} and dialog.answered_at is not None:
            yield Transfer(dialog.answered_at, dialog.agent)
    for line in lines.transfers if lines is not None else ():
        yield Transfer(line.at, line.called)
