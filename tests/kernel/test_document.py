"""YAML 1.2 with places: what scalars mean, where things stand, and every mistake at once."""

from datetime import date
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict, Field, SecretStr

from gateway.kernel.document import Document, Problem, Problems
from gateway.kernel.scalar_places import index_in_text
from tests.support.told import told


def problems_of(text: str) -> list[tuple[int, int, str]]:
    with pytest.raises(Problems) as caught:
        Document.parse(text, "f.yaml")
    return [(problem.line, problem.column, problem.id) for problem in caught.value.problems]


class Shape(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class FromEnv(Shape):
    env: str


class FromFile(Shape):
    file: str


class Endpoint(Shape):
    url: str
    kind: Literal["email", "web"] = "web"
    secret: FromEnv | FromFile | list[FromEnv | FromFile] | None = None
    tries: int = Field(default=1, ge=1, le=5)


class House(Shape):
    version: Literal[1]
    endpoints: dict[str, Endpoint] = {}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("on", "on"),
        ("NO", "NO"),
        ("yes", "yes"),
        ("08:00-12:00", "08:00-12:00"),
        ("12:30", "12:30"),
        ("20s", "20s"),
        ("90%", "90%"),
        ("1_000", "1_000"),
        ("010", 10),
        ("0o10", 8),
        ("0x1F", 31),
        ("-3", -3),
        ("1.5", 1.5),
        (".inf", float("inf")),
        ("true", True),
        ("~", None),
        ("", None),
        ("2026-12-24", date(2026, 12, 24)),
        ("2026-13-24", "2026-13-24"),
        ("2026-03-02T09:00:00Z", "2026-03-02T09:00:00Z"),
        ('"2026-12-24"', "2026-12-24"),
        ("!!str 12", "12"),
        ("9" * 5_000, "9" * 5_000),
        ("<<", "<<"),
    ],
)
def test_scalars(text: str, value: object) -> None:
    """A scalar means what YAML 1.2 says; a plain date is a date, a time stays text."""
    assert Document.parse(f"a: {text}\n", "f").data == {"a": value}


def test_keys_keep_their_words() -> None:
    """`on` and `no` are names like any other."""
    assert Document.parse("on: 1\nno: {off: 2}\n", "f").data == {"on": 1, "no": {"off": 2}}


def test_empty() -> None:
    """A file without content has no data, and still a place."""
    document = Document.parse("# nothing\n", "f")

    assert document.data is None
    assert document.place(("a",)) == (1, 1)


def test_places() -> None:
    """Values, keys and, for what isn't there, the nearest parent have line and column from 1."""
    document = Document.parse("\ufeffa:\n  - b: 1\n    c: {d: x}\n", "f.yaml")

    assert document.place(("a", 0, "c", "d")) == (3, 12)
    assert document.place(("a", 0, "c", "d"), key=True) == (3, 9)
    assert document.place(("a", 0, "missing")) == (2, 5)
    assert document.place(("a", 7, "b")) == (2, 3)
    assert str(document.problem(("a", 0, "b"), "bad-value", "wrong")) == "f.yaml:2:8: GW112: wrong [bad-value]"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("a: [1", [(1, 6, "yaml-syntax")]),
        ("a: b: c", [(1, 5, "yaml-syntax")]),
        ("a: 1\n\tb: 2", [(2, 1, "yaml-syntax")]),
        ("a: \x00", [(1, 4, "yaml-syntax")]),
        ("a: \ud800", [(1, 4, "yaml-syntax")]),
        ('a: "\\ud800"', [(1, 4, "yaml-syntax")]),
        ('a: "\\UFFFFFFFF"', [(1, 1, "yaml-syntax")]),
        ("a: 1\n---\nb: 2", [(2, 1, "yaml-syntax")]),
        ("a: 1\nb: 2\na: 3\nc: {d: 1, d: 2}", [(3, 1, "duplicate-key"), (4, 11, "duplicate-key")]),
        ("[a]: 1", [(1, 1, "bad-key")]),
        ("a: *b", [(1, 4, "yaml-alias")]),
        ("&a [*a]", [(1, 5, "yaml-alias")]),
        ("a: !!python/object:os.system x", [(1, 4, "yaml-tag")]),
        ("a: !secret x", [(1, 4, "yaml-tag")]),
        ("a: !!int x", [(1, 4, "yaml-tag")]),
        ("[" * 51 + "]" * 51, [(1, 51, "too-deep")]),
        ("[" * 100_000, [(1, 51, "too-deep")]),
        ("a: " + "x" * 1_048_576, [(1, 1, "too-big")]),
    ],
    ids=range(18),
)
def test_refused(text: str, found: list[tuple[int, int, str]]) -> None:
    """What can't be read is refused with its place; what doesn't stop the reading is told all at once."""
    assert problems_of(text) == found


def test_duplicate_names_both_places() -> None:
    """A key that stands twice is named with the place of the first."""
    with pytest.raises(Problems, match=r"f\.yaml:2:1: GW107: this key stands twice; the first is at 1:1"):
        Document.parse("a: 1\na: 2\n", "f.yaml")


def test_alias_bomb() -> None:
    """Aliases that multiply are refused before they are unfolded."""
    lines = ["a: &a [1, 2, 3, 4, 5, 6, 7, 8, 9]"]
    lines += [
        f"{new}: &{new} [{', '.join([f'*{old}'] * 9)}]" for old, new in zip("abcdefghi", "bcdefghij", strict=True)
    ]

    assert [id for _, _, id in problems_of("\n".join(lines))] == ["too-big"]


def test_aliases_are_values() -> None:
    """A few aliases are fine, and deep ones count their depth."""
    assert Document.parse("a: &x [1]\nb: *x\n", "f").data == {"a": [1], "b": [1]}
    deep = "a: &x " + "[" * 40 + "]" * 40 + "\nb: " + "[" * 40 + "*x" + "]" * 40
    assert [id for _, _, id in problems_of(deep)] == ["too-deep"]


def test_every_error_at_once() -> None:
    """A validation tells every error at its place, in plain words, with the key that was meant."""
    text = (
        "version: 2\nendpoints:\n  a:\n    ulr: x\n    kind: emial\n  b: {url: 5, tries: 9}\n  3: {url: x}\nextra: 1\n"
    )
    with pytest.raises(Problems) as caught:
        Document.parse(text, "f").validate(House)

    assert [told(problem) for problem in caught.value.problems] == [
        "f:1:10: bad-value: expected 1",
        "f:4:5: missing-key: the key 'url' is missing",
        "f:4:5: unknown-key: unknown key 'ulr'; did you mean 'url'?",
        "f:5:11: bad-value: 'emial' is not one of email, web; did you mean 'email'?",
        "f:6:12: bad-value: expected text (put it in quotes if it looks like a number, a date or true/false)",
        "f:6:22: bad-value: must be at most 5",
        "f:7:3: bad-key: a name here must be text; put it in quotes",
        "f:8:1: unknown-key: unknown key 'extra'; known here: endpoints, version",
    ]


@pytest.mark.parametrize(
    ("secret", "found"),
    [
        ("hunter22", ["1:33: bad-value: expected a mapping of keys to values, or a list"]),
        (
            "{enf: HUNTER22}",
            [
                "1:33: missing-key: the key 'env' is missing",
                "1:34: unknown-key: unknown key 'enf'; did you mean 'env'?",
            ],
        ),
        ("[{file: a}, {env: 3}]", ["1:51: bad-value: expected text (put it in quotes if it looks like a number"]),
        ("[{file: a}, hunter22]", ["1:45: bad-value: expected a mapping of keys to values"]),
    ],
)
def test_unions_speak_once(secret: str, found: list[str]) -> None:
    """Of a union only the member that was meant speaks, and no message repeats a value that may be a secret."""
    document = Document.parse(f"{{url: x, kind: email, secret:   {secret}}}", "f")
    with pytest.raises(Problems) as caught:
        document.validate(Endpoint)

    lines = [told(problem) for problem in caught.value.problems]
    assert len(lines) == len(found)
    assert all(line.startswith(f"f:{start}") for line, start in zip(lines, found, strict=True))
    assert "hunter22" not in str(caught.value).lower()


def test_validate_a_part() -> None:
    """A part of a file is validated where it stands."""
    document = Document.parse("a:\n  b: {url: x, kin: web}\n", "f")
    with pytest.raises(Problems) as caught:
        document.validate(Endpoint, ("a", "b"))

    assert caught.value.problems == (Problem("f", 2, 15, "unknown-key", "unknown key 'kin'; did you mean 'kind'?"),)


def test_secret_values_stay_out() -> None:
    """A secret that fails its check isn't told."""

    class Keyed(Shape):
        key: SecretStr = Field(min_length=20)

    with pytest.raises(Problems) as caught:
        Document.parse("key: hunter22\n", "f").validate(Keyed)

    assert "hunter22" not in str(caught.value)


@pytest.mark.parametrize(
    ("yaml", "offset", "place"),
    [
        ("w: a && b.c == 1", (1, 6), (1, 9)),
        ("w: a &&\n    b.c == 1", (1, 6), (2, 5)),
        ("w: 'a == ''x'' && b'", (1, 13), (1, 19)),
        ('w: "a == \\"x\\" && b"', (1, 13), (1, 19)),
        ('w: "a \\\n   b"', (1, 3), (2, 4)),
        ('w: "a\\n b"', (2, 2), (1, 9)),
        ("w: |\n  a\n    && b\n", (2, 6), (3, 8)),
        ("w: |2-\n    a\n    && b\n", (2, 6), (3, 8)),
        ("w: >-  # folded\n  a\n  && b\n", (1, 6), (3, 6)),
        ("w: >\n\n\n  a\n\n  b\n", (4, 1), (6, 3)),
        ("w: !!str a + b", (1, 5), (1, 14)),
        ("w: &x 'a + b'", (1, 5), (1, 12)),
        ("w: \"'é' + b\"", (1, 5), (1, 9)),
    ],
)
def test_places_inside_text(yaml: str, offset: tuple[int, int], place: tuple[int, int]) -> None:
    """A place inside a scalar's text is found in plain, quoted and block scalars, folded or not."""
    problem = Document.parse(yaml, "f").problem(("w",), "x", "y", offset=offset)

    assert (problem.line, problem.column) == place


def test_places_outside_the_text() -> None:
    """A place that the text doesn't have, or inside something that is no text, is the start of the value."""
    document = Document.parse("w: abc\nn: 12\n", "f")

    assert document.problem(("w",), "x", "y", offset=(9, 9)).column == 4
    assert document.problem(("n",), "x", "y", offset=(1, 2)).line == 2
    assert document.problem(("w",), "x", "y", offset=(1, 99)).column == 7


@given(st.lists(st.text("ab&=().'\"\\é{[#", min_size=1, max_size=6), min_size=1, max_size=6))
def test_literal_blocks_are_exact(words: list[str]) -> None:
    """In a literal block every character of a line is found where it stands."""
    lines = [f"x{word}" for word in words]
    text = "w: |\n" + "".join(f"    {line}\n" for line in lines)
    document = Document.parse(text, "f")

    for number, line in enumerate(lines, start=1):
        for column in range(1, len(line) + 1):
            problem = document.problem(("w",), "x", "y", offset=(number, column))
            assert (problem.line, problem.column) == (number + 1, column + 4)


@given(st.text(max_size=30), st.text(max_size=30), st.integers(0, 40), st.sampled_from(["", "'", '"', "|", ">"]))
def test_no_text_can_hurt(text: str, value: str, at: int, style: str) -> None:
    """Laying a value along a text that isn't its own gives some index or none, and ends."""
    index = index_in_text(text, 0, style, value, min(at, len(value)))

    assert index is None or index >= 0


@given(st.text(max_size=200))
def test_any_text(text: str) -> None:
    """Any text is read, or refused with places inside it."""
    try:
        Document.parse(text, "f")
    except Problems as problems:
        assert all(1 <= problem.line <= len(text) + 1 and problem.column >= 1 for problem in problems.problems)


@pytest.mark.parametrize(
    "text",
    [
        "version: 1\n{plugin: events, hunter2:whsec_hunter2}",
        "hunter2:whsec_hunter2: 1\nname: x",
        "name: {hunter2 hunter2: 1}",
        "name: {hunter2: 1, hunter2: 2}",
        "name: *hunter2",
        "name: !hunter2!x y",
        "name: !!hunter2 y",
        "name: &hunter2 [*hunter2]",
    ],
)
def test_no_message_repeats_what_could_be_a_secret(text: str) -> None:
    """A secret in the wrong place looks like a key, an alias or a tag to YAML; a name is told as far as it is one."""

    class Shape(BaseModel):
        model_config = ConfigDict(extra="forbid")
        name: str

    with pytest.raises(Problems) as caught:
        Document.parse(text, "f.yaml").validate(Shape)
    assert "whsec" not in str(caught.value)
    assert "hunter2 " not in str(caught.value) and "hunter2!" not in str(caught.value)
