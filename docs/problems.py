"""The index of the problems' pages, made from the catalogue."""

from itertools import groupby

from gateway.kernel.kinds import CODES, Kind, Level

_LEVELS: dict[Level, str] = {
    "error": "The file can't be used before they are mended; exit code 78.",
    "warning": "The file can be used; exit code 1.",
    "note": "Worth a look, and often meant; exit code 0, or 1 with `--strict`.",
}


def table() -> str:
    """Every kind, the gravest first, each with a link to its page."""
    kinds = sorted(CODES.values(), key=lambda kind: (list(_LEVELS).index(kind.level), kind.code))
    parts = []
    for level, group in groupby(kinds, key=_level):
        rows = [f"| [{kind.code}]({kind.code}.md) | {kind.name} | {kind.title} |" for kind in group]
        parts += [
            f"## {level.capitalize()}s\n\n{_LEVELS[level]}",
            "\n".join(["| number | name | is |", "|---|---|---|", *rows]),
        ]
    return "\n\n".join(parts)


def _level(kind: Kind) -> Level:
    return kind.level
