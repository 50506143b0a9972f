"""Which pictures there are, and what each shows: a policy, one list of events a panel, and the window of time.

The policies and events themselves lie in `cases/`, as `gateway policy eval` reads them.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

FOLDER: Final = Path(__file__).parent / "cases"


@dataclass(frozen=True, slots=True)
class Panel:
    """One judgement, drawn from `start` to `end`.

    `now`: what lies behind it is drawn as still to come. `squeeze`: long closed stretches are drawn short. `known`: the
    events that were known until `end`, when those of `events` were known too; what was said wrongly is then told.
    """

    events: str
    start: str
    end: str
    caption: str = ""
    now: str | None = None
    squeeze: bool = False
    known: str | None = None


@dataclass(frozen=True, slots=True)
class Scene:
    """A picture: its file's name, its title, and its panels from top to bottom, all under one policy."""

    name: str
    title: str
    panels: tuple[Panel, ...]

    def policy(self) -> str:
        """The text of its policy."""
        return (FOLDER / self.name / "policy.yaml").read_text(encoding="utf-8")

    def events(self, name: str) -> bytes:
        """A list of events of it."""
        return (FOLDER / self.name / f"{name}.json").read_bytes()


SCENES: Final = (
    Scene(
        "weekend",
        "A deadline across a weekend",
        (Panel("events", "2026-11-20T12:00:00+01:00", "2026-11-23T14:00:00+01:00", squeeze=True),),
    ),
    Scene(
        "closing",
        "A deadline that falls on closing time",
        (
            Panel(
                "at-one",
                "2026-11-23T12:00:00+01:00",
                "2026-11-24T11:00:00+01:00",
                "Opened so that the target ends at closing time",
                now="2026-11-23T13:00:00+01:00",
                squeeze=True,
            ),
            Panel(
                "a-minute-later",
                "2026-11-23T12:00:00+01:00",
                "2026-11-24T11:00:00+01:00",
                "Opened one minute later",
                now="2026-11-23T13:01:00+01:00",
                squeeze=True,
            ),
        ),
    ),
    Scene(
        "holiday",
        "Evenings that cross midnight, and a holiday",
        (Panel("events", "2026-11-25T17:30:00-05:00", "2026-11-28T02:30:00-05:00", squeeze=True),),
    ),
    Scene(
        "summer-time",
        "The nights in which the clocks are changed",
        (
            Panel(
                "spring",
                "2026-03-07T17:00:00-05:00",
                "2026-03-08T04:00:00-04:00",
                "Spring: an hour of the night is missing",
                now="2026-03-07T18:00:00-05:00",
            ),
            Panel(
                "autumn",
                "2026-10-31T17:00:00-04:00",
                "2026-11-01T03:00:00-05:00",
                "Autumn: an hour of the night comes twice",
                now="2026-10-31T18:00:00-04:00",
            ),
        ),
    ),
    Scene(
        "pausing",
        "Pausing",
        tuple(
            Panel(name, "2026-11-24T12:00:00+01:00", "2026-11-25T13:00:00+01:00", caption, squeeze=True)
            for name, caption in (
                ("never-held", "Never held"),
                ("held-overnight", "Held while the office is closed"),
                ("held-in-the-day", "Held for one open hour"),
            )
        ),
    ),
    Scene(
        "reopen",
        "Solved, and opened again",
        (Panel("events", "2026-11-24T08:00:00Z", "2026-11-24T22:00:00Z"),),
    ),
    Scene(
        "rule-change",
        "The rule changes in mid-clock",
        (Panel("events", "2026-11-24T13:00:00+01:00", "2026-11-24T22:00:00+01:00"),),
    ),
    Scene(
        "operators",
        "An answer at the very deadline",
        (Panel("events", "2026-11-24T08:50:00Z", "2026-11-24T10:10:00Z"),),
    ),
    Scene(
        "warnings",
        "Three kinds of warning, a breach, a late answer",
        (Panel("events", "2026-11-23T16:00:00+01:00", "2026-11-24T12:30:00+01:00", squeeze=True),),
    ),
    Scene(
        "late-event",
        "An event that arrives late",
        (
            Panel(
                "known-at-first",
                "2026-11-24T08:50:00Z",
                "2026-11-24T10:05:00Z",
                "What is known before the reply arrives",
            ),
            Panel(
                "known-later",
                "2026-11-24T08:50:00Z",
                "2026-11-24T10:05:00Z",
                "The reply arrives at last",
                known="known-at-first",
            ),
        ),
    ),
    Scene(
        "escalation",
        "A chain with reminders, acknowledged and taken up again",
        (Panel("events", "2026-11-24T08:50:00Z", "2026-11-24T11:30:00Z"),),
    ),
)
