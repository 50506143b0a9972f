"""Prism (Apache-2.0, a validating proxy) between our connector and the simulator: it checks the requests of the one and
the answers of the other by Zendesk's published OpenAPI document, which neither of us wrote.
"""

import asyncio
import os
import re
import socket
from collections import Counter
from pathlib import Path
from typing import Final, cast

import aiohttp
import msgspec
from aiohttp import web
from gateway_zendesk import Zendesk
from gateway_zendesk.settings import ZendeskSettings
from pydantic import SecretStr

from bench.clients.account import EMAIL, Account
from bench.clients.document import EXPECTED, overlaid
from bench.clients.finding import Finding
from bench.clients.install import place
from gateway.kernel.clock import SystemClock
from gateway.kernel.reach import PRIVATE_TOO
from gateway.kernel.rng import SystemRng
from gateway.plugin import Context, Ref
from gateway.plugin.account import open_account

NAME: Final = "prism"
DOCUMENT: Final = "zendesk/support_openapi_2024.yaml"
UP_WITHIN_S: Final = 90
TICKETS: Final = 40

PATHS: Final = """
users/me incremental/tickets/cursor?start_time=1&include=users incremental/users/cursor?start_time=1&per_page=20
incremental/tickets?start_time=1 incremental/users?start_time=1 incremental/organizations?start_time=1
incremental/ticket_events?start_time=1&include=comment_events incremental/tickets/sample?start_time=1 tickets
tickets?page[size]=20 tickets/show_many?ids=1,2,3 tickets/1 tickets/2?include=users tickets/1/comments users
users/370000000003 users/show_many?ids=370000000003,370000000004 satisfaction_ratings custom_statuses brands groups
organizations ticket_fields ticket_metrics suspended_tickets deleted_tickets ticket_audits account/settings
slas/policies tickets/999999
"""
"""What is asked beside what our connector asks."""


async def read(account: Account, folder: Path) -> list[Finding]:
    """How many answers there were, and what the document says against them."""
    document = Path(os.environ.get("GATEWAY_FIXTURES", "")) / DOCUMENT
    if not document.is_file():
        return [Finding(NAME, "skipped", 0, 0, excused=(f"there is no {DOCUMENT} in the folder GATEWAY_FIXTURES",))]
    whole = folder / "document.json"
    if not whole.is_file():
        overlaid(document, whole)
    port, process = await _started(account, folder, whole)
    try:
        await _up(f"http://127.0.0.1:{port}")
        watch = Watch(f"http://127.0.0.1:{port}")
        base = await watch.start()
        try:
            await _ask(account, base)
            asked = watch.answers
            await _doubted(account, watch, base)
            await _connect(account, base)
        finally:
            await watch.stop()
    finally:
        process.terminate()
        await process.wait()
    ours = watch.answers - asked
    told = [f"{count} times {where}: {message}" for (where, message), count in watch.wrong.most_common()]
    excused = tuple(f"{count} violations: {why}" for why, count in watch.excused.items())
    return [
        Finding(NAME, "answers to questions of this bench", asked, asked, tuple(told), excused),
        Finding(NAME, "answers to our connector", ours, ours, () if ours else ("missing: all",)),
    ]


class Watch:
    """Passes requests on to Prism, and keeps what Prism says of each."""

    def __init__(self, to: str) -> None:
        self._to = to
        self.answers = 0
        self.wrong: Counter[tuple[str, str]] = Counter()
        self.excused: Counter[str] = Counter()

    async def start(self) -> str:
        """Listen; where."""
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self._pass)
        self._session = aiohttp.ClientSession(auto_decompress=False)
        self._runner = web.AppRunner(app, access_log=None)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        return f"http://127.0.0.1:{self._runner.addresses[0][1]}"

    async def stop(self) -> None:
        """Stop listening."""
        await self._runner.cleanup()
        await self._session.close()

    async def _pass(self, request: web.Request) -> web.Response:
        own = ("host", "accept-encoding")
        headers = {name: value for name, value in request.headers.items() if name.lower() not in own}
        # The document knows no path with the suffix that every path may have.
        to, body = self._to + request.path_qs.replace(".json", "", 1), await request.read()
        async with self._session.request(request.method, to, data=body, headers=headers) as answer:
            content = await answer.read()
            self.answers += 1
            for header in answer.headers.getall("sl-violations", []):
                self._keep(request.path, header)
            kept = {name: answer.headers[name] for name in ("Content-Type", "Retry-After") if name in answer.headers}
            return web.Response(status=answer.status, body=content, headers=kept)

    def _keep(self, path: str, header: str) -> None:
        try:
            found = msgspec.json.decode(header[max(0, header.find("[")) :])
        except msgspec.DecodeError:
            found = [{"location": ["header"], "message": header[:200]}]
        path = re.sub(r"[0-9]+", "ID", path)
        for one in found:
            place = ".".join(part for part in one["location"] if not str(part).isdigit())
            said = f"{one['message']}: {path}"
            why = next((why for start, part, why in EXPECTED if place.startswith(start) and part in said), None)
            if why is not None:
                self.excused[why] += 1
            else:
                words = " ".join(word for word in one["message"].split() if not any(c.isdigit() for c in word))
                self.wrong[f"{path} {place}", words] += 1


async def _started(account: Account, folder: Path, document: Path) -> tuple[int, asyncio.subprocess.Process]:
    port = _free_port()
    log = (folder / "prism.log").open("wb")
    try:
        command = (place(folder, NAME) / "prism", "proxy", document, account.base, "-h", "127.0.0.1", "-p", port)
        process = await asyncio.create_subprocess_exec(*map(str, command), stdout=log, stderr=log)
    finally:
        log.close()
    return port, process


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


async def _up(base: str) -> None:
    async with aiohttp.ClientSession() as session:
        for _ in range(UP_WITHIN_S * 2):
            try:
                async with session.get(f"{base}/api/v2/users/me.json") as answer:
                    if answer.status == 200:
                        return
            except aiohttp.ClientError:
                pass
            await asyncio.sleep(0.5)
    raise SystemExit(f"Prism was not up within {UP_WITHIN_S} s; see prism.log")


async def _ask(account: Account, base: str) -> None:
    logs = [f"tickets/{id}/audits" for id in account.kept(range(1, TICKETS + 1))]
    await _get(account, base, [*PATHS.split(), *logs])


async def _get(account: Account, base: str, paths: list[str]) -> None:
    proof = aiohttp.encode_basic_auth(f"{EMAIL}/token", account.token)
    async with aiohttp.ClientSession(headers={"Authorization": proof}) as session:
        for path in paths:
            async with session.get(f"{base}/api/v2/{path}") as answer:
                await answer.read()


async def _doubted(account: Account, watch: "Watch", base: str) -> None:
    """A wrong answer must be noticed: a document that Prism can't read has it check nothing, and say nothing."""
    ticket, (answers, wrong) = account.simulator.account.touch(1), (watch.answers, watch.wrong.copy())
    kept, wrong_one = ticket.subject, cast(str, 5)
    ticket.subject = wrong_one
    await _get(account, base, ["tickets/1"])
    ticket.subject = kept
    if watch.wrong == wrong:
        raise SystemExit("Prism checks no answers with this document")
    watch.answers, watch.wrong = answers, wrong


async def _connect(account: Account, base: str) -> None:
    """Our connector reads the export to its end, looks tickets up, and asks who it is."""
    settings = ZendeskSettings(
        base_url=base, allow_private=True, email=EMAIL, api_token=SecretStr(account.token), backfill_days=300
    )
    clock, kind = SystemClock(), Zendesk
    http = open_account(kind, settings, reach=PRIVATE_TOO, clock=clock, rng=SystemRng())
    try:
        connector = Zendesk("zendesk", settings, Context(http=http))
        for stream in connector.streams:
            cursor, more = None, True
            while more:
                page = await connector.pull(stream, cursor, clock.now())
                cursor, more = page.cursor, page.more
        for id in range(1, TICKETS + 1):
            await connector.fetch(Ref("ticket", str(id)), clock.now())
        await connector.check()
    finally:
        await http.aclose()
