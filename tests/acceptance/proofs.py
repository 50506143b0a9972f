"""What must hold when all is quiet, whatever was done to the gateway meanwhile: each proof gives what is wrong."""

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator

from tests.acceptance.kept import Kept, Story, asked_what_if, verified
from tests.acceptance.process import now_ms
from tests.acceptance.receiver import Receiver, Try


def not_whole(found: Kept, told: Iterable[str], given_up: int = 0) -> Iterator[str]:
    """Every event that was told is in the journal once, and nothing else; every record is through, and came once.
    So many look-ups were given up, and are parked."""
    kept, wanted = Counter(found.events), Counter(told)
    yield from (f"event {id} is lost" for id in wanted - kept)
    yield from (f"event {id} is there that nobody told, or once too often" for id in kept - wanted)
    states = Counter(record.state for record in found.inbox)
    if states["parked"] != given_up or set(states) - {"done", "parked"}:
        yield f"{given_up} records should be parked and all others done: {dict(states)}"
    keys = Counter(record.key for record in found.inbox if record.key is not None)
    yield from (f"record {key} is there {count} times" for key, count in keys.items() if count > 1)


def not_replayed(found: Kept) -> Iterator[str]:
    """Every contact is what its history implies, and just that was said of it."""
    yield from verified(found.database, until=now_ms())


def not_the_same(found: Kept) -> Iterator[str]:
    """What would have been under the policy that is in force is what was: of every contact, stored as it is implied."""
    answer = asked_what_if(found.database)
    if answer is None:
        return
    yield from (f"contact {id} is left out: {why}" for id, why in answer.sides.skipped)
    yield from (f"contact {id} is stored otherwise than its history implies" for id in answer.sides.unlike)
    yield from (f"contact {one.history.id} differs in {', '.join(one.kinds)}" for one in answer.examples)
    if answer.sides.before != answer.sides.after:
        yield "the counts of the same policy differ"


def not_delivered(found: Kept, receiver: Receiver, endpoint: str = "helpdesk") -> Iterator[str]:
    """Every notice came, proved, each time under its own id with its own bytes; and nothing else came."""
    bodies = {one.effect: one.body for one in found.deliveries if one.endpoint == endpoint}
    tries = receiver.by_id()
    states = Counter(one.state for one in found.deliveries if one.endpoint == endpoint)
    if set(states) - {"delivered"}:
        yield f"deliveries to {endpoint} should all be delivered: {dict(states)}"
    yield from (f"notice {id} never came to {endpoint}" for id in sorted(bodies.keys() - tries.keys()))
    yield from (f"notice {id} came to {endpoint} and isn't kept" for id in sorted(tries.keys() - bodies.keys()))
    for id in bodies.keys() & tries.keys():
        if {(one.proved, one.body, one.notice["id"]) for one in tries[id]} != {(True, bodies[id], id)}:
            yield f"notice {id} was not proved, or had other bytes, at one of its tries at {endpoint}"


def out_of_order(found: Kept, receiver: Receiver, endpoint: str = "helpdesk") -> Iterator[str]:
    """Each notice of an endpoint has its own number, from 1 on with no gap, and those of a contact came in order."""
    numbers = sorted(one.sequence for one in found.deliveries if one.endpoint == endpoint)
    if numbers != [*range(1, len(numbers) + 1)]:
        yield f"the numbers of {endpoint} have a gap, or one twice: {numbers}"
    first: dict[str, Try] = {}
    for one in list(receiver.tries):
        first.setdefault(one.id, one)
    came: defaultdict[str, list[int]] = defaultdict(list)
    for one in first.values():
        came[one.contact].append(int(json.loads(one.body)["sequence"]))
    yield from (
        f"notices of {contact} came out of order: {order}" for contact, order in came.items() if order != sorted(order)
    )


def raised(receiver: Receiver) -> Counter[str]:
    """By contact, how many different escalations came."""
    return Counter(contact for contact, _ in {(one.contact, one.id) for one in receiver.of_type("escalation.raised")})


def not_raised_once(receiver: Receiver, due: Iterable[str]) -> Iterator[str]:
    """Whoever is due was escalated, and once."""
    counts = raised(receiver)
    yield from (f"contact {id} was escalated {counts[id]} times" for id in due if counts[id] != 1)


def called_late(found: Kept, within_ms: int) -> Iterator[str]:
    """Who was answered in time, by what the gateway had received, was called late nevertheless."""
    for story in found.stories.values():
        if _answered_in_time(story, within_ms) and story.said("sla.breached"):
            yield f"contact {story.row.id} was answered in time, and called late"


def _answered_in_time(story: Story, within_ms: int) -> bool:
    events = {entry.event.id.rpartition("/")[2]: entry for entry in story.history}
    opened, answer = events.get("contact.opened"), events.get("message.added")
    return opened is not None and answer is not None and answer.received_at <= int(opened.event.at) + within_ms
