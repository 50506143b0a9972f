"""Sending ended deliveries once more: one, or a range of them after a question where there are many."""

import sys
from collections.abc import Collection
from pathlib import Path

import typer

from gateway.cli import output
from gateway.cli.actor import actor
from gateway.cli.failures import FOUND, Failed
from gateway.cli.options import EndedState
from gateway.cli.rotation import the_endpoint
from gateway.cli.times import instant_ms
from gateway.cli.work import with_store
from gateway.config import Config
from gateway.kernel.clock import SystemClock
from gateway.kernel.store import DeliveryState, Replayed, Store

ASKED_FROM = 20
"""So many deliveries and more are sent only after a yes."""

COUNTED_MAX = 100_000
COMMAND = "gateway deliveries replay"
_STATES: dict[EndedState, tuple[DeliveryState, ...]] = {
    "dead": ("dead",),
    "delivered": ("delivered",),
    "any": ("delivered", "dead"),
}
_FRESH_LINE = "\r\x1b[K"


def replay_one(config: Path, id: int, *, as_json: bool) -> None:
    """Replay one delivery. Raises Failed if there is none."""

    async def work(settled: Config, store: Store) -> Replayed | None:
        return await store.replay_delivery(id, SystemClock().now(), actor(COMMAND))

    became = with_store(config, work)
    if became is None:
        raise missing(id)
    if as_json:
        output.json_line({"delivery": id, "outcome": became})
    if became == "due":
        output.say(f"delivery {id} is due again; a running gateway sends it at once, otherwise the next start does")
    else:
        output.say(f"delivery {id} has not ended: it waits in its contact's order, and its next try is due now")


def replay_range(
    config: Path, endpoint: str, since: str, until: str, state: EndedState, *, yes: bool, as_json: bool
) -> None:
    """Replay what ended of an endpoint's deliveries made in [since, until). Raises Failed and BadParameter."""
    if not endpoint or not since:
        raise typer.BadParameter("give the ID of one delivery, or --endpoint and --since for a range")
    now = SystemClock().now()
    first, last = instant_ms(since, "--since", now), instant_ms(until, "--until", now) if until else now
    if first >= last:
        raise typer.BadParameter("--since lies before --until", param_hint="--since")
    states = _STATES[state]

    async def work(settled: Config, store: Store) -> int:
        if endpoint not in {row.name for row in await store.endpoints()}:
            the_endpoint(settled, endpoint)
        found = await store.ended_count(endpoint=endpoint, since=first, until=last, states=states, most=COUNTED_MAX)
        _confirm(found, endpoint, state, yes=yes)
        return await _replay(store, endpoint, first, last, states) if found else 0

    replayed = with_store(config, work)
    if as_json:
        output.json_line({"endpoint": endpoint, "replayed": replayed})
    if not replayed:
        return output.say(f"{endpoint} has no such delivery in that time")
    output.say(f"{replayed} due again; a running gateway sends them beside what waits, otherwise the next start does")


async def _replay(store: Store, endpoint: str, since: int, until: int, states: Collection[DeliveryState]) -> int:
    told = sys.stderr.isatty()

    def progress(replayed: int) -> None:
        if told:
            output.say(f"{_FRESH_LINE}{replayed} due again", end="")

    replayed = await store.replay_deliveries(
        endpoint=endpoint, since=since, until=until, states=states, now=SystemClock().now(), by=actor(COMMAND),
        progress=progress,
    )  # fmt: skip
    if told:
        output.say(_FRESH_LINE, end="")
    return replayed


def _confirm(found: int, endpoint: str, state: EndedState, *, yes: bool) -> None:
    """Ask before many go out. Raises Failed where nobody can be asked, Abort where the answer is no."""
    if yes or found < ASKED_FROM:
        return
    count = f"{COUNTED_MAX} or more" if found >= COUNTED_MAX else str(found)
    what = f"{count} deliveries to {endpoint} ({'delivered or dead' if state == 'any' else state}) would go out again"
    if not sys.stdin.isatty():
        raise Failed(FOUND, what, "say --yes if that is meant; nothing was done")
    typer.confirm(f"{what}. Go on?", abort=True, err=True)


def missing(id: int) -> Failed:
    """What is said of a delivery that there isn't."""
    return Failed(FOUND, f"there is no delivery {id}", "`gateway deliveries list` shows them")
