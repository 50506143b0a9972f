"""Checks of the way out: what is announced reaches everybody who is to hear it, unchanged, in order, and not too often.

I3 an announcement has exactly its deliveries; I4 each delivery reached its endpoint, always with the same id and bytes,
and nothing else did; I5 what came twice is explained by a fault, and never comes again once its delivery is kept as
done; I6 what an endpoint hears of a contact first comes in the order of its numbers, which have no gaps.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator
from fnmatch import fnmatchcase

from gateway.model.judgement import LedgerEntry
from tests.simulation.laws.kept import Sent
from tests.simulation.laws.scene import Scene, Violation, told
from tests.simulation.laws.troubles import doubled

COMMITTED_WITHIN_MS = 20_000
"""So long after it was heard a delivery's outcome may still be lost by a fault: an answer may take fifteen seconds."""

REFUSALS_MIN = 3
"""So often a receiver has refused what is given up before its time."""

NO_REFUSAL = (410, 429)

CORRECTED = {"sla": "sla.corrected", "escalation": "escalation.cancelled"}


def announcements_have_deliveries(scene: Scene) -> Iterator[Violation]:
    """I3."""
    kept = scene.kept
    sent: dict[str, Counter[str]] = defaultdict(Counter)
    for delivery in kept.deliveries:
        sent[delivery.effect][delivery.endpoint] += 1
    for contact, ledger in sorted(kept.ledger.items()):
        for entry in ledger.values():
            yield from _entry(scene, contact, entry)
    for notice in kept.notices:
        effect = notice.effect
        if not notice.contact.startswith("endpoint:"):
            wanted = _recipients(scene, effect.type, effect.roles)
            if effect.cause not in kept.ledger.get(notice.contact, {}):
                yield Violation("I3", f"{effect.type} {effect.id} was announced, and the ledger doesn't have its cause")
            if sent[effect.id] != wanted and scene.young(notice.created_at):
                to = f"has deliveries to {_list(sent[effect.id])} and must have them to {_list(wanted)}"
                yield Violation("I3", f"{effect.type} {effect.id} of {notice.contact} {to}")
    for delivery in kept.deliveries:
        if not delivery.body:
            yield Violation("I3", f"delivery {delivery.id} has no notice")


def _entry(scene: Scene, contact: str, entry: LedgerEntry) -> Iterator[Violation]:
    """An announcement that goes out at all has one notice more than corrections if it stands, else as many."""
    what = f"{entry.type} {entry.id} of {contact}, at {told(entry.at)},"
    notices = scene.kept.decided.get((contact, entry.id), [])
    said = [notice for notice in notices if notice.effect.type == entry.type]
    taken_back = [notice for notice in notices if notice.effect.type == CORRECTED.get(entry.type.partition(".")[0])]
    if entry.suppressed:
        since = {since for since, _ in scene.policies}
        connector = scene.kept.contacts[contact].strands[0].connector if contact in scene.kept.contacts else ""
        if entry.at >= scene.kept.live_from.get(connector, 0) and entry.at not in since:
            yield Violation("I3", f"{what} is suppressed, for no reason")
        if said and len(said) >= entry.times:
            yield Violation("I3", f"{what} is suppressed and was announced")
        return
    if entry.stands and _recipients(scene, entry.type, entry.roles) and not said and scene.young(entry.at):
        yield Violation("I3", f"{what} stands and was never announced")
    if len(said) > entry.times:
        yield Violation("I3", f"{what} was announced {len(said)} times, not {entry.times}")
    if entry.type in ("sla.warned", "sla.breached", "sla.met", "escalation.raised") and scene.young(entry.at):
        corrections = len(said) - (1 if entry.stands and said else 0)
        recipients = _recipients(scene, CORRECTED[entry.type.partition(".")[0]], ())
        # Said anew at a later instant, its first announcement may be gone for its age.
        whole = len(said) == entry.times or all(scene.young(one.at) for one in scene.kept.history.get(contact, ()))
        if recipients and whole and len(taken_back) != corrections:
            yield Violation("I3", f"{what} was corrected {len(taken_back)} times, not {corrections}")


def _recipients(scene: Scene, type: str, roles: tuple[str, ...]) -> Counter[str]:
    """Who must hear of it, once each. All policies of the simulation have the same roles."""
    named = scene.policies[-1][1]["roles"]
    called = {endpoint for role in roles for endpoint in named[role]["endpoints"]}
    subscribed = {
        name for name, wanted in scene.subscriptions.items() if any(fnmatchcase(type, pattern) for pattern in wanted)
    }
    return Counter(sorted((called & scene.subscriptions.keys()) | subscribed))


def _list(names: Counter[str]) -> str:
    return ", ".join(sorted(names.elements())) or "nobody"


# ── What arrived ─────────────────────────────────────────────────────────────────────────────────────────────────────


def deliveries_arrive(scene: Scene) -> Iterator[Violation]:
    """I4, when all is over."""
    for delivery in scene.kept.deliveries:
        arrivals = [heard for _, heard in scene.heard.get((delivery.endpoint, delivery.effect), [])]
        what = _named(delivery)
        if delivery.state == "delivered":
            if not any(heard.status is not None and 200 <= heard.status < 300 for heard in arrivals):
                yield Violation("I4", f"{what} counts as delivered, and the endpoint never took it")
        elif delivery.state == "dead":
            tried = scene.kept.tries.get(delivery.id, ())
            refused = sum(_refuses(heard.status) for heard in arrivals) >= REFUSALS_MIN
            # A replay has one try; what was delivered before counts as dead if that fails.
            ended = scene.replays(delivery) and any(one.status in range(200, 300) for one in tried)
            if not refused and not ended and scene.young(delivery.created_at):
                yield Violation("I4", f"{what} is dead after {len(tried)} tries: {delivery.last_error}")
        elif delivery.endpoint not in scene.kept.disabled:
            yield Violation("I4", f"{what} never came to its end: {delivery.state}, due {told(delivery.due)}")


def _refuses(status: int | None) -> bool:
    return status is not None and 400 <= status < 500 and status not in NO_REFUSAL


def arrivals_are_sound(scene: Scene) -> Iterator[Violation]:
    """I4, at any instant: what endpoints hear is a delivery of theirs, proved, and the same each time."""
    sent = {(delivery.endpoint, delivery.effect): delivery for delivery in scene.kept.deliveries}
    for (endpoint, id), arrivals in scene.heard.items():
        delivery = sent.get((endpoint, id))
        first = arrivals[0][1]
        if delivery is None:
            if scene.young(first.at):
                yield Violation("I4", f"{endpoint} heard {id} at {told(first.at)}, which is no delivery of its own")
            continue
        for _, heard in arrivals:
            if heard.body != delivery.body:
                yield Violation("I4", f"{_named(delivery)} came at {told(heard.at)} with another body")
            if not heard.proved:
                yield Violation("I4", f"{_named(delivery)} came at {told(heard.at)}, and no signature proves it")


def duplicates_are_explained(scene: Scene) -> Iterator[Violation]:
    """I5, at any instant."""
    for delivery in scene.kept.deliveries:
        arrivals = [heard for _, heard in scene.heard.get((delivery.endpoint, delivery.effect), [])]
        tries = scene.kept.tries.get(delivery.id, ())
        replays = scene.replays(delivery)
        through = [number for number, one in enumerate(tries) if one.status is not None and 200 <= one.status < 300]
        if through and len(tries) - 1 - through[0] > replays:
            when = f"was done at {told(tries[through[0]].at)}, and was tried again at {told(tries[-1].at)}"
            yield Violation("I5", f"{_named(delivery)} {when}")
        arrivals = [heard for heard in arrivals if heard.at <= scene.now - COMMITTED_WITHIN_MS]
        unwritten = len(arrivals) - len(tries) - doubled(scene.witness.faults, delivery.endpoint, delivery.effect)
        if unwritten > 0 and not scene.troubles.slow:
            first, last = arrivals[0].at, arrivals[-1].at
            around = scene.troubles.between(first - COMMITTED_WITHIN_MS, last + COMMITTED_WITHIN_MS)
            # What a disk doesn't take is kept until it does: that explains nothing.
            excuses = [trouble for trouble in around if not trouble.kept]
            if unwritten > len(excuses) and not any(trouble.long for trouble in excuses):
                often = f"came {len(arrivals)} times from {told(first)} to {told(last)}, of {len(tries)} tries"
                yield Violation("I5", f"{_named(delivery)} {often}, and nothing explains it")


def order_is_kept(scene: Scene) -> Iterator[Violation]:
    """I6, at any instant."""
    by_pair: dict[tuple[str, str], list[Sent]] = defaultdict(list)
    numbers: dict[str, list[int]] = defaultdict(list)
    for delivery in scene.kept.deliveries:
        by_pair[delivery.endpoint, delivery.contact].append(delivery)
        numbers[delivery.endpoint].append(delivery.sequence)
    for (endpoint, _), deliveries in sorted(by_pair.items()):
        last: tuple[int, Sent] | None = None
        for delivery in sorted(deliveries, key=lambda one: one.sequence):
            arrivals = scene.heard.get((endpoint, delivery.effect))
            if not arrivals or scene.replays(delivery):
                continue
            place = arrivals[0][0]
            if last is not None and place < last[0]:
                yield Violation("I6", f"{endpoint} heard {_named(delivery)} before {_named(last[1])}")
            last = (place, delivery)
    for endpoint, found in sorted(numbers.items()):
        last_given = scene.kept.sequences.get(endpoint, 0)
        gaps = sorted(set(range(1, last_given + 1)) - set(found))[:5]
        if len(found) != len(set(found)) or max(found) > last_given or (gaps and scene.young(_oldest(scene, endpoint))):
            yield Violation("I6", f"the numbers of {endpoint} up to {last_given} have gaps or repeats: {gaps}")


def _oldest(scene: Scene, endpoint: str) -> int:
    began = [row.stored_at for row in scene.kept.policies if row.stored_at]
    made = [delivery.created_at for delivery in scene.kept.deliveries if delivery.endpoint == endpoint]
    return min([*began, *made], default=scene.now)


def _named(delivery: Sent) -> str:
    return f"{delivery.type} {delivery.effect} ({delivery.endpoint} {delivery.sequence}, of {delivery.contact})"
