"""The readers: how each is started on the account, and what it has brought in the end."""

import gzip
import json
import os
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench import server
from bench.sync.account import Account
from bench.sync.install import program
from bench.sync.tickets import Found, Row, found

FOREIGN = Path(__file__).parent / "foreign"
SINCE = "2020-01-01T00:00:00Z"
SECRET = "bench"
PREPARE_S = 300.0


@dataclass(frozen=True, slots=True)
class Job:
    """One reading: what to start, and where. Whoever ends by itself is done then, else `done` says when."""

    command: Sequence[str]
    brought: Callable[[], Found]
    env: Mapping[str, str] = field(default_factory=dict)
    output: Path | None = None
    done: Callable[[], bool] | None = None


@dataclass(frozen=True, slots=True)
class Reader:
    """One reader with one setting; `prepare` is given the account and an empty folder, and is not measured."""

    name: str
    about: str
    prepare: Callable[[Account, Path], Job]
    needs: str = ""
    """What has to be installed."""


def dlt(account: Account, folder: Path, nesting: str) -> Job:
    """dlt's REST source into files of JSON lines."""
    script = str(FOREIGN / "dlt_tickets.py")
    return Job(
        [program("dlt", "python"), script, account.base, str(folder), nesting],
        lambda: found(_rows(sorted((folder / "out" / "zendesk" / "tickets").iterdir()), lambda line: line)),
        {"RUNTIME__DLTHUB_TELEMETRY": "false", "HOME": str(folder)},
    )


def tap(account: Account, folder: Path) -> Job:
    """tap-zendesk into a file, only the stream of tickets selected."""
    config, catalog = folder / "config.json", folder / "catalog.json"
    config.write_text(json.dumps({"subdomain": "bench", "start_date": SINCE, "access_token": SECRET}))
    command = [program("tap-zendesk", "python"), str(FOREIGN / "tap_tickets.py"), "--config", str(config)]
    env = _redirected(account)
    known = json.loads(_prepared([*command, "--discover"], env))
    catalog.write_text(json.dumps({"streams": [_selected(one) for one in known["streams"] if _named(one, "tickets")]}))
    return Job([*command, "--catalog", str(catalog)], lambda: found(_records(folder)), env, folder / "out.jsonl")


def airbyte(account: Account, folder: Path) -> Job:
    """Airbyte's source into a file, only the stream of tickets."""
    config, catalog = folder / "config.json", folder / "catalog.json"
    credentials = {"credentials": "oauth2.0", "access_token": SECRET}
    config.write_text(json.dumps({"subdomain": "bench", "start_date": SINCE, "credentials": credentials}))
    command, env = [program("airbyte", "source-zendesk-support")], _redirected(account)
    lines = map(json.loads, _prepared([*command, "discover", "--config", str(config)], env).splitlines())
    streams = [one for line in lines if line["type"] == "CATALOG" for one in line["catalog"]["streams"]]
    chosen = {"sync_mode": "incremental", "destination_sync_mode": "append"}
    catalog.write_text(
        json.dumps({"streams": [{"stream": one, **chosen} for one in streams if one["name"] == "tickets"]})
    )
    command += ["read", "--config", str(config), "--catalog", str(catalog)]
    return Job(command, lambda: found(_records(folder)), env, folder / "out.jsonl")


def bare(account: Account, folder: Path) -> Job:
    """Download, and nothing else: how fast the account can be at all."""
    command = server.python(server.HERE, "bench.sync.bare", str(account.port))
    return Job(command, lambda: Found(0, 0, ""))


READERS = (
    Reader("bare download", "looks at nothing, keeps nothing: the most that the server gives", bare),
    Reader("dlt", "REST source, every list in files of its own", lambda a, f: dlt(a, f, ""), "dlt"),
    Reader("dlt flat", "the same, lists stay with their ticket", lambda a, f: dlt(a, f, "0"), "dlt"),
    Reader("tap-zendesk", "without its waits for audits", tap, "tap-zendesk"),
    Reader("airbyte", "source-zendesk-support", airbyte, "airbyte"),
)


def _redirected(account: Account) -> dict[str, str]:
    return {"PYTHONPATH": str(FOREIGN), "BENCH_SYNC_BASE": account.base}


def _prepared(command: list[str], env: Mapping[str, str]) -> str:
    done = subprocess.run(
        command, env={**os.environ, **env}, capture_output=True, text=True, timeout=PREPARE_S, check=False
    )
    if done.returncode:
        raise SystemExit(f"{' '.join(command)} failed:\n{done.stderr[-3_000:]}")
    return done.stdout


def _named(stream: Mapping[str, Any], name: str) -> bool:
    return bool(stream["tap_stream_id"] == name)


def _selected(stream: Mapping[str, Any]) -> Mapping[str, Any]:
    for one in stream["metadata"]:
        if not one["breadcrumb"]:
            one["metadata"]["selected"] = True
    return stream


def _records(folder: Path) -> Iterator[Row]:
    """Tickets in the messages of a Singer tap, or of an Airbyte source, where they lie one level deeper."""

    def ticket(message: Mapping[str, Any]) -> Mapping[str, Any] | None:
        if message["type"] != "RECORD":
            return None
        record: Mapping[str, Any] = message["record"]
        inner: Mapping[str, Any] = record.get("data", record)
        return inner

    return _rows([folder / "out.jsonl"], ticket)


def _rows(files: Sequence[Path], ticket: Callable[[Mapping[str, Any]], Mapping[str, Any] | None]) -> Iterator[Row]:
    for path in files:
        with gzip.open(path, "rt") if path.suffix == ".gz" else path.open() as lines:
            for line in lines:
                one = ticket(json.loads(line))
                if one is not None:
                    yield Row(one["id"], one["subject"], one["status"])
