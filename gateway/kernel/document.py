"""A YAML file with places: its data as plain values, and for everything that is wrong in it file, line and column.

The policy and the configuration are read through it. Laws: every error at once; no message holds a value that could be
a secret.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeVar

from pydantic import BaseModel, ValidationError

from gateway.kernel.kinds import KINDS
from gateway.kernel.plain_words import explain
from gateway.kernel.problems import Problem, Problems, did_you_mean, place_of
from gateway.kernel.scalar_places import index_in_text
from gateway.kernel.yaml_nodes import Node, read_nodes

__all__ = ["BYTES_MAX", "Document", "Problem", "Problems", "did_you_mean", "read_text"]

BYTES_MAX = 1024 * 1024
"""How long a file that people write may be, in bytes."""

M = TypeVar("M", bound=BaseModel)
Location = Sequence[str | int]


_FOLLOWS: Final = frozenset(name for name in KINDS if name.startswith("unknown-") and name != "unknown-key") | {
    "missing-key"
}
"""Problems that may be nothing but a consequence of a key that stands twice."""


@dataclass(frozen=True, slots=True)
class Written:
    """A key or a single value as it stands in the text: from `start` to `end`, at the path `loc` of the data."""

    loc: tuple[str | int, ...]
    is_key: bool
    start: int
    end: int


def read_text(path: Path, what: str) -> str:
    """The text of a file that people write; `what` is the word for it in problems. Raises Problems."""
    try:
        with path.open("rb") as file:
            content = file.read(BYTES_MAX + 1)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else "this is no path"
        raise Problems([Problem(str(path), 1, 1, "unreadable", f"the {what} can't be read: {reason}")]) from None
    if len(content) > BYTES_MAX:
        raise Problems([Problem(str(path), 1, 1, "too-big", f"a {what} has at most 1 MiB")])
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise Problems([Problem(str(path), line, 1, "unreadable", f"the {what} is not text in UTF-8")]) from None


class Document:
    """One parsed file. `data` is plain: dicts, lists, text, numbers, booleans, None, and dates as `datetime.date`."""

    def __init__(self, file: str, text: str, root: Node | None, wrong: tuple[Problem, ...] = ()) -> None:
        self.file = file
        self.wrong = wrong
        self.text = text
        self._root = root or Node(1, 1, 0, 0)
        self.data: Any = self._root.data

    @classmethod
    def parse(cls, text: str, file: str) -> "Document":
        """Read a file's text; `file` is the name that problems carry. Raises Problems."""
        document = cls.read(text, file)
        if document.wrong:
            raise Problems(document.wrong)
        return document

    @classmethod
    def read(cls, text: str, file: str) -> "Document":
        """The same, for who has more to say of the file: what is wrong with a text that can be read to its end all the
        same, such as a key that stands twice, is in `wrong`. Raises Problems where it can't."""
        text = text.removeprefix("\ufeff")
        return cls(file, text, *read_nodes(text, file))

    def with_wrong(self, problems: Iterable[Problem]) -> list[Problem]:
        """What is wrong with the text, and those of further problems that can't follow from it: what a second key of
        the same name holds is nowhere else, so names may seem to be missing."""
        if not self.wrong:
            return list(problems)
        places = {(problem.line, problem.column) for problem in self.wrong}
        return [
            *self.wrong,
            *(
                problem
                for problem in problems
                if (problem.line, problem.column) not in places and problem.id not in _FOLLOWS
            ),
        ]

    def place(self, loc: Location, *, key: bool = False) -> tuple[int, int]:
        """Line and column, from 1, of the value at `loc` (or of its key); of the nearest parent where there is none."""
        node = self._root
        for index, part in enumerate(loc):
            child = node.items.get(part)
            if child is None:
                break
            if key and index == len(loc) - 1 and part in node.keys:
                child = node.keys[part]
            node = child
        return node.line, node.column

    def problem(
        self, loc: Location, id: str, message: str, *, key: bool = False, offset: tuple[int, int] | None = None
    ) -> Problem:
        """A problem at `loc`. `offset`: line and column, from 1, inside the text that the scalar at `loc` means."""
        place = self._place_inside(loc, offset) if offset else None
        return Problem(self.file, *(place or self.place(loc, key=key)), id, message)

    def in_flow(self, loc: Location) -> bool:
        """Whether the value at `loc` is a plain scalar inside `{…}` or `[…]`, where a comma cuts it."""
        node = self._find(loc)
        return node is not None and node.in_flow and not node.style

    def validate(self, model: type[M], loc: Location = ()) -> M:
        """The data at `loc` as a pydantic model. Raises Problems: every error at once, each at its place."""
        data = self.data
        for part in loc:
            data = data[part]
        try:
            return model.model_validate(data)
        except ValidationError as error:
            wrongs = explain(error, model, data)
            raise Problems(
                self.problem((*loc, *wrong.path), wrong.id, wrong.message, key=wrong.at_key) for wrong in wrongs
            ) from None

    def written(self) -> Iterator[Written]:
        """Every key and every single value; one that aliases repeat comes once for each path that leads to it."""
        yield from _written(self._root, ())

    def _find(self, loc: Location) -> Node | None:
        node: Node | None = self._root
        for part in loc:
            node = node.items.get(part) if node is not None else None
        return node

    def _place_inside(self, loc: Location, offset: tuple[int, int]) -> tuple[int, int] | None:
        node = self._find(loc)
        if node is None or not isinstance(node.data, str):
            return None
        lines = node.data.split("\n")
        line, column = offset
        if not 1 <= line <= len(lines) or column < 1:
            return None
        at = sum(len(before) + 1 for before in lines[: line - 1]) + min(column - 1, len(lines[line - 1]))
        index = index_in_text(self.text, node.start, node.style, node.data, at)
        if index is None:
            return None
        return place_of(self.text, index)


def _written(node: Node, loc: tuple[str | int, ...]) -> Iterator[Written]:
    if not isinstance(node.data, dict | list):
        yield Written(loc, False, node.start, node.end)
    for part, child in node.items.items():
        if part in node.keys:
            yield Written((*loc, part), True, node.keys[part].start, node.keys[part].end)
        yield from _written(child, (*loc, part))
