"""Ask an enricher once, bounded in time, and believe nothing that it gives before it was looked at.

Laws. Whatever it does stays its own: it may raise, hang, give nonsense, or not end when it is told to, and who asked
has an answer within `timeout_s`. What it gives is an instance of its `facts_type` whose fields have their types, in
16 KiB of JSON at most; card numbers in it are hidden. Why there is no answer is said in words without secrets.
"""

import asyncio
from contextlib import suppress
from dataclasses import dataclass
from math import isfinite
from typing import Any, Final

import msgspec

from gateway.engine.acting import in_one_line
from gateway.engine.world import EnricherLink, World
from gateway.kernel.cards import hide_cards
from gateway.kernel.log import hide_secrets
from gateway.model.identity import Customer
from gateway.plugin import AddressRefused, OverBudget, Permanent, Unauthorized, VendorError
from gateway.rules.strain import asked_wait

FACTS_BYTES_MAX: Final = 16_384
NESTED_MAX: Final = 16
"""Lists and objects within one another."""

ENDS_WITHIN_S: Final = 0.1
"""So long a look-up has to end that is told to; its enricher's room is free then, whatever it does."""

REASON_MAX: Final = 300
HIDDEN_IN_MAX: Final = 4_000
"""Characters of an error's text that are looked through."""


@dataclass(frozen=True, slots=True)
class Said:
    """An answer: facts as JSON, and how many card numbers were hidden in them."""

    facts: bytes
    hidden: int = 0


@dataclass(frozen=True, slots=True)
class Unsaid:
    """No answer, and why. The other system fails (`fault`), or works and refuses this (`well`), or neither is known.
    `counted`: it was asked. `asked_s`: so long it is to be left alone."""

    why: str
    fault: bool = False
    well: bool = False
    counted: bool = True
    asked_s: float = 0.0


async def consult(world: World, link: EnricherLink, customer: Customer) -> Said | Unsaid:
    """What an enricher says of a customer, or why nothing. Never raises, hardly waits for longer than its time."""
    said: list[Said | Unsaid] = []
    over = asyncio.Event()

    async def look_up() -> None:
        link.running += 1
        try:
            said.append(await _looked_up(link, customer, world.clock.now()))
        finally:
            link.running -= 1
            over.set()

    # Beside this: one that goes on although it is cancelled must not keep us. It stays among those that run.
    task = world.spawn.task(f"ask {link.name}", look_up())
    try:
        with suppress(TimeoutError):
            async with asyncio.timeout(link.timeout_s):
                await over.wait()
    finally:
        task.cancel()
    if not over.is_set():
        with suppress(TimeoutError):
            async with asyncio.timeout(ENDS_WITHIN_S):
                await over.wait()
        return Unsaid(f"no answer within {link.timeout_s:g} s", fault=True)
    return said[0] if said else Unsaid("its look-up ended itself without an answer")


async def _looked_up(link: EnricherLink, customer: Customer, now: int) -> Said | Unsaid:
    try:
        return _checked(link, await link.enricher.lookup(customer, now))
    except OverBudget as error:
        return Unsaid(_words(error), counted=False, asked_s=asked_wait(error.retry_after_s))
    except VendorError as error:
        well = isinstance(error, Permanent) and not isinstance(error, Unauthorized | AddressRefused)
        return Unsaid(
            _words(error), fault=not well, well=well, asked_s=asked_wait(getattr(error, "retry_after_s", None))
        )
    except (Exception, SystemExit) as error:  # a plugin's fault must stay its own: the question waits, the rest goes on
        return Unsaid(in_one_line(f"the enricher raised {type(error).__name__}: {_words(error)}", REASON_MAX))


def _checked(link: EnricherLink, found: Any) -> Said:
    """The facts as they are kept. Raises for whatever isn't what the enricher has promised, or can't be kept."""
    kind = link.enricher.facts_type
    if not isinstance(found, kind):
        raise TypeError(f"lookup gives a {kind.__name__}, and nothing else")
    plain = msgspec.to_builtins(found, str_keys=True)
    if not isinstance(plain, dict):
        raise TypeError(f"{kind.__name__} isn't written as an object")
    _check_nested(plain, 1)
    msgspec.convert(plain, kind)  # whoever makes a Struct is not asked for the types of its fields
    facts, hidden = hide_cards(msgspec.json.encode(plain))
    if len(facts) > FACTS_BYTES_MAX:
        raise ValueError(f"facts have {FACTS_BYTES_MAX} bytes at most")
    return Said(facts, hidden)


def _check_nested(value: Any, depth: int) -> None:
    if isinstance(value, float) and not isfinite(value):
        raise ValueError("a number of the facts is none")
    if isinstance(value, int) and not -(1 << 63) <= value < 1 << 63:
        raise ValueError("a whole number of the facts doesn't fit into 64 bits")
    if isinstance(value, dict | list):
        if depth > NESTED_MAX:
            raise ValueError(f"facts lie {NESTED_MAX} deep at most")
        for inner in value.values() if isinstance(value, dict) else value:
            _check_nested(inner, depth + 1)


def _words(error: BaseException) -> str:
    """What an error says, in one line and without secrets."""
    try:
        text = str(error)
    except Exception:  # its text is the plugin's, too
        text = ""
    return in_one_line(hide_secrets(text[:HIDDEN_IN_MAX]), REASON_MAX) or type(error).__name__
