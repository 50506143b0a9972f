"""What a reader is: how it is started on an account, and what it has brought in the end. And what many share."""

import gzip
import json
import os
import subprocess
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench import server
from bench.sync.account import Account
from bench.sync.install import program
from bench.sync.truth import Found, Row, found

SHIM = Path(__file__).parent / "shim"
SECRET = "bench"
PREPARE_S = 300.0

Ticket = Mapping[str, Any]
RowOf = Callable[[Ticket], Row]
"""What is compared of a ticket as its vendor writes it."""


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


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a foreign reader reads: which of its streams, by which settings, and what is compared of its records."""

    stream: str
    config: Mapping[str, object]
    row_of: RowOf


def bare(shape: str) -> Reader:
    """Download, and nothing else: how fast an account of this shape can be at all."""

    def prepare(account: Account, folder: Path) -> Job:
        command = server.python(server.HERE, "bench.sync.bare", shape, str(account.port))
        return Job(command, lambda: Found(0, 0, ""))

    return Reader("bare download", "looks at nothing, keeps nothing: the most that the server gives", prepare)


def led(account: Account) -> dict[str, str]:
    """The environment that leads a foreign reader's requests for its vendor to the account."""
    return {"PYTHONPATH": str(SHIM), "BENCH_SYNC_BASE": account.base}


def dlt(script: Path, base: str, folder: Path, row_of: RowOf, *options: str) -> Job:
    """A script of dlt's that reads `base` into `folder/out/bench/tickets`, as files of JSON lines."""
    return Job(
        [program("dlt", "python"), str(script), base, str(folder), *options],
        lambda: found(rows(sorted((folder / "out" / "bench" / "tickets").iterdir()), lambda line: line, row_of)),
        {"RUNTIME__DLTHUB_TELEMETRY": "false", "HOME": str(folder)},
    )


def singer(command: Sequence[str], wanted: Wanted, account: Account, folder: Path, option: str = "--catalog") -> Job:
    """A Singer tap into a file, only one stream selected. `option`: by which it is told of the streams."""
    given, catalog = folder / "config.json", folder / "catalog.json"
    given.write_text(json.dumps(wanted.config))
    command = [*command, "--config", str(given)]
    known = json.loads(_prepared([*command, "--discover"], led(account)))
    for one in known["streams"]:
        _select(one, selected=one["tap_stream_id"] == wanted.stream)
    catalog.write_text(json.dumps(known))
    return _messages([*command, option, str(catalog)], wanted, account, folder)


def airbyte(command: Sequence[str], wanted: Wanted, account: Account, folder: Path) -> Job:
    """A source of Airbyte's into a file, only one stream."""
    given, catalog = folder / "config.json", folder / "catalog.json"
    given.write_text(json.dumps(wanted.config))
    lines = map(json.loads, _prepared([*command, "discover", "--config", str(given)], led(account)).splitlines())
    streams = [one for line in lines if line["type"] == "CATALOG" for one in line["catalog"]["streams"]]
    mode = {"sync_mode": "incremental", "destination_sync_mode": "append"}
    chosen = [{"stream": one, **mode} for one in streams if one["name"] == wanted.stream]
    catalog.write_text(json.dumps({"streams": chosen}))
    read = [*command, "read", "--config", str(given), "--catalog", str(catalog)]
    return _messages(read, wanted, account, folder)


def _messages(command: Sequence[str], wanted: Wanted, account: Account, folder: Path) -> Job:
    output = folder / "out.jsonl"
    return Job(command, lambda: found(rows([output], record, wanted.row_of)), led(account), output)


def _prepared(command: Sequence[str], env: Mapping[str, str]) -> str:
    done = subprocess.run(
        command, env={**os.environ, **env}, capture_output=True, text=True, timeout=PREPARE_S, check=False
    )
    if done.returncode:
        raise SystemExit(f"{' '.join(command)} failed:\n{done.stderr[-3_000:]}")
    return done.stdout


def _select(stream: Mapping[str, Any], *, selected: bool) -> None:
    for one in stream["metadata"]:
        if not one["breadcrumb"]:
            one["metadata"]["selected"] = selected


def record(message: Mapping[str, Any]) -> Ticket | None:
    """The ticket in a message of a Singer tap, or of a source of Airbyte's, where it lies one level deeper."""
    if message["type"] != "RECORD":
        return None
    found: Ticket = message["record"]
    inner: Ticket = found.get("data", found)
    return inner


def rows(files: Iterable[Path], ticket: Callable[[Mapping[str, Any]], Ticket | None], row_of: RowOf) -> Iterator[Row]:
    """The tickets in files of JSON lines."""
    for path in files:
        with gzip.open(path, "rt") if path.suffix == ".gz" else path.open() as lines:
            for line in lines:
                one = ticket(json.loads(line))
                if one is not None:
                    yield row_of(one)
