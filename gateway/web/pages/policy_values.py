"""The policy map as plain values for JSON: what its drawing and its tree show. Pure."""

from collections.abc import Mapping
from typing import Any

from gateway.model.instant import seconds_of
from gateway.policy.outline import Outline, OutlineChain, OutlinePromise, OutlineRule, Placed
from gateway.rules.view import View
from gateway.web.pages.policy_map import Used


def map_values(outline: Outline, used: Used) -> View:
    """Every section with its rules in their order; `count_24h` is null where nobody counts it."""
    return {
        "sections": {
            section: [_rule(section, rule, used) for rule in rules] for section, rules in outline.rules.items() if rules
        },
        "queues": [
            {**_placed(queue), "team": queue.team, "tier": queue.tier, "open": used.open.get(queue.id, 0)}
            for queue in outline.queues
        ],
        "chains": [_chain(chain) for chain in outline.chains],
        "calendars": [
            {
                **_placed(calendar),
                "zone": calendar.zone or None,
                "hours": dict(calendar.hours),
                "days_off": list(calendar.days_off),
                "made_of": list(calendar.parts),
                "joined": calendar.joined or None,
            }
            for calendar in outline.calendars
        ],
        "findings": {
            name or "policy": [{"id": note.id, "message": note.message} for note in notes]
            for name, notes in outline.notes.items()
        },
    }


def _placed(placed: Placed) -> dict[str, Any]:
    return {
        "id": placed.id,
        "line": placed.line,
        "findings": [{"id": note.id, "message": note.message} for note in placed.notes],
    }


def _rule(section: str, rule: OutlineRule, used: Used) -> View:
    view = {
        **_placed(rule),
        "condition": rule.condition or None,
        "says": rule.says,
        "leads_to": rule.target or None,
        "takes_effect": rule.dead is None,
        "count_24h": used.rule(section, rule.id),
    }
    return {**view, **_promise(rule, used.rang)} if isinstance(rule, OutlinePromise) else view


def _promise(rule: OutlinePromise, rang: Mapping[tuple[str, str], int]) -> View:
    return {
        "target_s": None if rule.within is None else seconds_of(rule.within),
        "operator": rule.operator,
        "calendar": rule.calendar,
        "warn": list(rule.warn),
        "objective": rule.objective,
        **{f"{word}_24h": rang.get((f"sla.{word}", rule.id), 0) for word in ("met", "warned", "breached")},
    }


def _chain(chain: OutlineChain) -> View:
    return {
        **_placed(chain),
        "calendar": chain.calendar,
        "unack_after_s": None if chain.unack_after is None else seconds_of(chain.unack_after),
        "steps": [
            {
                "after_s": seconds_of(step.after),
                "reminder_s": None if step.reminder is None else seconds_of(step.reminder),
                "roles": {role: list(endpoints) for role, endpoints in step.roles},
            }
            for step in chain.steps
        ],
    }
