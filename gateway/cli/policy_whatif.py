"""`gateway policy whatif NEW`: what would have been, had another policy been in force: on the stored history, or on
events out of a file. Nothing is written, and nobody is asked."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from gateway.cli import output, policy_source
from gateway.cli.events_file import content
from gateway.cli.failures import FOUND, OK, Failed
from gateway.cli.options import CONFIG, AsJson, ConfigFile

if TYPE_CHECKING:
    from gateway.config import Config
    from gateway.engine.whatif import Answer, Inquiry
    from gateway.kernel.ports import Crew
    from gateway.kernel.recorded import Recorded
    from gateway.kernel.spawn import LoopSpawn
    from gateway.kernel.store import Store
    from gateway.policy.load import Loaded
    from gateway.policy.whatif.outcome import Window

LAST: Final = "30d"
DAYS_MAX: Final = 400
"""Days that are looked at together: each of their hours is counted for every queue."""

CONTACTS: Final = 10
CONTACTS_MAX: Final = 10_000
PROCESSES_MAX: Final = 64
ALONE: Final = 500
"""So many contacts are judged by one process: to start others takes longer."""

New = Annotated[str, typer.Argument(metavar="FILE|preset:NAME", help="The policy that might have been in force.")]
Last = Annotated[str, typer.Option(metavar="DURATION", help="How long back to look: 12h, 30d.", show_default=False)]
Since = Annotated[str, typer.Option(metavar="TIME", help="From then on: 2026-03-02, or how long ago, like 90d.")]
Until = Annotated[str, typer.Option(metavar="TIME", help="Until then, which doesn't count; left out: now.")]
Events = Annotated[
    str, typer.Option(metavar="FILE", help="Events instead of the database: a JSON list, or one a line; - is stdin.")
]
Against = Annotated[
    str, typer.Option(metavar="FILE|preset:NAME", help="Compare with this policy, not with what was in force.")
]
Shown = Annotated[int, typer.Option("--contacts", min=0, max=CONTACTS_MAX, help="Contacts that differ to show.")]
Explain = Annotated[bool, typer.Option("--explain", help="Explain each contact shown, on both sides.")]
Several = Annotated[
    int, typer.Option("--processes", min=0, max=PROCESSES_MAX, help="Share the work; 0: as many as processors.")
]


@dataclass(frozen=True, slots=True)
class _Span:
    """The options that say when."""

    last: str
    since: str
    until: str

    def window(self, first: int | None, end: int, now: int) -> "Window":
        """The window, whose beginning is `first` and whose end `end` where nothing else was asked for."""
        from gateway.cli.times import instant_ms, length_ms
        from gateway.model.instant import DAY_MS
        from gateway.policy.whatif.outcome import Window

        if self.last and self.since:
            raise typer.BadParameter("it is --last or --since", param_hint="--since")
        until = instant_ms(self.until, "--until", now, days=True) if self.until else end
        if self.since:
            since = instant_ms(self.since, "--since", now, days=True)
        else:
            since = until - length_ms(self.last or LAST, "--last") if first is None or self.last else first
        if since >= until:
            raise typer.BadParameter("nothing lies between its beginning and its end", param_hint="--since")
        if until - since > DAYS_MAX * DAY_MS:
            hint = f"at most {DAYS_MAX} days are looked at together; choose them with --since and --until"
            raise typer.BadParameter(hint, param_hint="--since")
        return Window(since, until)


def whatif(
    new: New,
    last: Last = "",
    since: Since = "",
    until: Until = "",
    events: Events = "",
    against: Against = "",
    contacts: Shown = CONTACTS,
    explain: Explain = False,
    processes: Several = 0,
    config: ConfigFile = CONFIG,
    as_json: AsJson = False,
) -> int:
    """What would have been, had NEW been in force: breaches, escalations, notices, queues, and which contacts differ.

    Looks back 30 days unless told otherwise. Nothing is written, nobody is asked. Exit 1 if a contact can't be judged.
    """
    from gateway.cli.explanation import explanation_lines
    from gateway.cli.policy_whatif_told import lines
    from gateway.cli.policy_whatif_values import values
    from gateway.engine.whatif_explained import explained

    span = _Span(last, since, until)
    loaded = policy_source.load(new, config)
    other = policy_source.load(against, config) if against else None
    if events:
        inquiry, answer = _of_file(loaded, other, events, span, config, (contacts, processes))
    else:
        inquiry, answer = _of_store(loaded, other, span, config, (contacts, processes))
    cases = {one.history.id: explained(one, inquiry) for one in answer.examples} if explain else {}
    found = values(inquiry, answer, loaded, cases)
    if as_json:
        output.json_line(found)
    else:
        told = {contact: [explanation_lines(case) for case in both] for contact, both in cases.items()}
        for line in lines(found, told):
            output.line(line)
    for line in _warnings(answer):
        output.say(f"gateway: {line}")
    return FOUND if answer.skipped or answer.unlike else OK


def _of_store(
    loaded: "Loaded", other: "Loaded | None", span: _Span, config: Path, how: tuple[int, int]
) -> "tuple[Inquiry, Answer]":
    """The answer of the database."""
    from gateway.cli.work import with_store
    from gateway.engine.whatif import Inquiry, as_kept, batches_of, kept_policies
    from gateway.kernel.clock import SystemClock

    now = SystemClock().now()
    window = span.window(None, now, now)

    async def work(_: "Config", store: "Store") -> "tuple[Inquiry, Answer]":
        rows = (as_kept(other, (), now),) if other else await kept_policies(store)
        after = as_kept(loaded, rows, now)
        inquiry = Inquiry(rows, after, window, dict(await store.live_from()), check=other is None)
        count = await store.recorded_count(window.since)
        return inquiry, await _asked(inquiry, batches_of(store, window.since), count, how)

    return with_store(config, work)


def _of_file(
    loaded: "Loaded", other: "Loaded | None", events: str, span: _Span, config: Path, how: tuple[int, int]
) -> "tuple[Inquiry, Answer]":
    """The answer of a file's events."""
    from gateway.cli.work import log_to_stderr
    from gateway.engine.whatif import Inquiry, as_kept, given
    from gateway.kernel.clock import SystemClock
    from gateway.policy.evaluate import BadEvents
    from gateway.policy.whatif.given import read_given

    log_to_stderr()
    now = SystemClock().now()
    before = (as_kept(other or policy_source.load(policy_source.configured(config), config), (), now),)
    try:
        found = read_given(content(Path(events)))
    except BadEvents as error:
        raise Failed(FOUND, f"{events}: {error}") from None
    if found.first is None or found.last is None:
        raise Failed(FOUND, f"{events}: there is no event in it")
    window = span.window(found.first, found.last + 1, now)
    inquiry = Inquiry(before, as_kept(loaded, before, now), window)
    return inquiry, asyncio.run(_asked(inquiry, given(found.contacts), len(found.contacts), how))


async def _asked(
    inquiry: "Inquiry", batches: "AsyncIterator[Sequence[Recorded]]", count: int, how: tuple[int, int]
) -> "Answer":
    from gateway.cli.walk_progress import WalkProgress
    from gateway.daemon.setup import read_recorded
    from gateway.engine.whatif import ask
    from gateway.kernel.spawn import LoopSpawn

    shown, processes = how
    spawn = LoopSpawn()
    try:
        with WalkProgress("contacts", count, None) as progress:
            crew = _crew(spawn, processes, count)
            return await ask(inquiry, batches, crew, read_recorded, shown=shown, done=progress.add)
    finally:
        await spawn.close()


def _crew(spawn: "LoopSpawn", processes: int, count: int) -> "Crew":
    from gateway.kernel.crew import OneProcess, Processes, processors
    from gateway.kernel.memory import settle

    several = processes or (1 if count <= ALONE else processors())
    if several == 1:
        if count > ALONE:
            settle()
        return OneProcess()
    return Processes(spawn, several, lambda words: output.say(f"gateway: {words}"))


def _warnings(answer: "Answer") -> list[str]:
    from gateway.cli.table import clean

    told = []
    for contact, why in answer.sides.skipped:
        told.append(f"contact {clean(contact)} is left out: {clean(why)}")
    if answer.skipped > len(answer.sides.skipped):
        told.append(f"{answer.skipped:,} contacts are left out in all")
    if answer.unlike:
        names = ", ".join(clean(contact) for contact in answer.sides.unlike[:3])
        several = f"{answer.unlike:,} contacts" if answer.unlike > 1 else "1 contact"
        told.append(f"what is stored of {several} isn't what the history implies ({names}): see `gateway db verify`")
    return told
