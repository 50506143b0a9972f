"""`gateway sync`: one pull to the end, by a connector of an installed plugin."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.commands import gateway
from tests.cli.desk import Desk, set_up
from tests.support.installed import install

PLUGIN = '''
from pydantic import BaseModel

from gateway.plugin import Page, Record, Stream, Transient, hookimpl


class Settings(BaseModel):
    pages: int = 3
    breaks_at: int = -1


class Well:
    """Gives two records a page."""

    plugin = "well"
    settings_type = Settings
    streams = (Stream("water", backfill_s=0), Stream("oil", backfill_s=0))

    def __init__(self, name, settings, context):
        self.settings = settings

    def normalize(self, record):
        yield from ()

    async def check(self):
        return []

    async def pull(self, stream, cursor, now):
        number = int(cursor or 0)
        if number == self.settings.breaks_at:
            raise Transient("the well is dry")
        if self.settings.pages < 0:
            return Page([], cursor, True)
        records = [
            Record(body=b"{}", form="row", key=f"{stream.name}/{number}/{one}", stream=stream.name, received_at=now)
            for one in "ab"
        ]
        return Page(records, str(min(number + 1, self.settings.pages)), number + 1 < self.settings.pages)


@hookimpl
def gateway_connectors(register):
    register(Well)
'''


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    """A desk with the connector `spring` of an installed plugin."""
    install(tmp_path, "well", "well_plugin", PLUGIN)
    monkeypatch.syspath_prepend(str(tmp_path))
    desk = set_up(tmp_path, monkeypatch)
    configure(desk, "")
    yield desk
    sys.modules.pop("well_plugin", None)


def configure(desk: Desk, settings: str) -> None:
    """Put the connector into the configuration as its last line of `connectors`, with further settings."""
    lines = [line for line in desk.config.read_text().splitlines() if not line.startswith("  spring:")]
    place = lines.index(next(line for line in lines if line.startswith("endpoints:")))
    lines.insert(place, f"  spring: {{plugin: well{settings}}}")
    desk.config.write_text("\n".join(lines))


def test_every_stream_is_pulled_to_its_end(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    """Without a daemon, on a database that it makes; a second pull goes on from the cursor and finds what it knows."""
    first = gateway(capsys, "sync", "spring", "--once", "--json", "-c", desk.config)
    second = gateway(capsys, "sync", "spring", "--once", "--json", "-c", desk.config)
    inbox = gateway(capsys, "inbox", "list", "--json", "-c", desk.config).out.splitlines()

    rows = [json.loads(line) for line in first.out.splitlines()]
    assert first.code == second.code == 0
    assert [tuple(row.values())[:6] for row in rows] == [
        ("spring", "water", "live", 3, 6, 0),
        ("spring", "oil", "live", 3, 6, 0),
    ]
    assert list(rows[0]) == ["connector", "stream", "lane", "pages", "accepted", "duplicates", "since", "until"]
    assert [json.loads(line)["pages"] for line in second.out.splitlines()] == [1, 1]
    assert "spring/oil: 3 pages, 6 new, 0 known already" in first.err
    assert len(inbox) >= 12


def test_who_judges_what_came_is_told(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    """Without a gateway what came waits; where nothing came, nothing does."""
    told = [gateway(capsys, "sync", "spring", "-c", desk.config).err for _ in range(3)]

    assert ["judged when one starts" in words for words in told] == [True, True, False]


def test_what_came_before_a_failure_is_kept(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    """A vendor that fails ends it with 69 and its words; the pages before are there, and the next pull goes on."""
    configure(desk, ", breaks_at: 2")
    failed = gateway(capsys, "sync", "spring", "--once", "-c", desk.config)
    kept = gateway(capsys, "inbox", "list", "--json", "-c", desk.config).out.splitlines()
    configure(desk, "")
    resumed = gateway(capsys, "sync", "spring", "--once", "--json", "-c", desk.config).out.splitlines()

    assert (failed.code, failed.out) == (69, "")
    assert "the well is dry" in failed.err
    assert len(kept) == 4
    assert [json.loads(line)["pages"] for line in resumed] == [1, 3]


def test_a_connector_that_breaks_the_rules_is_stopped(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    """More without a cursor that moves would go on for ever: exit 1, and why."""
    configure(desk, ", pages: -1")

    ended = gateway(capsys, "sync", "spring", "--once", "-c", desk.config)

    assert ended.code == 1
    assert "the cursor stays" in ended.err


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (("spring", "--since", "1d"), "can't read the past"),
        (("spring", "--since", "tomorrow"), "a time is like"),
        (("spring", "--since", "1999-01-01"), "between the year 2000 and now"),
        (("spring", "--stream", "oli"), "did you mean 'oil'?"),
        (("sprung", "--once"), "did you mean 'spring'?"),
        (("events", "--once"), "is not pulled"),
    ],
    ids=["no past", "no time", "too early", "no stream", "unknown", "not pulled"],
)
def test_a_wrong_wish_is_refused(
    arguments: tuple[str, ...], why: str, desk: Desk, capsys: pytest.CaptureFixture[str]
) -> None:
    """No past to read, no time, a name that isn't there, a connector that takes webhooks: exit 2, in words."""
    ended = gateway(capsys, "sync", *arguments, "-c", desk.config)

    assert (ended.code, ended.out) == (2, "")
    assert why in ended.err
