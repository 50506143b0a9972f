"""`gateway sync` as a process: killed at every point of reading, and beside a gateway that does the reading."""

import signal
import sqlite3
from pathlib import Path

import pytest

from tests.acceptance.process import DEADLINE_S, ENVIRON, POLICY, eventually
from tests.crash import flow, leftover
from tests.crash.forked import Forked, Kennel
from tests.crash.kennel import COUNT
from tests.crash.outside import PAST_ROWS, Vendor
from tests.support.points import points

CONFIG = """\
version: 1
listen: 127.0.0.1:0
admin: 127.0.0.1:0
database: sqlite:///gateway.db
policy: policy.yaml
connectors:
  flow: {{plugin: flow, folder: "{vendor}"}}
endpoints: {{helpdesk: {{url: "http://127.0.0.1:65535/", allow_private: true, secret: {{env: HELPDESK_SECRET}}}}}}
"""
KILLED_AT = (
    "page.pulled",
    "backfill.pulled",
    "first_backfill.committed",
    "add_page.before_commit",
    "add_backfill_page.before_commit",
    "add_backfill_page.committed",
)
"""Before and after what is durable; all the points of each transaction are `python -m tests.crash`'s."""

MIDDLE = 40
"""The page of the past at which it is killed, of a hundred."""


class Site:
    """A folder with a configuration, a vendor with a past, and a kennel that forks commands."""

    def __init__(self, folder: Path, kennel: Kennel) -> None:
        self.folder = folder
        self.kennel = kennel
        self.vendor = Vendor(folder / "vendor")
        self.database = folder / "gateway.db"
        (folder / "gateway.yaml").write_text(CONFIG.format(vendor=self.vendor.folder))
        (folder / "policy.yaml").write_text(POLICY)
        (folder / "passes").write_bytes(bytes(COUNT.size * len(points())))

    def start(self, *words: str, point: str = "", nth: int = 1) -> Forked:
        """Start a command that is killed at the n-th pass of a point, if one is named."""
        return self.kennel.start(
            folder=str(self.folder),
            environ=ENVIRON,
            log=str(self.folder / "log"),
            arguments=list(words),
            passes=str(self.folder / "passes"),
            point=point,
            nth=nth,
        )

    def sync(self, *words: str, point: str = "", nth: int = 1) -> int:
        """Run `gateway sync flow` to its end; how it ended."""
        return self.start("sync", "flow", *words, point=point, nth=nth).wait(DEADLINE_S)

    def rows(self) -> list[str]:
        """The keys of all rows of the past that the inbox has."""
        with sqlite3.connect(f"file:{self.database}?mode=ro", uri=True) as connection:
            return [key for (key,) in connection.execute("SELECT key FROM inbox WHERE stream = 'past' AND historical")]

    def said(self) -> str:
        """What all commands have said."""
        return (self.folder / "log").read_text()


@pytest.fixture
def site(tmp_path: Path, kennel: Kennel) -> Site:
    """A fresh one."""
    return Site(tmp_path, kennel)


@pytest.mark.parametrize("point", KILLED_AT)
def test_killed_anywhere_it_goes_on(point: str, site: Site) -> None:
    """Wherever the command is killed, the next one reads the rest: every row is there, and once."""
    often = point.startswith(("backfill.", "add_backfill_page."))
    assert site.sync(point=point, nth=MIDDLE if often else 1) == -9

    before = site.rows() if site.database.exists() else []
    assert (len(before) > 0) == often
    assert site.sync() == 0

    rows = site.rows()
    assert len(rows) == PAST_ROWS and set(rows) == {f"past {number}" for number in range(PAST_ROWS)}
    assert leftover.waiting(site.database, 0)["runs over the past"] == 0
    pages = int.from_bytes(_passes(site, "add_backfill_page.committed"), "little")
    # A page whose commit the killed process didn't live to see is asked for once more.
    assert PAST_ROWS // flow.PAGE_ROWS <= pages <= PAST_ROWS // flow.PAGE_ROWS + 1


def _passes(site: Site, point: str) -> bytes:
    place = COUNT.size * points().index(point)
    return (site.folder / "passes").read_bytes()[place : place + COUNT.size]


def test_beside_a_gateway_the_gateway_reads(site: Site) -> None:
    """The command asks, the gateway reads what is new and further back; the end of the command isn't that of
    the reading."""
    gateway = site.start("run")
    eventually(lambda: site.database.exists() and "listening on" in site.said(), "it listens")
    eventually(lambda: not leftover.waiting(site.database, 0)["runs over the past"], "the first past is read")
    assert site.sync("--since", "10d", "--stream", "past") == 0
    assert "flow/past, the past since" in site.said()
    assert "flow/past: 0 new" in site.said()
    site.vendor.down(True)
    waiting = site.start("sync", "flow", "--since", "20d", "--stream", "past")
    eventually(lambda: "new, 503" in site.said(), "what it waits for is told")
    waiting.send_signal(signal.SIGINT)
    waiting.wait(DEADLINE_S)
    site.vendor.down(False)
    eventually(lambda: not leftover.waiting(site.database, 0)["runs over the past"], "the gateway has gone on")
    gateway.terminate()
    assert gateway.wait(DEADLINE_S) == 0


def test_a_gateway_that_stops_meanwhile_is_told(site: Site) -> None:
    """What came is kept, and the command says so; without a gateway the next one does it by itself."""
    gateway = site.start("run")
    eventually(lambda: site.database.exists() and "listening on" in site.said(), "it listens")
    site.vendor.down(True)
    asked = site.start("sync", "flow", "--since", "10d", "--stream", "past")
    eventually(lambda: "new, 503" in site.said(), "the command tells what the gateway waits for")
    gateway.kill()
    assert asked.wait(DEADLINE_S) == 75
    assert "the gateway has stopped" in site.said()
    site.vendor.down(False)
    assert site.sync() == 0
    assert len(set(site.rows())) == PAST_ROWS
