"""Connectors as people read them: a table, and under it a line for each that isn't well."""

from collections.abc import Sequence

from gateway.cli.sync_words import run_words
from gateway.cli.table import clean, relative, table
from gateway.engine.connections import Connection

HEADS = ("CONNECTOR", "PLUGIN", "STATE", "RECORDS", "LOOK-UPS", "RUNS", "LIVE SINCE")


def connector_table(found: Sequence[Connection]) -> list[str]:
    """A row for each, and why those that aren't ok aren't."""
    cells = [
        (
            one.name,
            one.plugin,
            one.state.replace("_", " "),
            one.records.count,
            one.look_ups.live + one.look_ups.past,
            len(one.runs),
            "-" if one.live_from is None else relative(one.live_from, one.at),
        )
        for one in found
    ]
    return [*table(HEADS, cells), *(line for one in found for line in why_lines(one))]


def why_lines(one: Connection) -> list[str]:
    """Why a connector isn't ok, and the runs over its streams that aren't through."""
    lines = [f"{one.name}: {clean(one.why)}"] if one.why else []
    if one.pause is not None:
        lines[0] += f"; paused {relative(one.pause.at, one.at)}"
    for run in one.runs:
        what = "what is new" if run.lane == "live" else "the past"
        lines.append(f"{one.name}/{run.stream}, {what}: {clean(run_words(run, run.failure or ''))}")
    return lines
