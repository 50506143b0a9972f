"""What may stand under `asterisk` of a connector of calls: where the exchange's logs are, and how they name a call."""

import re
from datetime import tzinfo
from typing import Annotated, Final, Literal, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, field_validator, model_validator

from gateway_telephony_sip.asterisk.rows import Columns
from gateway_telephony_sip.asterisk.templates import PLACES, unknown_places

Unlinked = Literal["count", "contact"]

OWN_EVENTS: Final = frozenset({
    "ABANDON", "ADDMEMBER", "AGENTDUMP", "AGENTLOGIN", "AGENTLOGOFF", "AGENTCALLBACKLOGIN", "AGENTCALLBACKLOGOFF",
    "ATTENDEDTRANSFER", "BLINDTRANSFER", "COMPLETEAGENT", "COMPLETECALLER", "CONFIGRELOAD", "CONNECT", "DID",
    "ENTERQUEUE", "EXITEMPTY", "EXITWITHKEY", "EXITWITHTIMEOUT", "PAUSE", "PAUSEALL", "PAUSEREASON", "QUEUESTART",
    "REMOVEMEMBER", "RINGCANCELED", "RINGNOANSWER", "SYSCOMPAT", "TRANSFER", "UNPAUSE", "UNPAUSEALL",
})  # fmt: skip
"""What Asterisk, and FreePBX (`DID`), write themselves."""

_PATH: Final = r"^/[^\x00]+$"


def _whole_path(path: str) -> str:
    if not re.fullmatch(_PATH, path):
        raise ValueError("give the whole path, from / on, such as /var/log/asterisk/queue_log")
    return path


_Path = Annotated[
    str,
    Field(min_length=2, max_length=1_024),
    AfterValidator(_whole_path),
    Field(json_schema_extra={"pattern": _PATH}),
]
_Glob = Annotated[str, Field(min_length=1, max_length=256, pattern=r"^[^/\x00]+$")]
_Column = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9_-]+$")]


class AsteriskLogs(BaseModel):
    """Where Asterisk's `queue_log` and CDR lie, both or one of them; the gateway reads them, and never writes."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    queue_log: _Path | None = None
    """Where `queue_log` lies: `/var/log/asterisk/queue_log`."""

    queue_log_rotated: _Glob | None = None
    """The names in the same folder that it gets when it is rotated; without it, its own with a dot or a dash and
    anything behind. Compressed files aren't read."""

    cdr: _Path | None = None
    """Where the CDR lie as CSV: `/var/log/asterisk/cdr-csv/Master.csv`."""

    cdr_rotated: _Glob | None = None
    """Likewise for the CDR."""

    columns: Annotated[tuple[_Column, ...], Field(min_length=3, max_length=64)] | None = None
    """The columns of the CDR, in their order, where cdr_custom writes them; those that aren't known here are passed
    over. Without it they are those of `Master.csv`."""

    separator: Annotated[str, Field(pattern=r"^[\t!#-/:-@\[-`{-~]$")] = ","
    """What stands between two columns."""

    timezone: str = "UTC"
    """The zone of the times in the CDR: the exchange's, such as `Europe/Berlin`, or UTC with `usegmtime = yes`."""

    link_column: _Column = "userfield"
    """The column of the CDR that holds the call's SIP Call-ID; several are parted by semicolons."""

    link_event: Annotated[str, Field(pattern=r"^[A-Z0-9_-]{1,64}$")] = "SIPCALLID"
    """The event in `queue_log`, written by QueueLog(), whose first datum is the call's SIP Call-ID."""

    unlinked: Unlinked = "count"
    """What becomes of a call that the logs know, of which neither a packet nor a SIP Call-ID is known: it is `count`ed
    by `gateway doctor` alone, or becomes a `contact` of its own, which is right where no listener sees the calls."""

    follow_linked: bool = True
    """Whether channels that Asterisk linked are one call. Switch it off where an agent's channel outlives the calls
    (AgentLogin, conferences): it would link all of them."""

    channels: Annotated[tuple[Annotated[str, Field(min_length=1, max_length=128)], ...], Field(min_length=1)] = ("*",)
    """The channels whose rows of the CDR are read, as patterns such as `PJSIP/trunk-*`: where customers call in."""

    recording: Annotated[str, Field(max_length=1_024, pattern=r"^[a-z][a-z0-9+.-]*://[^\s]+$")] | None = None
    """The address of a call's recording, with places to fill: `https://rec.example.com/{date}/{uniqueid}.wav`."""

    recording_column: _Column | None = None
    """The column of the CDR that says where the recording lies, instead of `recording`."""

    recording_encrypted: bool = False
    """Whether recordings are encrypted where they lie."""

    recording_retention: Annotated[str, Field(max_length=64)] = ""
    """The class of how long recordings are kept, in your own words."""

    every_s: Annotated[float, Field(ge=1, le=3_600)] = 10.0
    """Seconds between two looks at each file."""

    backfill_days: Annotated[float, Field(ge=0, le=3_650)] = 7.0
    """How far back the first pull reaches."""

    @field_validator("timezone")
    @classmethod
    def _is_a_zone(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise ValueError(f"{name!r} is no time zone: write one such as UTC or Europe/Berlin") from None
        return name

    @field_validator("link_event")
    @classmethod
    def _is_free(cls, event: str) -> str:
        if event in OWN_EVENTS:
            raise ValueError(f"{event} is an event of Asterisk's own: take another name for QueueLog()")
        return event

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if self.queue_log is None and self.cdr is None:
            raise ValueError("give `queue_log`, `cdr`, or both")
        if self.queue_log == self.cdr:
            raise ValueError("`queue_log` and `cdr` are two files")
        if self.columns is not None:
            self._check_columns(self.columns)
        if self.recording is not None and self.recording_column is not None:
            raise ValueError("give `recording` or `recording_column`, not both")
        if self.recording is not None and (unknown := unknown_places(self.recording)):
            raise ValueError(f"`recording` has a place {unknown}: there are {', '.join(PLACES)}")
        if self.recording_column is not None and self.columns is None:
            raise ValueError("`recording_column` wants `columns`: Master.csv has no such column")
        return self

    def _check_columns(self, columns: tuple[str, ...]) -> None:
        twice = sorted({name for name in columns if columns.count(name) > 1 and name != "-"})
        if twice:
            raise ValueError(f"`columns` names {twice[0]!r} twice: write - for one that is passed over")
        for name in ("uniqueid", "end"):
            if name not in columns:
                raise ValueError(f"`columns` lacks {name!r}, without which a row says nothing of a call")
        if self.recording_column is not None and self.recording_column not in columns:
            raise ValueError(f"`recording_column` names {self.recording_column!r}, which isn't in `columns`")
        if "link_column" in self.model_fields_set and self.link_column not in columns:
            raise ValueError(f"`link_column` names {self.link_column!r}, which isn't in `columns`")

    @property
    def zone(self) -> tzinfo:
        """The zone of the times in the CDR."""
        return ZoneInfo(self.timezone)

    def read_as(self) -> Columns:
        """How the rows of the CDR are written."""
        return Columns(self.columns, self.separator, self.link_column, self.recording_column or "", self.zone)
