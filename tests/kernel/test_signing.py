"""Standard Webhooks: what we sign others accept, what others sign we accept, and nothing else."""

import base64
import json
from datetime import UTC, datetime

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks import Webhook

from gateway.kernel.signing import BadSignature, Ed25519Secret, HmacSecret, new_secret, parse_secret, sign, verify

NOW_S = 1_772_442_000
NOW_MS = NOW_S * 1_000
KEY = bytes(range(32))
TEXT = new_secret(KEY)
SECRET = parse_secret(TEXT)
KEYS = st.binary(min_size=24, max_size=64)
IDS = st.text(st.characters(min_codepoint=33, max_codepoint=126, exclude_characters="."), min_size=1, max_size=60)
# The reference reads a body as text.
BODIES = st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), st.integers()).map(
    lambda value: json.dumps(value).encode()
)


def test_the_published_vector() -> None:
    """The example of the specification's own libraries: id, time, body and secret give this very signature."""
    secret = parse_secret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    headers = sign([secret], "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}')
    assert headers["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


@given(KEYS, IDS, BODIES)
def test_the_reference_accepts_what_we_sign(key: bytes, id: str, body: bytes) -> None:
    """Whatever the key, the id and the body, the reference library proves our three headers."""
    now = int(datetime.now(UTC).timestamp())
    Webhook(base64.b64encode(key).decode()).verify(body, sign([HmacSecret(key)], id, now, body))


@given(KEYS, IDS, BODIES)
def test_we_accept_what_the_reference_signs(key: bytes, id: str, body: bytes) -> None:
    """And the other way round; what is proved is named by its id."""
    reference = Webhook("whsec_" + base64.b64encode(key).decode())
    signature = reference.sign(id, datetime.fromtimestamp(NOW_S, UTC), body.decode())
    headers = {"webhook-id": id, "webhook-timestamp": str(NOW_S), "webhook-signature": signature}
    assert verify([HmacSecret(key)], headers, body, NOW_MS) == id


@given(IDS, st.binary(max_size=300))
def test_during_a_rotation_either_secret_proves(id: str, body: bytes) -> None:
    """Both secrets sign; a receiver that knows one of them is content, and one that knows neither is not."""
    old, new, foreign = HmacSecret(b"o" * 24), HmacSecret(b"n" * 64), HmacSecret(b"f" * 32)
    headers = sign([new, old], id, NOW_S, body)
    for known in ([old], [new], [foreign, old]):
        assert verify(known, headers, body, NOW_MS) == id
    with pytest.raises(BadSignature, match="no signature"):
        verify([foreign], headers, body, NOW_MS)
    with pytest.raises(BadSignature):
        verify([], headers, body, NOW_MS)


def test_every_flipped_bit_is_refused() -> None:
    """Body, id, time and signature: one bit changed anywhere, and nothing is proved."""
    body = b'{"a":1}'
    headers = sign([SECRET], "msg_1", NOW_S, body)
    for place in range(len(body) * 8):
        broken = bytearray(body)
        broken[place // 8] ^= 1 << place % 8
        with pytest.raises(BadSignature):
            verify([SECRET], headers, bytes(broken), NOW_MS)
    for name, value in headers.items():
        for place in range(len(value)):
            for bit in range(7):
                flipped = value[:place] + chr(ord(value[place]) ^ 1 << bit) + value[place + 1 :]
                if name == "webhook-signature" and same_bytes(value, flipped):
                    continue
                with pytest.raises(BadSignature):
                    verify([SECRET], {**headers, name: flipped}, body, NOW_MS)


def same_bytes(one: str, other: str) -> bool:
    """Whether two headers are different spellings of one signature (the last letter of base64 has unused bits)."""
    try:
        return other[:3] == "v1," and base64.b64decode(one[3:]) == base64.b64decode(other[3:], validate=True)
    except ValueError:
        return other[:3] == "v1," and other.rstrip("=") == one.rstrip("=")


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("webhook-id", "", "missing"),
        ("webhook-id", "a.b", "without a dot"),
        ("webhook-id", "a\nb", "printable"),
        ("webhook-id", "ü", "ASCII"),
        ("webhook-id", "\udcff", "ASCII"),
        ("webhook-id", "x" * 257, "256"),
        ("webhook-timestamp", "", "missing"),
        ("webhook-timestamp", f"{NOW_S}.999", "whole number"),
        ("webhook-timestamp", f" {NOW_S}", "whole number"),
        ("webhook-timestamp", f"+{NOW_S}", "whole number"),
        ("webhook-timestamp", f"-{NOW_S}", "whole number"),
        ("webhook-timestamp", "1_772_442_000", "whole number"),
        ("webhook-timestamp", "9" * 5_000, "whole number"),
        ("webhook-timestamp", "9" * 10_000, "longer"),
        ("webhook-timestamp", "١٧٧٢٤٤٢٠٠٠", "ASCII"),
        ("webhook-timestamp", "nan", "whole number"),
        ("webhook-timestamp", str(NOW_S - 301), "old"),
        ("webhook-timestamp", str(NOW_S + 301), "ahead"),
        ("webhook-signature", "", "missing"),
        ("webhook-signature", "v1", "no signature"),
        ("webhook-signature", "v1,", "no signature"),
        ("webhook-signature", ",,, , v1,=,v1", "no signature"),
        ("webhook-signature", "v1,é", "ASCII"),
        ("webhook-signature", "v1,\ud800", "ASCII"),
        ("webhook-signature", "v1," + "A" * 9_000, "longer"),
        ("webhook-signature", "v1a,AAAA", "no signature"),
    ],
)
def test_hostile_headers_are_refused_in_words(name: str, value: str, reason: str) -> None:
    """Nothing but BadSignature comes out, and it says which header is wrong."""
    headers = {**sign([SECRET], "msg_1", NOW_S, b"{}"), name: value}
    with pytest.raises(BadSignature, match=reason):
        verify([SECRET], headers, b"{}", NOW_MS)
    with pytest.raises(BadSignature, match="missing"):
        verify([SECRET], {key: headers[key] for key in headers if key != name}, b"{}", NOW_MS)


@given(st.text(max_size=50), st.text(max_size=50), st.text(max_size=80), st.binary(max_size=50))
def test_random_headers_raise_one_error(id: str, timestamp: str, signature: str, body: bytes) -> None:
    """Any text in any header: refused by the declared error."""
    headers = {"webhook-id": id, "webhook-timestamp": timestamp, "webhook-signature": signature}
    with pytest.raises(BadSignature):
        verify([SECRET, parse_secret(PUBLIC)], headers, body, NOW_MS)


def test_the_tolerance_is_met_on_both_sides() -> None:
    """Five minutes old or ahead are allowed, not a millisecond more."""
    headers = sign([SECRET], "msg_1", NOW_S, b"")
    for now in (NOW_MS - 300_000, NOW_MS + 300_000):
        assert verify([SECRET], headers, b"", now) == "msg_1"
    for now in (NOW_MS - 300_001, NOW_MS + 300_001):
        with pytest.raises(BadSignature):
            verify([SECRET], headers, b"", now)
    assert verify([SECRET], headers, b"", NOW_MS + 3_600_000, tolerance_s=3_600) == "msg_1"


SEED = Ed25519PrivateKey.from_private_bytes(KEY)
PRIVATE = "whsk_" + base64.b64encode(KEY).decode()
BOTH = "whsk_" + base64.b64encode(KEY + SEED.public_key().public_bytes_raw()).decode()
PUBLIC = "whpk_" + base64.b64encode(SEED.public_key().public_bytes_raw()).decode()


def test_ed25519_signs_with_the_private_half_and_proves_with_the_public_one() -> None:
    """`v1a`: the public key proves what the private key signed, can't sign, and no scheme passes for the other."""
    headers = sign([parse_secret(PRIVATE)], "msg_1", NOW_S, b"{}")
    version, _, signature = headers["webhook-signature"].partition(",")
    assert version == "v1a"
    SEED.public_key().verify(base64.b64decode(signature), b"msg_1.%d.{}" % NOW_S)
    for text in (PUBLIC, PRIVATE, BOTH):
        assert verify([parse_secret(text)], headers, b"{}", NOW_MS) == "msg_1"
    with pytest.raises(BadSignature):
        verify([parse_secret(PUBLIC)], headers, b"{ }", NOW_MS)
    with pytest.raises(BadSignature):
        verify([SECRET], headers, b"{}", NOW_MS)
    with pytest.raises(BadSignature):
        verify([parse_secret(PUBLIC)], sign([SECRET], "msg_1", NOW_S, b"{}"), b"{}", NOW_MS)
    with pytest.raises(ValueError, match="can't sign"):
        sign([parse_secret(PUBLIC)], "msg_1", NOW_S, b"{}")


def test_secrets_are_read_in_every_usual_form() -> None:
    """With or without prefix, padded or not."""
    plain = base64.b64encode(bytes(25)).decode()
    headers = sign([HmacSecret(bytes(25))], "msg_1", NOW_S, b"")
    for text in (plain, plain.rstrip("="), "whsec_" + plain, "whsec_" + plain.rstrip("="), f" {plain}\n"):
        assert verify([parse_secret(text)], headers, b"", NOW_MS) == "msg_1"


@pytest.mark.parametrize(
    "text",
    ["", "whsec_", "whsec_!!hidden!!", "hidden", "whsec_" + base64.b64encode(bytes(23)).decode(), "whsk_aGlkZGVu",
     "whpk_aGlkZGVu", "whsec_" + base64.b64encode(bytes(65)).decode(), "hidden é", "whsec_\ud800hidden",
     "whsk_" + base64.b64encode(KEY + KEY).decode()],
)  # fmt: skip
def test_an_unfit_secret_is_refused_and_never_quoted(text: str) -> None:
    """Too short, too long, not base64: the error says so without showing it."""
    with pytest.raises(ValueError, match="base64|bytes|belong") as refused:
        parse_secret(text)
    assert "hidden" not in str(refused.value)
    assert refused.value.__cause__ is None


def test_no_secret_shows_in_a_repr() -> None:
    """Neither text, key nor base64."""
    for secret in (SECRET, parse_secret(PRIVATE), Ed25519Secret(public=base64.b64decode(PUBLIC[5:]))):
        assert repr(secret).endswith("(***)")
        assert str(secret).endswith("(***)")


@pytest.mark.parametrize("id", ["", "a.b", "a b\n", "é", "x" * 257])
def test_an_id_that_could_be_misread_is_never_signed(id: str) -> None:
    """The signed text is split at dots: an id must not hold one."""
    with pytest.raises(ValueError, match="webhook-id"):
        sign([SECRET], id, NOW_S, b"")
    with pytest.raises(ValueError, match="at least one secret"):
        sign([], "msg_1", NOW_S, b"")
