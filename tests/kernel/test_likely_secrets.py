"""What looks like a secret is told at its start and masked; what only begins like one is not told."""

import pytest

from gateway.kernel.likely_secrets import could_be_secret, likely_secrets

JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0"


@pytest.mark.parametrize(
    ("line", "column", "what"),
    [
        ("# whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLw", 3, "a webhook secret"),
        ("k: gwkey1_AbCdEf012345", 4, "a key of the gateway"),
        ("open /?token=ogt_abcdefgh_234567abcdef", 14, "a token of the gateway"),
        ("a: 'ghp_abcdef123456'", 5, "a token"),
        ("a: sk_" + "live_51Habcdef", 4, "a token"),
        ("a: sk-proj-abcDEF1234567890abcdef", 4, "a token"),
        (f"a: {JWT}", 4, "a token"),
        ("AKIAIOSFODNN7EXAMPLE", 1, "a key of a cloud"),
        ("x d41d8cd98f00b204e9800998ecf8427e", 3, "a key"),
        ("postgresql://me:pw@host/x", 1, "a password in an address"),
        ("-----BEGIN RSA PRIVATE KEY-----", 1, "a private key"),
        ("Authorization: Basic dXNlcjpwYXNzd29yZDEyMw==", 16, "a credential"),
        ("card 4111 1111 1111 1111", 6, "a card's number"),
    ],
)
def test_told(line: str, column: int, what: str) -> None:
    """Each usual kind is told with its place and what it looks like; and whatever is told is masked, too."""
    assert [(one.line, one.column, one.what) for one in likely_secrets(f"a: 1\n{line}\n")] == [(2, column, what)]
    assert could_be_secret(line)


@pytest.mark.parametrize(
    "line",
    [
        "queue: sk-support-desk",
        "id: pk-premium-customers-of-2026",
        "basic questions of customers, bearer tokens",
        "at: 2026-11-20T16:30:00-08:00",
        "see https://example.com/@me and mailto:me@example.com",
        "text: 1234567890123",
        "id: 0123456789abcdef",
    ],
)
def test_not_told(line: str) -> None:
    """Words that only begin like a token, dates, addresses and ids are nothing to tell anybody."""
    assert list(likely_secrets(line)) == []


def test_one_a_line() -> None:
    """The first of a line speaks for it."""
    assert [one.column for one in likely_secrets("a ghp_abcdef123456 whsec_abcdef123456")] == [3]


@pytest.mark.parametrize("part", ["a", "eyJ-", "sk-", "://", "basic ", "0", "f1", "a:b@", "-----BEGIN "])
def test_long_lines(part: str) -> None:
    """A line without an end is read as quickly as any."""
    assert len(list(likely_secrets(part * (200_000 // len(part))))) <= 1
