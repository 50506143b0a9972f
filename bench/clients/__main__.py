"""Clients that others wrote read a simulated Zendesk account: how much of what is there each of them found.

Installs them at the first run (pip, npm; 600 MB, some minutes). `python -m bench.clients --help`.
"""

import argparse
import asyncio
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

from bench.clients import airbyte, prism, tap, zenpy
from bench.clients.account import Account
from bench.clients.finding import Finding
from bench.clients.install import CLIENTS, FOLDER, install

READERS: dict[str, Callable[[Account, Path], Awaitable[list[Finding]]]] = {
    "zenpy": zenpy.read,
    "tap-zendesk": tap.read,
    "airbyte": airbyte.read,
    "prism": prism.read,
}


def main() -> int:
    """Install, let each of them read, and print; 1 if something differs that isn't known."""
    parser = argparse.ArgumentParser(prog="python -m bench.clients", description=__doc__)
    parser.add_argument("--only", choices=CLIENTS, action="append", help="only this client; may be given several times")
    parser.add_argument("--tickets", type=int, default=600, help="tickets in the account")
    parser.add_argument("--folder", type=Path, default=FOLDER, help="where they are installed")
    parser.add_argument("--install", action="store_true", help="install and end")
    given = parser.parse_args()
    chosen = given.only or list(CLIENTS)
    folder = given.folder.resolve()
    for client in chosen:
        install(folder, client, _say)
    if given.install:
        return 0
    findings = asyncio.run(_read(chosen, folder, given.tickets))
    print(table(findings))
    return 0 if all(one.ok for one in findings) else 1


async def _read(clients: list[str], folder: Path, tickets: int) -> list[Finding]:
    account = await Account.opened(tickets)
    findings: list[Finding] = []
    try:
        for client in clients:
            _say(f"{client} reads")
            findings += await READERS[client](account, folder)
    finally:
        await account.simulator.stop()
    return findings


def table(findings: list[Finding]) -> str:
    """All of it as a table, and below what differs."""
    lines = ["| client | read | found | of | |", "|---|---|---:|---:|---|"]
    for one in findings:
        verdict = "differs" if one.wrong else "as known" if one.excused else "ok"
        lines.append(f"| {one.client} | {one.what} | {one.read:,} | {one.there:,} | {verdict} |")
    for one in findings:
        lines += [f"\n{one.client}, {one.what}: {what}" for what in one.wrong]
        lines += [f"\n{one.client}, {one.what}, known: {why}" for why in one.excused]
    return "\n".join(lines)


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
