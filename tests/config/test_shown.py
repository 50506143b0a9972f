"""What people see of gateway.yaml beside a mistake: keys and harmless values, never what could be a secret."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.config.shown import MASK, shown_lines
from gateway.kernel.problems import lines_of

CANARY = "c4n4ry-s3cr3t"


def shown(text: str) -> str:
    """The whole file as it may be shown."""
    return "\n".join(line.text for line in shown_lines(text))


def test_structure_and_harmless_values_show() -> None:
    """Keys, names of entries, and the values of the settings that can't be secrets."""
    text = (
        "version: 1\nlisten: 127.0.0.1:8080\npolicy: policy.yaml\n"
        "connectors:\n  desk: {plugin: zendesk, allow_private: true, subdomain: acme}\n"
        'endpoints:\n  help:\n    secret: {env: HELP}\n    notices: [sla.*, "escalation.*"]\n'
    )

    assert shown(text) == text.replace("acme", MASK).replace("HELP", MASK)


@pytest.mark.parametrize(
    "text",
    [
        "admin_token: {}",
        "admin_tokn: {}",
        "'{}': 1",
        "# {}",
        "name: x # was {}",
        "name: {}-ghp_aaaaaaaaaaaaaaaa",
        "connectors: {{z: {{plugin: z, token: {}}}}}",
        "connectors: {{z: {{plugin: z, tokn: '{}, {{x'}}}}",
        "connectors: {{z: {{plugin: z, deep: {{{}: 1}}}}}}",
        "connectors: {{z: {}}}",
        "connectors:\n  z:\n    token: |\n      {}\n      more\n",
        "connectors:\n  z:\n    token: 'a\n      {} b'\n",
        "endpoints: {{e: {{url: 'https://{}@x.example/'}}}}",
        "endpoints: {{e: {{url: 'https://x.example/{}'}}}}",
        "endpoints: {{e: {{secret: [{{env: A}}, {}]}}}}",
        "endpoints: {{e: {{secret: {{{}}}}}}}",
        "endpoints: {{e: {{secret: {{env: {}}}}}}}",
        "endpoints: {}",
        "database: postgresql://me:{}@host/db",
        "a: &{} 1",
        "name: &a {}\nadmin_token: *a",
        "admin_token: &a {}\nname: *a",
        "listen: {}\n- broken: [",
        "- {}",
        "{}",
    ],
)
def test_what_could_be_a_secret_does_not_show(text: str) -> None:
    """Wherever somebody has typed it, known key or not, comment or value, right YAML or not."""
    written = text.format(CANARY)
    assert CANARY in written

    assert CANARY not in shown(written)


def test_places_follow_the_mask() -> None:
    """Whoever knows where a character stood knows where it stands now."""
    (line,) = shown_lines("a: {b: secret, c: 1}")

    assert line.text == "a: {b: ***, c: ***}"
    assert [line.text[line.places[at]] for at in (0, 4, 7, 15)] == ["a", "b", "*", "c"]
    assert line.places[len("a: {b: secret, c: 1}")] == len(line.text)


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_lines_are_those_of_the_file(end: str) -> None:
    """However they end."""
    text = f"name: a{end}listen: b{end}admin: c"

    assert [line.text for line in shown_lines(text)] == ["name: a", "listen: b", "admin: c"]


@given(st.text("ab:{}[],#'\"&*|> -\n\t", max_size=60))
def test_any_text_can_be_shown(text: str) -> None:
    """As many lines as it has, or none where it can't be read; every place of a line lies in it."""
    lines = shown_lines(text)

    assert lines == [] or len(lines) == len(lines_of(text))
    for line, before in zip(lines, lines_of(text), strict=False):
        assert len(line.places) == len(before) + 1
        assert all(0 <= place <= len(line.text) + len(before) for place in line.places)


@given(st.text(st.characters(categories=["L", "Nd"]), min_size=8, max_size=30))
def test_a_secret_of_any_letters_stays_away(secret: str) -> None:
    """In every place in which a secret belongs."""
    text = f"admin_token: '{secret}'\nconnectors: {{z: {{plugin: z, s: '{secret}'}}}}\n"

    assert shown(text) == "admin_token: ***\nconnectors: {z: {plugin: z, s: ***}}\n"
