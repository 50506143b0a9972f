"""Ask each connector and enricher every hour how its account stands: credentials run out, rights are taken away,
webhooks vanish.

What is wrong is told once when it begins and once when it is over, and stands in its findings meanwhile.
Where a connector is both pushed and pulled, the last hour's webhooks are compared with what was pulled: a webhook that
was switched off at the vendor makes no error anywhere else.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from gateway.engine.pausing import rests
from gateway.engine.reconcile import reconcile
from gateway.engine.world import EnricherLink, Link, World
from gateway.kernel.log import hide_secrets
from gateway.kernel.store import Store
from gateway.plugin import HOUR_MS, MINUTE_MS, Finding, Listens, Pulls, VendorError

EVERY_S = 3_600.0
AGAIN_S = 300.0
"""While something is wrong it is asked more often, and so is who listens: what it can't use is lost, and nobody
outside is asked."""

DEADLINE_S = 60.0
WINDOW_MS = HOUR_MS + 5 * MINUTE_MS
LATE_MS = 5 * MINUTE_MS
"""Webhooks may be late: what was pulled in the last minutes is looked at the next time."""

MISSED_MIN = 5
"""Fewer than so many, or less than half, may be chance."""

NOTED = "findings of "
"""Under this and the connector's name what is wrong is kept, for people who ask another process."""

NOTED_OF_ENRICHER = "findings of enricher "
FINDINGS_MAX = 50
WORDS_MAX = 300


@dataclass(slots=True)
class _Told:
    """What was told of somebody and isn't over, by what is wrong."""

    world: World
    whose: str
    """`connector` or `enricher`."""

    name: str
    noted_as: str
    wrong: dict[str, Finding] = field(default_factory=dict)
    _noted: bool = False

    async def follow(self, found: Sequence[Finding]) -> bool:
        """Tell what has changed, and keep what is wrong for other processes; whether anything is."""
        wrong = {finding.what: finding for finding in found if not finding.ok}
        whose = {self.whose: self.name}
        for what, finding in wrong.items():
            if what not in self.wrong:
                self.world.log.warning(f"{self.whose}_finding", what=what, hint=finding.hint, **whose)
        for what in self.wrong.keys() - wrong.keys():
            self.world.log.info(f"{self.whose}_finding_over", what=what, **whose)
        if self.wrong != wrong or not self._noted:
            await self.world.store.note(self.noted_as, msgspec.json.encode(list(wrong.values())))
            self._noted = True
        self.wrong = wrong
        return bool(wrong)


@dataclass(slots=True)
class Checkup:
    """A connector's check, again and again."""

    world: World
    link: Link
    _told: _Told = field(init=False)
    _counted_to: int = 0
    """Up to which instant of reading the missed changes have been counted: windows overlap."""

    def __post_init__(self) -> None:
        self._told = _Told(self.world, "connector", self.link.name, f"{NOTED}{self.link.name}")

    async def step(self) -> float:
        """Ask once, unless the connector is paused, and tell what has changed; the seconds until the next time."""
        if await rests(self.world, self.link):
            return AGAIN_S
        found = (*await asked(self.link.connector.check, DEADLINE_S), *await self._missed())
        self.link.findings = found
        soon = await self._told.follow(found) or isinstance(self.link.connector, Listens)
        return (AGAIN_S if soon else EVERY_S) * self.world.rng.uniform(0.9, 1.1)

    async def _missed(self) -> tuple[Finding, ...]:
        """What the webhooks missed in the last whole window; nothing for a connector that isn't both told and asked."""
        link = self.link
        if not link.pushed or not isinstance(link.connector, Pulls):
            return ()
        now = self.world.clock.now()
        report = await reconcile(self.world, link, now - WINDOW_MS, now - LATE_MS)
        missed = report.count("missed")
        news = sum(one.told == "missed" and one.listed.read_at >= self._counted_to for one in report.compared)
        link.count("pushes_missed", news)
        self._counted_to = report.until
        if missed < MISSED_MIN or missed * 2 < len(report.compared):
            return ()
        # Without numbers: it is the same finding as long as it lasts.
        hint = f"{missed} of {len(report.compared)} in an hour: `gateway reconcile {link.name}` lists them"
        return (Finding(False, "its webhooks miss changes", f"{hint}; see whether the webhook is there"),)


@dataclass(slots=True)
class EnricherCheckup:
    """An enricher's check, again and again."""

    world: World
    link: EnricherLink
    _told: _Told = field(init=False)

    def __post_init__(self) -> None:
        self._told = _Told(self.world, "enricher", self.link.name, f"{NOTED_OF_ENRICHER}{self.link.name}")

    async def step(self) -> float:
        """Ask once, and tell what has changed; the seconds until the next time."""
        self.link.findings = await asked(self.link.enricher.check, DEADLINE_S)
        wrong = await self._told.follow(self.link.findings)
        return (AGAIN_S if wrong else EVERY_S) * self.world.rng.uniform(0.9, 1.1)


async def noted_findings(store: Store, name: str, *, enricher: bool = False) -> list[Finding]:
    """What was wrong with the account of a connector, or an enricher, when a gateway last asked, for other processes
    to read."""
    body = await store.noted(f"{NOTED_OF_ENRICHER if enricher else NOTED}{name}")
    return [] if body is None else msgspec.json.decode(body, type=list[Finding])


async def asked(check: Callable[[], Awaitable[Any]], deadline_s: float) -> tuple[Finding, ...]:
    """What a check finds, or why it found nothing, without secrets. Never raises."""
    try:
        async with asyncio.timeout(deadline_s):
            said = await check()
            return tuple(_worded(finding) for finding in list(said)[:FINDINGS_MAX])
    except TimeoutError:
        return (
            Finding(False, f"its check did not end within {deadline_s:g} s", "see whether its vendor can be reached"),
        )
    except VendorError as error:
        return (Finding(False, _words(str(error)), "see whether its vendor can be reached, and its credentials"),)
    except Exception as error:  # a plugin's fault is a finding, and the rest goes on
        what = _words(f"its check raised {type(error).__name__}: {error}")
        return (Finding(False, what, "report it to the plugin's authors"),)


def _worded(finding: Finding) -> Finding:
    return Finding(finding.ok, _words(finding.what), _words(finding.hint))


def _words(text: str) -> str:
    return hide_secrets(text)[:WORDS_MAX]
