"""Ask each connector every hour how its account stands: credentials run out, rights are taken away, webhooks vanish.

What is wrong is told once when it begins and once when it is over, and stands in the connector's findings meanwhile.
"""

import asyncio
from dataclasses import dataclass, field
from typing import Any

from gateway.engine.world import Link, World
from gateway.kernel.log import hide_secrets
from gateway.plugin import Finding, VendorError

EVERY_S = 3_600.0
AGAIN_S = 300.0
"""While something is wrong it is asked more often."""

DEADLINE_S = 60.0
FINDINGS_MAX = 50
WORDS_MAX = 300


@dataclass(slots=True)
class Checkup:
    """A connector's check, again and again; `told` are the findings that have been told and aren't over."""

    world: World
    link: Link
    told: dict[str, Finding] = field(default_factory=dict)

    async def step(self) -> float:
        """Ask once, and tell what has changed; the seconds until the next time."""
        found = await _asked(self.link)
        self.link.findings = found
        wrong = {finding.what: finding for finding in found if not finding.ok}
        for what, finding in wrong.items():
            if what not in self.told:
                self.world.log.warning("connector_finding", connector=self.link.name, what=what, hint=finding.hint)
        for what in self.told.keys() - wrong.keys():
            self.world.log.info("connector_finding_over", connector=self.link.name, what=what)
        self.told = wrong
        return (AGAIN_S if wrong else EVERY_S) * self.world.rng.uniform(0.9, 1.1)


async def _asked(link: Link) -> tuple[Finding, ...]:
    """What the connector's check finds, or why it found nothing. Never raises."""
    try:
        async with asyncio.timeout(DEADLINE_S):
            said: Any = await link.connector.check()
            return tuple(_worded(finding) for finding in list(said)[:FINDINGS_MAX])
    except TimeoutError:
        return (Finding(False, "its check did not end in time", "see whether its vendor can be reached"),)
    except VendorError as error:
        return (Finding(False, _words(str(error)), "see whether its vendor can be reached, and its credentials"),)
    except Exception as error:  # a plugin's fault is a finding, and the rest goes on
        return (
            Finding(False, _words(f"its check raised {type(error).__name__}: {error}"), "report it to its authors"),
        )


def _worded(finding: Finding) -> Finding:
    return Finding(finding.ok, _words(finding.what), _words(finding.hint))


def _words(text: str) -> str:
    return hide_secrets(text)[:WORDS_MAX]
