"""Checks of what is said against what is true of the simulated account: by pulling, by webhooks, and by any mixture."""

from typing import Any, Final

from gateway.kernel.rng import SeededRng
from gateway.testing.check import NotApplicable, Unmet, check
from gateway.testing.ear import Sent
from gateway.testing.places import where
from gateway.testing.stage import Reader
from gateway.testing.subject import Subject
from gateway.testing.truth import differing, unsaid

STEPS: Final = 8
"""Things that happen in one story of chance."""


@check("truth-pulled", "Pulling tells the truth", level="bronze", needs=("pulls", "simulates"))
async def truth_pulled(subject: Subject) -> None:
    """Without any webhook, the journal holds every event of the simulator's `truth()` under its id, with the content
    that truth gives: of what was there before, of what happens between pulls, and of what happens at the last moment.

    Why: webhooks get lost; what is pulled is what makes them good.
    Mend: the event that is missing or differs is named; see which row it should come from, or yield a `Fetch` for it.
    """
    async with subject.stage(objects=6) as on, subject.reader(on) as ours:
        await ours.sync()
        for place, name in enumerate(sorted(on.simulator.acts) * 2):
            await on.acted(name)
            if place % 3 == 0:
                await ours.sync()  # at once: what the vendor shows late must still be found later
        on.wire.taken()
        on.shown()
        await ours.sync()
        if what := unsaid(on.simulator.truth(), await ours.events()):
            raise Unmet(what, where=where(subject.kind, "pull", "normalize"))


@check("truth-pushed", "Webhooks tell the truth", level="bronze", needs=("receives", "simulates"))
async def truth_pushed(subject: Subject) -> None:
    """Without any pull, webhooks and the look-ups that they ask for tell every event of the truth of what happened.

    Why: this is what makes a contact known in a second instead of a minute.
    Mend: subscribe to what is missing, or yield a `Fetch` where a webhook is too thin.
    """
    async with subject.stage() as on, subject.reader(on) as ours:
        for name in sorted(on.simulator.acts) * 2:
            await on.acted(name)
            await ours.deliver(on.wire.taken())
            await ours.settle()
        await ours.settle()
        if refused := [status for status, _ in ours.answers if status >= 300]:
            raise Unmet(f"a webhook was answered {refused[0]}", where=where(subject.kind, "receive"))
        if what := unsaid(on.simulator.truth(), await ours.events()):
            raise Unmet(what, where=where(subject.kind, "normalize"))


@check("truth-heard", "What it hears tells the truth", level="bronze", needs=("listens", "simulates"), since="1.1")
async def truth_heard(subject: Subject) -> None:
    """From what the simulator sends to its sockets alone, the journal holds every event of the truth of what happened.

    Why: nothing repeats what was sent; what isn't understood at once is never known.
    Mend: the event that is missing or differs is named; see which packet it should come from.
    """
    async with subject.stage() as on, subject.reader(on) as ours:
        for name in sorted(on.simulator.acts) * 2:
            await on.acted(name)
            await ours.hear(on.sent())
            await ours.settle()
        if what := unsaid(on.simulator.truth(), await ours.events()):
            raise Unmet(what, where=where(subject.kind, "tell", "normalize"))


@check(
    "truth-disordered",
    "Doubled and reordered packets end in the same",
    level="silver",
    needs=("listens", "simulates"),
    since="1.1",
)
def truth_disordered(subject: Subject) -> None:
    """In stories of chance, packets come doubled, late and in any order, and the connector is restarted in between; in
    the end every contact is as a clean hearing has it.

    Why: the network keeps no order, capturers repeat themselves, and what was in memory is lost with a process.
    Mend: the story's seed and the first difference are named. The usual cause: a fact depends on what came before it.
    """
    for seed in range(1, subject.seeds + 1):

        async def story(seed: int = seed) -> None:
            await _disordered(subject, seed)

        subject.play(story)


@check(
    "truth-converges",
    "Lost, doubled, late and reordered webhooks end in the same",
    level="silver",
    needs=("simulates",),
)
def truth_converges(subject: Subject) -> None:
    """In stories of chance, webhooks are lost, doubled, delayed and reordered between polls; in the end every contact
    is as a clean and full reading has it; of one that is deleted or merged, only that it is. Where nothing is pulled,
    nothing is lost, and the webhooks in their order decide.

    Why: this is the normal state of the world, and the promise of the whole gateway.
    Mend: the story's seed and the first difference are named. The usual cause: two ways of telling one fact give it
    different ids, or the time of receipt instead of the vendor's.
    """
    if not {"receives", "pulls"} & set(subject.able):
        raise NotApplicable("it neither receives nor pulls")
    for seed in range(1, subject.seeds + 1):

        async def story(seed: int = seed) -> None:
            await _of_chance(subject, seed)

        subject.play(story)


@check("truth-late", "What the vendor shows late is found", level="gold", needs=("pulls", "simulates"))
async def truth_late(subject: Subject) -> None:
    """With the simulator's fault `late_commit`, changes that appear behind the cursor are found all the same.

    Why: vendors' databases commit out of order, and a cursor by time passes what isn't shown yet.
    Mend: ask again for the last stretch before the cursor, or let `lag_s` cover it.
    """
    async with subject.stage(objects=3) as on, subject.reader(on) as ours:
        if "late_commit" not in on.simulator.faults:
            raise NotApplicable("its simulator knows no `late_commit` (simulator-faults)")
        await ours.sync()
        on.simulator.fault("late_commit")
        acts = sorted(on.simulator.acts)
        for names in (acts[place : place + 3] for place in range(0, len(acts), 3)):
            await on.acted(*names)
            on.clock.pass_(20)
            await ours.sync()
        on.simulator.fault("late_commit", on=False)
        for _ in range(5):
            on.clock.pass_(60)
            on.shown()
            await ours.sync()
        if what := unsaid(on.simulator.truth(), await ours.events()):
            raise Unmet(what, where=where(subject.kind, "pull"))


@check("apart", "Two accounts have nothing in common", level="silver", needs=("simulates",))
async def two_apart(subject: Subject) -> None:
    """Two connectors of one plugin at work at once, on two accounts, each tell their own truth and nothing of the
    other.

    Why: companies have several accounts of one vendor; a dictionary on the class or the module mixes them up.
    Mend: keep state in the instance, and better none at all.
    """
    async with subject.stage(seed=1, objects=2) as one, subject.reader(one) as ours:
        await _turns(ours)
        first = await ours.contacts()
    async with subject.stage(seed=2, objects=4) as other, subject.reader(other) as theirs:
        await _turns(theirs)
        second = await theirs.contacts()
    async with (
        subject.stage(seed=1, objects=2) as one,
        subject.stage(seed=2, objects=4) as other,
        subject.reader(one) as ours,
        subject.reader(other) as theirs,
    ):
        await _turns(ours, theirs)
        found = (await ours.contacts(), await theirs.contacts())
    for alone, together in zip((first, second), found, strict=True):
        if what := differing(together, alone):
            raise Unmet(f"beside another account, {what}", where=where(subject.kind))


async def _turns(*readers: Reader) -> None:
    """Everything that can happen, in every account in turn."""
    acts = sorted(readers[0].stage.simulator.acts)
    for names in (acts[place : place + 8] for place in range(0, len(acts), 8)):
        for ours in readers:
            await ours.stage.acted(*names)
            await ours.deliver(ours.stage.wire.taken())
            await ours.hear(ours.stage.sent())
            ours.stage.shown()
            await ours.sync()


async def _of_chance(subject: Subject, seed: int) -> None:
    chance = SeededRng(seed)

    def pick(most: int) -> int:
        return min(int(chance.uniform(0, most)), most - 1)

    pulled = "pulls" in subject.able
    async with subject.stage(seed=seed, objects=pick(3) if pulled else 0) as on:
        acts = sorted(on.simulator.acts)
        kept: list[Any] = []
        held: list[Any] = []
        async with subject.reader(on) as ours, subject.reader(on) as clean:
            await ours.sync()
            await clean.sync()
            for _ in range(STEPS):
                await on.acted(acts[pick(len(acts))])
                came = on.wire.taken()
                kept.extend(came)
                for request in came:
                    if not (pulled and pick(4) == 0):  # a lost one
                        held.insert(pick(len(held) + 1), request)
                    if pick(4) == 0:
                        held.append(request)
                while held and pick(2):
                    await ours.deliver([held.pop(pick(len(held)))])
                on.clock.pass_(pick(40))
                if pulled and pick(3) == 0:
                    await ours.sync()
                elif pick(3) == 0:
                    await ours.settle()
            await ours.deliver(held)
            on.shown()
            await ours.sync()
            if not pulled:
                await clean.deliver(kept)
            await clean.sync()
            found, due = await ours.contacts(), await clean.contacts()
    if what := differing(found, due, ended=False):
        raise Unmet(f"seed {seed}: {what}", where=where(subject.kind, "normalize"))


async def _disordered(subject: Subject, seed: int) -> None:
    chance = SeededRng(seed)

    def pick(most: int) -> int:
        return min(int(chance.uniform(0, most)), most - 1)

    async with subject.stage(seed=seed) as on:
        acts = sorted(on.simulator.acts)
        kept: list[Sent] = []
        async with subject.reader(on) as ours, subject.reader(on) as clean:
            held: list[Sent] = []
            for _ in range(STEPS):
                await on.acted(acts[pick(len(acts))])
                came = on.sent()
                kept += came
                for sent in came:
                    # A connection keeps its order; whatever else comes, in whichever order it likes.
                    held.insert(len(held) if sent.kind == "tcp" else pick(len(held) + 1), sent)
                    if sent.kind == "udp" and pick(4) == 0:
                        held.append(sent)
                some = pick(len(held) + 1)
                await ours.hear(held[:some], steps=pick(4))
                held = held[some:]
                if pick(3) == 0:
                    await ours.settle()
                if pick(4) == 0:
                    await ours.listen_again()
            await ours.hear(held)
            await ours.settle()
            await clean.hear(kept)
            await clean.settle()
            found, due = await ours.contacts(), await clean.contacts()
    if what := differing(found, due):
        raise Unmet(f"seed {seed}: {what}", where=where(subject.kind, "join", "normalize"))
