"""Doing what `gateway sync` asks for: by the running daemon, whose work is followed, or here where none runs.

Law. One process speaks to a vendor's account: so there is one budget, and one that renews its tokens.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from msgspec.structs import replace

from gateway.cli.failures import FOUND, TEMPORARY, UNAVAILABLE, USAGE, Failed
from gateway.cli.linked import linked
from gateway.cli.sync_progress import Progress
from gateway.daemon.setup import Chosen, Setup, running_daemon
from gateway.engine.backfill import backfill, pull_all
from gateway.engine.pull import Pulled, Puller, wish
from gateway.engine.world import Link, World
from gateway.kernel.problems import did_you_mean
from gateway.kernel.store import Conflict, Store, SyncRow
from gateway.plugin import Pulls, Stream, VendorError

LOOK_EVERY_S = 0.25
TAKEN_UP_S = 30.0
"""A daemon that hasn't begun after so long won't: it may not have this connector."""

KEPT = "what came until then is kept: the next `gateway sync` goes on from there"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be read of a connector: the past too if `since` is given, in ms; of one `stream` if it is named."""

    chosen: Chosen
    since: int | None
    stream: str

    def streams(self, link: Link) -> Sequence[Stream]:
        """The streams that are meant. Raises Failed for a name that isn't there, or a past that nobody can read."""
        all_ = link.connector.streams if isinstance(link.connector, Pulls) else ()
        meant = [stream for stream in all_ if self.stream in ("", stream.name)]
        if not meant:
            names = [stream.name for stream in all_]
            hint = did_you_mean(self.stream, names) or f"; there are {', '.join(names)}"
            raise Failed(USAGE, f"{link.name} has no stream {self.stream[:100]!r}{hint}")
        if self.since is not None and not any(stream.backfill_s > 0 for stream in meant):
            raise Failed(USAGE, f"{link.name} can't read the past: none of its streams reaches back")
        return meant

    def past(self, link: Link, now: int) -> list[SyncRow]:
        """The runs over the past to ask for."""
        if self.since is None:
            return []
        reaching = [stream for stream in self.streams(link) if stream.backfill_s > 0]
        return [wish(link.name, stream.name, now, since=self.since) for stream in reaching]


async def perform(setup: Setup, wanted: Wanted, store: Store) -> list[SyncRow]:
    """Read it here; the runs as they ended. Raises Failed."""
    chosen = wanted.chosen
    await _not_paused(store, chosen.name)
    try:
        async with linked(setup, chosen, store) as (world, link):
            with Progress(link.name, world.clock) as progress:
                return await _read(world, link, wanted, progress)
    except VendorError as error:
        raise Failed(UNAVAILABLE, f"{chosen.name}: {error}", KEPT) from None
    except Conflict:
        raise Failed(TEMPORARY, f"{chosen.name} is being read by another process", KEPT) from None
    except RuntimeError as error:
        raise Failed(FOUND, f"{error}; its plugin breaks the rules of pulling") from None


async def _read(world: World, link: Link, wanted: Wanted, progress: Progress) -> list[SyncRow]:
    """First what is new of each stream, then what is left of the past."""
    ended = []
    streams = {stream.name: stream for stream in wanted.streams(link)}
    for stream in streams.values():
        run = wish(link.name, stream.name, world.clock.now())

        def told(pulled: Pulled, waits: str, run: SyncRow = run) -> None:
            progress.show(_pulled(run, pulled), waits)

        ended.append(_pulled(run, await pull_all(world, Puller(world, link, stream), told)))
    for run in wanted.past(link, world.clock.now()):
        await world.store.ask_sync(run)
    for run in await world.store.syncs(connector=link.name):
        if run.stream not in streams:
            continue
        if run.lane == "live":  # asked of a daemon that ended before it came to it: it has been done just now
            await world.store.note_sync(replace(run, ended_at=world.clock.now()))
        else:
            ended.append(await backfill(world, link, streams[run.stream], run, progress.show))
    return ended


async def _not_paused(store: Store, connector: str) -> None:
    """Raises Failed for a connector that a person has paused: nobody asks its vendor for anything."""
    pause = (await store.pauses()).get(connector)
    if pause is not None:
        hint = f"`gateway connectors resume {connector}` lets it go on"
        raise Failed(TEMPORARY, f"{connector} is paused by {pause.by}", hint)


def _pulled(run: SyncRow, pulled: Pulled) -> SyncRow:
    return replace(run, pages=pulled.pages, accepted=pulled.accepted, duplicates=pulled.duplicates)


async def follow(setup: Setup, wanted: Wanted, store: Store) -> list[SyncRow]:
    """Let the running daemon read it, and show how far it is. Raises Failed."""
    await _not_paused(store, wanted.chosen.name)
    async with linked(setup, wanted.chosen, store) as (world, link):
        clock, now = world.clock, world.clock.now()
        asked = [wish(link.name, stream.name, now) for stream in wanted.streams(link)] + wanted.past(link, now)
        left_over = {run.id for run in await store.syncs(connector=link.name) if wanted.stream in ("", run.stream)}
        ids = {(await store.ask_sync(run)).id for run in asked} | left_over
        with Progress(link.name, clock) as progress:
            until = clock.monotonic() + TAKEN_UP_S
            while True:
                runs = [run for id in sorted(ids) if (run := await store.sync(id)) is not None]
                for run in runs:
                    progress.show(run, "" if run.ended_at else run.failure or "")
                if all(run.ended_at is not None for run in runs):
                    return _without_failures(runs)
                if running_daemon(setup.config) is None:
                    raise Failed(TEMPORARY, "the gateway has stopped", KEPT)
                if clock.monotonic() > until and all(run.began_at is None for run in runs):
                    hint = "`gateway status` shows its connectors; a new one needs a restart"
                    raise Failed(TEMPORARY, f"the running gateway doesn't take it up: has it {link.name}?", hint)
                await clock.sleep(LOOK_EVERY_S)


def _without_failures(runs: list[SyncRow]) -> list[SyncRow]:
    """The runs, all of which ended well. Raises Failed."""
    for run in runs:
        if run.failure is not None:
            raise Failed(UNAVAILABLE, f"{run.connector}/{run.stream}: {run.failure}", KEPT)
    return runs
