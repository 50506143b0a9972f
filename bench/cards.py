"""What the search for card numbers costs: a webhook of 3 KB that has none, by the engine's own way from a request to
its records, with the search and without it, in turns; and bodies of one MiB, alone. `python -m bench.cards --help`.
"""

import asyncio
import gc
import importlib
import json
import sys
import time
from collections.abc import Iterator
from importlib.util import find_spec
from random import Random
from types import FunctionType
from typing import Any, cast

from bench import server
from bench.options import Options, run_alone
from bench.requests import SECRET, message, signed
from bench.table import Figure

MEASURE = "--measure"
GOAL_US = 15.0
GOAL_MS = 20.0
MIB = 2**20
BODY_ROUNDS = 5
ROUNDS = 15
REQUESTS = 1_000
TEXT = (
    b"Order 4711-20931 of 2026-03-02 (EUR 1,249.90) has not arrived, parcel 00340434161094021501. Call me at "
    b"+49 30 901820 or +1 (555) 010-0199 between 9:00 and 17:30, please. Nobody answers the phone, and your last mail "
    b"said that it would take three days at most. "
) * 11
FILTER = "gateway.kernel.cards"
CALLERS = ("gateway.engine.receive", "gateway.engine.arrive", "gateway.engine.pull", "gateway.engine.fetch")


def rows(options: Options) -> list[Figure]:
    """The row of the filter."""
    said = json.loads(server.run_in(options.tree, "bench.cards", MEASURE, cpu=server.SERVER_CPU))
    return [
        Figure(
            "redaction filter on a clean 3 KB body, more for each",
            tuple(said["more_us"]),
            "µs",
            GOAL_US,
            "at most",
            1,
            absent="this checkout has no filter",
            note=NOTE % said["with_us"] if said["more_us"] else "",
        ),
        *(
            Figure(f"redaction filter, 1 MiB of {what}", tuple(took_ms), "ms", goal, "at most", 1)
            for what, (goal, took_ms) in said["bodies_ms"].items()
        ),
    ]


NOTE = (
    "processor time from the request to its records, which is %.0f µs with the filter; the text has dates, amounts, "
    "order and phone numbers, as texts have"
)


class _Kept:
    """A store that keeps nothing: what is measured ends at its door."""

    async def add_records(self, connector: str, records: Any) -> Any:
        """Take records."""
        from gateway.kernel.store import Added

        return Added(accepted=len(records), duplicates=0)


def _searches() -> Iterator[tuple[Any, str]]:
    """Where the engine calls the filter: module and name."""
    for name in CALLERS:
        if find_spec(name) is None:
            continue
        module = importlib.import_module(name)
        for known, value in vars(module).items():
            if isinstance(value, FunctionType) and value.__module__ == FILTER:
                yield module, known


def _bodies() -> Iterator[tuple[str, float | None, bytes]]:
    """Bodies of one MiB: what it is, the goal in ms, the bytes. The numbers differ from line to line."""
    chance = Random(7)

    def whole(digits: int) -> int:
        return chance.randrange(10 ** (digits - 1), 10**digits)

    def letter() -> str:
        return (
            f"Order {whole(5)}-{whole(5)} of 2026-0{whole(1)}-1{whole(1)} (EUR {whole(1)},{whole(3)}.{whole(2)}) "
            f"is late, parcel 00340{whole(15)}. Call +49 30 {whole(6)} or +1 ({whole(3)}) {whole(3)}-{whole(4)} "
            "please. "
        )

    def ticket() -> dict[str, Any]:
        times = {"created_at": "2026-03-02T09:00:00Z", "updated_at": "2026-03-02T09:30:00Z"}
        return {"id": whole(13), "requester_id": whole(12), "subject": "It is late", "comment": letter(), **times}

    letters = "".join(letter() for _ in range(MIB // 180))[:MIB]
    tickets = json.dumps([ticket() for _ in range(MIB // 330)])[:MIB].rpartition(", {")[0] + "]"
    markup = json.dumps(['<p class="x">' + letter() + "<b>&nbsp;</b></p>"] * (MIB // 230))
    yield "clean text", GOAL_MS, ("nobody has answered me, please call " * (MIB // 36)).encode()
    yield "text with dates, amounts, orders and telephones", GOAL_MS, letters.encode()
    yield "JSON of tickets", GOAL_MS, tickets.encode()
    yield "JSON with HTML", GOAL_MS, markup.encode()
    yield "rows of sixteen digits and nothing else", None, " ".join(str(whole(16)) for _ in range(MIB // 17)).encode()


def _search_ms() -> dict[str, tuple[float | None, list[float]]]:
    """Milliseconds of the processor for each body, as if it had a MiB, once a round; beside it the goal."""
    from gateway.kernel.cards import hide_cards

    taken: dict[str, tuple[float | None, list[float]]] = {}
    for what, goal, body in _bodies():
        taken[what] = goal, []
        for _ in range(BODY_ROUNDS):
            started = time.process_time()
            hide_cards(body)
            taken[what][1].append((time.process_time() - started) * 1e3 * MIB / len(body))
    return taken


def measure() -> dict[str, Any]:
    """Microseconds that the filter adds, once a round, and what the whole way takes with it."""
    if find_spec(FILTER) is None:
        return {"more_us": [], "with_us": 0.0, "bodies_ms": {}}
    found = list(_searches())
    if not found:
        raise SystemExit("the engine doesn't call the filter: nothing can be measured")
    own = [(module, name, getattr(module, name)) for module, name in found]
    with_it: list[float] = []
    without: list[float] = []
    for _ in range(ROUNDS):
        for module, name, function in own:
            setattr(module, name, function)
        with_it.append(_round())
        for module, name, _ in own:
            setattr(module, name, _untouched)
        without.append(_round())
    return {
        "more_us": [more - bare for more, bare in zip(with_it, without, strict=True)],
        "with_us": sorted(with_it)[ROUNDS // 2],
        "bodies_ms": _search_ms(),
    }


def _untouched(body: bytes, *_: object) -> tuple[bytes, int]:
    """What the filter answers about a body without cards."""
    return body, 0


def _round() -> float:
    """Microseconds of the processor for each request."""
    from gateway.connectors.events import EventsConnector, EventsSettings
    from gateway.engine.receive import receive
    from gateway.engine.world import Link, World
    from gateway.plugin import Request

    settings = EventsSettings.model_validate({"secret": [SECRET]})
    link = Link("bench", EventsConnector("bench", settings, cast(Any, None)))
    world = cast(Any, World)(*[None] * 4, _Kept(), None)
    now = int(time.time())
    asked = [
        Request(method="POST", headers=headers, query={}, body=body, received_at=now * 1000)
        for headers, body in (_signed(number, now) for number in range(REQUESTS))
    ]

    async def all_of_them() -> float:
        gc.collect()
        started = time.process_time()
        for one in asked:
            answer = await receive(world, link, one)
            assert answer.status == 202
        return (time.process_time() - started) / len(asked) * 1e6

    return asyncio.run(all_of_them())


def _signed(number: int, now: int) -> tuple[dict[str, str], bytes]:
    """Headers and body of a request."""
    id = b"clean-%d" % number
    at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(now)).encode()
    head, _, body = signed(id, now, message(id, at, b"clean", 1, text=TEXT)).partition(b"\r\n\r\n")
    lines = head.decode().split("\r\n")[1:]
    return {name: value for name, _, value in (line.partition(": ") for line in lines)}, body


if __name__ == "__main__":
    if sys.argv[1:] == [MEASURE]:
        print(json.dumps(measure()))
    else:
        sys.exit(run_alone(__doc__, rows))
