"""YAML 1.2 text to nodes that know their places. Reads events, and composes them here, under limits.

Laws. Scalars mean what the YAML 1.2 core schema says (`on`, `08:00` and `1_000` are text), and a plain `2026-12-24` is
a date; a time of day with a date stays text. A key stands once. No tags but the core's, no second document, no alias
inside its own anchor. Limits: 1 MiB of text, 50 levels, 100,000 values after aliases.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)
from ruamel.yaml.reader import ReaderError

from gateway.kernel import yaml_words
from gateway.kernel.problems import Problem, Problems, lines_of, place_of

MAX_BYTES: Final = 1024 * 1024
MAX_DEPTH: Final = 50
MAX_VALUES: Final = 100_000

_NULL = frozenset({"", "~", "null", "Null", "NULL"})
_BOOL = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_INT = re.compile(r"[-+]?[0-9]{1,40}")
_BASED = re.compile(r"0o[0-7]{1,40}|0x[0-9a-fA-F]{1,40}")
_FLOAT = re.compile(
    r"[-+]?(?:\.[0-9]{1,40}|[0-9]{1,40}(?:\.[0-9]{0,40})?)(?:[eE][-+]?[0-9]{1,4})?|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)"
)
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_SURROGATE = re.compile("[\ud800-\udfff]")
_DASH = re.compile(r"((?:.*\s)?-)\s*(?:#.*)?")
_CORE = "tag:yaml.org,2002:"


@dataclass(slots=True, eq=False)
class Node:
    """A value and where it stands: line and column from 1, `start` and `end` as indexes into the text."""

    line: int
    column: int
    start: int
    end: int
    data: Any = None
    style: str = ""
    """Of a scalar: empty if plain, else its quote, or the sign of a block. `{` or `[` for a flow collection."""

    keys: dict[Any, "Node"] = field(default_factory=dict)
    items: dict[Any, "Node"] = field(default_factory=dict)
    """Values by key of a mapping, or by index of a list."""

    in_flow: bool = False
    values: int = 1
    height: int = 1


def read_nodes(text: str, file: str) -> tuple[Node | None, tuple[Problem, ...]]:
    """The root of a YAML text, None if it is empty, and what is wrong with it although it can be read: a key that
    stands twice, a tag that means nothing. Raises Problems where it can't be read to its end."""
    if len(text.encode("utf-8", "surrogatepass")) > MAX_BYTES:
        raise Problems([Problem(file, 1, 1, "too-big", "the file is over 1 MiB; split it")])
    composer = _Composer(text, file)
    return composer.compose(), tuple(composer.problems)


class _Composer:
    """Makes nodes of one text; problems that don't stop the reading gather, and are raised together."""

    def __init__(self, text: str, file: str) -> None:
        self._text = text
        self._file = file
        self._anchors: dict[str, Node | None] = {}
        self.problems: list[Problem] = []
        self._events: Iterator[Any] = iter(())

    def compose(self) -> Node | None:
        root: Node | None = None
        read = False
        try:
            self._events = iter(YAML(typ="safe", pure=True).parse(self._text))
            documents = 0
            for event in self._events:
                if isinstance(event, DocumentStartEvent):
                    documents += 1
                    if documents > 1:
                        self._stop(event, "yaml-syntax", "a second document starts here; put each in a file of its own")
                    root = self._node(next(self._events), depth=1, in_flow=False)
            read = True
        except ReaderError as error:
            place = place_of(self._text, error.position)
            self.problems.append(Problem(self._file, *place, "yaml-syntax", "a character that no YAML file may hold"))
        except MarkedYAMLError as error:
            self.problems.append(self._syntax(error))
        except YAMLError:
            self.problems.append(Problem(self._file, 1, 1, "yaml-syntax", "this is not YAML"))
        except (ValueError, OverflowError):
            # The scanner converts escapes such as \UFFFFFFFF without looking at their range.
            self.problems.append(Problem(self._file, 1, 1, "yaml-syntax", "an escape in quoted text is no character"))
        if not read:
            raise Problems(self.problems)
        return root

    def _syntax(self, error: MarkedYAMLError) -> Problem:
        return Problem(self._file, *yaml_words.place_of(error), "yaml-syntax", yaml_words.words_of(error))

    def _add(self, event: Any, id: str, message: str) -> None:
        mark = event.start_mark
        self.problems.append(Problem(self._file, mark.line + 1, mark.column + 1, id, message))

    def _stop(self, event: Any, id: str, message: str) -> None:
        self._add(event, id, message)
        raise Problems(self.problems)

    def _node(self, event: Any, depth: int, in_flow: bool) -> Node:
        if depth > MAX_DEPTH:
            self._stop(event, "too-deep", f"nested more than {MAX_DEPTH} levels deep")
        if isinstance(event, AliasEvent):
            return self._alias(event, depth)
        anchor = event.anchor
        if anchor is not None:
            self._anchors[anchor] = None
        start, end = event.start_mark, event.end_mark
        node = Node(start.line + 1, start.column + 1, start.index, end.index, in_flow=in_flow)
        if isinstance(event, ScalarEvent):
            node.style = event.style or ""
            node.data = self._scalar(event)
        elif isinstance(event, MappingStartEvent):
            self._mapping(event, node, depth)
        elif isinstance(event, SequenceStartEvent):
            self._sequence(event, node, depth)
        if anchor is not None:
            self._anchors[anchor] = node
        return node

    def _alias(self, event: Any, depth: int) -> Node:
        if event.anchor not in self._anchors:
            message = "no anchor of that name stands before this alias; put a text that begins with * in quotes"
            self._stop(event, "yaml-alias", message)
        node = self._anchors[event.anchor]
        if node is None:
            self._stop(event, "yaml-alias", "this alias stands inside its own anchor")
        assert node is not None  # noqa: S101 - _stop raises
        if depth + node.height - 1 > MAX_DEPTH:
            self._stop(event, "too-deep", f"nested more than {MAX_DEPTH} levels deep through an alias")
        return node

    def _grow(self, event: Any, node: Node, child: Node) -> None:
        node.values += child.values
        node.height = max(node.height, child.height + 1)
        if node.values > MAX_VALUES:
            self._stop(event, "too-big", f"more than {MAX_VALUES:,} values, aliases counted each time")

    def _sequence(self, start: Any, node: Node, depth: int) -> None:
        self._tag(start, "seq")
        node.style = "[" if start.flow_style else ""
        node.data = []
        for event in self._events:
            if isinstance(event, SequenceEndEvent):
                node.end = event.end_mark.index
                return
            child = self._node(event, depth + 1, bool(start.flow_style))
            if _is_nothing(event):
                self._to_dash(child)
            self._grow(event, node, child)
            node.items[len(node.data)] = child
            node.data.append(child.data)

    def _to_dash(self, node: Node) -> None:
        """Give an entry with nothing behind its dash the place of the dash: its own is that of whatever comes next."""
        lines = lines_of(self._text)
        for number in range(min(node.line, len(lines)), 0, -1):
            upto = lines[number - 1][: node.column - 1] if number == node.line else lines[number - 1]
            if dash := _DASH.fullmatch(upto):
                node.line, node.column = number, dash.end(1)
                return
            if upto.strip() and not upto.strip().startswith("#"):
                return

    def _mapping(self, start: Any, node: Node, depth: int) -> None:
        self._tag(start, "map")
        node.style = "{" if start.flow_style else ""
        node.data = {}
        for event in self._events:
            if isinstance(event, MappingEndEvent):
                node.end = event.end_mark.index
                return
            key = self._node(event, depth + 1, bool(start.flow_style))
            value = next(self._events)
            child = self._node(value, depth + 1, bool(start.flow_style))
            if _is_nothing(value):
                # Its own place is that of whatever comes next.
                child.line, child.column = key.line, key.column
            self._grow(event, node, key)
            self._grow(event, node, child)
            if isinstance(key.data, dict | list):
                self._add(event, "bad-key", "a key is text, not a list or a mapping")
            elif key.data in node.data:
                first = node.keys[key.data]
                # Not by its name: a key that is written twice stands in many a file that isn't ours.
                message = f"this key stands twice; the first is at {first.line}:{first.column}"
                self._add(event, "duplicate-key", message)
            else:
                node.keys[key.data] = key
                node.items[key.data] = child
                node.data[key.data] = child.data

    def _tag(self, event: Any, expected: str) -> None:
        if event.ctag is not None and str(event.ctag) not in ("!", _CORE + expected):
            self._add(event, "yaml-tag", "only the tags of YAML's core are understood; leave this one out")

    def _scalar(self, event: Any) -> Any:
        text: str = event.value
        if _SURROGATE.search(text):
            self._add(event, "yaml-syntax", "half of a surrogate pair is no text; write the character itself")
            return ""
        tag = None if event.ctag is None else str(event.ctag)
        if tag in ("!", _CORE + "str") or (tag is None and event.style):
            return text
        value = resolve_plain(text)
        if tag is None:
            return value
        kinds: dict[str, type | tuple[type, ...]] = {
            "null": type(None),
            "bool": bool,
            "int": int,
            "float": (int, float),
        }
        expected = kinds.get(tag.removeprefix(_CORE))
        if expected is None or not isinstance(value, expected) or (isinstance(value, bool) and expected is not bool):
            self._tag(event, "str")
        return value


def _is_nothing(event: Any) -> bool:
    """Whether a value is left out: neither a sign nor an anchor nor a tag stands for it."""
    return isinstance(event, ScalarEvent) and event.start_mark.index == event.end_mark.index and not event.style


def resolve_plain(text: str) -> Any:
    """What a plain scalar means: null, true or false, a number, a date, or else text."""
    if text in _NULL:
        return None
    if text in _BOOL:
        return _BOOL[text]
    if _INT.fullmatch(text):
        return int(text)
    if _BASED.fullmatch(text):
        return int(text, 0)
    if _DATE.fullmatch(text):
        try:
            return date.fromisoformat(text)
        except ValueError:
            return text
    if _FLOAT.fullmatch(text):
        return float(text.replace(".inf", "inf").replace(".Inf", "inf").replace(".INF", "inf").replace(".nan", "nan")
                     .replace(".NaN", "nan").replace(".NAN", "nan"))  # fmt: skip
    return text
