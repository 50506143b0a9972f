"""Who reads a Zendesk account beside the gateway."""

from pathlib import Path

from bench.sync import readers
from bench.sync.account import Account
from bench.sync.install import program
from bench.sync.readers import Job, Reader, Wanted
from bench.sync.zendesk.tickets import row_of

FOREIGN = Path(__file__).parent / "foreign"
SINCE = "2020-01-01T00:00:00Z"


def dlt(account: Account, folder: Path, *nesting: str) -> Job:
    """dlt's REST source on the export by cursor."""
    return readers.dlt(FOREIGN / "dlt_tickets.py", account.base, folder, row_of, *nesting)


def tap(account: Account, folder: Path) -> Job:
    """tap-zendesk, only the stream of tickets."""
    command = [program("tap-zendesk", "python"), str(FOREIGN / "tap_tickets.py")]
    config = {"subdomain": "bench", "start_date": SINCE, "access_token": readers.SECRET}
    return readers.singer(command, Wanted("tickets", config, row_of), account, folder)


def airbyte(account: Account, folder: Path) -> Job:
    """Airbyte's source, only the stream of tickets."""
    command = [program("airbyte-zendesk", "source-zendesk-support")]
    credentials = {"credentials": "oauth2.0", "access_token": readers.SECRET}
    config = {"subdomain": "bench", "start_date": SINCE, "credentials": credentials}
    return readers.airbyte(command, Wanted("tickets", config, row_of), account, folder)


PEERS = (
    Reader("dlt", "REST source, every list in files of its own", dlt, "dlt"),
    Reader("dlt flat", "the same, lists stay with their ticket", lambda a, f: dlt(a, f, "0"), "dlt"),
    Reader("tap-zendesk", "without its waits for audits", tap, "tap-zendesk"),
    Reader("airbyte", "source-zendesk-support", airbyte, "airbyte-zendesk"),
)
