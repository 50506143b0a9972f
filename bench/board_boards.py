"""Open boards, as their pages behave, in a process of their own: `python -m bench.board_boards PORT TOKEN NUMBER S`.

Each listens to the stream, and asks for the live part of the board when something has changed: two seconds after it
asked last at the earliest, as `live.js` does. What it was answered is printed as JSON.
"""

import asyncio
import json
import random
import sys
from collections import Counter
from typing import Final

from aiohttp import ClientSession, ClientTimeout, TCPConnector

from bench import server

APART_S: Final = 2.0
SPREAD_S: Final = 0.5


class Board:
    """One open board."""

    def __init__(self, session: ClientSession, base: str, counted: Counter[str]) -> None:
        self._session = session
        self._base = base
        self._counted = counted
        self._news = asyncio.Event()

    async def listen(self) -> None:
        """Hear of what changes."""
        async with self._session.get(f"{self._base}/api/v1/stream", timeout=ClientTimeout(total=None)) as answer:
            if answer.status != 200:
                raise SystemExit(f"the stream was answered with {answer.status}")
            async for line in answer.content:
                if line.startswith(b"event: "):
                    self._counted["events"] += 1
                    self._news.set()

    async def show(self) -> None:
        """Ask for the live part again and again."""
        chance = random.Random()
        while True:
            await self._news.wait()
            self._news.clear()
            async with self._session.get(f"{self._base}/", headers={"HX-Request": "true"}) as answer:
                body = await answer.read()
            if answer.status != 200:
                raise SystemExit(f"the board was answered with {answer.status}")
            self._counted["answers"] += 1
            self._counted["bytes"] += len(body)
            await asyncio.sleep(APART_S + chance.random() * SPREAD_S)


async def run(port: int, token: str, boards: int, seconds: float) -> Counter[str]:
    """Have so many boards open for a while."""
    counted: Counter[str] = Counter()
    headers = {"Authorization": f"Bearer {token}"}
    async with ClientSession(headers=headers, connector=TCPConnector(limit=0)) as session:
        opened = [Board(session, f"http://127.0.0.1:{port}", counted) for _ in range(boards)]
        tasks = [asyncio.ensure_future(work) for one in opened for work in (one.listen(), one.show())]
        ended, _ = await asyncio.wait(tasks, timeout=seconds, return_when=asyncio.FIRST_EXCEPTION)
        for task in tasks:
            task.cancel()
        for task in ended:
            task.result()
    return counted


def main() -> None:
    """Run as it was asked."""
    port, token, boards, seconds = sys.argv[1:]
    server.pin(server.LOAD_CPU)
    print(json.dumps(asyncio.run(run(int(port), token, int(boards), float(seconds)))))


if __name__ == "__main__":
    main()
