"""Checks of what the gateway concludes: against the reference model, against its own rules from nothing, and in time.

I7 a breach, a raising and a step have their effect once; I8 nothing that must be announced is missing or late, and no
breach is announced that a reply in the inbox had prevented; I10 each contact is as the model says, and as a replay of
its journal says.
"""

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from gateway.engine.verify import judged_by, verdict_of
from gateway.kernel.history import Dossier
from gateway.kernel.store import ContactRow, JournalEntry
from gateway.model.event import decode_event
from gateway.model.identity import StrandKey
from gateway.model.judgement import LedgerEntry
from gateway.rules.timeline import InForce
from tests.simulation.laws.kept import Decided, Entry
from tests.simulation.laws.model import Model, differences
from tests.simulation.laws.scene import Scene, Violation, told
from tests.simulation.world.feed import DEADLINE_S as LOOK_UP_S
from tests.support.policies import loaded

LATE_MS = 15_000
"""What is due is announced within this while nothing is wrong: time is held back by five seconds at most, ten in a
burst."""

LATE_SLOW_MS = 900_000
"""The same where the disk takes seconds for each call."""

LOOK_UP_MS = round(LOOK_UP_S * 1000)

EFFECTS_ONCE = ("sla.warned", "sla.breached", "escalation.raised", "escalation.stepped")
ACTING = ("sla.breached", "escalation.raised", "escalation.stepped")


def effects_come_once(scene: Scene) -> Iterator[Violation]:
    """I7, at any instant: of what stands, no two say the same."""
    for contact, ledger in sorted(scene.kept.ledger.items()):
        seen: dict[tuple[Any, ...], str] = {}
        for entry in ledger.values():
            if entry.type not in EFFECTS_ONCE or not entry.stands:
                continue
            detail = _detail(scene, contact, entry)
            key = (entry.type, entry.rule, entry.at, *(detail.get(name) for name in ("mark", "step", "reminder")))
            if key in seen and detail:
                what = f"{entry.type} by {entry.rule} of {contact} at {told(entry.at)}"
                yield Violation("I7", f"{what} stands twice: {seen[key]} and {entry.id}")
            seen[key] = entry.id


def _detail(scene: Scene, contact: str, entry: LedgerEntry) -> Mapping[str, Any]:
    notices = scene.kept.decided.get((contact, entry.id), [])
    return next((notice.effect.detail for notice in notices if notice.effect.type == entry.type), {})


def model_of(scene: Scene) -> Model:
    """The reference model for the days of a run."""
    instants = [entry.at for entry in scene.kept.journal] or [scene.now]
    return Model(scene.policies, min(instants), max(*instants, scene.now))


def contacts_are_as_expected(scene: Scene, model: Model) -> Iterator[Violation]:
    """I7, I8 and I10 by the reference model."""
    for contact, row in sorted(scene.kept.contacts.items()):
        ledger = scene.kept.ledger.get(contact, {})
        events = [_told(entry) for entry in scene.kept.history.get(contact, [])]
        until = _policies_until(scene, row)
        expected = model.expect(events, scene.now, names=names_of(row, ledger), policies_until=until)
        for line in differences(expected, row):
            yield Violation("I10", f"contact {contact} ({_strand(row)}): {line}")
        said = Counter((entry.at, entry.type, entry.rule) for entry in ledger.values() if entry.stands)
        wanted = Counter(expected.said)
        for at, type, rule in sorted((wanted - said).elements()):
            id = "I8" if type in ACTING else "I10"
            yield Violation(
                id, f"contact {contact} ({_strand(row)}): {type} by {rule or '-'} at {told(at)} is not said"
            )
        for at, type, rule in sorted((said - wanted).elements()):
            id = "I7" if type in ACTING else "I10"
            yield Violation(id, f"contact {contact} ({_strand(row)}): {type} by {rule or '-'} at {told(at)} is wrong")


def policies_judge_what_follows(scene: Scene) -> Iterator[Violation]:
    """I10: all but the first policy are in force from when they came, or from later on."""
    for row in scene.kept.policies[1:]:
        if row.since < row.stored_at:
            yield Violation(
                "I10", f"policy {row.name} came at {told(row.stored_at)} and judges from {told(row.since)} on"
            )


def _policies_until(scene: Scene, row: ContactRow) -> int | None:
    """An ended contact keeps the policy that judged it last; any other is judged by all."""
    if row.state is None or not row.state.contact.ended:
        return None
    return row.state.policy_since


def _told(entry: Entry) -> dict[str, Any]:
    event: dict[str, Any] = json.loads(entry.body)
    return event


def _strand(row: ContactRow) -> str:
    return " ".join(map(str, row.strands))


def names_of(row: ContactRow, ledger: Mapping[str, LedgerEntry]) -> dict[str, tuple[str, int, int]]:
    """What each id of an escalation means: its rule, the instant of its raising, its number among those."""
    carried = [call.id for call in row.state.escalations] if row.state else []
    raised = [id for id, entry in ledger.items() if entry.type == "escalation.raised" and entry.stands]
    found: dict[str, tuple[str, int, int]] = {}
    for id in dict.fromkeys([*(id for id in raised if id not in carried), *carried]):
        if id in ledger:
            cause = (ledger[id].rule, ledger[id].at)
            found[id] = (*cause, sum(known[:2] == cause for known in found.values()))
    return found


def contacts_are_as_replayed(scene: Scene) -> Iterator[Violation]:
    """I10 by the rules themselves: a contact is what its journal says, and what is said of it follows from that; as
    `gateway db verify` finds it."""
    in_force = [InForce(row.since, loaded(row.text).policy) for row in scene.kept.policies]
    for contact in sorted(scene.kept.cards.keys() - scene.kept.contacts.keys()):
        yield Violation("I10", f"contact {contact} has a card and isn't there")
    for contact, row in sorted(scene.kept.contacts.items()):
        policies = judged_by(row.state, in_force)
        verdict = verdict_of(_dossier(scene, row), scene.kept.policies, policies, scene.now, until=scene.now)
        if verdict.awaits and row.state is not None:
            yield Violation("I10", f"contact {contact} is still judged by the policy of {told(row.state.policy_since)}")
            continue
        for one in verdict.differences:
            kept = f"kept {one.kept!r}, replayed {one.replayed!r}"
            since = "" if one.at is None else f" since {told(one.at)}"
            yield Violation("I10", f"contact {contact} ({_strand(row)}): {one.path}: {one.words}{since}; {kept}")


def _dossier(scene: Scene, row: ContactRow) -> Dossier:
    kept = scene.kept
    status, policy_since = kept.columns[row.id]
    return Dossier(
        row=row,
        status=status,
        policy_since=policy_since,
        strands=frozenset(StrandKey(*strand) for strand in kept.strands_of.get(row.id, ())),
        journal=[
            JournalEntry(strand=StrandKey(*entry.strand), event=decode_event(entry.body), received_at=entry.received_at)
            for entry in kept.history.get(row.id, [])
        ],
        ledger=kept.ledger.get(row.id, {}),
        checkpoints=kept.checkpoints.get(row.id, {}),
        card=kept.cards.get(row.id),
    )


# ── In time ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def announcements_are_in_time(scene: Scene) -> Iterator[Violation]:
    """I8: from when something was due, or from when what it follows from was received, to its notice; and never before
    it is due."""
    troubles = scene.troubles
    most = (LATE_SLOW_MS if troubles.slow else LATE_MS) + troubles.skew_ms
    for notice in scene.kept.notices:
        effect = notice.effect
        if notice.created_at < effect.at - troubles.skew_ms:
            when = f"at {told(effect.at)}, was announced at {told(notice.created_at)} already"
            yield Violation("I8", f"{effect.type} by {effect.rule} of {notice.contact}, {when}")
        if effect.type not in ACTING or notice.contact not in scene.kept.contacts:
            continue
        history = scene.kept.history.get(notice.contact, [])
        known = [entry.received_at for entry in history if entry.received_at <= notice.created_at]
        since = max([effect.at, *known])
        # What a look-up brings counts as received when it began, and an answer may take as long as it is waited for.
        looked_up = any(_was_looked_up(scene, entry) for entry in history if entry.received_at == since)
        most_here = most + (LOOK_UP_MS if looked_up else 0)
        excused = troubles.lasting(since - troubles.skew_ms, notice.created_at + troubles.skew_ms)
        if notice.created_at - since > most_here + excused:
            when = f"at {told(effect.at)}, was announced at {told(notice.created_at)}"
            yield Violation("I8", f"{effect.type} by {effect.rule} of {notice.contact}, {when}")


def _was_looked_up(scene: Scene, entry: Entry) -> bool:
    """Whether no row and no post told an event by itself."""
    said = scene.witness.told.get((entry.connector, entry.event))
    return said is not None and said.acked_at is not None and said.received_at is None


def breaches_were_true(scene: Scene, model: Model) -> Iterator[Violation]:
    """I8: a breach follows from what had been received by its deadline, and perhaps something of what came after it
    until the announcement. Else something in the inbox had prevented it."""
    for notice in scene.kept.notices:
        entry = scene.kept.ledger.get(notice.contact, {}).get(notice.effect.cause)
        if notice.effect.type != "sla.breached" or entry is None:
            continue
        unmoved = (
            entry.stands and entry.at == notice.effect.at and len(scene.kept.decided[notice.contact, entry.id]) == 1
        )
        if unmoved or _excused(scene, notice):
            continue  # a breach that stands follows from all that is known
        if not _followed(scene, model, notice):
            due = f"due at {told(notice.effect.at)}, announced at {told(notice.created_at)}"
            what = f"{notice.effect.rule} of {notice.contact}, {due}"
            yield Violation("I8", f"the breach of {what}, had been prevented by what was in the inbox")


def _excused(scene: Scene, notice: Decided) -> bool:
    """Where the clock had jumped, "received by" means nothing; where the disk failed, time is held back for a while
    only. A crash excuses nothing."""
    troubles = scene.troubles
    jumped = troubles.jumped_at is not None and troubles.jumped_at <= notice.created_at + troubles.skew_ms
    return jumped or troubles.slow or _disk_failed(scene, notice)


def _disk_failed(scene: Scene, notice: Decided) -> bool:
    since = notice.effect.at - LATE_MS
    return any(
        ("disk" in fault.kind or "sync" in fault.kind or fault.kind == "pause")
        and since - 3_600_000 <= fault.at <= notice.created_at
        for fault in scene.witness.faults
    )


def _followed(scene: Scene, model: Model, notice: Decided) -> bool:
    history = sorted(scene.kept.history[notice.contact], key=lambda entry: entry.received_at)
    due = notice.effect.at
    later = [entry for entry in history if due < entry.received_at <= notice.created_at]
    known = [entry for entry in history if entry.received_at <= due]
    for count in range(len(later) + 1):
        events = [_told(entry) for entry in (*known, *later[:count])]
        said = model.expect(events, due, policies_until=notice.created_at, ahead=False).said
        if (due, "sla.breached", notice.effect.rule) in said:
            return True
    return False
