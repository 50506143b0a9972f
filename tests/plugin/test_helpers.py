"""The tools of the door: total on hostile input."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from gateway.plugin import NESTING_MAX, BadPayload, hmac_sha256, read_json, same_secret


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b" ",
        b"{",
        b"NaN",
        b"[Infinity]",
        b"-Infinity",
        b"[1e999]",
        b'"\\ud800"',
        b'"\\ud800 and more text"',
        b'"\\udc00 and more text"',
        b"\xff\xfe",
        b'"\xff"',
        b"\xef\xbb\xbf{}",
        b"[" * 100_000,
        b"[" * 100_000 + b"]" * 100_000,
        b'{"a":' * 70 + b"1" + b"}" * 70,
        b"1" * 5_000,
    ],
)
def test_what_is_no_json_is_a_bad_payload(body: bytes) -> None:
    """Anything but strict JSON of bounded depth raises BadPayload."""
    with pytest.raises(BadPayload):
        read_json(body)


def test_depth_is_bounded_exactly() -> None:
    """The limit is allowed, one more is not; many brackets side by side are no depth."""
    assert read_json(b"[" * NESTING_MAX + b"]" * NESTING_MAX)
    with pytest.raises(BadPayload):
        read_json(b"[" * (NESTING_MAX + 1) + b"]" * (NESTING_MAX + 1))
    assert len(read_json(b"[" + b",".join([b"[]"] * 500) + b"]")) == 500


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_bad(body: bytes) -> None:
    """No bytes raise anything but BadPayload."""
    try:
        read_json(body)
    except BadPayload as error:
        assert str(error)


@given(st.text(st.characters()), st.text(st.characters()))
def test_secrets_are_compared_totally(left: str, right: str) -> None:
    """Equal text is the same secret, other text isn't, whatever characters it has; an empty one matches nothing."""
    assert same_secret(left, right) == (left == right != "")
    assert same_secret(left, left) == (left != "")


def test_a_missing_secret_matches_nothing() -> None:
    """Neither a missing proof nor an unset secret is ever the same; lone surrogates don't raise."""
    assert not same_secret(None, "")
    assert not same_secret(None, "x")
    assert not same_secret("", "")
    assert not same_secret("\udce9", "x")
    assert same_secret("é", "é")


def test_hmac_is_that_of_the_standard() -> None:
    """RFC 4231, test case 2; a secret may be text, bytes, or sealed."""
    expected = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
    for secret in ("Jefe", b"Jefe", SecretStr("Jefe")):
        assert hmac_sha256(secret, b"what do ya want for nothing?").hex() == expected
