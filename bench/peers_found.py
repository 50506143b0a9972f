"""What `make bench-peers` has measured beside other tools, where it was run: nothing else here needs them."""

import json
from pathlib import Path

from bench.options import Options
from bench.server import HERE
from bench.table import Figure

RESULT = HERE / ".peers" / "result.json"
ABSENT = "not measured: make bench-peers"
MEANT = {"gateway beside n8n at its best setting": 100.0, "gateway beside Node-RED": 3.0}
"""The lines that have a goal, by their names in the result."""


def rows(options: Options) -> list[Figure]:
    """The rows of the peers."""
    return figures(RESULT)


def figures(result: Path) -> list[Figure]:
    """The lines with a goal, as the result has them; without a value where it isn't there."""
    found = json.loads(result.read_text(encoding="utf-8")) if result.exists() else {"figures": [], "machine": {}}
    by_name = {one["what"]: one for one in found["figures"]}
    measured = found["machine"].get("measured", "")
    return [_figure(what, goal, by_name.get(what), measured) for what, goal in MEANT.items()]


def _figure(what: str, goal: float, found: dict[str, object] | None, measured: str) -> Figure:
    values = found.get("values") if found else None
    if found is None or not isinstance(values, list) or not values:
        return Figure(what, goal=goal, digits=0, absent=ABSENT)
    said = [f"measured {measured}", str(found.get("note") or "")]
    return Figure(what, tuple(map(float, values)), "times", goal, digits=1, note="; ".join(filter(None, said)))
