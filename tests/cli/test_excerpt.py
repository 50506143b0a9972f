"""The line of a mistake with carets under it: under the right signs, in any width, harmless to the terminal."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.cli.excerpt import Excerpts, fitted, marked
from gateway.cli.table import width
from gateway.kernel.problems import Problem, Problems
from gateway.policy.load import load_policy


def under(text: str, carets: str) -> str:
    """What the carets stand under."""
    start, length, places, found = carets.index("^"), carets.count("^"), 0, ""
    for sign in text:
        found += sign if start <= places < start + length else ""
        places += width(sign)
    return found


def told(text: str, tmp_path: Path, places: int = 100) -> list[str]:
    """What stands over the carets of each mistake of a policy."""
    path = tmp_path / "p.yaml"
    path.write_text(text)
    excerpts = Excerpts(tmp_path / "gateway.yaml")
    with pytest.raises(Problems) as caught:
        load_policy(text, str(path))
    found = [excerpts.of(problem, places) for problem in caught.value.problems]
    return [under(excerpt.text, excerpt.carets) if excerpt else "" for excerpt in found]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ('when: contact.chanel == "chat"', "chanel"),
        ('when: chanel == "chat"', "chanel"),
        ('when: contct.channel == "chat"', "contct.channel"),
        ('when: contact.channel == "caht"', "caht"),
        ('when: contact.channel in ["chat", "caht"]', "caht"),
        ("when: contact.customer.emial == ''", "emial"),
        ('when: contact.subject.startWith("x")', "startWith"),
        ("when: contact.reopened == '1'", "=="),
        ('when: contact.channel == "chat" and true', "and"),
        ("when: contact.severity == 1", "contact.severity"[7:8]),
        ("severity: 12", "12"),
        ("severty: 1", "severty"),
        ("severity: 'high'", "'high'"),
        ("when: |-\n      true &&\n      \t contact.tgas == []", "tgas"),
        ('when: "\\"é\\" == contact.subjekt"', "subjekt"),
        ("when: '\"日本\" == contact.subjekt'", "subjekt"),
    ],
)
def test_the_word_that_is_meant_is_underlined(line: str, expected: str, tmp_path: Path) -> None:
    """Inside expressions, quoted or over several lines, and in YAML itself."""
    rest = "" if line.startswith("sever") else "\n    severity: 1"
    text = f"severity:\n  - id: a\n    {line}{rest}\n"

    assert expected in told(text, tmp_path)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("calendars: {a: {timezone: Europe/Berlun, hours: 24x7}}", "Europe/Berlun"),
        ("calendars: {a: {timezone: UTC, hours: 24x7, holidays: [{country: USS}]}}", "USS"),
        ("calendars: {a: {timezone: UTC, hours: {mon-fry: 24x7}}}", "mon-fry"),
        ("calendars: {a: {any_of: [alway]}}", "alway"),
        ("sla: [{id: a, metric: resolution, within: 20}]", "20"),
        ("sla: [{id: a, metric: resolution, within: 1h, calendar: ofice}]", "ofice"),
        ("sla: [{id: a, metric: resolution, within: 1h, warn: [50%, 2h]}]", "2h"),
        ("queues: {general: {}}\nrouting: [{id: r, queue: generel}]", "generel"),
        ("chains: {c: {steps: [{after: 0m, notify: [nobody]}]}}", "nobody"),
        ("escalation: [{id: a, on: matchd, chain: c}]", "matchd"),
        ("severity: [{id: a}]", "{"),
        ("sla: []\nname: x\nname: y", "name"),
    ],
)
def test_a_wrong_name_is_underlined(text: str, expected: str, tmp_path: Path) -> None:
    """Whole, with its dashes and slashes; what is missing has one caret at its place."""
    found = told(text, tmp_path)

    assert expected in found or (expected == "n" and found == ["name"])


def test_a_long_line_is_cut_around_the_place(tmp_path: Path) -> None:
    """With `…` at the ends that are cut, and never wider than asked for."""
    text = (
        "severity:\n  - id: a\n    severity: 1\n    when: "
        + "true && " * 30
        + "contact.chanel == 'x'"
        + " && true" * 30
    )
    path = tmp_path / "p.yaml"
    path.write_text(text)
    problem = Problem(str(path), 4, text.splitlines()[3].index(".chanel") + 1, "bad-expression", "no field 'chanel'")

    for places in (10, 40, 79, 120):
        excerpt = Excerpts(tmp_path / "none").of(problem, places)
        assert excerpt is not None
        assert width(excerpt.text) <= max(places, 30)
        assert (excerpt.text[0], excerpt.text[-1], under(excerpt.text, excerpt.carets)) == ("…", "…", "chanel")


@given(st.text(max_size=60), st.integers(0, 70), st.integers(1, 20), st.integers(0, 90))
def test_any_line_fits(line: str, start: int, length: int, places: int) -> None:
    """Whatever stands in it: printable, as wide as there is room, with at least one caret within reach."""
    excerpt = fitted(line, min(start, len(line)), length, places)

    assert excerpt.text.isprintable()
    assert width(excerpt.text) <= max(places, 30)
    assert excerpt.carets.strip(" ").strip("^") == ""
    assert excerpt.carets.endswith("^")
    assert len(excerpt.carets) <= max(places, 30) + 1


@given(st.text("日é\ta .", max_size=20), st.text("wörd", min_size=1, max_size=6), st.text("日\tb ", max_size=20))
def test_carets_stand_under_their_word(before: str, word: str, after: str) -> None:
    """Tabs, wide and combining signs before it are counted as the terminal shows them."""
    excerpt = fitted(before + word + after, len(before), len(word), 200)

    assert under(excerpt.text, excerpt.carets) == word


def test_what_steers_a_terminal_does_not_reach_it(tmp_path: Path) -> None:
    """Control codes and changes of direction come out as `·`."""
    excerpt = fitted("a\x1b[31mb\u202ec\x00\x9bd", 0, 1, 80)

    assert excerpt.text == "a·[31mb·c··d"


@pytest.mark.parametrize(
    ("line", "column", "problem", "expected"),
    [
        ("a: x", 1, Problem("f", 1, 1, "missing-key", "the key 'a' is missing"), (0, 1)),
        ("a: x", 5, Problem("f", 1, 5, "bad-value", "is wrong"), (4, 1)),
        ("a: x", 9, Problem("f", 1, 9, "bad-value", "is wrong"), (4, 1)),
        ("a: 'x y' # z", 4, Problem("f", 1, 4, "bad-value", "is wrong"), (3, 5)),
        ("a: 'x y", 4, Problem("f", 1, 4, "bad-value", "is wrong"), (3, 1)),
        ("ab: [x, y]", 1, Problem("f", 1, 1, "bad-value", "is wrong"), (0, 2)),
        ("ab: zz", 5, Problem("f", 1, 5, "bad-value", "there is no 'ab'"), (4, 2)),
    ],
)
def test_one_caret_where_no_word_is_meant(line: str, column: int, problem: Problem, expected: tuple[int, int]) -> None:
    """A place alone, the end of a line, or a quoted word that stands elsewhere."""
    assert marked(line, column, problem) == expected


def test_lines_that_hold_a_secret_are_not_shown(tmp_path: Path) -> None:
    """Of a file that was named as the policy by mistake: no tokens, no values, nothing where it is no policy at all."""
    environ = tmp_path / ".env"
    environ.write_text("A_SECRET=hunter22\n")
    keys = tmp_path / "keys.json"
    keys.write_text('{\n"private": "hunter22",\n"name": ["whsec_hunter22hunter22"]}')
    config = tmp_path / "gateway.yaml"
    config.write_text("admin_token: hunter22\n")
    excerpts = Excerpts(config)

    shown = [
        excerpts.of(Problem(str(path), line, 1, id, "wrong"), 80)
        for path, line, id in (
            (environ, 1, "bad-value"),
            (keys, 2, "unknown-key"),
            (keys, 3, "bad-value"),
            (config, 1, "bad-value"),
        )
    ]

    assert "hunter22" not in str(shown)
    assert [excerpt.text if excerpt else "" for excerpt in shown] == ["", "", "", "admin_token: ***"]


def test_a_file_that_can_not_be_read_has_no_lines(tmp_path: Path) -> None:
    """Nor has one that isn't there, or a place behind its end."""
    excerpts = Excerpts(tmp_path / "gateway.yaml")
    (tmp_path / "short").write_text("a: 1\n\n")

    assert excerpts.of(Problem(str(tmp_path / "none"), 1, 1, "x", "y"), 80) is None
    assert excerpts.of(Problem("preset:none", 1, 1, "x", "y"), 80) is None
    assert excerpts.of(Problem(str(tmp_path / "short"), 9, 1, "x", "y"), 80) is None
    assert excerpts.of(Problem(str(tmp_path / "short"), 2, 1, "x", "y"), 80) is None
    assert excerpts.of(Problem("preset:orion", 8, 1, "x", "y"), 80) is not None
