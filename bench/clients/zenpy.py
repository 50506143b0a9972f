"""zenpy (GPL-3, run in its own environment): both exports, lists, logs, comments and people."""

import json
import sys
from pathlib import Path

from bench.clients.account import EMAIL, Account, run
from bench.clients.finding import Finding, compared, failed
from bench.clients.install import place

SCRIPT = Path(__file__).parent / "foreign" / "read_with_zenpy.py"
LOGS = 12


async def read(account: Account, folder: Path) -> list[Finding]:
    """What it reads beside what is there."""
    some = account.kept(range(1, LOGS + 1))
    python = place(folder, "zenpy") / "python"
    code, output, errors = await run(account, python, SCRIPT, EMAIL, account.token, "1", *map(str, some))
    if code:
        return [failed("zenpy", code, errors)]
    found = json.loads(output)
    requesters = [account.requester(ticket) for ticket in some]
    listed = account.listed()
    there = {
        "tickets by cursor": account.exported(),
        "tickets by time": account.exported(),
        "users by cursor": account.users(),
        "users by time": account.users(),
        "tickets listed": listed,
        "users listed": account.users(),
        "ratings": account.rated(),
        "audits": account.audits(some),
        "comments": account.comments(some),
        "requesters": [account.email(user) for user in requesters],
        "requested": [one for user in requesters for one in listed if account.requester(one) == user],
        "me": [EMAIL],
    }
    if set(found) != set(there):
        sys.exit(f"zenpy's script reads {sorted(found)}, and {sorted(there)} is expected")
    return [compared("zenpy", what, found[what], ids) for what, ids in there.items()]
