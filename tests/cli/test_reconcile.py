"""`gateway reconcile`: what was pulled and no webhook told, by a connector of an installed plugin."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.model.instant import Instant, format_instant
from gateway.model.record import Record, RecordForm
from tests.cli.commands import gateway
from tests.cli.desk import MINUTE, Desk, set_up
from tests.support.installed import install

PLUGIN = '''
import json
from pydantic import BaseModel

from gateway.plugin import Accepted, Page, Stream, convert_event, hookimpl


class Settings(BaseModel):
    pass


class Both:
    """Pushed and pulled."""

    plugin = "both"
    settings_type = Settings
    streams = (Stream("tickets"),)

    def __init__(self, name, settings, context):
        pass

    def receive(self, request):
        return Accepted([])

    def normalize(self, record):
        yield from map(convert_event, json.loads(record.body))

    async def check(self):
        return []

    async def pull(self, stream, cursor, now):
        return Page([], cursor, False)


@hookimpl
def gateway_connectors(register):
    register(Both)
'''


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    """A desk with the connector `both` of an installed plugin."""
    install(tmp_path, "both", "both_plugin", PLUGIN)
    monkeypatch.syspath_prepend(str(tmp_path))
    desk = set_up(tmp_path, monkeypatch)
    desk.config.write_text(desk.config.read_text().replace("endpoints:", "  both: {plugin: both}\nendpoints:", 1))
    yield desk
    sys.modules.pop("both_plugin", None)


def keep(desk: Desk, ticket: str, form: RecordForm) -> None:
    """A record of a ticket that was opened a quarter of an hour ago, and came two minutes later."""
    body = json.dumps([desk.opened(ticket, 15)]).encode()
    record = Record(body=body, form=form, received_at=Instant(desk.now - 13 * MINUTE))
    desk.on_store(lambda setup, store: store.add_records("both", [record]))


def test_what_was_missed_is_listed(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    """A line for each change that no webhook told, and exit 1; where all was told, exit 0."""
    keep(desk, "told", "push")
    keep(desk, "told", "row")
    well = gateway(capsys, "reconcile", "both", "--last", "1h", "-c", desk.config)
    keep(desk, "missed", "row")
    ended = gateway(capsys, "reconcile", "both", "-c", desk.config)

    assert (well.code, well.out) == (0, "")
    assert "both, the last 1h: 1 change was pulled; webhooks told 1 in time, 0 late, and missed 0" in well.err
    assert (ended.code, [line.split()[0] for line in ended.out.splitlines()]) == (1, ["OBJECT", "ticket:missed"])
    assert "2 changes were pulled; webhooks told 1 in time, 0 late, and missed 1" in ended.err


def test_the_report_as_data(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    """One object, with every change that was missed."""
    keep(desk, "missed", "row")
    ended = gateway(capsys, "reconcile", "both", "--json", "-c", desk.config)
    report = json.loads(ended.out)

    assert (ended.code, report["webhooks"], report["changes"], report["told"], report["late"]) == (1, 0, 1, 0, 0)
    assert report["missed"] == [
        {
            "kind": "ticket",
            "id": "missed",
            "changed_at": format_instant(desk.now - 15 * MINUTE),
            "read_at": format_instant(desk.now - 13 * MINUTE),
        }
    ]


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (("events",), "there is nothing to compare"),
        (("nobody",), "no connector 'nobody' can work"),
        (("both", "--last", "9999d"), "longer than"),
        (("both", "--last", "soon"), "--last"),
    ],
)
def test_what_can_not_be_compared(
    desk: Desk, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], why: str
) -> None:
    """Exit 2, with words."""
    ended = gateway(capsys, "reconcile", *arguments, "-c", desk.config)

    assert (ended.code, ended.out, why in ended.err) == (2, "", True)
