"""The smallest universe that still breaks a law: a shorter story, fewer faults, the same seed.

Each kind of fault has chances of its own, so leaving one out moves no other: what is left breaks the law by itself.
"""

from collections.abc import Callable
from dataclasses import replace

from tests.simulation.batch import Chosen
from tests.simulation.life import Outcome, live

DAYS_MIN = 0.1


def shrink(seed: int, chosen: Chosen, tell: Callable[[str], None] = print) -> int:
    """Look for it, and tell its command; 1 if the universe breaks a law at all."""
    found = _lived(seed, chosen)
    if not found.violations:
        tell(f"seed {seed} breaks no law")
        return 0
    law = found.violations[0].id
    tell(f"seed {seed} breaks {law} in a story of {found.days:g} days, with {len(found.swarm.on)} faults")
    chosen = _shorter(seed, replace(chosen, days=found.days), law, tell)
    for fault in found.swarm.on:
        less = replace(chosen, without=(*chosen.without, fault))
        if _breaks(law, _lived(seed, less)):
            chosen = less
            tell(f"without {fault}")
    chosen = _shorter(seed, chosen, law, tell)
    found = _lived(seed, chosen)
    left = ", ".join(found.swarm.on) or "no fault at all"
    tell(f"left: {left}")
    tell(next(str(violation) for violation in found.violations if violation.id == law))
    tell(f"again: {chosen.command(seed)}")
    return 1


def _shorter(seed: int, chosen: Chosen, law: str, tell: Callable[[str], None]) -> Chosen:
    """Half of the story, and half of that, as long as the law stays broken."""
    days = chosen.days or DAYS_MIN
    while days / 2 >= DAYS_MIN:
        less = replace(chosen, days=round(days / 2, 3))
        if not _breaks(law, _lived(seed, less)):
            break
        chosen, days = less, days / 2
        tell(f"in {days:g} days")
    return chosen


def _lived(seed: int, chosen: Chosen) -> Outcome:
    return live(seed, bug=chosen.bug, without=chosen.without, days=chosen.days)


def _breaks(law: str, outcome: Outcome) -> bool:
    return any(violation.id == law for violation in outcome.violations)
