"""The exchange's logs as the connector has them: streams to pull, pieces of calls, findings, and what isn't told.

Law. The same call is never told twice: what the logs alone know, without its SIP Call-ID, may be a call that a listener
has seen. Unless the settings say that none listens, it is kept, counted by `gateway doctor`, and not told.
"""

from collections.abc import Iterator, Sequence

from gateway.plugin import Finding, Page, Piece, Record, Stream
from gateway_telephony_sip.asterisk.checks import check_logs
from gateway_telephony_sip.asterisk.meaning import is_hidden
from gateway_telephony_sip.asterisk.normalize import pieces_of
from gateway_telephony_sip.asterisk.settings import AsteriskLogs
from gateway_telephony_sip.asterisk.tailing import logs_of, pull_log, streams_of
from gateway_telephony_sip.facts import Call


class AsteriskFiles:
    """The logs that the settings name."""

    def __init__(self, settings: AsteriskLogs) -> None:
        self.streams: tuple[Stream, ...] = streams_of(settings)
        self._settings = settings
        self._logs = logs_of(settings)

    async def pull(self, stream: Stream, cursor: str | None, now: int) -> Page:
        """One page of one log. Raises what `pull_log` raises.

        It reads a bounded part of a local file, on the event loop: a few hundredths of a second.
        """
        return pull_log(self._logs[stream.name], stream, cursor, now)

    def pieces(self, record: Record) -> Iterator[Piece]:
        """What a row of a log says of a call. Raises BadPayload."""
        return pieces_of(record, self._settings)

    def hides(self, facts: Call) -> bool:
        """Whether a call isn't told: all that is known of it is in the logs, which don't name its SIP Call-ID."""
        return is_hidden(facts, self._settings)

    def findings(self) -> Sequence[Finding]:
        """What is to be said of the files as they are."""
        return check_logs(self._settings)
