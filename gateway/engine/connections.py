"""How each connector stands, as one value for people: for pages, API, and commands beside a gateway or without one.

What only a running gateway knows (faults, streams, budget, counts) is None or empty where no gateway tells it, and
`told_inside` says so. Nothing here changes anything, and nothing is asked of a vendor.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from gateway.engine.checkup import noted_findings
from gateway.engine.gateway import Gateway
from gateway.engine.listen import noted_failure
from gateway.engine.pull import Puller
from gateway.engine.world import Link
from gateway.kernel.budget import Allowance
from gateway.kernel.reading import Pause, Waits
from gateway.kernel.store import Figures, Store, SyncRow, Waiting
from gateway.kernel.values import sync_values
from gateway.model.instant import format_instant, format_known
from gateway.plugin import Finding, Pulls, Stream

State = Literal["left_out", "paused", "quarantined", "failing", "warned", "ok"]
"""The gravest that holds. `left_out`: it can't work here at all. `paused`: by a person. `quarantined`: its plugin
raises again and again, so nobody waits for it; the rest goes on. `failing`: its vendor doesn't answer, or refuses, or
it can't listen where it should.
`warned`: its own check finds something wrong."""

NEEDIEST: Final[tuple[State, ...]] = ("left_out", "quarantined", "failing", "paused", "warned", "ok")
"""What needs a person first."""

RUNS_MAX: Final = 1_000
"""Runs of all connectors that are looked at."""


@dataclass(frozen=True, slots=True)
class StreamStanding:
    """A stream that is pulled. `begun`: something was pulled at some time; `pulled_at`: when it last was, in ms, since
    the start of the gateway. `failures` in a row, and the last of them in words."""

    stream: Stream
    begun: bool
    pulled_at: int | None = None
    failures: int = 0
    failure: str = ""


@dataclass(frozen=True, slots=True)
class Connection:
    """How a connector stands at `at`; `why` says in words what its state comes from, empty where it is ok."""

    name: str
    plugin: str
    at: int
    state: State
    why: str
    told_inside: bool
    pause: Pause | None
    receives: bool | None
    listens: tuple[str, ...] | None
    """Where it listens, such as `udp 0.0.0.0:9060`; None for a connector that doesn't listen at all."""

    live_from: int | None
    records: Waiting
    look_ups: Waits
    streams: tuple[StreamStanding, ...]
    limits: tuple[Allowance, ...]
    findings: tuple[Finding, ...]
    counts: Mapping[str, int]
    runs: tuple[SyncRow, ...]
    """Runs over its streams that aren't through, those over the past among them."""


@dataclass(frozen=True, slots=True)
class _Kept:
    """What the database says of all connectors."""

    figures: Figures
    pauses: Mapping[str, Pause]
    look_ups: Mapping[str, Waits]
    live_from: Mapping[str, int]
    runs: Sequence[SyncRow]


async def connections_of(gateway: Gateway) -> list[Connection]:
    """How the connectors of a running gateway stand, by name, those that were left out among them."""
    links = gateway.links
    plugins = {**dict.fromkeys(gateway.left_out, ""), **{name: link.connector.plugin for name, link in links.items()}}
    store, now = gateway.world.store, gateway.world.clock.now()
    kept = await _kept(store, sorted(plugins), now)
    found = []
    for name in sorted(plugins):
        link = links.get(name)
        streams = () if link is None else await _streams(store, link, gateway.pullers.get(name, {}))
        findings = () if link is None else link.findings
        deaf, left_out = _deaf(gateway, name), gateway.left_out.get(name)
        listener = gateway.listeners.get(name)
        listens = None if listener is None else listener.addresses
        found.append(_connection(name, plugins[name], now, kept, link, streams, findings, left_out, deaf, listens))
    return found


async def states_of(gateway: Gateway) -> list[tuple[str, State, str]]:
    """Each connector of a running gateway, its state, and why in words: what needs a person first. For who asks every
    second: all but the pauses is in memory."""
    pauses, now = await gateway.world.store.pauses(), gateway.world.clock.now()
    found: list[tuple[str, State, str]] = [(name, "left_out", why) for name, why in gateway.left_out.items()]
    for name, link in gateway.links.items():
        pullers = gateway.pullers.get(name, {})
        pulls = {stream: puller.failure for stream, puller in pullers.items() if puller.failures}
        failing = _failing(_deaf(gateway, name), pulls)
        found.append((name, *_state(link, pauses.get(name), None, failing, _wrong(link.findings), now)))
    return sorted(found, key=lambda one: (NEEDIEST.index(one[1]), one[0]))


async def connections_beside(store: Store, plugins: Mapping[str, str], now: int) -> list[Connection]:
    """The same out of the database alone, of connectors with their plugins."""
    kept = await _kept(store, sorted(plugins), now)
    return [
        _connection(
            name,
            plugins[name],
            now,
            kept,
            None,
            (),
            await noted_findings(store, name),
            None,
            await noted_failure(store, name),
        )
        for name in sorted(plugins)
    ]


def _deaf(gateway: Gateway, name: str) -> str:
    """Why a connector that should listen doesn't; empty for all others."""
    listener = gateway.listeners.get(name)
    return "" if listener is None else listener.failure


def _failing(deaf: str, pulls: Mapping[str, str]) -> list[str]:
    """What fails, in words; `pulls`: the last failure of each stream that fails."""
    heard = [f"it doesn't listen: {deaf}"] if deaf else []
    return heard + [f"the last pull of {stream} failed: {failure}" for stream, failure in pulls.items()]


async def _kept(store: Store, names: Sequence[str], now: int) -> _Kept:
    return _Kept(
        figures=await store.figures(now),
        pauses=await store.pauses(),
        look_ups=await store.look_ups(names),
        live_from=await store.live_from(),
        runs=await store.syncs(limit=RUNS_MAX),
    )


async def _streams(store: Store, link: Link, pullers: Mapping[str, Puller]) -> tuple[StreamStanding, ...]:
    if not isinstance(link.connector, Pulls):
        return ()
    found = []
    for stream in link.connector.streams:
        begun, puller = await store.cursor(link.name, stream.name) is not None, pullers.get(stream.name)
        if puller is None:
            found.append(StreamStanding(stream, begun))
        else:
            failure = puller.failure if puller.failures else ""
            found.append(StreamStanding(stream, begun, puller.pulled_at, puller.failures, failure))
    return tuple(found)


def _connection(
    name: str,
    plugin: str,
    now: int,
    kept: _Kept,
    link: Link | None,
    streams: tuple[StreamStanding, ...],
    findings: Sequence[Finding],
    left_out: str | None,
    deaf: str,
    listens: tuple[str, ...] | None = None,
) -> Connection:
    pause, wrong = kept.pauses.get(name), _wrong(findings)
    failing = _failing(deaf, {stream.stream.name: stream.failure for stream in streams if stream.failures})
    state, why = _state(link, pause, left_out, failing, wrong, now)
    return Connection(
        name=name,
        plugin=plugin,
        at=now,
        state=state,
        why=why,
        told_inside=link is not None or left_out is not None,
        pause=pause,
        receives=None if link is None else link.receives is not None,
        listens=listens,
        live_from=kept.live_from.get(name),
        records=kept.figures.records.get(name, Waiting()),
        look_ups=kept.look_ups.get(name, Waits()),
        streams=streams,
        limits=() if link is None or link.budget is None else link.budget.allowances(),
        findings=wrong,
        counts={} if link is None else dict(link.counts),
        runs=tuple(run for run in kept.runs if run.connector == name),
    )


def _state(
    link: Link | None,
    pause: Pause | None,
    left_out: str | None,
    failing: Sequence[str],
    wrong: Sequence[Finding],
    now: int,
) -> tuple[State, str]:
    """The gravest state that holds, and why, in words; `failing`: what fails, in words."""
    if left_out is not None:
        return "left_out", left_out
    if pause is not None:
        return "paused", f"paused by {pause.by}{f': {pause.reason}' if pause.reason else ''}; webhooks are still taken"
    if link is not None and not link.healthy:
        return "quarantined", f"{link.faults_in_a_row} faults in a row, the last: {link.last_fault}"
    if failing:
        return "failing", failing[0]
    if link is not None and link.strain.alone_until > now:
        return "failing", f"its vendor fails, and is left alone until {format_instant(link.strain.alone_until)}"
    if wrong:
        return "warned", f"{wrong[0].what}; {wrong[0].hint}"
    return "ok", ""


def _wrong(findings: Sequence[Finding]) -> tuple[Finding, ...]:
    return tuple(finding for finding in findings if not finding.ok)


def connection_values(one: Connection) -> dict[str, Any]:
    """A connector for JSON: times in RFC 3339, lengths in seconds; `lag_s` of a stream is how long ago it was pulled.

    What only a running gateway knows is null where none tells it."""
    told = one.told_inside
    pause = one.pause
    return {
        "name": one.name,
        "plugin": one.plugin or None,
        "state": one.state,
        "why": one.why or None,
        "paused": pause and {"by": pause.by, "at": format_instant(pause.at), "reason": pause.reason or None},
        "receives": one.receives,
        "listens": None if one.listens is None else list(one.listens),
        "live_from": format_known(one.live_from),
        "records_waiting": one.records.count,
        "oldest_record_at": format_known(one.records.oldest),
        "look_ups_waiting": {"live": one.look_ups.live, "past": one.look_ups.past},
        "oldest_look_up_at": format_known(one.look_ups.oldest),
        "streams": [_stream_values(stream, one.at) for stream in one.streams] if told else None,
        "limits": [limit_values(limit) for limit in one.limits] if told else None,
        "findings": [{"what": finding.what, "hint": finding.hint} for finding in one.findings],
        "counts": dict(one.counts) if told else None,
        "runs": [sync_values(run) for run in one.runs],
    }


def _stream_values(stands: StreamStanding, now: int) -> dict[str, Any]:
    return {
        "name": stands.stream.name,
        "every_s": stands.stream.every_s,
        "begun": stands.begun,
        "pulled_at": format_known(stands.pulled_at),
        "lag_s": None if stands.pulled_at is None else max(0, now - stands.pulled_at) / 1000,
        "failures": stands.failures,
        "failure": stands.failure or None,
    }


def limit_values(limit: Allowance) -> dict[str, Any]:
    """A limit of a vendor's for JSON, lengths in seconds."""
    return {
        "name": limit.name,
        "requests": limit.requests,
        "per_s": limit.per_s,
        "left": limit.left,
        "next_s": round(limit.next_s, 1),
        "full_s": round(limit.full_s, 1),
        "closed": limit.closed,
    }
