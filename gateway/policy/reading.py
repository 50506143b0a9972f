"""The values that a condition read of a contact, for people: plain, as the condition saw them, and not too long.

Laws. It never raises, whatever a vendor sent. What a contact lacks is shown as conditions see it (an empty text, the
priority `none`); a key that isn't there is None.
"""

from collections.abc import Callable, Iterable, Mapping
from itertools import islice
from typing import Any, Final

from gateway.model.contact import Facts
from gateway.model.instant import format_instant, format_known
from gateway.policy.checked import Read
from gateway.policy.contact_message import FIELDS, FIELDS_MAX, NO_PRIORITY, TAG_LENGTH_MAX, TAGS_MAX

TEXT_MAX: Final = 200
ITEMS_MAX: Final = 32
"""Of one list or mapping that isn't the tags."""

DEPTH_MAX: Final = 4
READS_MAX: Final = 64
"""Values of one condition."""

CUT: Final = "…"
"""What stands for the rest of a text, a list or a mapping."""

_NUMBER_MAX: Final = 2**63 - 1


def values_read(reads: Iterable[Read], facts: Facts) -> dict[str, Any]:
    """The values by field, or by `field.key` where a condition asks a mapping for one key, and so on."""
    found: dict[str, Any] = {}
    for read in reads:
        for name in (read.field,) if read.field else FIELDS:
            if len(found) >= READS_MAX:
                return found
            _add(found, name, read, facts)
    return found


def _add(found: dict[str, Any], name: str, read: Read, facts: Facts) -> None:
    value = _VALUES[name](facts) if name in _VALUES else getattr(facts.contact, name, None) or ""
    if read.key is not None and isinstance(value, Mapping):
        for key in (read.key, *read.below):
            name, value = f"{name}.{_text(key)}", value.get(key) if isinstance(value, Mapping) else None
        found[name] = plain(value)
    elif name == "tags":
        found[name] = list(value)
    else:
        found[name] = plain(value)


def plain(value: Any, depth: int = 0) -> Any:
    """A value that JSON can have, cut to what people read."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int | float):
        return value if abs(value) <= _NUMBER_MAX else "a number out of range"
    if isinstance(value, str):
        return _text(value)
    if depth >= DEPTH_MAX:
        return CUT
    if isinstance(value, Mapping):
        told = {_text(str(key)): plain(inner, depth + 1) for key, inner in islice(value.items(), ITEMS_MAX)}
        return told if len(value) <= ITEMS_MAX else {**told, CUT: CUT}
    if isinstance(value, list | tuple):
        items = [plain(inner, depth + 1) for inner in value[:ITEMS_MAX]]
        return items if len(value) <= ITEMS_MAX else [*items, CUT]
    return _text(str(value))


def _text(value: str) -> str:
    cut = value if len(value) <= TEXT_MAX else value[: TEXT_MAX - 1] + CUT
    return cut if cut.isascii() else cut.encode("utf-8", "replace").decode("utf-8")


def _fields(facts: Facts) -> Mapping[str, Any]:
    fields = facts.contact.fields
    return fields if len(fields) <= FIELDS_MAX else dict(islice(fields.items(), FIELDS_MAX))


def _customer(facts: Facts) -> dict[str, Any]:
    customer = facts.contact.customer
    given = {"email": customer.email, "phone": customer.phone, "domain": customer.domain}
    return {"known": customer.known, **{name: value or "" for name, value in given.items()}}


_VALUES: Final[Mapping[str, Callable[[Facts], Any]]] = {
    "priority": lambda facts: facts.contact.priority or NO_PRIORITY,
    "tags": lambda facts: [_text(tag[:TAG_LENGTH_MAX]) for tag in facts.contact.tags[:TAGS_MAX]],
    "fields": _fields,
    "facts": lambda facts: facts.contact.facts,
    "deadline": lambda facts: format_known(facts.contact.deadline),
    "opened_at": lambda facts: format_instant(facts.contact.opened_at),
    "opened_during": lambda facts: list(facts.opened_during),
    "reopened": lambda facts: facts.contact.reopened,
    "connectors": lambda facts: list(dict.fromkeys(strand.connector for strand in facts.contact.strands)),
    "customer": _customer,
    "csat": lambda facts: {"given": facts.contact.csat.given, "ratio": facts.contact.csat.ratio},
    "severity": lambda facts: facts.severity,
    "queue": lambda facts: facts.queue,
    "team": lambda facts: facts.team,
    "tier": lambda facts: facts.tier,
    "skills": lambda facts: list(facts.skills),
    "route_priority": lambda facts: facts.route_priority,
}
