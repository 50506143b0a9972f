"""Words for times and texts, and what the pages are made of."""

import hashlib
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import gateway.web
from gateway.model.instant import length_words
from gateway.web.words import (
    breached_words,
    clean,
    clock_face,
    due_words,
    field_label,
    field_words,
    for_words,
    left_words,
    over_words,
    plain_words,
    share_words,
    span_words,
    title_words,
    way_words,
    web_address,
)
from tests.web.worlds import NOW, D, H, M, S

STATIC = Path(gateway.web.__file__).parent / "pages" / "static"


@pytest.mark.parametrize(
    ("span", "words"),
    [
        (-5, "0 s"),
        (59_999, "59 s"),
        (M, "1 min 00 s"),
        (10 * M - 1, "9 min 59 s"),
        (10 * M, "10 min"),
        (H - 1, "59 min"),
        (H, "1 h 00 min"),
        (D - 1, "23 h 59 min"),
        (D, "1 d 0 h"),
        (400 * D + 5 * H, "400 d 5 h"),
    ],
)
def test_a_span_is_told_in_two_units(span: int, words: str) -> None:
    """Cut, never rounded up: what says 0 s is not over before it is."""
    assert span_words(span) == words


def test_times_are_told_by_what_they_are() -> None:
    """A deadline is due or overdue, a breach is ago, all else in or ago; lengths leave out what is zero."""
    assert (due_words(NOW + S, NOW), due_words(NOW, NOW)) == ("due in 1 s", "overdue by 0 s")
    assert breached_words(NOW - 3 * M, NOW) == "breached 3 min 00 s ago"
    assert (left_words(NOW + S, NOW), left_words(NOW, NOW), over_words(NOW - S, NOW)) == ("1 s", "0 s over", "1 s over")
    assert (for_words(NOW - H, NOW), share_words(NOW + 1, NOW, NOW + 3)) == ("1 h 00 min", "33.3")
    assert [share_words(NOW + at, NOW, NOW) for at in (-1, 0, 1)] == ["0", "0", "100"]
    assert (plain_words(NOW + H, NOW), plain_words(NOW - H, NOW)) == ("in 1 h 00 min", "1 h 00 min ago")
    assert [length_words(length) for length in (0, 90 * M, 3 * D, 20 * S)] == ["0 s", "1 h 30 min", "3 d", "20 s"]
    assert [length_words(length) for length in (-1, 250, H + 1)] == ["0 s", "0.250 s", "1 h 0.001 s"]
    assert clock_face(NOW + 5) == "2026-03-02 09:00:00 UTC"


@given(st.text(max_size=400), st.integers(2, 200))
def test_a_clean_text_is_one_short_line(text: str, most: int) -> None:
    """No text is longer than asked, breaks the line, or turns its direction; cleaning twice changes nothing."""
    once = clean(text, most)

    assert len(once) <= most
    assert not re.search("[\u0000-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]", once)
    assert clean(once, most) == once
    once.encode()


@pytest.mark.parametrize(
    ("kind", "channel", "words"),
    [
        ("ticket", "email", "ticket by email"),
        ("chat", "in_app", "chat by in app"),
        ("chat", "chat", "chat"),
        ("ticket", "other", "ticket"),
    ],
)
def test_a_way_is_told_where_it_says_more(kind: str, channel: str, words: str) -> None:
    """Not a chat by chat, and not a disputed payment by other."""
    assert way_words(kind, channel) == words


def test_a_clean_text_says_that_it_was_cut() -> None:
    """A text that doesn't fit ends in an ellipsis, however long it was; one that fits is whole."""
    assert clean("abcdef", 6) == "abcdef"
    assert clean("abcdefg", 6) == "abcde…"
    assert clean("a b" + " " * 100 + "c", 6).endswith("…")
    assert clean(None) == ""


def test_the_scripts_are_small_and_say_the_same_words() -> None:
    """Under 200 lines each, and each phrase of the server's is one of the script's; neither writes markup."""
    scripts = {path.name: path.read_text() for path in STATIC.glob("*.js")}

    assert all(len(script.splitlines()) < 200 for script in scripts.values())
    for phrase in ("due in ", "overdue by ", "breached ", "in ", " ago", " over", " min ", " h ", " d "):
        assert phrase in scripts["live.js"]
    assert not any(word in script for script in scripts.values() for word in ("innerHTML", "eval(", "Function("))


def test_no_template_asks_for_what_the_policy_of_the_pages_forbids() -> None:
    """No code in markup, and none of the attributes whose text htmx would make code of; no style but the sheets'."""
    forbidden = re.compile(
        r"""\s(style|on[a-z]+|hx-on[^=]*)=|hx-(vals|headers)=["']js|js:|javascript:|hx-trigger=["'][^"']*\["""
    )
    templates = {path.name: path.read_text() for path in (STATIC.parent / "templates").iterdir()}

    assert {name: found.group() for name, text in templates.items() if (found := forbidden.search(text))} == {}
    assert all(not re.search(r"<style|<script(?! src)", text) for text in templates.values())
    assert forbidden.search('<a onclick="x()">') and forbidden.search("<p hx-trigger='click[ctrlKey]'>")


def test_what_is_vendored_is_unchanged() -> None:
    """Every file of a vendored library has the checksum that its VERSION says, and a licence stands beside it."""
    libraries = list((STATIC.parent / "vendor").iterdir())

    assert libraries
    for library in libraries:
        said = dict(re.findall(r"^sha256 ([0-9a-f]{64})  (\S+)$", (library / "VERSION").read_text(), re.M))
        files = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in library.iterdir()}
        del files["VERSION"]

        assert {name: sum for sum, name in said.items()} == files
        assert "LICENSE" in files


def _themes() -> list[dict[str, str]]:
    colours = re.findall(
        r"--([a-z-]+): light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\)", (STATIC / "frame.css").read_text()
    )
    return [{name: light for name, light, _ in colours}, {name: dark for name, _, dark in colours}]


def _contrast(one: str, other: str) -> float:
    def luminance(colour: str) -> float:
        parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
        linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("theme", _themes(), ids=["light", "dark"])
def test_colours_can_be_told_apart(theme: dict[str, str]) -> None:
    """Text has at least 4.5 : 1 against whatever it stands on, and marks of a drawing 3 : 1, in both themes."""
    pairs = [
        *((text, ground) for text in ("ink", "quiet", "accent", "bad", "odd", "good") for ground in ("paper", "sheet")),
        *((text, f"{text}-soft") for text in ("accent", "bad", "odd", "good")),
        ("ink", "line-soft"),
        ("quiet", "line-soft"),
        ("sheet", "bad"),
    ]
    drawn = [(mark, "track") for mark in ("accent", "bad", "odd", "good", "ink")]
    drawn += [("edge", ground) for ground in ("sheet", "paper")]

    def too_close(pairs: list[tuple[str, str]], least: float) -> list[tuple[str, str]]:
        return [(one, other) for one, other in pairs if _contrast(theme[one], theme[other]) < least]

    assert too_close(pairs, 4.5) == []
    assert too_close(drawn, 3) == []


@pytest.mark.parametrize(
    ("subject", "kind", "direction", "other", "words"),
    [
        ("Nobody can log in", "ticket", "inbound", "Anna", "Nobody can log in"),
        ("VIP", "call", "inbound", "Anna", "VIP"),
        ("", "call", "inbound", "", "(inbound call)"),
        ("", "call", "inbound", "+12025550140", "call from +12025550140"),
        ("", "call", "outbound", "+12025550140", "call to +12025550140"),
        (None, "call", "outbound", None, "(outbound call)"),
        (None, "chat", "inbound", "Anna", "chat with Anna"),
        ("", "chat", "inbound", None, "(inbound chat)"),
        (None, "ticket", "inbound", "Anna", "(no subject)"),
    ],
)
def test_what_a_contact_goes_by(subject: str | None, kind: str, direction: str, other: str | None, words: str) -> None:
    """A call or a chat has no subject, and is told from what has lost its own; who is at the other end says most."""
    assert title_words(subject, kind, direction, other) == words


@pytest.mark.parametrize(
    ("name", "value", "label", "words"),
    [
        ("wait_s", 28, "wait", "28 s"),
        ("talk_s", 0.5, "talk", "0.5 s"),
        ("handle_s", 131.4, "handle", "2 min 11 s"),
        ("hold_s", 0, "hold", "0 s"),
        ("wait_s", -3, "wait", "-3"),
        ("wait_s", 1e300, "wait", "1e+300"),
        ("wait_s", "long", "wait", "long"),
        ("wait_s", True, "wait", "yes"),
        ("_s", 3, " s", "3 s"),
        ("recording_encrypted", False, "recording encrypted", "no"),
        ("called_number", "+4930111", "called number", "+4930111"),
        ("note", None, "note", ""),
    ],
)
def test_a_field_is_read_with_its_unit(name: str, value: str | float | bool | None, label: str, words: str) -> None:
    """What isn't a sensible length stays what it is."""
    assert (field_label(name), field_words(name, value)) == (label, words)


@pytest.mark.parametrize(
    "value",
    [
        "javascript:alert(1)",
        "https://me:secret@rec.example/1.wav",
        "https://rec.example/a b",
        "https://rec.example/a\nb",
        "file:///etc/passwd",
        "//rec.example/1",
        " https://rec.example/1",
        "https://r\u0435c.example/1",
        17,
        None,
        True,
    ],
)
def test_what_no_link_is_made_of(value: object) -> None:
    """Another scheme, a password in it, letters that look like others: a text, and nothing that can be followed."""
    assert web_address(value) == ""
    assert web_address("https://rec.example:8443/2026/1-2%40x.wav?a=1&b=2") != ""
