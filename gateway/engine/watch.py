"""Says in the log what lags and who is ill: once when it begins and once when it is over, never for each record."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from gateway.engine.world import Links, World
from gateway.kernel.store import EndpointRow, Figures

EVERY_S = 10.0
INBOX_BEHIND_MS = 60_000
"""A record that waits longer is told: judging is behind."""

JUDGING_BEHIND_MS = 10_000
"""Time that may not pass for longer is told: deadlines are noticed late."""

DELIVERIES_BEHIND_MS = 900_000
"""Deliveries that wait longer are told: their receiver is behind."""

ENDS = {"behind": "caught_up", "ill": "well"}
"""How the end of each condition is called."""

Condition = tuple[str, str, str]
"""What it is about, how it is, and whose it is: `("inbox", "behind", "shop")`."""


@dataclass(slots=True)
class Watch:
    """What has been told and isn't over."""

    world: World
    links: Links
    told: set[Condition] = field(default_factory=set)

    async def step(self) -> float:
        """Look once, and tell what has changed; the seconds until the next look."""
        now = self.world.clock.now()
        figures = await self.world.store.figures(now)
        endpoints = await self.world.store.endpoints()
        found = {
            **dict(self._of_records(figures, now)),
            **dict(_of_deliveries(endpoints, now)),
            **dict(self._of_judging(now)),
            **dict(self._of_connectors()),
        }
        for condition, details in found.items():
            if condition not in self.told:
                self.world.log.warning(_event(condition), **_whose(condition), **details)
        for condition in sorted(self.told - found.keys()):
            subject, is_so, _ = condition
            self.world.log.info(f"{subject}_{ENDS[is_so]}", **_whose(condition))
        self.told = set(found)
        return EVERY_S

    def _of_records(self, figures: Figures, now: int) -> Iterator[tuple[Condition, dict[str, Any]]]:
        for name, waiting in figures.records.items():
            if waiting.oldest is not None and now - waiting.oldest > INBOX_BEHIND_MS:
                yield ("inbox", "behind", name), {"waiting": waiting.count, "oldest_s": (now - waiting.oldest) // 1000}

    def _of_judging(self, now: int) -> Iterator[tuple[Condition, dict[str, Any]]]:
        judged_to = self.world.meters.judged_to
        if judged_to is not None and now - judged_to > JUDGING_BEHIND_MS:
            yield ("judging", "behind", ""), {"lag_s": (now - judged_to) // 1000}

    def _of_connectors(self) -> Iterator[tuple[Condition, dict[str, Any]]]:
        for link in self.links.values():
            if not link.healthy:
                yield ("connector", "ill", link.name), {"faults": link.faults_in_a_row, "fault": link.last_fault}


def _of_deliveries(endpoints: list[EndpointRow], now: int) -> Iterator[tuple[Condition, dict[str, Any]]]:
    for row in endpoints:
        oldest = row.oldest_waiting_at
        if oldest is not None and now - oldest > DELIVERIES_BEHIND_MS:
            details = {"waiting": row.waiting, "oldest_s": (now - oldest) // 1000, "state": row.health.standing(now)}
            yield ("deliveries", "behind", row.name), details


def _event(condition: Condition) -> str:
    return f"{condition[0]}_{condition[1]}"


def _whose(condition: Condition) -> dict[str, str]:
    subject, _, name = condition
    if not name:
        return {}
    return {"endpoint" if subject == "deliveries" else "connector": name}
