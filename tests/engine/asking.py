"""Stories for what-if: the same events told to gateways under different policies, and the question asked of a store."""

import random
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from gateway.engine.whatif import Answer, Inquiry, as_kept, ask, batches_of, kept_policies
from gateway.kernel.crew import OneProcess
from gateway.kernel.ports import Crew
from gateway.kernel.store import Store
from gateway.model.instant import parse_instant
from gateway.policy.load import Loaded, load_policy
from gateway.policy.presets import preset_text
from gateway.policy.whatif.outcome import Window
from gateway.policy.whatif.sums import Sums
from gateway.store.coding import read_recorded
from tests.engine.rig import HOUR, MINUTE, T0, Rig, event

DAY = 24 * HOUR
WHOLE = Window(T0 - DAY, T0 + 2 * DAY)


def preset(name: str) -> Loaded:
    """A preset as a policy of its own."""
    return load_policy(preset_text(name), f"preset:{name}", tests=False)


async def inquiry_of(
    store: Store, new: Loaded, window: Window = WHOLE, *, check: bool = True, now: int = T0
) -> Inquiry:
    """The question whether another policy would have done otherwise."""
    rows = await kept_policies(store)
    return Inquiry(rows, as_kept(new, rows, now), window, dict(await store.live_from()), check)


async def asked(
    store: Store, new: Loaded, window: Window = WHOLE, crew: Crew | None = None, *, shown: int = 5, size: int = 64
) -> Answer:
    """The answer of a store."""
    inquiry = await inquiry_of(store, new, window)
    batches = batches_of(store, window.since, size)
    return await ask(inquiry, batches, crew or OneProcess(), read_recorded, shown=shown)


def total(sums: Sums, *start: str) -> int:
    """All counts whose key begins so."""
    return sum(count for key, count in sums.items() if key[: len(start)] == start)


def by_type(sums: Sums) -> Counter[str]:
    """The notices that go out, by type."""
    return Counter({str(key[1]): count for key, count in sums.items() if key[0] == "notice"})


def stories(seed: int, contacts: int, until: int) -> list[dict[str, Any]]:
    """What happens on some tickets by `until` milliseconds after T0, in the order of time."""
    chance = random.Random(seed)
    told = [one for number in range(contacts) for one in _story(chance, str(number))]
    return sorted((one for one in told if _at(one) <= T0 + until), key=lambda one: (str(one["at"]), str(one["id"])))


def _story(chance: random.Random, ticket: str) -> Iterable[dict[str, Any]]:
    at = chance.randrange(2 * 60) * MINUTE
    channel, kind = chance.choice([("email", "ticket"), ("chat", "chat"), ("phone", "call"), ("social", "mention")])
    opening = {"kind": kind, "channel": channel, "tags": _tags(chance), "customer": {"email": f"c{ticket}@x.example"}}
    yield event("contact.opened", at, ticket, priority=chance.choice(["urgent", "high", "normal", "low"]), **opening)
    for _ in range(chance.randrange(2, 8)):
        at += chance.randrange(1, 90) * MINUTE + chance.randrange(1, 60_000)
        yield chance.choice(
            [
                event("message.added", at, ticket, author={"kind": "customer"}),
                event("message.added", at, ticket, author={"kind": "agent"}),
                event("contact.observed", at, ticket, tags=_tags(chance)),
                event("status.changed", at, ticket, to=chance.choice(["open", "pending", "on_hold", "solved"])),
            ]
        )


def _tags(chance: random.Random) -> list[str]:
    return chance.sample(["fraud", "billing", "payment_error", "tier2", "vip"], 2)


async def live_through(rig: Rig, events: Sequence[dict[str, Any]], until: int) -> None:
    """Tell events to a gateway, each at its instant, and let time pass to `until` milliseconds after T0."""
    for one in events:
        rig.clock.at = max(rig.clock.at, _at(one))
        await rig.told(one)
        await rig.settle()
        await rig.end_millisecond()
    await rig.at(until)


def _at(one: dict[str, Any]) -> int:
    return int(parse_instant(one["at"]))
