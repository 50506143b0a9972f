"""A query string read into a type, strictly: unknown names, names given twice and bad values are refused by name, each
with what to ask instead. A list has its name once for each of its values.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Generic, TypeVar, cast

import msgspec
from msgspec import inspect
from multidict import MultiMapping

from gateway.kernel.problems import did_you_mean
from gateway.model.instant import Instant, parse_instant
from gateway.web.api.problem import Wrong, wrong_query

WORDS_MAX: Final = 50
"""Values of one list."""

UNKNOWN_MAX: Final = 20
"""Unknown names that are told."""

NAME_MAX: Final = 60
"""Characters of an unknown name that are told again."""

TEXT_MAX: Final = 200
"""Characters of a text that says nothing of its length."""

NUMBER_MAX: Final = 2**63 - 1

Q = TypeVar("Q", bound=msgspec.Struct)


class NoQuery(msgspec.Struct, frozen=True):
    """No query at all."""


@dataclass(frozen=True, slots=True)
class Param:
    """One name of a query. `says` is what it may be, for whoever got it wrong; `read` raises ValueError."""

    name: str
    many: bool
    required: bool
    says: str
    read: Callable[[str], Any]


class QueryReader(Generic[Q]):
    """Reads queries of one type. Its fields may be texts, fixed words, numbers, truths, instants, and lists of them."""

    def __init__(self, kind: type[Q]) -> None:
        self._kind = kind
        told = cast(inspect.StructType, inspect.type_info(kind))
        self.params: Mapping[str, Param] = {field.encode_name: _param(field) for field in told.fields}

    def read(self, query: MultiMapping[str]) -> Q:
        """The query as it was asked. Raises Refused with every thing that is wrong."""
        wrongs, values = [], dict[str, Any]()
        if unknown := sorted(set(query) - set(self.params)):
            wrongs += [
                Wrong(f"query.{name[:NAME_MAX]}", self._unknown(name[:NAME_MAX])) for name in unknown[:UNKNOWN_MAX]
            ]
        for param in self.params.values():
            texts = query.getall(param.name, [])
            if not texts and not param.required:
                continue
            try:
                values[param.name] = _values(param, texts)
            except (ValueError, KeyError):
                wrongs.append(Wrong(f"query.{param.name}", f"{param.name} is {param.says}"))
        if wrongs:
            raise wrong_query(wrongs)
        return self._kind(**values)

    def _unknown(self, name: str) -> str:
        if not self.params:
            return f"{name!r} is unknown: this takes no query"
        hint = did_you_mean(name, self.params)
        return f"{name!r} is unknown{hint}" if hint else f"{name!r} is unknown: there are {', '.join(self.params)}"


def _values(param: Param, texts: list[str]) -> Any:
    for text in texts:
        text.encode()  # half a character is a UnicodeEncodeError, which is a ValueError
    if param.many:
        if len(texts) > WORDS_MAX:
            raise ValueError(texts)
        return tuple(dict.fromkeys(param.read(text) for text in texts))
    (text,) = texts
    return param.read(text)


def _param(field: inspect.Field) -> Param:
    kind, many = _bare(field.type), False
    if isinstance(kind, inspect.VarTupleType):
        kind, many = _bare(kind.item_type), True
    read, says = _reader(kind)
    one = f"one {says}, as often as there are values, at most {WORDS_MAX}" if many else f"one {says}"
    return Param(field.encode_name, many, field.required, one, read)


def _bare(kind: inspect.Type) -> inspect.Type:
    """The type without its metadata and without None."""
    if isinstance(kind, inspect.Metadata):
        return _bare(kind.type)
    if isinstance(kind, inspect.UnionType):
        (kind,) = (inner for inner in kind.types if not isinstance(inner, inspect.NoneType))
        return _bare(kind)
    return kind


def _reader(kind: inspect.Type) -> tuple[Callable[[str], Any], str]:
    if isinstance(kind, inspect.IntType):
        least, most = 0 if kind.ge is None else kind.ge, NUMBER_MAX if kind.le is None else kind.le
        return lambda text: _number(text, least, most), f"number from {least} to {most}"
    if isinstance(kind, inspect.BoolType):
        return {"true": True, "false": False}.__getitem__, "word, true or false"
    if isinstance(kind, inspect.LiteralType):
        words = [str(word) for word in kind.values]
        return dict(zip(words, kind.values, strict=True)).__getitem__, f"of {', '.join(words)}"
    if isinstance(kind, inspect.CustomType) and kind.cls is Instant:
        return lambda text: parse_instant(text[:100]), "time such as 2026-03-02T09:00:00Z"
    if isinstance(kind, inspect.StrType):
        least, most = kind.min_length or 0, kind.max_length or TEXT_MAX
        return lambda text: _text(text, least, most), f"text of {least} to {most} characters"
    raise TypeError(f"a query can't have {kind}")


def _number(text: str, least: int, most: int) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 19 and least <= int(text) <= most):
        raise ValueError(text)
    return int(text)


def _text(text: str, least: int, most: int) -> str:
    if not least <= len(text) <= most:
        raise ValueError(text)
    return text
