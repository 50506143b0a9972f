"""tap-zendesk (AGPL, run in its own environment): discovery, and every stream that it discovers."""

import json
import tempfile
from collections import defaultdict
from pathlib import Path
from typing import Any

import aiohttp

from bench.clients.account import Account, run
from bench.clients.finding import Finding, compared, failed
from bench.clients.install import place

NAME = "tap-zendesk"


async def read(account: Account, folder: Path) -> list[Finding]:
    """What it reads beside what is there."""
    program = place(folder, NAME) / NAME
    with tempfile.TemporaryDirectory() as held:
        config, catalog = Path(held) / "config.json", Path(held) / "catalog.json"
        start = {"start_date": "2001-01-01T00:00:00Z", "subdomain": "acme", "access_token": await _token(account)}
        config.write_text(json.dumps(start))
        code, output, errors = await run(account, program, "--config", config, "--discover")
        if code:
            return [failed(NAME, code, errors)]
        catalog.write_text(json.dumps(_all_selected(json.loads(output))))
        code, output, errors = await run(account, program, "--config", config, "--catalog", catalog)
    if code:
        return [failed(NAME, code, errors)]
    read = _records(output)
    exported = account.exported()
    there = {
        "tickets": exported,
        "users": account.users(),
        "ticket_audits": account.audits(exported),
        "ticket_comments": account.comments(exported),
        "satisfaction_ratings": account.rated(),
    }
    return [compared(NAME, stream, read[stream], ids) for stream, ids in there.items()]


async def _token(account: Account) -> str:
    grant = {"grant_type": "client_credentials", "scope": "read", **account.oauth}
    async with aiohttp.ClientSession() as session, session.post(f"{account.base}/oauth/tokens", json=grant) as answer:
        return str((await answer.json())["access_token"])


def _all_selected(catalog: dict[str, Any]) -> dict[str, Any]:
    for stream in catalog["streams"]:
        for entry in stream["metadata"]:
            if not entry["breadcrumb"]:
                entry["metadata"]["selected"] = True
    return catalog


def _records(output: str) -> dict[str, list[Any]]:
    read: dict[str, list[Any]] = defaultdict(list)
    for line in output.splitlines():
        message = json.loads(line)
        if message["type"] == "RECORD":
            read[message["stream"]].append(message["record"].get("id"))
    return read
