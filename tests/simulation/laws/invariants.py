"""Every law that a run must have kept, checked from outside: what was told, what was heard, what is kept.

Laws. A checker takes a scene and gives what is broken, in words that need no seed: which contact, which effect, which
instants. Those of `ALWAYS` hold at any instant at which a snapshot can be taken; all others when the run is over, all
faults are healed and nothing is left to do.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import chain

from tests.simulation.laws import inward, judged, outward, restraint
from tests.simulation.laws.kept import Connection
from tests.simulation.laws.scene import Scene as Scene
from tests.simulation.laws.scene import Violation as Violation

Checker = Callable[[Scene], Iterator[Violation]]

ALWAYS: tuple[Checker, ...] = (
    outward.arrivals_are_sound,
    outward.duplicates_are_explained,
    outward.order_is_kept,
    judged.effects_come_once,
)

AT_THE_END: tuple[Checker, ...] = (
    inward.acknowledged_is_kept,
    inward.requests_are_taken,
    inward.records_end,
    inward.sums_match,
    outward.announcements_have_deliveries,
    outward.deliveries_arrive,
    restraint.endpoints_are_left_alone,
    *ALWAYS,
    judged.announcements_are_in_time,
    judged.policies_judge_what_follows,
    judged.contacts_are_as_replayed,
)

leases_are_young = inward.leases_are_young


def violations(scene: Scene) -> list[Violation]:
    """Everything that is broken when a run is over."""
    model = judged.model_of(scene)
    found = chain(
        *(check(scene) for check in AT_THE_END),
        judged.contacts_are_as_expected(scene, model),
        judged.breaches_were_true(scene, model),
    )
    return sorted(set(found))


def violations_so_far(scene: Scene) -> list[Violation]:
    """What is broken already, at any instant."""
    return sorted(set(chain(*(check(scene) for check in ALWAYS))))


def secrets_are_nowhere(
    secrets: Iterable[str], connection: Connection, logged: Iterable[str] = (), files: Mapping[str, bytes] | None = None
) -> Iterator[Violation]:
    """I12: none of the secrets stands in any row, any line of the log, or the bytes of any file."""
    wanted = [(secret, secret.encode()) for secret in secrets]
    lines = list(logged)
    tables = [
        name for (name,) in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name")
    ]
    for table in tables:
        for row in connection.execute(f'SELECT * FROM "{table}"'):
            for value in row:
                held = value.encode() if isinstance(value, str) else bytes(value) if isinstance(value, bytes) else b""
                for secret, sought in wanted:
                    if sought in held:
                        yield Violation("I12", f"table {table} holds {secret[:6]}…, which is secret")
    for secret, sought in wanted:
        for line in lines:
            if secret in line:
                yield Violation(
                    "I12", f"the log holds {secret[:6]}…, which is secret: {line.replace(secret, '…')[:200]}"
                )
        for name, held in sorted((files or {}).items()):
            if sought in held:
                yield Violation("I12", f"file {name} holds {secret[:6]}…, which is secret")


def back_to_base(base: Mapping[str, int], present: Mapping[str, int]) -> Iterator[Violation]:
    """I13 and I14: tasks, requests under way and whatever else is counted are no more than in the beginning."""
    for name in sorted(present):
        if present[name] > base.get(name, 0):
            yield Violation("I13", f"{name}: {present[name]}, and {base.get(name, 0)} in the beginning")


def told_of(found: Sequence[Violation], most: int = 20) -> str:
    """Violations in words, a line each."""
    lines = [str(violation) for violation in found[:most]]
    return "\n".join([*lines, *([f"and {len(found) - most} more"] if len(found) > most else [])])
