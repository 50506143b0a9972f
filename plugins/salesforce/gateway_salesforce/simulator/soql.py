"""Reads SOQL, as far as somebody needs who reads cases: a text becomes a `Query`, or a SoqlError.

Laws. Words of the language are read whatever their case. AND beside OR without parentheses is malformed, as Salesforce
has it. Whatever the text, it is read in the time of its length; LENGTH_MAX, DEPTH_MAX and SUBQUERIES_MAX bound the
rest.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from gateway.plugin import parse_instant

LENGTH_MAX: Final = 100_000
DEPTH_MAX: Final = 32
SUBQUERIES_MAX: Final = 20
LIMIT_MAX: Final = 50_000

Path = tuple[str, ...]
"""A field's name behind the relationships that lead to it."""

Value = str | int | float | bool | None

_TOKEN: Final = re.compile(
    r"\s+|(?P<text>'(?:[^'\\]|\\.)*')"
    r"|(?P<instant>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:?\d\d))|(?P<date>\d{4}-\d\d-\d\d)"
    r"|(?P<number>[+-]?\d+(?:\.\d+)?)|(?P<name>[A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z_][A-Za-z0-9_]*)*)"
    r"|(?P<sign><=|>=|!=|<>|[=<>(),])",
    re.ASCII | re.DOTALL,
)
_ESCAPES: Final = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f", "'": "'", '"': '"', "\\": "\\"}
_SIGNS: Final = frozenset({"=", "!=", "<", "<=", ">", ">="})
_RESERVED: Final = frozenset({"from", "where", "order", "limit", "offset", "and", "or", "not", "select", "in", "like"})


class SoqlError(Exception):
    """A query that Salesforce refuses: its code, and why."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code, self.message = code, message


@dataclass(frozen=True, slots=True)
class Literal:
    """A value as it was written: `kind` is text, instant, date, number, boolean or null."""

    kind: str
    value: Value


@dataclass(frozen=True, slots=True)
class Comparison:
    """A field against values: `sign` is one of =, !=, <, <=, >, >=, in, not in, like."""

    path: Path
    sign: str
    values: tuple[Literal, ...]


@dataclass(frozen=True, slots=True)
class Joined:
    """Conditions that all hold, or one of them."""

    all: bool
    parts: tuple["Condition", ...]


@dataclass(frozen=True, slots=True)
class Negated:
    """What doesn't hold."""

    part: "Condition"


Condition = Comparison | Joined | Negated


@dataclass(frozen=True, slots=True)
class Sorting:
    """By which field, and which way."""

    path: Path
    descending: bool
    nulls_first: bool


@dataclass(frozen=True, slots=True)
class Query:
    """What is asked for. `count`: only how many there are."""

    object: str
    fields: tuple["Path | Query", ...]
    where: Condition | None = None
    order: tuple[Sorting, ...] = ()
    limit: int | None = None
    offset: int = 0
    count: bool = False


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str

    @property
    def word(self) -> str:
        """What it is in lower case, if it may be a word of the language."""
        return self.text.lower() if self.kind == "name" else self.text if self.kind == "sign" else ""


_END: Final = _Token("end", "")


def parse(text: str) -> Query:
    """Read a query. Raises SoqlError."""
    if len(text) > LENGTH_MAX:
        raise SoqlError("QUERY_TOO_COMPLICATED", f"SOQL statements cannot be longer than {LENGTH_MAX} characters.")
    reader = _Reader(list(_tokens(text)))
    query = reader.query(nested=False)
    reader.expect_end()
    return query


def malformed(why: str) -> SoqlError:
    """A text that is no query."""
    return SoqlError("MALFORMED_QUERY", why)


def _tokens(text: str) -> Iterator[_Token]:
    at = 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            raise malformed(f"line 1:{at} no viable alternative at character {text[at]!r}")
        if match.lastgroup is not None:
            yield _Token(match.lastgroup, match.group())
        at = match.end()


class _Reader:
    """Goes through a query's tokens."""

    def __init__(self, tokens: list[_Token]) -> None:
        self._tokens, self._at = tokens, 0

    def query(self, *, nested: bool) -> Query:
        """SELECT … FROM … and what may follow."""
        self._need("select")
        fields, count = self._fields(nested=nested)
        self._need("from")
        object = self._name("an object")
        where = self._condition(0) if self._take("where") else None
        order = self._order() if self._take("order") else ()
        limit = self._number("limit", LIMIT_MAX) if self._take("limit") else None
        offset = self._number("offset", 2_000) if self._take("offset") else 0
        return Query(object, fields, where, order, limit, offset, count)

    def expect_end(self) -> None:
        """Nothing may follow."""
        if self._next is not _END:
            raise malformed(f"unexpected token: '{self._next.text[:40]}'")

    @property
    def _next(self) -> _Token:
        return self._tokens[self._at] if self._at < len(self._tokens) else _END

    def _take(self, word: str) -> bool:
        if self._next.word != word:
            return False
        self._at += 1
        return True

    def _need(self, word: str) -> None:
        if not self._take(word):
            found = self._next.text[:40] or "<EOF>"
            raise malformed(f"unexpected token: '{found}', expecting '{word}'")

    def _name(self, what: str) -> str:
        token = self._next
        if token.kind != "name" or token.word in _RESERVED:
            raise malformed(f"unexpected token: '{token.text[:40] or '<EOF>'}', expecting {what}")
        self._at += 1
        return token.text

    def _fields(self, *, nested: bool) -> tuple[tuple[Path | Query, ...], bool]:
        found: list[Path | Query] = []
        while True:
            if self._take("("):
                if nested:
                    raise malformed("nesting of semi join sub-selects is not supported")
                found.append(self.query(nested=True))
                self._need(")")
            else:
                name = self._name("a field")
                if name.lower() == "count" and self._take("("):
                    self._need(")")
                    if found:
                        raise malformed("count() must be alone in the SELECT list")
                    return (), True
                found.append(tuple(name.split(".")))
            if not self._take(","):
                break
        if sum(isinstance(one, Query) for one in found) > SUBQUERIES_MAX:
            raise malformed(f"too many sub-selects: at most {SUBQUERIES_MAX}")
        return tuple(found), False

    def _condition(self, depth: int) -> Condition:
        """Conditions that are joined by one word."""
        parts, joints = [self._part(depth)], set()
        while self._next.word in ("and", "or"):
            joints.add(self._next.word)
            if len(joints) > 1:
                raise malformed(f"unexpected token: '{self._next.text}'")
            self._at += 1
            parts.append(self._part(depth))
        return Joined(all="and" in joints, parts=tuple(parts)) if joints else parts[0]

    def _part(self, depth: int) -> Condition:
        if depth > DEPTH_MAX:
            raise SoqlError("QUERY_TOO_COMPLICATED", "Query is either selecting too many fields or is too complicated.")
        if self._take("not"):
            return Negated(self._part(depth + 1))
        if self._take("("):
            found = self._condition(depth + 1)
            self._need(")")
            return found
        return self._comparison()

    def _comparison(self) -> Comparison:
        path = tuple(self._name("a field").split("."))
        token = self._next
        sign = "!=" if token.text == "<>" else token.word
        self._at += 1
        if sign in _SIGNS or sign == "like":
            return Comparison(path, sign, (self._literal(),))
        if sign == "not":
            self._need("in")
        elif sign != "in":
            raise malformed(f"unexpected token: '{token.text[:40] or '<EOF>'}', expecting an operator")
        self._need("(")
        values = [self._literal()]
        while self._take(","):
            values.append(self._literal())
        self._need(")")
        return Comparison(path, "in" if sign == "in" else "not in", tuple(values))

    def _literal(self) -> Literal:
        token = self._next
        self._at += 1
        match token.kind:
            case "text":
                return Literal("text", _unescaped(token.text[1:-1]))
            case "instant":
                return Literal("instant", _instant(token.text))
            case "date":
                return Literal("date", token.text)
            case "number":
                return Literal("number", float(token.text) if "." in token.text else int(token.text[:40]))
        if token.word in ("true", "false"):
            return Literal("boolean", token.word == "true")
        if token.word == "null":
            return Literal("null", None)
        raise malformed(f"unexpected token: '{token.text[:40] or '<EOF>'}', expecting a value")

    def _order(self) -> tuple[Sorting, ...]:
        self._need("by")
        found = []
        while True:
            path = tuple(self._name("a field").split("."))
            descending = self._take("desc")
            if not descending:
                self._take("asc")
            first = True
            if self._take("nulls"):
                first = not self._take("last")
                if first:
                    self._need("first")
            found.append(Sorting(path, descending, first))
            if not self._take(","):
                return tuple(found)

    def _number(self, what: str, most: int) -> int:
        token = self._next
        self._at += 1
        if token.kind != "number" or not token.text.isdigit() or len(token.text) > 9:
            raise malformed(f"unexpected token: '{token.text[:40] or '<EOF>'}', expecting the number of {what}")
        if int(token.text) > most:
            raise SoqlError("NUMBER_OUTSIDE_VALID_RANGE", f"{what} must not be more than {most}")
        return int(token.text)


def _unescaped(text: str) -> str:
    if "\\" not in text:
        return text

    def one(match: re.Match[str]) -> str:
        if match[1] not in _ESCAPES:
            raise malformed(f"Illegal escape sequence '\\{match[1]}' in character literal")
        return _ESCAPES[match[1]]

    return re.sub(r"\\(.)", one, text, flags=re.DOTALL)


def _instant(text: str) -> int:
    try:
        return int(parse_instant(text))
    except ValueError as error:
        raise malformed(f"'{text}' is no valid instant") from error
