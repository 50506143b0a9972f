"""Airbyte's Zendesk Support source (ELv2, run in its own environment): its check, and the streams about tickets."""

import json
import tempfile
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bench.clients.account import EMAIL, Account, run
from bench.clients.finding import Finding, compared, failed
from bench.clients.install import place

NAME = "airbyte"
PROGRAM = "source-zendesk-support"


async def read(account: Account, folder: Path) -> list[Finding]:
    """What it reads beside what is there."""
    exported, listed = account.exported(), account.listed()
    there = {
        "tickets": exported,
        "users": account.users(),
        "ticket_audits": account.audits(listed),
        "ticket_comments": account.comments(exported),
        "ticket_metrics": listed,
        "satisfaction_ratings": account.rated(),
    }
    program = place(folder, NAME) / PROGRAM
    with tempfile.TemporaryDirectory() as held:
        config, catalog = Path(held) / "config.json", Path(held) / "catalog.json"
        proof = {"credentials": "api_token", "email": EMAIL, "api_token": account.token}
        start = {"subdomain": "acme", "start_date": "2020-01-01T00:00:00Z", "credentials": proof}
        config.write_text(json.dumps(start))
        code, output, errors = await run(account, program, "check", "--config", config)
        if code or '"SUCCEEDED"' not in output:
            return [failed(NAME, code, output + errors)]
        _, output, _ = await run(account, program, "discover", "--config", config)
        catalog.write_text(json.dumps(_chosen(output, set(there))))
        code, output, errors = await run(account, program, "read", "--config", config, "--catalog", catalog)
    if code:
        return [failed(NAME, code, output[-1_500:] + errors)]
    read: dict[str, list[Any]] = defaultdict(list)
    for message in _messages(output, "RECORD"):
        row = message["record"]
        key = "ticket_id" if row["stream"] == "ticket_metrics" else "id"
        read[row["stream"]].append(row["data"].get(key))
    return [compared(NAME, stream, read[stream], ids) for stream, ids in there.items()]


def _chosen(output: str, streams: set[str]) -> dict[str, Any]:
    found = [stream for message in _messages(output, "CATALOG") for stream in message["catalog"]["streams"]]
    chosen = [
        {
            "stream": stream,
            "sync_mode": "incremental" if "incremental" in stream["supported_sync_modes"] else "full_refresh",
            "destination_sync_mode": "append",
        }
        for stream in found
        if stream["name"] in streams
    ]
    return {"streams": chosen}


def _messages(output: str, kind: str) -> Iterator[dict[str, Any]]:
    for line in output.splitlines():
        if line.startswith("{"):
            message = json.loads(line)
            if message["type"] == kind:
                yield message
