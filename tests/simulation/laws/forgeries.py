"""Forgeries: what may be wrong with a run, made in a sound one, and the words in which a checker must tell of it."""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any

import msgspec

from gateway.kernel.board import Carded
from gateway.kernel.store import ContactRow
from gateway.model.judgement import LedgerEntry
from tests.engine.rig import MINUTE, T0
from tests.simulation.laws.kept import Decided, Kept, Sent, Try
from tests.simulation.laws.scene import Scene
from tests.simulation.world import stories
from tests.simulation.world.witness import Heard, Refusal, Told, Witness

Forgery = Callable[[Scene], Scene]


def kept(**parts: Callable[[Kept], Any]) -> Forgery:
    """Other parts of what is kept."""

    def forged(scene: Scene) -> Scene:
        return replace(scene, kept=replace(scene.kept, **{name: make(scene.kept) for name, make in parts.items()}))

    return forged


def changed(rows: Iterable[Any], which: Callable[[Any], bool], **change: Any) -> tuple[Any, ...]:
    """The first row that is meant has other values."""
    found, done = [], False
    for row in rows:
        meant = not done and which(row)
        done = done or meant
        found.append(replace(row, **change) if meant else row)
    assert done, "nothing to forge"
    return tuple(found)


def heard(change: Callable[[list[Heard]], list[Heard]]) -> Forgery:
    """Endpoints have heard something else."""
    return lambda scene: replace(scene, witness=replace(scene.witness, heard=change(list(scene.witness.heard))))


def ledger(which: str, **change: Any) -> Callable[[Kept], Any]:
    """The first entry of this type that stands is another one; with `gone` there is none."""

    def forged(known: Kept) -> Mapping[str, Mapping[str, LedgerEntry]]:
        for contact, entries in known.ledger.items():
            for id, entry in entries.items():
                if entry.type == which and entry.stands and not entry.suppressed:
                    other = {} if change.get("gone") else {id: msgspec.structs.replace(entry, **change)}
                    rest = {name: one for name, one in entries.items() if name != id}
                    return {**known.ledger, contact: {**rest, **other}}
        raise AssertionError("nothing to forge")

    return forged


def contact(which: Callable[[ContactRow], bool], change: Callable[[ContactRow], ContactRow]) -> Callable[[Kept], Any]:
    """The first contact that is meant is another one."""

    def forged(known: Kept) -> Mapping[str, ContactRow]:
        id, row = next((id, row) for id, row in known.contacts.items() if which(row))
        return {**known.contacts, id: change(row)}

    return forged


def is_open(row: ContactRow) -> bool:
    """A contact with a deadline before it."""
    return row.state is not None and not row.state.contact.ended and row.next_due is not None


def cards(**change: Any) -> Callable[[Kept], Any]:
    """The first card is another one, or of another version."""

    def forged(known: Kept) -> Mapping[str, Carded]:
        id, one = next(iter(known.cards.items()))
        if "version" in change:
            return {**known.cards, id: msgspec.structs.replace(one, **change)}
        return {**known.cards, id: msgspec.structs.replace(one, card=msgspec.structs.replace(one.card, **change))}

    return forged


def card_of_an_ended(known: Kept) -> Mapping[str, Carded]:
    """The first card is that of a contact that has ended, too."""
    one = next(iter(known.cards.values()))
    id = next(id for id, row in known.contacts.items() if row.state is not None and row.state.contact.ended)
    return {**known.cards, id: one}


def with_state(**change: Any) -> Callable[[ContactRow], ContactRow]:
    """A contact of which the state is another one."""
    return lambda row: msgspec.structs.replace(row, state=msgspec.structs.replace(row.state, **change))


def breach_late(known: Kept) -> tuple[Decided, ...]:
    """The last breach was announced an hour after all that it follows from."""
    late = known.notices[-1].created_at + stories.HOUR
    return changed(known.notices, lambda notice: notice.effect.type == "sla.breached", created_at=late)


def twice_delivered(known: Kept) -> Mapping[int, tuple[Try, ...]]:
    """A delivery that was through was tried again."""
    (id, tries), *_ = known.tries.items()
    return {**known.tries, id: (*tries, Try(2, tries[0].at + MINUTE, 204))}


def swapped(all_heard: list[Heard]) -> list[Heard]:
    """Two notices of one contact came in the wrong order to one endpoint."""
    for place, first in enumerate(all_heard):
        for other in range(place + 1, len(all_heard)):
            second = all_heard[other]
            if (first.endpoint, _subject(first)) == (second.endpoint, _subject(second)) and first.id != second.id:
                all_heard[place], all_heard[other] = second, first
                return all_heard
    raise AssertionError("nothing to forge")


def _subject(one: Heard) -> str:
    subject: str = json.loads(one.body)["data"]["contact"]["id"]
    return subject


def two_alike(known: Kept) -> Mapping[str, Mapping[str, LedgerEntry]]:
    """A breach stands a second time, under another id."""
    entries = next(
        (name, entry)
        for name, all_of in known.ledger.items()
        for entry in all_of.values()
        if entry.type == "sla.breached" and entry.stands and not entry.suppressed
    )
    name, entry = entries
    return {**known.ledger, name: {**known.ledger[name], "other": msgspec.structs.replace(entry, id="other")}}


def with_notice_of_other(known: Kept) -> tuple[Decided, ...]:
    """The second breach was announced, too."""
    ids = {entry.id for all_of in two_alike(known).values() for entry in all_of.values() if entry.id == "other"}
    breach = next(
        notice
        for name, all_of in known.ledger.items()
        for entry in all_of.values()
        if entry.type == "sla.breached" and entry.stands and not entry.suppressed
        for notice in known.decided[name, entry.id]
    )
    assert ids == {"other"}
    again = msgspec.structs.replace(breach.effect, id="other", cause="other")
    return (*known.notices, Decided(again, breach.contact, breach.created_at))


def no_longer_true(scene: Scene) -> Scene:
    """A reply had been received long before a breach that was announced and taken back."""
    known = scene.kept
    for breach in known.notices:
        if breach.effect.type != "sla.breached" or breach.effect.rule != "chat-first":
            continue
        history = known.history[breach.contact]
        first = history[0]
        at = breach.effect.at - 1
        told = {
            "type": "message.added",
            "id": "in-time",
            "at": stories.format_instant(at),
            "ref": json.loads(first.body)["ref"],
            "author": {"kind": "agent"},
        }
        reply = replace(first, event="in-time", at=at, received_at=at, body=json.dumps(told).encode())
        in_ledger = dict(known.ledger[breach.contact])
        in_ledger[breach.effect.cause] = msgspec.structs.replace(in_ledger[breach.effect.cause], stands=False)
        forged = replace(known, journal=(*known.journal, reply), ledger={**known.ledger, breach.contact: in_ledger})
        return replace(scene, kept=forged)
    raise AssertionError("nothing to forge")


def acknowledged(**change: Any) -> Forgery:
    """Something else was told, and acknowledged."""

    def forged(scene: Scene) -> Scene:
        told = dict(scene.witness.told)
        told["events", "lost"] = Told("events", {"id": "lost"}, acked_at=scene.now, **change)
        return replace(scene, witness=Witness(told, scene.witness.heard, []))

    return forged


def told_otherwise(scene: Scene) -> Scene:
    """An event that was told said something else than the journal."""
    told = dict(scene.witness.told)
    key, one = next(iter(told.items()))
    told[key] = replace(one, event={**one.event, "at": "2026-01-01T00:00:00Z"})
    return replace(scene, witness=Witness(told, scene.witness.heard, []))


def sent_away(status: int) -> Forgery:
    """A sender was told never to send something again."""
    refused = Refusal(T0, "events", "msg_1", status, b"")
    return lambda scene: replace(scene, witness=replace(scene.witness, refused=[refused]))


def untold(scene: Scene) -> Scene:
    """Nobody told the first event."""
    told = dict(list(scene.witness.told.items())[1:])
    return replace(scene, witness=Witness(told, scene.witness.heard, []))


def delivered(one: Sent) -> bool:
    """A delivery that is through."""
    return one.state == "delivered"


def alone(known: Kept) -> tuple[Sent, ...]:
    """One delivery is missing."""
    return known.deliveries[:-1]


FORGERIES: dict[str, tuple[str, str, Forgery]] = {
    "an acknowledged event is lost": ("I1", "is lost", acknowledged()),
    "an event is in the journal twice": ("I1", "2 times", kept(journal=lambda k: (*k.journal, k.journal[0]))),
    "an event that nobody told": ("I1", "nobody told it", untold),
    "an event says something else": ("I1", "as it was told", told_otherwise),
    "an event of no contact": ("I1", "no contact", kept(strands=lambda k: dict(list(k.strands.items())[1:]))),
    "a true request is sent away": ("I1", "was answered 422", sent_away(422)),
    "an unproved request is sent away": ("I1", "was answered 401", sent_away(401)),
    "a record is forgotten": (
        "I2", "is forgotten", kept(inbox=lambda k: changed(k.inbox, lambda row: True, state="leased", due=5)),
    ),
    "a record is parked": (
        "I2", "is parked: why", kept(inbox=lambda k: changed(k.inbox, lambda row: True, state="parked", reason="why")),
    ),
    "a record is there twice": ("I2", "2 times", kept(inbox=lambda k: (*k.inbox, k.inbox[0]))),
    "a record that was sent again is new": (
        "I2", "sent again", kept(inbox=lambda k: (*k.inbox, replace(k.inbox[0], id=0, key="another"))),
    ),
    "a record is done for nothing": ("I2", "is not in the journal", kept(journal=lambda k: k.journal[1:])),
    "a look-up is forgotten": ("I2", "look-up", kept(fetches=lambda k: (("events", 5),))),
    "an announcement has a delivery less": ("I3", "must have them to", kept(deliveries=alone)),
    "an announcement was never made": (
        "I3", "never announced",
        kept(notices=lambda k: tuple(one for one in k.notices if one.effect.type != "sla.breached")),
    ),
    "an announcement is suppressed": ("I3", "no reason", kept(ledger=ledger("sla.breached", suppressed=True))),
    "an announcement is not corrected": ("I3", "corrected 0 times", kept(ledger=ledger("sla.breached", stands=False))),
    "an announcement has no cause": ("I3", "doesn't have its cause", kept(ledger=ledger("sla.breached", gone=True))),
    "a delivery has no notice": (
        "I3", "has no notice", kept(deliveries=lambda k: changed(k.deliveries, delivered, body=b"")),
    ),
    "a delivery was never taken": ("I4", "never took it", heard(lambda all_heard: all_heard[1:])),
    "a delivery waits": (
        "I4", "never came to its end", kept(deliveries=lambda k: changed(k.deliveries, delivered, state="ready")),
    ),
    "a delivery is dead": (
        "I4", "is dead", kept(deliveries=lambda k: changed(k.deliveries, delivered, state="dead")),
    ),
    "a delivery has another body": (
        "I4", "another body", heard(lambda all_heard: [replace(all_heard[0], body=b"{}"), *all_heard[1:]]),
    ),
    "a delivery is not proved": (
        "I4", "no signature", heard(lambda all_heard: [replace(all_heard[0], proved=False), *all_heard[1:]]),
    ),
    "something else was heard": (
        "I4", "no delivery of its own", heard(lambda all_heard: [replace(all_heard[0], id="msg_x"), *all_heard]),
    ),
    "a notice came twice": (
        "I5", "nothing explains it",
        heard(lambda all_heard: [*all_heard, replace(all_heard[0], at=all_heard[0].at + MINUTE)]),
    ),
    "a notice was tried again after its end": ("I5", "was tried again", kept(tries=twice_delivered)),
    "notices came in another order": ("I6", "before", heard(swapped)),
    "a number is missing": (
        "I6", "gaps", kept(sequences=lambda k: {name: last + 1 for name, last in k.sequences.items()}),
    ),
    "a breach stands twice": ("I7", "stands twice", kept(ledger=two_alike, notices=with_notice_of_other)),
    "a breach has no reason": ("I7", "is wrong", kept(ledger=ledger("sla.breached", at=T0))),
    "a breach is not said": ("I8", "is not said", kept(ledger=ledger("sla.breached", gone=True))),
    "a raising is not said": ("I8", "is not said", kept(ledger=ledger("escalation.raised", stands=False))),
    "a breach was announced late": ("I8", "was announced at", kept(notices=breach_late)),
    "a breach had been prevented": ("I8", "had been prevented", no_longer_true),
    "a warning is not said": ("I10", "is not said", kept(ledger=ledger("sla.warned", gone=True))),
    "a contact has another severity": (
        "I10", "severity: stored 9", kept(contacts=contact(is_open, with_state(severity=9))),
    ),
    "a contact has another deadline": (
        "I10", "next_due", kept(contacts=contact(is_open, lambda row: msgspec.structs.replace(row, next_due=1))),
    ),
    "a contact isn't what its journal says": (
        "I10", "state.replied: not what its journal says", kept(contacts=contact(is_open, lambda row: with_state(
            replied=not (row.state and row.state.replied))(row))),
    ),
    "a contact is judged by an old policy": (
        "I10", "still judged", kept(contacts=contact(is_open, with_state(policy_since=0))),
    ),
    "a card is of yesterday": ("I10", "card.severity: not what the state says", kept(cards=cards(severity=9))),
    "a card is of another write": ("I10", "card.version", kept(cards=cards(version=99))),
    "an open contact has no card": ("I10", "card: there is none", kept(cards=lambda k: {})),
    "an ended contact has a card": ("I10", "card: there is one", kept(cards=card_of_an_ended)),
    "a card of nobody": (
        "I10", "has a card and isn't there", kept(cards=lambda k: {**k.cards, "con_x": next(iter(k.cards.values()))}),
    ),
    "a contact was lost": ("I10", "not kept", kept(contacts=lambda k: dict(list(k.contacts.items())[1:]))),
    "a contact is unopened": (
        "I10", "unopened", kept(contacts=contact(is_open, lambda row: msgspec.structs.replace(row, state=None))),
    ),
    "what is said doesn't follow": ("I10", "doesn't follow", kept(ledger=two_alike)),
    "the inbox has more than was told": ("I10", "nobody told it", untold),
}  # fmt: skip
