"""The question of a try-out: a contact as it opens, at an instant; read from a form's texts or from JSON.

Everything is bounded, and everything that is wrong is told at once, by its field. Unlike an event's, values that a form
gives are text: `true`, `12` and `"12"` in `name=value` mean what they mean in JSON, all else is text.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final

import msgspec

from gateway.kernel.nesting import NESTING_MAX, too_deep
from gateway.kernel.problems import did_you_mean
from gateway.model.event import FieldValue
from gateway.model.identity import Customer
from gateway.model.instant import EARLIEST, format_instant
from gateway.model.words import CHANNELS, DIRECTIONS, KINDS, PRIORITIES, STATUSES, Channel, Direction, Kind, Priority
from gateway.model.words import Status as Status
from gateway.policy.tryout.moment import LATEST_ASKED, read_moment, zone_of
from gateway.rules.notice import NoticeFacts

JSON_MAX: Final = 64 * 1024
"""Bytes of a question in JSON."""

TEXT_MAX: Final = 1_000
"""Characters of one text."""

ITEMS_MAX: Final = 100
"""Tags, fields, and facts of one enricher."""

NAME_MAX: Final = 100
"""Characters of a tag, and of the name of a field."""

WORDS: Final[Mapping[str, tuple[str, ...]]] = {
    "kind": KINDS,
    "channel": CHANNELS,
    "direction": DIRECTIONS,
    "status": STATUSES,
    "priority": PRIORITIES,
}
"""The fields that have one of some words."""

TEXTS: Final = ("subject", "group", "assignee", "language", "connector")
LINES: Final = ("customer", "fields", "facts")
FIELDS: Final = (*WORDS, *TEXTS, "tags", *LINES, "at", "deadline")
"""Everything that can be asked about."""

JUDGED: Final = frozenset(
    (
        *("id", "severity", "severity_rule", "queue", "route", "clocks", "escalations", "refs", "next_due"),
        *("opened_at", "updated_at", "reopened", "cut", "links", "version", "deliveries"),
    )
)
"""What the API tells of a contact beside that: so that one can be pasted, it is passed over."""

_CUSTOMER: Final = ("id", "email", "phone", "name")
_KIND_OF_CHANNEL: Final[Mapping[str, Kind]] = {"phone": "call", "chat": "chat", "in_app": "chat", "social": "mention"}


class Wrong(msgspec.Struct, frozen=True):
    """What is wrong with a field, and what to do; `field` is empty where all of it is wrong."""

    field: str
    why: str


class WrongQuestion(ValueError):
    """A question that can't be answered, with everything that is wrong with it."""

    def __init__(self, wrong: Sequence[Wrong]) -> None:
        super().__init__("; ".join(f"`{one.field}` {one.why}" if one.field else one.why for one in wrong))
        self.wrong = tuple(wrong)


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """A contact as it opens at the instant `at`, in milliseconds since the epoch."""

    at: int
    kind: Kind = "ticket"
    channel: Channel = "email"
    direction: Direction = "inbound"
    status: Status = "new"
    priority: Priority | None = None
    subject: str | None = None
    group: str | None = None
    assignee: str | None = None
    language: str | None = None
    deadline: int | None = None
    connector: str = "events"
    tags: tuple[str, ...] = ()
    fields: dict[str, FieldValue] = {}
    customer: Customer = Customer()
    facts: dict[str, dict[str, Any]] = {}
    """By enricher: what it has answered by then."""


def read_json(content: bytes, now: int) -> Asked:
    """The question in a JSON object; without `at` it is about `now`. Raises WrongQuestion."""
    if len(content) > JSON_MAX:
        raise WrongQuestion([Wrong("", f"it has {len(content)} bytes: at most {JSON_MAX} are read")])
    try:
        value = msgspec.json.decode(content)
    except RecursionError:
        raise WrongQuestion([Wrong("", "its JSON nests too deeply")]) from None
    except (msgspec.MsgspecError, UnicodeError) as error:
        raise WrongQuestion([Wrong("", f"it is no JSON: {error}")]) from None
    return read_values(value, now)


def read_values(value: object, now: int) -> Asked:
    """The question in decoded JSON. Raises WrongQuestion."""
    if isinstance(value, dict) and value.keys() == {"contact"}:
        value = value["contact"]
    if not isinstance(value, dict):
        raise WrongQuestion([Wrong("", 'expected a contact: {"channel": "chat", …}')])
    if too_deep(value):
        raise WrongQuestion([Wrong("", f"it nests deeper than {NESTING_MAX} levels")])
    reader = _Reader(now)
    return reader.question({name: inner for name, inner in value.items() if name not in JUDGED and inner is not None})


def read_form(texts: Mapping[str, str], now: int) -> Asked:
    """The question in the texts of a form: `FIELDS`, with `zone` beside `at`. Empty ones say nothing.

    `tags` are parted by commas or lines; `customer`, `fields` and `facts` are lines of `name=value`, of `facts` the
    name is `enricher.key`. Raises WrongQuestion.
    """
    reader = _Reader(now, texts.get("zone", "").strip())
    given: dict[str, Any] = {}
    for name, text in texts.items():
        if name == "zone" or not text.strip():
            continue
        if name == "tags":
            given[name] = [tag.strip() for tag in text.replace("\n", ",").split(",") if tag.strip()]
        elif name in LINES:
            given[name] = reader.lines(name, text)
        else:
            given[name] = text.strip()
    return reader.question(given)


class _Reader:
    """Reads field by field, and notes what is wrong."""

    def __init__(self, now: int, zone: str = "") -> None:
        self._now = int(now)
        self._zone = zone
        self._wrong: list[Wrong] = []
        try:
            zone_of(zone)
        except ValueError as error:
            self._note("zone", str(error))
            self._zone = ""

    def question(self, given: Mapping[str, Any]) -> Asked:
        found: dict[str, Any] = {}
        reads: Mapping[str, Callable[[str, Any], Any]] = {
            **dict.fromkeys(WORDS, self._word),
            **dict.fromkeys(TEXTS, self._text),
            "tags": self._tags,
            "fields": self._fields,
            "customer": self._customer,
            "facts": self._facts,
            **dict.fromkeys(("at", "deadline"), self._at),
        }
        for name, value in given.items():
            if name not in reads:
                self._note(str(name)[:NAME_MAX], f"is nothing that a contact has{did_you_mean(str(name), reads)}")
            else:
                try:
                    found[name] = reads[name](name, value)
                except ValueError as error:
                    self._note(name, str(error))
        if self._wrong:
            raise WrongQuestion(self._wrong)
        if "kind" not in found and "channel" in found:
            found["kind"] = _KIND_OF_CHANNEL.get(found["channel"], "ticket")
        return Asked(**{"at": self._now, **found})

    def lines(self, name: str, text: str) -> dict[str, Any]:
        """Lines of `name=value`; those of facts parted by enricher."""
        found: dict[str, Any] = {}
        for number, line in enumerate(text.splitlines(), 1):
            key, sign, value = line.partition("=")
            key = key.strip()
            if not line.strip():
                continue
            if not sign or not key:
                self._note(name, f"line {number}: expected name=value")
                continue
            target = found
            if name == "facts":
                enricher, dot, key = key.partition(".")
                if not dot or not key or not enricher:
                    self._note(name, f"line {number}: expected enricher.name=value, such as payments.tier=gold")
                    continue
                target = found.setdefault(enricher, {})
            if key in target:
                self._note(name, f"line {number}: {key[:NAME_MAX]!r} stands twice")
                continue
            target[key] = value.strip() if name == "customer" else _value_of(value.strip())
        return found

    def _note(self, field: str, why: str) -> None:
        self._wrong.append(Wrong(field, why))

    def _word(self, name: str, value: Any) -> str:
        if value not in WORDS[name]:
            hint = did_you_mean(value, WORDS[name]) if isinstance(value, str) else ""
            raise ValueError(f"must be one of {', '.join(WORDS[name])}{hint}")
        return str(value)

    def _text(self, name: str, value: Any) -> str:
        if not isinstance(value, str):
            raise ValueError("must be text")
        if len(value) > TEXT_MAX:
            raise ValueError(f"has {len(value)} characters: at most {TEXT_MAX} are allowed")
        if name == "connector" and not value:
            raise ValueError("must not be empty")
        return value

    def _tags(self, name: str, value: Any) -> tuple[str, ...]:
        if not isinstance(value, list) or not all(isinstance(tag, str) for tag in value):
            raise ValueError("must be a list of texts")
        _few(value)
        for tag in value:
            if len(tag) > NAME_MAX:
                raise ValueError(f"holds a tag of {len(tag)} characters: at most {NAME_MAX} are allowed")
        return tuple(dict.fromkeys(value))

    def _fields(self, name: str, value: Any) -> dict[str, FieldValue]:
        return dict(_pairs(value, plain=True))

    def _customer(self, name: str, value: Any) -> Customer:
        if not isinstance(value, dict):
            raise ValueError(f"must have names and values: {', '.join(_CUSTOMER)}")
        try:
            customer = msgspec.convert(value, Customer)
        except msgspec.ValidationError as error:
            raise ValueError(f"can't be used: {error}; a customer has {', '.join(_CUSTOMER)}") from None
        for text in (customer.id, customer.email, customer.phone, customer.name):
            if text is not None and len(text) > TEXT_MAX:
                raise ValueError(f"holds a text of {len(text)} characters: at most {TEXT_MAX} are allowed")
        _few(customer.handles)
        return customer

    def _facts(self, name: str, value: Any) -> dict[str, dict[str, Any]]:
        if not isinstance(value, dict):
            raise ValueError('must have the facts of each enricher: {"payments": {"tier": "gold"}}')
        _few(value)
        return {
            str(enricher): dict(_pairs(said, plain=False))
            for enricher, facts in value.items()
            if (said := _said(facts)) is not None or facts is None
        }

    def _at(self, name: str, value: Any) -> int:
        if not isinstance(value, str):
            raise ValueError("must be a time, such as 2026-03-02T09:00:00Z")
        instant = read_moment(value, self._zone)
        if not EARLIEST <= instant <= LATEST_ASKED:
            raise ValueError(f"must lie between {format_instant(EARLIEST)} and {format_instant(LATEST_ASKED)}")
        return int(instant)


def _said(facts: Any) -> Any:
    """What an enricher has said, also where it stands as the API tells it: then None where it hasn't answered."""
    is_told = isinstance(facts, dict) and facts.keys() == set(NoticeFacts.__struct_fields__)
    return facts["known"] if is_told else facts


def _few(things: Any) -> None:
    if len(things) > ITEMS_MAX:
        raise ValueError(f"has {len(things)} entries: at most {ITEMS_MAX} are allowed")


def _pairs(value: Any, *, plain: bool) -> Iterator[tuple[str, Any]]:
    """Names and values; `plain`: text, numbers and booleans only."""
    if not isinstance(value, dict):
        raise ValueError("must have names and values")
    _few(value)
    for key, inner in value.items():
        if not 0 < len(key) <= NAME_MAX:
            raise ValueError(f"holds a name of {len(key)} characters: 1 to {NAME_MAX} are allowed")
        if plain and isinstance(inner, dict | list):
            raise ValueError(f"holds more than a text, a number or a boolean under {key!r}")
        if isinstance(inner, str) and len(inner) > TEXT_MAX:
            raise ValueError(f"holds a text of {len(inner)} characters: at most {TEXT_MAX} are allowed")
        yield key, inner


def _value_of(text: str) -> FieldValue:
    """What a value of a form means."""
    try:
        value = msgspec.json.decode(text.encode())
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return text
    return value if isinstance(value, str | bool | int | float) or value is None else text
