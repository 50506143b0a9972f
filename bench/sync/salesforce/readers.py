"""Who reads the cases of an organisation of Salesforce's beside the gateway."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bench.sync import readers
from bench.sync.account import Account
from bench.sync.install import program
from bench.sync.readers import Job, Reader, Wanted, led
from bench.sync.salesforce.cases import row_of
from bench.sync.salesforce.org import EVERYTHING, ROOT
from bench.sync.truth import Row, found

FOREIGN = Path(__file__).parent / "foreign"
SINCE = "2025-12-31T00:00:00Z"
_CONFIG = {"client_id": "bench", "client_secret": readers.SECRET, "refresh_token": readers.SECRET, "start_date": SINCE}


def simple(account: Account, folder: Path) -> Job:
    """simple-salesforce, the client that most readers in Python are written with: what it gives, line after line."""
    output = folder / "out.jsonl"
    return Job(
        [program("simple-salesforce", "python"), str(FOREIGN / "simple_cases.py"), EVERYTHING],
        lambda: found(readers.rows([output], lambda line: line, row_of)),
        led(account),
        output,
    )


def dlt(account: Account, folder: Path) -> Job:
    """dlt's REST source on the query, page after page by its links."""

    def row_of_its(line: Mapping[str, Any]) -> Row:  # dlt names columns in small letters.
        return row_of({name.capitalize(): line[name] for name in ("id", "subject", "status")})

    return readers.dlt(FOREIGN / "dlt_cases.py", account.base, folder, row_of_its, f"{ROOT}/query", EVERYTHING)


def tap(account: Account, folder: Path) -> Job:
    """tap-salesforce by the REST API, only the stream of cases."""
    config = {**_CONFIG, "api_type": "REST", "select_fields_by_default": True}
    command = [program("tap-salesforce", "tap-salesforce")]
    return readers.singer(command, Wanted("Case", config, row_of), account, folder, "--properties")


def airbyte(account: Account, folder: Path) -> Job:
    """Airbyte's source, which reads cases by bulk jobs."""
    command = [program("airbyte-salesforce", "source-salesforce")]
    return readers.airbyte(command, Wanted("Case", _CONFIG, row_of), account, folder)


PEERS = (
    Reader("simple-salesforce", "query_all_iter, each row a line of JSON", simple, "simple-salesforce"),
    Reader("dlt", "REST source, what a case leads to in columns of its own", dlt, "dlt"),
    Reader("tap-salesforce", "REST API", tap, "tap-salesforce"),
    Reader("airbyte", "source-salesforce, Bulk API 2.0", airbyte, "airbyte-salesforce"),
)
