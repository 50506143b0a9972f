"""A body on a page: readable, bounded, and without secrets."""

import msgspec
import pytest

from gateway.web.pages.body_shown import SHOWN_MAX, shown_body


def test_json_is_set_in_lines_and_has_no_secrets() -> None:
    """By the name of a key, whatever stands under it, and by how a text looks; a long text under `body` stays."""
    value = {
        "token": "abc",
        "credentials": {"user": "u", "numbers": [1, 2]},
        "api_key": 12,
        "comment": {"body": "please call me", "note": "Bearer abcdefgh12345"},
        "card": "4111 1111 1111 1111",
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw": True,
        "nothing": None,
    }
    shown = shown_body(msgspec.json.encode(value))
    assert shown.json
    told = msgspec.json.decode(shown.text)
    assert told["token"] == told["credentials"] == told["api_key"] == "***"
    assert told["comment"] == {"body": "please call me", "note": "Bearer ***"}
    assert "4111 1111 1111 1111" not in shown.text
    assert "MfKQ9r8" not in shown.text
    assert shown.text.startswith('{\n  "token"')


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"plain text with Bearer abcdefgh12345",
        b"\xff\xfe\x00\x01",
        b'{"a": ',
        b"{" * 100_000,
        b"[" * 90 + b"]" * 90,
        b'{"a": "\\ud800"}',
        b'"just a text"',
        b"a=1&token=2",
        "\u202etxt.exe\u2066".encode(),
        ("Z" + "\u0301" * 10_000).encode(),
        b"x" * 2_000_000,
        msgspec.json.encode(["y" * 100] * 10_000),
        b'{"a": 1e999, "b": 123456789012345678901234567890}',
    ],
)
def test_hostile_bodies_are_shown_as_text(body: bytes) -> None:
    """Not too much of it, nothing that turns or hides letters, and nothing raises."""
    shown = shown_body(body)
    assert len(shown.text) <= SHOWN_MAX * 6
    assert shown.bytes == len(body)
    assert "abcdefgh12345" not in shown.text
    assert not any(sign in shown.text for sign in "\u202e\u2066\x00\x07")


def test_what_is_left_out_is_counted() -> None:
    """In characters of what would be shown."""
    shown = shown_body(b"a" * (SHOWN_MAX + 5))
    assert (len(shown.text), shown.left_out) == (SHOWN_MAX, 5)
