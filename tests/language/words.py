"""Contacts and clocks in few words, so that a table of rules can be read beside the rules.

The life of a contact is `09:00 opened; 09:10 customer; 09:20 agent internal; 09:30 pending`: times, then what happened.
A time is of Monday 2 March 2026, in UTC; `Tue 09:00` (as a field: `Tue-09:00`) is of that week; anything longer is
written out with its zone. A clock is told as `r/1 met 09:00 due 10:00 met 09:20`: rule, instance, state, start, and the
other instants that it has.
"""

import json
import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any

from gateway.model.instant import parse_instant
from gateway.policy.evaluate import evaluate, read_events
from gateway.policy.load import Loaded, load_policy

DAYS = {"Mon": 2, "Tue": 3, "Wed": 4, "Thu": 5, "Fri": 6, "Sat": 7, "Sun": 8}
STATUSES = ("new", "open", "pending", "on_hold", "solved", "closed")
AUTHORS = ("customer", "agent", "bot", "system")
CALLS = ("queued", "ringing", "answered", "held", "resumed", "transferred", "abandoned", "ended")
OPEN = {"kind": "ticket", "channel": "email"}

TYPES = {"ack": "contact.acknowledged", "merged": "contact.merged", "deleted": "contact.deleted"}


def instant(text: str) -> str:
    """A time as events have it: `09:00` is of Monday, `Tue 09:00` of Tuesday."""
    if re.match(r"\d{4}-", text):
        return text
    day, _, clock = text.rpartition(" ")
    return f"2026-03-{DAYS[day or 'Mon']:02}T{clock}{':00' if len(clock) == 5 else ''}Z"


def short(text: str | None) -> str:
    """A time of the answer in the words of `instant`."""
    found = re.fullmatch(r"2026-03-(0[2-8])T(\d\d:\d\d)(:[0-9.]+)Z", text or "")
    if not found:
        return text or "never"
    day = next(name for name, number in DAYS.items() if number == int(found[1]))
    clock = found[2] + ("" if found[3] == ":00" else found[3])
    return clock if day == "Mon" else f"{day} {clock}"


def event(told: str) -> dict[str, Any]:
    """One event: `09:00 opened status=pending tags=a,b`, `09:10 agent internal auto`, `09:20 csat 3 of 0..10`."""
    words = told.split()
    time = " ".join(words[:2]) if words[0] in DAYS else words[0]
    what, *rest = words[2:] if words[0] in DAYS else words[1:]
    given: dict[str, Any] = {"at": instant(time)} | _fields(rest)
    bare = [word for word in rest if "=" not in word]
    if what == "opened":
        return {"type": "contact.opened"} | OPEN | given
    if what in AUTHORS:
        seen = {"visibility": "internal"} if "internal" in bare else {}
        made = {"auto": True} if "auto" in bare else {}
        return {"type": "message.added", "author": {"kind": what}} | seen | made | given
    if what in STATUSES:
        return {"type": "status.changed", "to": what} | given
    if what in CALLS:
        return {"type": f"call.{what}"} | given
    if what == "tags":
        return {"type": "contact.observed", "tags": bare} | given
    if what == "csat":
        low, high = (bare[2] if len(bare) > 2 else "0..10").split("..")
        return {"type": "csat.received", "score": int(bare[0]), "min": int(low), "max": int(high)} | given
    told_more: dict[str, dict[str, Any]] = {"ack": {"by": "Ann"}, "merged": {"into": {"kind": "ticket", "id": "2"}}}
    return {"type": TYPES.get(what, f"contact.{what}")} | told_more.get(what, {}) | given


def _fields(words: Iterable[str]) -> dict[str, Any]:
    named = dict(word.split("=", 1) for word in words if "=" in word)
    values: dict[str, Any] = {name: None if value == "null" else value for name, value in named.items()}
    if "tags" in values:
        values["tags"] = values["tags"].split(",")
    if values.get("deadline"):
        day, dash, clock = values["deadline"].partition("-")
        values["deadline"] = instant(f"{day} {clock}" if dash else day)
    if "sequence" in values:
        values["sequence"] = int(values["sequence"])
    return values


def life(told: str) -> list[dict[str, Any]]:
    """The events of a life, told as one line."""
    return [event(part.strip()) for part in told.split(";") if part.strip()]


@lru_cache(maxsize=512)
def loaded(text: str) -> Loaded:
    """A policy of a text."""
    return load_policy(text, "p.yaml")


def judged(policy: str, events: str | Sequence[dict[str, Any]], at: str) -> Any:
    """What the policy makes of a life, or of a list of events, at an instant: the answer that people see."""
    listed = life(events) if isinstance(events, str) else list(events)
    read = read_events(json.dumps(listed).encode())
    return evaluate(read, loaded(policy).policy, parse_instant(instant(at))).view


def clock_words(clock: dict[str, Any]) -> str:
    """A clock in one line."""
    parts = [f"{clock['rule']}/{clock['instance']} {clock['state']} {short(clock['started_at'])}"]
    for name in ("due", "met", "breached", "cancelled"):
        if clock[f"{name}_at"] is not None:
            parts.append(f"{name} {short(clock[f'{name}_at'])}")
    return " ".join(parts)


def clocks(policy: str, events: str | Sequence[dict[str, Any]], at: str) -> list[str]:
    """The clocks, a line each."""
    return [clock_words(clock) for clock in judged(policy, events, at)["clocks"]]


def only(policy: str, events: str | Sequence[dict[str, Any]], at: str) -> dict[str, Any]:
    """The one clock that there is."""
    found = judged(policy, events, at)["clocks"]
    assert len(found) == 1, found
    return dict(found[0])


def announced(policy: str, events: str | Sequence[dict[str, Any]], at: str, *kinds: str) -> list[str]:
    """What was announced until then, as `10:00 sla.breached r`; of the kinds given, where any is: `sla.`."""
    effects = judged(policy, events, at)["effects"]
    return [
        f"{short(effect['at'])} {effect['type']} {effect['rule']}".rstrip()
        for effect in effects
        if not kinds or effect["type"].startswith(kinds)
    ]


def sla(*rules: str) -> str:
    """Promises: `metric: first_reply, within: 1h`. One without an id is `r`."""
    return (
        "version: 1\n"
        + ("sla:\n" if rules else "")
        + "".join(f"  - {{{'' if 'id:' in rule else 'id: r, '}{rule}}}\n" for rule in rules)
    )


def only_tagged(tag: str) -> str:
    """The condition of a rule that holds for contacts with this tag."""
    return f"when: '\"{tag}\" in contact.tags'"


OFFICE = 'calendars: {office: {timezone: UTC, hours: {mon-fri: "09:00-17:00"}}}\n'
"""Monday to Friday, 09:00 to 17:00, in UTC."""
