"""A strict reader of Prometheus' text format 0.0.4, written from its description: it forgives nothing.

Every family has HELP, then TYPE, then its samples, once each and together; names and labels are well formed; counters
end with `_total` and aren't negative; the buckets of a histogram grow and end with `+Inf`, which equals the count.
"""

import re
from dataclasses import dataclass, field

Labels = tuple[tuple[str, str], ...]
_NAME = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*")
_LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\\\|\\"|\\n)*)"')
_NUMBER = re.compile(r"[+-]?(?:\d+(?:\.\d+)?(?:e[+-]?\d+)?|Inf)|NaN", re.IGNORECASE)
_SUFFIXES = {"counter": ("",), "gauge": ("",), "histogram": ("_bucket", "_sum", "_count")}


@dataclass
class Read:
    """One family as it was read; `samples` by full name and labels."""

    name: str
    kind: str
    words: str
    samples: dict[tuple[str, Labels], float] = field(default_factory=dict)


def parsed(text: str) -> list[Read]:
    """Every family of a text. Raises AssertionError for whatever the format doesn't allow."""
    assert text.endswith("\n")
    families: list[Read] = []
    lines = [line for line in text[:-1].split("\n") if line]
    index = 0
    while index < len(lines):
        name, words = _comment(lines[index], "HELP")
        typed, kind = _comment(lines[index + 1], "TYPE")
        assert typed == name, f"{lines[index + 1]}: the type of another family"
        assert kind in _SUFFIXES, kind
        assert name not in {family.name for family in families}, f"{name} comes twice"
        family = Read(name, kind, _unescaped(words))
        index += 2
        while index < len(lines) and not lines[index].startswith("#"):
            _add(family, lines[index])
            index += 1
        _check(family)
        families.append(family)
    return families


def _comment(line: str, what: str) -> tuple[str, str]:
    sign, word, name, rest = [*line.split(" ", 3), ""][:4]
    assert (sign, word) == ("#", what), f"{line!r}: expected # {what}"
    assert _NAME.fullmatch(name), line
    return name, rest


def _add(family: Read, line: str) -> None:
    name = _NAME.match(line)
    assert name, line
    rest, labels = line[name.end() :], []
    if rest.startswith("{"):
        at = 1
        while rest[at] != "}":
            label = _LABEL.match(rest, at)
            assert label, line
            labels.append((label[1], _unescaped(label[2])))
            at = label.end()
            if rest[at] == ",":
                at += 1
            else:
                assert rest[at] == "}", line
        rest = rest[at + 1 :]
    assert rest.startswith(" "), line
    assert _NUMBER.fullmatch(rest[1:]), line
    assert len({label for label, _ in labels}) == len(labels), f"{line}: a label twice"
    assert name.group() in {family.name + suffix for suffix in _SUFFIXES[family.kind]}, f"{line}: not of {family.name}"
    key = (name.group(), tuple(labels))
    assert key not in family.samples, f"{line}: twice"
    family.samples[key] = float(rest[1:])


def _check(family: Read) -> None:
    assert family.samples, f"{family.name} has no figures"
    assert family.words is not None
    if family.kind == "counter":
        assert family.name.endswith("_total"), f"{family.name}: a counter ends with _total"
        assert all(value >= 0 for value in family.samples.values()), family.name
    elif family.kind == "histogram":
        _check_buckets(family)
    else:
        assert not family.name.endswith("_total"), f"{family.name}: a gauge is no total"


def _check_buckets(family: Read) -> None:
    series: dict[Labels, list[tuple[float, float]]] = {}
    for (name, labels), value in family.samples.items():
        if name.endswith("_bucket"):
            assert labels[-1][0] == "le", labels
            series.setdefault(labels[:-1], []).append((float(labels[-1][1]), value))
    for labels, buckets in series.items():
        bounds, counts = zip(*buckets, strict=True)
        assert list(bounds) == sorted(set(bounds)), family.name
        assert list(counts) == sorted(counts), family.name
        assert bounds[-1] == float("inf")
        assert counts[-1] == family.samples[f"{family.name}_count", labels]
        assert (f"{family.name}_sum", labels) in family.samples


def _unescaped(text: str) -> str:
    return re.sub(r"\\(.)", lambda match: {"n": "\n"}.get(match[1], match[1]), text)
