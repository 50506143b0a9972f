"""What may be said about Asterisk's logs in the settings."""

import pytest
from gateway_telephony_sip.asterisk.settings import AsteriskLogs
from pydantic import ValidationError

CDR = "/var/log/asterisk/cdr-csv/Master.csv"
QUEUE = "/var/log/asterisk/queue_log"
COLUMNS = ("uniqueid", "start", "end", "callid", "rec")


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({}, "give `queue_log`, `cdr`, or both"),
        ({"queue_log": "queue_log"}, "give the whole path"),
        ({"queue_log": QUEUE, "cdr": QUEUE}, "two files"),
        ({"cdr": CDR, "unheard": 1}, "not permitted"),
        ({"cdr": CDR, "timezone": "Mars/Base"}, "'Mars/Base' is no time zone"),
        ({"cdr": CDR, "timezone": "../etc/passwd"}, "is no time zone"),
        ({"cdr": CDR, "timezone": ""}, "is no time zone"),
        ({"cdr": CDR, "columns": ("start", "end", "src")}, "lacks 'uniqueid'"),
        ({"cdr": CDR, "columns": ("uniqueid", "start", "src")}, "lacks 'end'"),
        ({"cdr": CDR, "columns": ("uniqueid", "end", "end")}, "names 'end' twice"),
        ({"cdr": CDR, "columns": COLUMNS, "link_column": "other"}, "'other', which isn't in `columns`"),
        ({"cdr": CDR, "columns": COLUMNS, "recording_column": "other"}, "'other', which isn't in `columns`"),
        ({"cdr": CDR, "recording_column": "rec"}, "wants `columns`"),
        ({"cdr": CDR, "columns": COLUMNS, "recording_column": "rec", "recording": "https://x/{date}"}, "not both"),
        ({"cdr": CDR, "recording": "https://x/{secret}"}, "a place {secret}"),
        ({"cdr": CDR, "recording": "https://x/{date"}, "a place {"),
        ({"cdr": CDR, "recording": "/srv/{date}"}, "match pattern"),
        ({"cdr": CDR, "separator": '"'}, "match pattern"),
        ({"cdr": CDR, "separator": "ab"}, "match pattern"),
        ({"queue_log": QUEUE, "link_event": "CONNECT"}, "an event of Asterisk's own"),
        ({"queue_log": QUEUE, "link_event": "A|B"}, "match pattern"),
        ({"queue_log": QUEUE, "queue_log_rotated": "../*"}, "match pattern"),
        ({"queue_log": QUEUE, "unlinked": "guess"}, "'count' or 'contact'"),
        ({"queue_log": QUEUE, "every_s": 0}, "greater than or equal to 1"),
        ({"queue_log": QUEUE, "backfill_days": -1}, "greater than or equal to 0"),
        ({"cdr": CDR, "channels": ()}, "at least 1 item"),
    ],
)
def test_what_may_not_be_said(wrong: dict[str, object], words: str) -> None:
    """Each mistake in words that say what to do."""
    with pytest.raises(ValidationError) as caught:
        AsteriskLogs.model_validate(wrong)

    assert words in str(caught.value)


def test_what_is_so_unless_it_is_said() -> None:
    """The logs as Debian and FreePBX have them, in UTC; unlinked calls are counted."""
    logs = AsteriskLogs(queue_log=QUEUE, cdr=CDR)

    assert (logs.unlinked, logs.link_event, logs.link_column) == ("count", "SIPCALLID", "userfield")
    assert (logs.timezone, logs.backfill_days, logs.columns, logs.follow_linked) == ("UTC", 7, None, True)


def test_columns_of_ones_own_may_be_passed_over() -> None:
    """A dash is a column that nobody needs, as often as one likes."""
    logs = AsteriskLogs(cdr=CDR, columns=("-", "uniqueid", "-", "end", "callid"), link_column="callid", separator="\t")

    assert logs.read_as().order == ("-", "uniqueid", "-", "end", "callid")
    assert (logs.read_as().link, logs.read_as().separator) == ("callid", "\t")
