"""What `gateway explain` prints of a scene's contact at an instant: the part of the page between two markers.

It is made by the command's own code, on the scene's policy and events; nothing of it is written by hand.
"""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from docs.drawing.scenes import SCENES
from gateway.cli.explanation import explanation_lines
from gateway.engine.case import Case
from gateway.kernel.store import ContactRow, PolicyRow
from gateway.model.identity import StrandKey, contact_id
from gateway.model.instant import parse_instant
from gateway.policy.evaluate import CONNECTOR, read_events
from gateway.policy.kept import zones_kept
from gateway.policy.load import load_policy
from gateway.rules.advance import Sourced
from gateway.rules.timeline import FROM_THE_BEGINNING, Timeline
from gateway.rules.trace.tracing import trace
from gateway.rules.trace.tried import tried

SHOWN: Final = (("rule-change", "2026-11-24T19:00:00Z"),)
"""Scenes and instants."""

PLACES: Final = "100"
_PART = re.compile(r"<!-- explained (\S+) -->\n.*?<!-- end of explained -->\n", re.DOTALL)


def explained(name: str, time: str) -> str:
    """The lines of one scene's contact at an instant, in a terminal of a hundred places."""
    scene, at = next(scene for scene in SCENES if scene.name == name), parse_instant(time)
    policy = load_policy(scene.policy(), name).policy
    events = read_events(scene.events(scene.panels[0].events))
    found = trace([Sourced(CONNECTOR, event) for event in events], Timeline.only(policy), at)
    if found.state is None:
        raise ValueError(f"the contact of {name} is not opened by {time}")
    ref = found.state.contact.strands[0].ref
    strand = StrandKey(CONNECTOR, ref.kind, ref.id)
    row = ContactRow(id=contact_id(strand), version=1, strands=(strand,), state=found.state)
    kept = PolicyRow(
        since=FROM_THE_BEGINNING, hash=policy.hash, name=policy.name, stored_at=found.state.contact.opened_at
    )
    rules, zones = tried(found.state, policy), zones_kept(scene.policy())
    case = Case(row, at, policy, kept, kept, trace=found, tried=rules, zones=zones, past=True)
    with _columns(PLACES):
        return "\n".join(explanation_lines(case))


def renewed(page: str) -> str:
    """The page with these parts as they are now. Raises KeyError for a scene that isn't shown."""
    return _PART.sub(lambda match: part(match[1]), page)


def part(name: str) -> str:
    """What stands between the markers."""
    time = dict(SHOWN)[name]
    return (
        f"<!-- explained {name} -->\n```console\n$ gateway explain CONTACT --at {time}\n{explained(name, time)}\n```\n"
        "<!-- end of explained -->\n"
    )


@contextmanager
def _columns(places: str) -> Iterator[None]:
    """The terminal's width, whatever this one has."""
    before = os.environ.get("COLUMNS")
    os.environ["COLUMNS"] = places
    try:
        yield
    finally:
        if before is None:
            del os.environ["COLUMNS"]
        else:
            os.environ["COLUMNS"] = before
