"""Checks of the stand-in that a connector brings for its vendor: without it, nothing else can be checked offline."""

import asyncio
from typing import Any
from urllib.parse import urlsplit

from gateway.plugin import encode_event
from gateway.testing.check import NotApplicable, Unmet, check
from gateway.testing.places import where
from gateway.testing.settings import validated
from gateway.testing.subject import Subject

_LOOPBACK = ("127.0.0.1", "localhost", "::1")
_METHODS = ("start", "seed", "act", "fault", "settled", "truth", "stop")


@check("simulator-there", "It brings a simulator of its vendor", level="bronze")
def simulator_there(subject: Subject) -> None:
    """`simulator(settings, seed)` gives a stand-in with all that `Simulator` of the door asks for, and acts.

    Why: no other check can be made offline without it, and nobody who uses the connector can try it safely.
    Mend: begin with what `gateway plugin new` writes; twenty lines of aiohttp are enough for bronze.
    """
    kind = subject.kind
    if "simulates" not in subject.able:
        raise Unmet("it has no `simulator`", where=where(kind))
    made = kind.simulator(None, 1)
    if lacking := [name for name in (*_METHODS, "acts", "faults") if not hasattr(made, name)]:
        raise Unmet(f"the simulator has no `{lacking[0]}`", where=where(type(made)))
    if not made.acts:
        raise Unmet("nothing can happen in the simulator: `acts` is empty", where=where(type(made)))


@check("simulator-works", "The simulator plays, and the connector follows it", level="bronze", needs=("simulates",))
def simulator_works(subject: Subject) -> None:
    """A story with objects and every act is played, and the connector reads it to its end; the settings that `start`
    gives are taken as they are.

    Why: this story is what most checks begin with.
    Mend: see what was raised; `pdb` works, everything runs in this process.
    """
    if subject.material.trouble:
        raise Unmet(f"the story broke off: {subject.material.trouble}", where=where(subject.kind, "simulator"))
    validated(subject.kind, subject.material.values)
    if "receives" in subject.able and not subject.material.requests:
        raise Unmet("no act sent a webhook", where=where(subject.kind, "simulator"))
    if "listens" in subject.able and not subject.material.sent:
        raise Unmet("no act sent anything to where it listens", where=where(subject.kind, "simulator"))
    if not subject.material.records:
        raise Unmet("the story brought no record", where=where(subject.kind, "simulator"))


@check("simulator-clean", "The simulator leaves nothing behind", level="bronze", needs=("simulates",))
async def simulator_clean(subject: Subject) -> None:
    """It listens on loopback only; after `stop` its ports are closed and no task of its own goes on; an unknown
    fault or act is a ValueError.

    Why: demonstrations and tests start dozens of them in one process.
    Mend: cancel and await what you started, and clean up the server's runner in `stop`.
    """
    kind = subject.kind
    before = asyncio.all_tasks()
    async with subject.stage(objects=2) as on:
        values, simulator = dict(on.values), on.simulator
        for method in ("fault", "act"):
            try:
                getattr(simulator, method)("kit_unknown")
            except ValueError:
                continue
            raise Unmet(f"`{method}` takes a name that isn't there", where=where(type(simulator), method))
        await on.acted(*sorted(simulator.acts))
    for _ in range(3):
        await on.clock.sleep(0)
    if left := asyncio.all_tasks() - before:
        name = next(iter(left)).get_name()
        raise Unmet(f"{len(left)} tasks go on after `stop`, one is {name}", where=where(type(simulator), "stop"))
    url = urlsplit(str(values.get("base_url") or ""))
    if not url.hostname:
        return
    if url.hostname not in _LOOPBACK:
        raise Unmet(f"it listens at {url.hostname}", where=where(type(simulator), "start"))
    try:
        _, writer = await asyncio.open_connection(url.hostname, url.port)
    except OSError:
        return
    writer.close()
    raise Unmet(f"port {url.port} is open after `stop`", where=where(kind, "simulator"))


@check("simulator-repeats", "A seed tells the same story again", level="gold", needs=("simulates",))
async def simulator_repeats(subject: Subject) -> None:
    """Two simulators of one seed, with the same objects and acts at the same times, have the same truth.

    Why: a failure that can't be repeated can't be mended.
    Mend: take chance from `Random(seed)` and time from the `now` of `start`, and from nowhere else.
    """
    truths = []
    for _ in range(2):
        async with subject.stage(seed=11, objects=3) as on:
            await on.acted(*sorted(on.simulator.acts))
            truths.append(_bytes(on.simulator.truth()))
    if truths[0] != truths[1]:
        raise Unmet("two simulators of one seed have another truth", where=where(subject.kind, "simulator"))


@check("simulator-faults", "The simulator can be as bad as the vendor", level="gold", needs=("simulates",))
def simulator_faults(subject: Subject) -> None:
    """It knows each fault that the connector's abilities can meet: `lose`, `duplicate` and `reorder` of webhooks or of
    packets, `late_commit` of what is pulled, `revoked` tokens.

    Why: these are the faults that the kit's own transport can't bring about.
    Mend: add the names to `faults` and act on them.
    """
    simulator: Any = subject.kind.simulator(None, 1)
    due = {"lose", "duplicate", "reorder"} if {"receives", "listens"} & set(subject.able) else set()
    due |= {"late_commit"} if "pulls" in subject.able else set()
    due |= {"revoked"} if _has_token(subject) else set()
    if lacking := sorted(due - set(simulator.faults)):
        raise Unmet(f"it knows no fault {lacking[0]!r}", where=where(type(simulator), "fault"))


@check("simulator-truth", "The simulator knows what is true", level="bronze", needs=("simulates",))
async def simulator_truth(subject: Subject) -> None:
    """`truth()` names events of what was seeded, where it can be pulled, and of what happened, each under an id of its
    own; what the acts bring about adds to it.

    Why: what the connector says is compared with it; an empty truth proves nothing.
    Mend: tell it from the account's own state: what a perfect connector must say by now, at least.
    """
    async with subject.stage(objects=3) as on:
        first = on.simulator.truth()
        if not first and "pulls" in subject.able:
            raise Unmet("nothing is true of three objects", where=where(type(on.simulator), "truth"))
        await on.acted(*sorted(on.simulator.acts) * 2)
        second = on.simulator.truth()
        if _bytes(second) == _bytes(first):
            raise Unmet("the acts add nothing to the truth", where=where(type(on.simulator), "truth"))
        ids = [event.id for event in second]
        if "" in ids or len(set(ids)) != len(ids):
            raise Unmet("events of the truth have no id, or share one", where=where(type(on.simulator), "truth"))


def _bytes(events: Any) -> list[bytes]:
    return [encode_event(event) for event in events]


def _has_token(subject: Subject) -> bool:
    try:
        settings = validated(subject.kind, subject.given)
    except NotApplicable:
        return False
    proves = getattr(subject.kind, "auth", None)
    return proves is not None and bool(getattr(proves(settings), "token_url", ""))
