"""What lines of logs say of a call, taken together: the exchange's queue_log and CDR, and our redirect server's.

Laws. Of lines that say the same, the earliest counts; of ends in the CDR the latest, since an exchange writes a row for
each attempt and each party of a call.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from gateway_telephony_sip.facts import Logged, LoggedBy, LoggedWhat

WHOLE_SECOND_MS = 1_000
"""queue_log has whole seconds: what it dates may have happened up to one later."""


@dataclass(frozen=True, slots=True)
class Lines:
    """The lines that count; None where there is none of a kind."""

    name: str
    opened_at: int
    last_at: int
    caller: str
    called: str
    entered: Logged | None
    """Into a queue of the exchange."""

    chosen: Logged | None
    """What the redirect server answered."""

    ringing: Logged | None
    connected: Logged | None
    abandoned: Logged | None
    left: Logged | None
    """The last time that it left a queue without an agent."""

    completed: Logged | None
    """The end as queue_log has it; its reason says who hung up."""

    answered: Logged | None
    """By the exchange, as the CDR has it."""

    ended: Logged | None
    """The last end in the CDR; the reason is that of the best of its rows."""

    transfers: tuple[Logged, ...]


def read_lines(logged: tuple[Logged, ...]) -> Lines | None:
    """The lines taken together; None where there is none."""
    if not logged:
        return None
    ends = _of(logged, "ended", "cdr")
    completed = [line for line in _of(logged, "ended", "queue_log") if line.reason]
    left = _of(logged, "left", "queue_log")
    return Lines(
        name=min((line.call for line in logged if line.call), default=""),
        opened_at=logged[0].at,
        last_at=logged[-1].at,
        caller=_told(line.caller for line in logged),
        called=_told(line.called for line in logged if line.what != "transferred"),
        entered=_first(logged, "entered", "queue_log"),
        chosen=_first(logged, "entered", "redirect"),
        ringing=_first(logged, "ringing", "queue_log"),
        connected=_first(logged, "connected", "queue_log"),
        abandoned=_first(logged, "abandoned", "queue_log"),
        left=left[-1] if left else None,
        completed=max(completed, default=None),
        answered=_first(logged, "answered", "cdr"),
        ended=max(ends, key=lambda line: (line.at, line), default=None),
        transfers=tuple(_of(logged, "transferred", "queue_log")),
    )


def _of(logged: tuple[Logged, ...], what: LoggedWhat, by: LoggedBy) -> list[Logged]:
    return [line for line in logged if line.what == what and line.by == by]


def _first(logged: tuple[Logged, ...], what: LoggedWhat, by: LoggedBy) -> Logged | None:
    return next(iter(_of(logged, what, by)), None)


def _told(texts: Iterable[str]) -> str:
    return next((text for text in texts if text), "")
