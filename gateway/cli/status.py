"""`gateway status`: whether a gateway runs, by which policy it judges, and how much waits."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from gateway.cli import output
from gateway.cli.options import CONFIG, AsJson, ConfigFile

if TYPE_CHECKING:
    from gateway.config import Config
    from gateway.daemon.reload import Reloaded
    from gateway.engine.connections import Connection
    from gateway.engine.enricher_states import EnricherStanding
    from gateway.engine.standing import Standing
    from gateway.kernel.store import Store


@dataclass(frozen=True, slots=True)
class Status:
    """How a gateway stands at `now`. `process` is None while none runs; `told` is the last reading of its policy."""

    process: int | None
    stands: "Standing"
    counts: dict[str, int]
    told: "Reloaded | None"
    now: int
    connectors: "list[Connection]"
    enrichers: "list[EnricherStanding]"


def status(config: ConfigFile = CONFIG, as_json: AsJson = False) -> None:
    """Say how the gateway stands. Whether it runs, which policy judges, and how much waits; beside it or without it."""
    from gateway.cli.work import with_store
    from gateway.daemon.reload import last_reload
    from gateway.daemon.setup import running_daemon
    from gateway.engine.connections import connections_beside
    from gateway.engine.enricher_states import enrichers_beside
    from gateway.engine.policies import Policies
    from gateway.engine.standing import standing
    from gateway.kernel.clock import SystemClock
    from gateway.kernel.spawn import InlineSpawn

    async def work(settled: "Config", store: "Store") -> Status:
        now = SystemClock().now()
        plugins = {name: one.plugin for name, one in settled.connectors.items()}
        asked = {name: one.plugin for name, one in settled.enrichers.items()}
        return Status(
            process=running_daemon(settled),
            stands=await standing(await Policies.open(store, InlineSpawn()), store, now),
            counts=await store.counts(),
            told=await last_reload(store),
            now=now,
            connectors=await connections_beside(store, plugins, now),
            enrichers=await enrichers_beside(store, asked, now),
        )

    found = with_store(config, work)
    if as_json:
        output.json_line(_values(found))
    else:
        for line in _lines(found):
            output.line(line)


def _values(found: Status) -> dict[str, Any]:
    from gateway.engine.enricher_states import enricher_values
    from gateway.kernel.values import policy_values
    from gateway.model.instant import format_instant

    stands, told = found.stands, found.told
    return {
        "running": found.process is not None,
        "pid": found.process,
        "in_force": policy_values(stands.present) if stands.present else None,
        "to_come": policy_values(stands.to_come) if stands.to_come else None,
        "left": stands.left,
        "counts": found.counts,
        "past": [
            {
                "connector": run.connector,
                "stream": run.stream,
                "since": run.since and format_instant(run.since),
                "until": run.until and format_instant(run.until),
                "reached": run.reached and format_instant(run.reached),
                "accepted": run.accepted,
                "waits_for": run.failure,
            }
            for one in found.connectors
            for run in one.runs
            if run.lane == "backfill"
        ],
        "findings": [
            {"connector": one.name, "what": finding.what, "hint": finding.hint}
            for one in found.connectors
            for finding in one.findings
        ],
        "paused": [
            {"connector": one.name, "by": one.pause.by, "at": format_instant(one.pause.at)}
            for one in found.connectors
            if one.pause is not None
        ],
        "enrichers": [enricher_values(one) for one in found.enrichers],
        "last_reading": told
        and {"at": format_instant(told.at), "outcome": told.outcome, "problems": list(told.problems)},
    }


def _lines(found: Status) -> list[str]:
    from gateway.cli.policy_views import standing_lines
    from gateway.cli.sync_words import run_words
    from gateway.cli.table import clean, relative

    stands, counts, told = found.stands, found.counts, found.told
    lines = [f"gateway    running, process {found.process}" if found.process else "gateway    not running"]
    lines += standing_lines(stands.present, stands.to_come, found.now)
    if stands.left:
        waits = "" if found.process else ", once the gateway runs"
        lines.append(f"judging    {stands.left} of {counts['open']} open contacts are still to be judged by it{waits}")
    lines += [
        f"contacts   {counts['contacts']}, of them {counts['open']} open",
        f"inbox      {counts['inbox_ready']} waiting, {counts['inbox_parked']} parked",
        f"deliveries {counts['deliveries_ready']} waiting, {counts['deliveries_dead']} given up",
    ]
    for one in found.connectors:
        for run in one.runs:
            if run.lane == "backfill":
                lines.append(f"past       {run.connector}/{run.stream}: {clean(run_words(run, run.failure or ''))}")
    for one in found.connectors:
        if one.pause is not None:
            lines.append(f"connector  {one.name}: {clean(one.why)}; paused {relative(one.pause.at, found.now)}")
        lines += [f"connector  {one.name}: {clean(finding.what)}; {clean(finding.hint)}" for finding in one.findings]
    for enricher in found.enrichers:
        if enricher.waiting:
            waiting = f"{enricher.waiting} question{'' if enricher.waiting == 1 else 's'} without an answer"
            lines.append(f"enricher   {enricher.name}: {waiting}")
        lines += [f"enricher   {enricher.name}: {clean(one.what)}; {clean(one.hint)}" for one in enricher.findings]
    if told is not None and told.outcome in ("refused", "failed"):
        what = "was refused" if told.outcome == "refused" else "could not come into force"
        lines.append(f"reload     the policy's file {what} {relative(told.at, found.now)}; what is in force goes on:")
        lines += [f"  {clean(problem)}" for problem in told.problems]
    return lines
