"""Who reads a Freshdesk account beside the gateway."""

from pathlib import Path

from bench.sync import readers
from bench.sync.account import Account
from bench.sync.freshdesk.tickets import row_of
from bench.sync.install import program
from bench.sync.readers import Job, Reader, Wanted

FOREIGN = Path(__file__).parent / "foreign"
SINCE = "2025-12-31T00:00:00Z"


def dlt(account: Account, folder: Path, *nesting: str) -> Job:
    """dlt's REST source on the list, page after page by its links."""
    return readers.dlt(FOREIGN / "dlt_tickets.py", account.base, folder, row_of, SINCE, *nesting)


def tap(account: Account, folder: Path) -> Job:
    """tap-freshdesk, only the stream of tickets."""
    config = {"domain": "bench", "api_key": readers.SECRET, "start_date": SINCE, "user_agent": "bench"}
    command = [program("tap-freshdesk", "tap-freshdesk")]
    return readers.singer(command, Wanted("tickets", config, row_of), account, folder)


def airbyte(account: Account, folder: Path) -> Job:
    """Airbyte's source, only the stream of tickets."""
    command = [program("airbyte-freshdesk", "python"), str(FOREIGN / "airbyte_tickets.py")]
    config = {"domain": "bench.freshdesk.com", "api_key": readers.SECRET, "start_date": SINCE}
    return readers.airbyte(command, Wanted("tickets", config, row_of), account, folder)


PEERS = (
    Reader("dlt", "REST source, every list in files of its own", dlt, "dlt"),
    Reader("dlt flat", "the same, lists stay with their ticket", lambda a, f: dlt(a, f, "0"), "dlt"),
    Reader("tap-freshdesk", "as installed", tap, "tap-freshdesk"),
    Reader("airbyte", "source-freshdesk, let run by Python 3.11", airbyte, "airbyte-freshdesk"),
)
