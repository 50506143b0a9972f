"""Lists as CSV (RFC 4180, UTF-8, a row of heads): for spreadsheets, so no cell is ever taken for a formula.

A column is a field of the list's type, `due.at` a field within a field; a list of texts stands in one cell with spaces
between, a list of objects as its JSON.
"""

import csv
import io
import re
from collections.abc import Iterable, Iterator
from typing import Any, Final

import msgspec
from msgspec import inspect

FORMULA: Final = ("=", "+", "-", "@", "＝", "＋", "－", "＠")
"""With one of these in front (the wide ones in East Asia) a spreadsheet reckons; an apostrophe before it says that it
is text."""

# Where a spreadsheet is set to part cells by semicolons or tabs, and so doesn't see our quotes, a text goes on in a
# cell of its own behind each of them, and behind each end of a line.
_BEGINS: Final = re.compile(rf"^(?=[\t\r\n])|(^|[;\t\r\n])(?=\"*[{re.escape(''.join(FORMULA))}])")


def sheet(kind: type[msgspec.Struct], rows: Iterable[object]) -> bytes:
    """The rows, each of this type or the plain values of it, as a CSV."""
    columns = tuple(_columns(inspect.type_info(kind), ()))
    out = io.StringIO()
    writer = csv.writer(out)  # RFC 4180: commas, CRLF, quotes doubled
    writer.writerow([".".join(column) for column in columns])
    for row in rows:
        values = msgspec.to_builtins(row)
        writer.writerow([cell(_at(values, column)) for column in columns])
    return out.getvalue().encode("utf-8", "replace")


def cell(value: object) -> str:
    """A value as a spreadsheet may have it."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return str(value)
    text = value if isinstance(value, str) else _joined(value)
    return _BEGINS.sub(r"\1'", text)


def _joined(value: object) -> str:
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return " ".join(value)
    return msgspec.json.encode(value).decode() if value else ""


def _columns(kind: inspect.Type, path: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    inner = _struct(kind)
    if inner is None:
        yield path
        return
    for field in inner.fields:
        yield from _columns(field.type, (*path, field.encode_name))


def _struct(kind: inspect.Type) -> inspect.StructType | None:
    if isinstance(kind, inspect.Metadata):
        return _struct(kind.type)
    if isinstance(kind, inspect.UnionType):
        return next((found for inner in kind.types if (found := _struct(inner)) is not None), None)
    return kind if isinstance(kind, inspect.StructType) else None


def _at(values: Any, column: tuple[str, ...]) -> object:
    for name in column:
        values = values.get(name) if isinstance(values, dict) else None
    return values
