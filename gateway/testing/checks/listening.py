"""Checks of sockets on which a connector listens: opened, deaf to strangers and nonsense, and never answering."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final

from gateway.kernel.rng import SeededRng
from gateway.kernel.store import Listed
from gateway.testing.check import NotApplicable, Unmet, check
from gateway.testing.ear import Listening, Sent
from gateway.testing.places import told, where, where_raised
from gateway.testing.stage import Reader
from gateway.testing.subject import Subject
from gateway.testing.truth import differing

STRANGER: Final = ("203.0.113.66", 40_000)
"""An address that nobody has allowed."""

FLIPS: Final = 200
"""Datagrams with some of their bits turned over that are heard."""

_LONG: Final = 65_507
"""The longest datagram over IPv4."""


@check("listen-opens", "It listens where its settings say", level="bronze", needs=("listens", "simulates"), since="1.1")
async def listen_opens(subject: Subject) -> None:
    """With the simulator's settings, `listen` opens a socket at least, stays until it is told to end, and then comes
    back within a second.

    Why: a connector that stops listening by itself misses what comes meanwhile; one that won't end is cut off.
    Mend: open the sockets by the ear, then `while not await ear.rest(seconds)`.

    Example::

        async def listen(self, ear: Ear) -> None:
            await ear.udp(self._host, self._port, self._heard)
            while not await ear.rest(0.1):
                await ear.emit(self._news())
    """
    async with subject.stage() as on, subject.reader(on) as ours:
        listening = _listening(ours)
        if not listening.ear.opened:
            raise _unmet(subject, "it opens no socket")
        await ours.hear([])
        if listening.failure is not None:
            raise _raised(subject, "it raises", listening.failure)
        if listening.ended:
            raise _unmet(subject, "it comes back before it is time to end")
        await listening.end()
        if not listening.ended:
            raise _unmet(subject, "told to end, it goes on")
        if listening.failure is not None:
            raise _raised(subject, "told to end, it raises", listening.failure)


@check(
    "listen-offers",
    "What is heard is offered, and offered again",
    level="bronze",
    needs=("listens", "simulates"),
    since="1.1",
)
async def listen_offers(subject: Subject) -> None:
    """What the simulator sends becomes records within seconds. What can't be stored is offered again later; what is
    left when it is time to end is offered then.

    Why: who sends has no acknowledgement and won't repeat it; a full disk or a restart must not lose what was heard.
    Mend: forget only what `emit` has answered True to, and offer all once more before `listen` returns.
    """
    async with subject.stage() as on, subject.reader(on) as clean:
        await on.acted(*sorted(on.simulator.acts) * 2)
        sent = on.sent()
        if not sent:
            raise Unmet("no act sent anything to where it listens", where=where(subject.kind, "simulator"))
        await clean.hear(sent)
        if not await _stored(clean):
            raise _unmet(subject, f"{len(sent)} packets were heard, and nothing is offered")
        await clean.settle()
        due = await clean.contacts()
        async with subject.reader(on) as ours:
            ours.full = True
            await ours.hear(sent)
            ours.full = False
            await ours.hear([])
            await ours.settle()
            if what := differing(await ours.contacts(), due):
                raise _unmet(subject, f"offered in vain, it is not offered again: {what}")
        async with subject.reader(on) as ours:
            await ours.hear(sent, steps=0)
            await _listening(ours).end()
            await ours.settle()
            if what := differing(await ours.contacts(), due):
                raise _unmet(subject, f"heard just before the end, it is not offered: {what}")


@check(
    "listen-hostile",
    "Nonsense is passed over, and never answered",
    level="bronze",
    needs=("listens", "simulates"),
    since="1.1",
)
async def listen_hostile(subject: Subject) -> None:
    """Datagrams that are empty, cut off, turned over bit by bit, as long as can be or of chance make its handlers raise
    nothing and send nothing; afterwards it hears as before.

    Why: anybody may write any sender into a datagram. Whoever answers sends to whom a stranger chooses.
    Mend: read by functions that raise one exception of your own, catch that, count it, and go on.
    """
    async with subject.stage() as on, subject.reader(on) as ours:
        await on.acted(*sorted(on.simulator.acts) * 2)
        sent = on.sent()
        ear = _listening(ours).ear
        ports = [port for port in ear.opened if ear.hears(port)]
        # What the simulator sent says from where one may send.
        source = next((one.source for one in sent), ("127.0.0.1", 40_000))
        for port in ports:
            await ours.hear([Sent("udp", port, source, data) for data in _hostile(sent)], steps=2)
        for kind, data in ((one.kind, data) for one in sent[:1] for data in (b"", b"\x00", b"x" * 5_000)):
            if kind == "tcp":
                await ours.hear([replace(sent[0], source=(source[0], 1), data=data)], steps=2)
        if ear.raised:
            raise _raised(subject, "a hostile packet makes a handler raise", ear.raised[0])
        if ear.answered:
            raise _unmet(subject, f"it answers nonsense with {len(ear.answered[0][0])} bytes")
        if (failure := _listening(ours).failure) is not None:
            raise _raised(subject, "after hostile packets it raises", failure)
        # Time for whoever sent too much to be heard again.
        on.clock.pass_(60)
        await ours.hear(sent)
        if not await _stored(ours):
            raise _unmet(subject, "after hostile packets it hears nothing any more")


@check("listen-strangers", "Strangers are not heard", level="silver", needs=("listens", "simulates"), since="1.1")
async def listen_strangers(subject: Subject) -> None:
    """What the simulator sends, sent from an address that its settings don't name, leaves no record.

    Why: whoever can reach the port could otherwise invent calls.
    Mend: have a setting for the networks that may send, without a default that allows all, and look at `source` first.
    """
    async with subject.stage() as on, subject.reader(on) as ours:
        await on.acted(*sorted(on.simulator.acts) * 2)
        await ours.hear([replace(one, source=STRANGER) for one in on.sent()])
        if records := await _stored(ours):
            raise _unmet(subject, f"a stranger's packets leave {len(records)} records")


async def _stored(ours: Reader) -> list[Listed]:
    return [row for row in await ours.inbox() if row.form == "push"]


def _listening(ours: Reader) -> Listening:
    if ours.listening is None:
        raise NotApplicable("it doesn't listen with these settings")
    return ours.listening


def _hostile(sent: Sequence[Sent]) -> Iterator[bytes]:
    yield from (b"", b"\x00", b"\r\n", b"\xff" * 100, b"x" * _LONG, b"{}", b"[" * 10_000)
    chance = SeededRng(3)
    yield chance.token(64)
    yield chance.token(1_400)
    good = [one.data for one in sent if one.data] or [b"kit"]
    for data in good[:3]:
        yield from (data[:length] for length in range(0, len(data), max(1, len(data) // 40)))
        yield data + data
    for number in range(FLIPS):
        spoilt = bytearray(good[number % len(good)])
        for _ in range(1 + number % 4):
            spoilt[int(chance.uniform(0, len(spoilt) - 1))] ^= 1 << (number % 8)
        yield bytes(spoilt)


def _raised(subject: Subject, what: str, error: BaseException) -> Unmet:
    return Unmet(f"{what} {told(error)}", where=where_raised(subject.kind, error, "listen"))


def _unmet(subject: Subject, what: str) -> Unmet:
    return Unmet(what, where=where(subject.kind, "listen"))
