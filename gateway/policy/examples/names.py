"""The names that a policy's tests may use: what the policy declares, and of each rule what a test can ask about it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

BUILT_IN_CALENDARS: Final = frozenset({"always", "24x7"})

_RULES: Final = ("severity", "sla", "routing", "escalation", "enrich", "actions")

Known = frozenset[str] | None
"""Names; None where the section can't be read, so that nobody knows."""


@dataclass(frozen=True, slots=True)
class Names:
    """What a policy declares. `marks`: the marks of each rule of `sla`; `steps`: how many steps each rule of
    `escalation` can take."""

    queues: Known
    roles: Known
    chains: Known
    calendars: Known
    rules: Mapping[str, frozenset[str]]
    marks: Mapping[str, frozenset[str]]
    steps: Mapping[str, int]


def names_of(raw: Any) -> Names:
    """The names in a policy's data, as far as they can be read."""
    data = raw if isinstance(raw, dict) else {}
    calendars = _keys(data.get("calendars", {}))
    chains = data.get("chains")
    counts = {name: len(_list(_of(chain, "steps"))) for name, chain in _mapping(chains).items()}
    return Names(
        queues=_keys(data.get("queues", {})),
        roles=_keys(data.get("roles", {})),
        chains=_keys(data.get("chains", {})),
        calendars=None if calendars is None else calendars | BUILT_IN_CALENDARS,
        rules={section: frozenset(_by_id(data, section)) for section in _RULES},
        marks={
            id: frozenset(mark.strip() for mark in _list(rule.get("warn")) if isinstance(mark, str))
            for id, rule in _by_id(data, "sla").items()
        },
        steps={
            id: counts[rule["chain"]]
            for id, rule in _by_id(data, "escalation").items()
            if isinstance(rule.get("chain"), str) and rule["chain"] in counts
        },
    )


def _by_id(data: Mapping[Any, Any], section: str) -> dict[str, dict[Any, Any]]:
    rules = [rule for rule in _list(data.get(section)) if isinstance(rule, dict)]
    return {rule["id"]: rule for rule in rules if isinstance(rule.get("id"), str)}


def _keys(raw: Any) -> Known:
    return frozenset(name for name in raw if isinstance(name, str)) if isinstance(raw, dict) else None


def _mapping(raw: Any) -> dict[Any, Any]:
    return raw if isinstance(raw, dict) else {}


def _list(raw: Any) -> list[Any]:
    return raw if isinstance(raw, list) else []


def _of(raw: Any, key: str) -> Any:
    return raw.get(key) if isinstance(raw, dict) else None
