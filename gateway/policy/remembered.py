"""Which values conditions read of a contact, as a key: where keys are equal, so are all answers.

Values of different types are never the same: `true` is not 1. What hardly ever comes twice, or costs more to compare
than to judge, has no key; nor has a contact whose texts are long, so that keys stay small.
"""

from collections.abc import Callable, Collection, Iterable
from typing import Any, Final

from gateway.model.contact import Contact, Facts
from gateway.policy.contact_message import FIELDS_MAX, TAGS_MAX

Key = tuple[object, ...]
KeyOf = Callable[[Contact], Key | None]

LENGTH_MAX: Final = 1_000
"""Characters that all texts of a key may have together."""

CUSTOMER: Final = frozenset(("known", "email", "phone", "domain"))
"""What conditions may read of a customer."""

_PLAIN: Final = frozenset(
    ("kind", "channel", "direction", "status", "priority", "group", "assignee", "language", "reopened", "csat")
)
_BESIDE: Final = frozenset(Facts.__struct_fields__)
"""What was decided of the contact, and is no value of its own: it is compared by who asks."""


def key_of(reads: Iterable[str], keys: Collection[str], customer: Collection[str] = CUSTOMER) -> KeyOf | None:
    """What makes the key for conditions that read these fields, of the contact's own `fields` these keys, and these of
    its customer's; None where it isn't worth while."""
    parts: list[Callable[[Contact], Any]] = []
    for name in reads:
        if name in _PLAIN:
            parts.append(_plain(name))
        elif name == "customer":
            parts.append(_customer(tuple(sorted(customer))))
        elif name in _PARTS:
            parts.append(_PARTS[name])
        elif name not in _BESIDE:
            return None
    if keys:
        parts.append(_own(tuple(sorted(keys))))

    def key(contact: Contact) -> Key | None:
        if len(contact.tags) > TAGS_MAX or len(contact.fields) > FIELDS_MAX:
            return None
        values = [part(contact) for part in parts]
        return tuple(values) if _length(values) <= LENGTH_MAX else None

    return key


def _length(values: Iterable[object]) -> int:
    length = 0
    for value in values:
        if isinstance(value, str):
            length += len(value)
        elif isinstance(value, tuple):
            length += _length(value)
    return length


def _plain(name: str) -> Callable[[Contact], Any]:
    return lambda contact: getattr(contact, name)


def _customer(names: tuple[str, ...]) -> Callable[[Contact], Key]:
    return lambda contact: tuple([getattr(contact.customer, name) for name in names])


def _connectors(contact: Contact) -> Key:
    return tuple([strand.connector for strand in contact.strands])


_PARTS: Final[dict[str, Callable[[Contact], Key]]] = {
    "connectors": _connectors,
    "tags": lambda contact: contact.tags,
}


def _own(keys: tuple[str, ...]) -> Callable[[Contact], Key]:
    def values(contact: Contact) -> Key:
        fields = contact.fields
        return tuple([(fields[key].__class__, fields[key]) if key in fields else None for key in keys])

    return values
