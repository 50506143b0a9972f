"""The policies of the simulation: two that follow each other, with hours round a change of the clocks.

They are plain values, so that the reference model reads them without the gateway's loader; `text` writes the file.
Conditions are those that `tests/differential/words.py` knows.
"""

import json
from typing import Any

from tests.differential.scenarios import policy_text

Content = dict[str, Any]

DAY_ZONE = "America/New_York"
NIGHT_ZONE = "Europe/Berlin"
ENDPOINTS = ("helpdesk", "hotline", "archive")
"""Who is called by the roles, and who only listens: `archive` gets everything."""

SUBSCRIPTIONS: dict[str, tuple[str, ...]] = {
    "helpdesk": ("contact.*", "sla.*"),
    "hotline": ("escalation.cancelled", "escalation.resolved", "sla.corrected", "endpoint.*"),
    "archive": ("contact.*", "sla.*", "escalation.*", "csat.*"),
}


def first(holiday: str = "2026-12-25", *, day_zone: str = DAY_ZONE, night_zone: str = NIGHT_ZONE) -> Content:
    """The policy that is in force from the beginning."""
    return {
        "version": 1,
        "name": "simulation-1",
        "calendars": _calendars(holiday, day_zone, night_zone),
        "severity": [
            {"id": "fraud", "when": '"fraud" in contact.tags', "severity": 1},
            {"id": "vip", "when": '"vip" in contact.tags', "severity": 2},
        ],
        "sla": [
            _sla("chat-first", "first_reply", "15m", when='contact.channel == "chat"', operator="lt", warn=["50%"]),
            _sla("grave-first", "first_reply", "1h", "rounds", when="contact.severity == 1", warn=["75%", "5m before"]),
            _sla("first", "first_reply", "4h", "office", warn=["1h before"]),
            _sla("chat-next", "next_reply", "15m", when='contact.channel == "chat"', operator="lt"),
            _sla("next", "next_reply", "2h", "rounds", warn=["50%"]),
            _sla("grave-work", "agent_work", "3h", "nights", when="contact.severity == 1", warn=["80%"]),
            _sla("work", "agent_work", "6h", "rounds"),
            _sla("wait", "requester_wait", "10h", "office", when="contact.severity == 2"),
            _sla("end", "resolution", "1d", warn=["2h before"]),
        ],
        "queues": {
            "general": {"team": "t1", "tier": 1},
            "vip": {"team": "t1-vip", "tier": 1},
            "fraud": {"team": "t2-fraud", "tier": 2},
        },
        "routing": [
            {"id": "fraud", "when": "contact.severity == 1", "queue": "fraud", "priority": 10},
            {"id": "vip", "when": "contact.severity == 2", "queue": "vip"},
            {"id": "default", "queue": "general"},
        ],
        "roles": {"lead": {"endpoints": ["helpdesk"]}, "phone": {"endpoints": ["hotline"]}},
        "chains": {
            "late": {"steps": [_step("0m", "lead"), _step("30m", "lead", "phone")]},
            "grave": {
                "unack_after": "2h",
                "steps": [_step("0m", "phone"), _step("30m", "lead"), {**_step("2h", "phone"), "reminder": "8h"}],
            },
            "watch": {"calendar": "nights", "steps": [_step("45m", "lead")]},
        },
        "escalation": [
            {"id": "grave", "when": "contact.severity == 1", "on": "matched", "chain": "grave"},
            {"id": "late-first", "on": "sla.breached", "metric": "first_reply", "chain": "late"},
            {"id": "late-next", "on": "sla.breached", "metric": "next_reply", "chain": "late"},
            {"id": "late-work", "on": "sla.breached", "metric": "agent_work", "chain": "watch"},
            {"id": "soon", "when": "contact.severity == 2", "on": "sla.warned", "metric": "first_reply",
             "chain": "watch"},
        ],
    }  # fmt: skip


def second(holiday: str = "2026-12-25", *, day_zone: str = DAY_ZONE, night_zone: str = NIGHT_ZONE) -> Content:
    """The policy that a reload brings: other targets and calendars, a promise more, a chain that is slower."""
    policy = first(holiday, day_zone=day_zone, night_zone=night_zone)
    policy["name"] = "simulation-2"
    policy["severity"].insert(0, {"id": "urgent", "when": 'contact.priority == "urgent"', "severity": 1})
    changed = {
        "chat-first": _sla("chat-first", "first_reply", "10m", when='contact.channel == "chat"', warn=["50%"]),
        "next": _sla("next", "next_reply", "3h", "office", warn=["50%", "90%"]),
        "work": _sla("work", "agent_work", "5h", "rounds"),
    }
    policy["sla"] = [changed.get(rule["id"], rule) for rule in policy["sla"] if rule["id"] != "wait"]
    policy["sla"].append(_sla("taken", "acknowledgement", "45m", when="contact.severity == 1"))
    policy["chains"]["late"]["steps"][1]["after"] = "45m"
    return policy


def text(policy: Content) -> str:
    """The policy's file."""
    return policy_text(policy)


def named(known: str) -> Content:
    """The policy whose file this is, as the store kept it. Raises ValueError for any other."""
    for line in known.splitlines():
        if line.startswith("name: "):
            make = {"simulation-1": first, "simulation-2": second}[json.loads(line.removeprefix("name: "))]
            return make(**_surroundings(known))
    raise ValueError("this is no policy of the simulation")


def _surroundings(known: str) -> dict[str, str]:
    shapes = {
        name.strip(): json.loads(shape)
        for name, _, shape in (line.partition(": ") for line in known.splitlines())
        if name in ("  office", "  nights")
    }
    office, nights = shapes["office"], shapes["nights"]
    return {
        "holiday": office["holidays"][0]["date"],
        "day_zone": office["timezone"],
        "night_zone": nights["timezone"],
    }


def _calendars(holiday: str, day_zone: str, night_zone: str) -> Content:
    gaps = ["00:00-02:30", "03:15-12:00", "12:30-24:00"]
    return {
        "office": {
            "timezone": day_zone,
            "hours": {"mon-fri": ["08:00-18:00"], "sun": ["01:30-04:00"]},
            "holidays": [{"date": holiday}],
        },
        "nights": {"timezone": night_zone, "hours": {"mon-sun": ["22:00-06:00"]}},
        "rounds": {"timezone": night_zone, "hours": {"mon-sun": gaps}},
    }


def _sla(id: str, metric: str, within: str, calendar: str = "always", **more: Any) -> Content:
    return {"id": id, "metric": metric, "within": within, "calendar": calendar, **more}


def _step(after: str, *roles: str) -> Content:
    return {"after": after, "notify": list(roles)}
