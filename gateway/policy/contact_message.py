"""`contact` as conditions see it: a protobuf message whose type is made when a policy is loaded.

A field that a contact lacks has its type's default, so that reading it never fails. The facts of an enricher have the
types that it declares; those of an enricher whose types aren't known are untyped. Laws of the filling: it never
raises, whatever a vendor sent; at most 64 tags of 100 characters and 100 fields come through; text that is no Unicode
is mended.
"""

import re
from collections.abc import Callable, Collection, Iterable, Mapping
from itertools import islice
from typing import Any, Final

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory, struct_pb2, timestamp_pb2

from gateway.model.contact import Facts
from gateway.model.instant import SECOND_MS
from gateway.policy.facts_types import UNTYPED, FactsType, FactsTypes

TAGS_MAX: Final = 64
TAG_LENGTH_MAX: Final = 100
FIELDS_MAX: Final = 100
VALUES_MAX: Final = 1_000
"""Of one list or mapping inside an enricher's facts."""

PACKAGE: Final = "gateway"
CONTACT: Final = f"{PACKAGE}.Contact"
NO_PRIORITY: Final = "none"
"""How a missing priority reads."""

_Field = descriptor_pb2.FieldDescriptorProto
_TEXT, _WHOLE, _NUMBER, _BOOL = _Field.TYPE_STRING, _Field.TYPE_INT64, _Field.TYPE_DOUBLE, _Field.TYPE_BOOL
_STRUCT: Final = ".google.protobuf.Struct"
_WORDS: Final[Mapping[str, int | str]] = {
    "text": _TEXT,
    "whole": _WHOLE,
    "number": _NUMBER,
    "flag": _BOOL,
    UNTYPED: _STRUCT,
    "anything": ".google.protobuf.Value",
}
_READABLE: Final = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,99}")
_INT64_MAX: Final = 2**63 - 1

_SHAPES: Final[Mapping[str, Mapping[str, tuple[int | str, bool]]]] = {
    "Contact": {
        **dict.fromkeys(("kind", "channel", "direction", "status", "subject", "priority"), (_TEXT, False)),
        "tags": (_TEXT, True),
        **dict.fromkeys(("group", "assignee", "language"), (_TEXT, False)),
        "fields": (_STRUCT, False),
        "opened_at": (".google.protobuf.Timestamp", False),
        "deadline": (".google.protobuf.Timestamp", False),
        "opened_during": (_TEXT, True),
        "reopened": (_WHOLE, False),
        "connectors": (_TEXT, True),
        "customer": (f".{PACKAGE}.Customer", False),
        "csat": (f".{PACKAGE}.Csat", False),
        "facts": (f".{PACKAGE}.Facts", False),
        "severity": (_WHOLE, False),
        "queue": (_TEXT, False),
        "team": (_TEXT, False),
        "tier": (_WHOLE, False),
        "skills": (_TEXT, True),
        "route_priority": (_WHOLE, False),
    },
    "Customer": {"known": (_BOOL, False), **dict.fromkeys(("email", "phone", "domain"), (_TEXT, False))},
    "Csat": {"given": (_BOOL, False), "ratio": (_NUMBER, False)},
}

FIELDS: Final[tuple[str, ...]] = tuple(_SHAPES["Contact"])
"""Every field that `contact` has."""


class ContactMessage:
    """The type of `contact`, and the way from facts to a message of it."""

    def __init__(self, enrichers: FactsTypes) -> None:
        """`enrichers`: the type of each one's facts. One whose name can't stand behind a dot, such as `a-b`, has no
        field."""
        self.pool: Any = descriptor_pool.DescriptorPool()
        for known in (struct_pb2, timestamp_pb2):
            copy = descriptor_pb2.FileDescriptorProto()
            known.DESCRIPTOR.CopyToProto(copy)
            self.pool.Add(copy)
        self._file: Any = descriptor_pb2.FileDescriptorProto(
            name="gateway/contact.proto",
            package=PACKAGE,
            syntax="proto3",
            dependency=["google/protobuf/struct.proto", "google/protobuf/timestamp.proto"],
        )
        self.fields: dict[str, tuple[str, ...]] = {}
        """The fields of each message type, by its full name."""

        self.paths: dict[str, str] = {}
        """How conditions reach a value of each message type, by its full name."""

        for name, shape in _SHAPES.items():
            self._declare(name, shape, "contact" if name == "Contact" else f"contact.{name.lower()}")
        readable = {name: type_ for name, type_ in enrichers.items() if _READABLE.fullmatch(name)}
        facts = {name: self._type(f"contact.facts.{name}", type_) for name, type_ in readable.items()}
        self._declare("Facts", facts, "contact.facts")
        self.pool.Add(self._file)
        self._new: Callable[[], Any] = message_factory.GetMessageClass(self.pool.FindMessageTypeByName(CONTACT))

    def build(self, facts: Facts, names: Iterable[str], keys: Collection[str] = ()) -> Any:
        """A message with the fields `names` filled, and these keys of `fields`; all else keeps its default."""
        message = self._new()
        for name in names:
            _FILL[name](message, facts)
        if keys:
            seen = _fields(facts)
            for key in keys:
                if key in seen:
                    _fill_value(message.fields.fields[key], seen[key], depth=1)
        return message

    def _declare(self, name: str, shape: Mapping[str, tuple[int | str, bool]], path: str) -> None:
        declared = self._file.message_type.add(name=name)
        # Names in JSON, which nobody uses, would clash for `a_b` and `aB`.
        declared.options.deprecated_legacy_json_field_conflicts = True
        for number, (field, (type_, repeated)) in enumerate(shape.items(), start=1):
            label = _Field.LABEL_REPEATED if repeated else _Field.LABEL_OPTIONAL
            added = declared.field.add(name=field, number=number, label=label)
            if isinstance(type_, str):
                added.type, added.type_name = _Field.TYPE_MESSAGE, type_
            else:
                added.type = type_
        self.fields[f"{PACKAGE}.{name}"] = tuple(shape)
        self.paths[f"{PACKAGE}.{name}"] = path

    def _type(self, path: str, type_: FactsType) -> tuple[int | str, bool]:
        """The field type of a type of facts, and whether there are several."""
        if isinstance(type_, str):
            return _WORDS[type_], False
        if isinstance(type_, list):
            return self._type(path, type_[0])[0], True
        fields = {
            name: self._type(f"{path}.{name}", inner) for name, inner in type_.items() if _READABLE.fullmatch(name)
        }
        name = f"Facts{len(self.fields)}"
        self._declare(name, fields, path)
        return f".{PACKAGE}.{name}", False


def _text(value: str | None) -> str:
    if value is None:
        return ""
    return value if value.isascii() else value.encode("utf-8", "replace").decode("utf-8")


def _number(value: int | float) -> float:
    try:
        return float(value)
    except OverflowError:
        return float("inf") if value > 0 else float("-inf")


def _whole(value: int) -> int:
    return max(-_INT64_MAX, min(value, _INT64_MAX))


def _fill_customer(message: Any, facts: Facts) -> None:
    customer, target = facts.contact.customer, message.customer
    target.known = customer.known
    target.email = _text(customer.email)
    target.phone = _text(customer.phone)
    target.domain = _text(customer.domain)


def _fill_csat(message: Any, facts: Facts) -> None:
    message.csat.given = facts.contact.csat.given
    message.csat.ratio = facts.contact.csat.ratio


def _fill_fields(message: Any, facts: Facts) -> None:
    target = message.fields.fields
    for name, value in _fields(facts).items():
        _fill_value(target[_text(name)], value, depth=1)


def _fill_opened_at(message: Any, facts: Facts) -> None:
    _fill_instant(message.opened_at, facts.contact.opened_at)


def _fill_deadline(message: Any, facts: Facts) -> None:
    if facts.contact.deadline is not None:
        message.deadline.SetInParent()
        _fill_instant(message.deadline, facts.contact.deadline)


def _fill_instant(target: Any, instant: int) -> None:
    seconds, milliseconds = divmod(instant, SECOND_MS)
    target.seconds, target.nanos = seconds, milliseconds * 1_000_000


def _fill_facts(message: Any, facts: Facts) -> None:
    declared = message.facts.DESCRIPTOR.fields_by_name
    for enricher, values in facts.contact.facts.items():
        if enricher in declared:
            _fill_message(getattr(message.facts, enricher), values)


def _fill_message(target: Any, values: Any) -> None:
    """Take over what fits the declared types; what doesn't keeps its default."""
    # `has()` of an answer that is empty is true all the same: it was given.
    target.SetInParent()
    if not isinstance(values, Mapping):
        return
    if target.DESCRIPTOR.full_name == "google.protobuf.Struct":
        _fill_struct(target, values, depth=1)
        return
    for name, field in target.DESCRIPTOR.fields_by_name.items():
        value = values.get(name)
        if value is not None:
            _fill_field(target, name, field, value)


def _fill_field(target: Any, name: str, field: Any, value: Any) -> None:
    if field.is_repeated:
        repeated = getattr(target, name)
        for item in list(value)[:VALUES_MAX] if isinstance(value, list | tuple | set | frozenset) else ():
            if field.message_type is not None:
                _fill_inner(repeated.add(), item)
            elif (scalar := _scalar(field.type, item)) is not None:
                repeated.append(scalar)
    elif field.message_type is not None:
        _fill_inner(getattr(target, name), value)
    elif (scalar := _scalar(field.type, value)) is not None:
        setattr(target, name, scalar)


def _fill_inner(target: Any, value: Any) -> None:
    if target.DESCRIPTOR.full_name == "google.protobuf.Value":
        _fill_value(target, value, depth=1)
    else:
        _fill_message(target, value)


def _scalar(type_: int, value: Any) -> Any:
    if type_ == _TEXT and isinstance(value, str):
        return _text(value)
    if type_ == _BOOL and isinstance(value, bool):
        return value
    if type_ == _WHOLE and isinstance(value, int) and not isinstance(value, bool):
        return _whole(value)
    if type_ == _NUMBER and isinstance(value, int | float) and not isinstance(value, bool):
        return _number(value)
    return None


def _fill_struct(target: Any, values: Mapping[Any, Any], depth: int) -> None:
    for name, value in list(values.items())[:VALUES_MAX]:
        _fill_value(target.fields[_text(str(name))], value, depth + 1)


def _fill_value(target: Any, value: Any, depth: int) -> None:
    if isinstance(value, str):
        target.string_value = _text(value)
    elif isinstance(value, bool):
        target.bool_value = value
    elif isinstance(value, int | float):
        target.number_value = _number(value)
    elif isinstance(value, Mapping) and depth < 10:
        target.struct_value.SetInParent()
        _fill_struct(target.struct_value, value, depth)
    elif isinstance(value, list | tuple) and depth < 10:
        target.list_value.SetInParent()
        for item in value[:VALUES_MAX]:
            _fill_value(target.list_value.values.add(), item, depth + 1)
    else:
        target.null_value = 0


def _tags(facts: Facts) -> list[str]:
    return [_text(tag[:TAG_LENGTH_MAX]) for tag in facts.contact.tags[:TAGS_MAX]]


def _fields(facts: Facts) -> Mapping[str, Any]:
    fields = facts.contact.fields
    return fields if len(fields) <= FIELDS_MAX else dict(islice(fields.items(), FIELDS_MAX))


def cut_of(facts: Facts, names: Collection[str]) -> dict[str, int]:
    """How many tags and fields don't come through whole, for conditions that read `names`; only where any don't."""
    contact, cut = facts.contact, {}
    if "tags" in names:
        tags = contact.tags
        count = max(0, len(tags) - TAGS_MAX) + len([tag for tag in tags[:TAGS_MAX] if len(tag) > TAG_LENGTH_MAX])
        if count:
            cut["tags"] = count
    if "fields" in names and len(contact.fields) > FIELDS_MAX:
        cut["fields"] = len(contact.fields) - FIELDS_MAX
    return cut


def _setter(name: str, read: Callable[[Facts], Any]) -> Callable[[Any, Facts], None]:
    return lambda message, facts: setattr(message, name, read(facts))


def _extender(name: str, read: Callable[[Facts], Iterable[str]]) -> Callable[[Any, Facts], None]:
    return lambda message, facts: getattr(message, name).extend(read(facts))


_FILL: Final[Mapping[str, Callable[[Any, Facts], None]]] = {
    "kind": _setter("kind", lambda facts: facts.contact.kind),
    "channel": _setter("channel", lambda facts: facts.contact.channel),
    "direction": _setter("direction", lambda facts: facts.contact.direction),
    "status": _setter("status", lambda facts: facts.contact.status),
    "subject": _setter("subject", lambda facts: _text(facts.contact.subject)),
    "priority": _setter("priority", lambda facts: facts.contact.priority or NO_PRIORITY),
    "tags": _extender("tags", _tags),
    "group": _setter("group", lambda facts: _text(facts.contact.group)),
    "assignee": _setter("assignee", lambda facts: _text(facts.contact.assignee)),
    "language": _setter("language", lambda facts: _text(facts.contact.language)),
    "fields": _fill_fields,
    "opened_at": _fill_opened_at,
    "deadline": _fill_deadline,
    "opened_during": _extender("opened_during", lambda facts: facts.opened_during),
    "reopened": _setter("reopened", lambda facts: _whole(facts.contact.reopened)),
    "connectors": _extender("connectors", lambda facts: dict.fromkeys(s.connector for s in facts.contact.strands)),
    "customer": _fill_customer,
    "csat": _fill_csat,
    "facts": _fill_facts,
    "severity": _setter("severity", lambda facts: facts.severity),
    "queue": _setter("queue", lambda facts: facts.queue),
    "team": _setter("team", lambda facts: facts.team),
    "tier": _setter("tier", lambda facts: facts.tier),
    "skills": _extender("skills", lambda facts: facts.skills),
    "route_priority": _setter("route_priority", lambda facts: facts.route_priority),
}
