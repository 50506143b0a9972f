"""Findings that a file's author allows, by a comment with their number: `# gateway: allow GW160 the old hours stay`.

It stands at the end of the finding's line, or on lines of its own directly above it. Errors can't be allowed. One that
meets nothing, or names no kind, is a finding itself: what was allowed may have been mended long ago.
"""

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from gateway.kernel.document import Document
from gateway.kernel.kinds import CODES, KINDS
from gateway.kernel.problems import Problem, Problems, key_in_words, lines_of

_ALLOWANCE: Final = re.compile(r"#[ \t]*gateway:[ \t]*allow\b[ \t]*(.*)", re.IGNORECASE)
_WORD: Final = re.compile(r"[^\s,;]+")
_CODE: Final = re.compile(r"GW[0-9]+", re.IGNORECASE)
_BLOCK: Final = re.compile(r"(?:[&!]\S*[ \t]+)*[|>][-+0-9]*(?=[ \t\r\n]|$)")
"""How a block of text begins, behind which a comment may stand."""


@dataclass(frozen=True, slots=True)
class Comment:
    """A comment from its `#` on, with its place; `alone` if nothing else stands in its line."""

    line: int
    column: int
    text: str
    alone: bool


@dataclass(frozen=True, slots=True)
class _Allowed:
    """A number that is allowed in a line, and where that is said; `line` None: in no line at all."""

    code: str
    line: int | None
    said: tuple[int, int]


def apply(file: str, text: str, problems: Iterable[Problem]) -> tuple[list[Problem], list[Problem]]:
    """Those problems of a file that stay, and a finding for every allowance that meets nothing; both in order.

    `problems` must be all that is found in this file. Where one of them is an error everything stays and no allowance
    is idle: what it meets may only be found once the errors are gone.
    """
    given = sorted(set(problems))
    if any(problem.kind.level == "error" for problem in given if problem.file == file):
        return given, []
    try:
        found = list(comments(text))
    except Problems:
        return given, []
    allowed, idle = _allowed(file, text, found)
    wanted = {(problem.kind.code, problem.line) for problem in given if problem.file == file}
    met = {(one.code, one.line) for one in allowed} & wanted
    kept = [problem for problem in given if problem.file != file or (problem.kind.code, problem.line) not in met]
    for one in allowed:
        if (one.code, one.line) not in met:
            where = (
                "here" if one.line is not None else "below: it stands directly above the finding's line, or at its end"
            )
            message = f"{one.code} isn't found {where}; take the comment out"
            idle.append(Problem(file, *one.said, "idle-allowance", message))
    return kept, sorted(set(idle))


def comments(text: str) -> Iterator[Comment]:
    """Every comment of a YAML text, in order: what stands in quotes or in a block of text is none. Raises Problems."""
    text = text.removeprefix("\ufeff")
    spans = sorted(set(_spans(text)))
    starts = [start for start, _ in spans]
    at = 0
    for number, line in enumerate(lines_of(text), start=1):
        for match in re.finditer(r"(?:^|(?<=[ \t]))#", line):
            index = at + match.start()
            place = bisect_right(starts, index) - 1
            if place < 0 or spans[place][1] <= index:
                before = line[: match.start()]
                yield Comment(number, match.start() + 1, line[match.start() :], not before.strip())
                break
        at += len(line) + (2 if text[at + len(line) : at + len(line) + 2] == "\r\n" else 1)


def _spans(text: str) -> Iterator[tuple[int, int]]:
    """Where keys and values stand; of a block of text its lines, and its sign apart from what is behind it."""
    for written in Document.parse(text, "").written():
        block = _BLOCK.match(text, written.start, written.end)
        if block is None:
            yield written.start, written.end
        else:
            yield written.start, block.end()
            first = text.find("\n", block.end(), written.end)
            if first >= 0:
                yield first, written.end


def _allowed(file: str, text: str, found: list[Comment]) -> tuple[list[_Allowed], list[Problem]]:
    """What is allowed where, and the allowances that allow nothing whatever is found."""
    lines = lines_of(text.removeprefix("\ufeff"))
    below = _below(found)
    allowed: list[_Allowed] = []
    idle: list[Problem] = []
    for comment in found:
        match = _ALLOWANCE.match(comment.text)
        if match is None:
            continue
        line: int | None = below.get(comment.line, comment.line)
        if line is not None and (line > len(lines) or not lines[line - 1].strip()):
            line = None
        words = list(_WORD.finditer(match[1]))
        for position, word in enumerate(words):
            said = comment.line, comment.column + match.start(1) + word.start()
            code = word[0].upper()
            if not _CODE.fullmatch(code):
                if position == 0:
                    idle.append(Problem(file, *said, "idle-allowance", _no_number(word[0])))
                break
            kind = CODES.get(code)
            if kind is None:
                idle.append(
                    Problem(file, *said, "idle-allowance", f"there is no {code[:12]}; nothing is allowed by it")
                )
            elif kind.level == "error":
                idle.append(Problem(file, *said, "idle-allowance", f"{code} is an error, which can't be allowed"))
            else:
                allowed.append(_Allowed(code, line, said))
        if not words:
            idle.append(Problem(file, comment.line, comment.column, "idle-allowance", _no_number("")))
    return allowed, idle


def _below(found: list[Comment]) -> dict[int, int]:
    """The line below each comment that stands alone, and below those that follow it without a gap."""
    below: dict[int, int] = {}
    for comment in reversed(found):
        if comment.alone:
            below[comment.line] = below.get(comment.line + 1, comment.line + 1)
    return below


def _no_number(word: str) -> str:
    kind = KINDS.get(word)
    if kind is not None and kind.level != "error":
        return f"what is allowed is told by its number; write {kind.code}"
    named = f" {key_in_words(word)} is none;" if word else ""
    return f"this allows nothing:{named} write the finding's number, such as GW160"
