"""Standard Webhooks: what we sign others accept, what others sign we accept, and nothing else."""

import base64
import json
from datetime import UTC, datetime

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks import Webhook, WebhookVerificationError

from gateway.kernel.signing import (
    BadSignature,
    Ed25519Secret,
    HmacSecret,
    Secret,
    new_secret,
    parse_secret,
    sign,
    verify,
)

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


def test_the_published_vector_of_the_asymmetric_scheme() -> None:
    """The Go library's own test: a 32-byte seed, and this very `v1a` signature."""
    secret = parse_secret("whsk_VEVTVFNJR05JTkdLRVlET05PVFVTRVRISVNGT1JBTlk=")
    headers = sign([secret], "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}')
    assert headers["webhook-signature"] == (
        "v1a,tQ9V2XOqn7jL/DQenEFpqIugdBVtiMmER5mhSkXBNwM0mkATuDe6KYYUuxqtaiHeYGb7KaaBRdM5WqyeFiL8Ag=="
    )
    public = "whpk_" + base64.b64encode(
        Ed25519PrivateKey.from_private_bytes(b"TESTSIGNINGKEYDONOTUSETHISFORANY").public_key().public_bytes_raw()
    ).decode()  # fmt: skip
    assert verify([parse_secret(public)], headers, b'{"test": 2432232314}', 1614265330_000).startswith("msg_")


@pytest.mark.parametrize(
    ("seed", "public", "message", "signature"),
    [
        (
            "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
            "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
            "",
            "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
        ),
        (
            "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
            "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
            "72",
            "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
        ),
    ],
)
def test_the_vectors_of_rfc_8032(seed: str, public: str, message: str, signature: str) -> None:
    """Section 7.1, tests 1 and 2: what the standard itself says that Ed25519 gives."""
    text, mark = bytes.fromhex(message), bytes.fromhex(signature)
    for secret in (
        Ed25519Secret(private=bytes.fromhex(seed)),
        Ed25519Secret(private=bytes.fromhex(seed + public)),
    ):
        assert secret.sign(text) == mark
    known = Ed25519Secret(public=bytes.fromhex(public))
    assert known.proves(text, mark)
    assert not known.proves(text + b" ", mark)


def test_the_vector_of_rfc_4231() -> None:
    """HMAC-SHA256, section 4.5: a key of 25 bytes, as long as a secret may be."""
    mark = HmacSecret(bytes(range(1, 26))).sign(b"\xcd" * 50)
    assert mark.hex() == "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b"


ROTATED = [HmacSecret(b"o" * 24), parse_secret(PRIVATE), HmacSecret(b"n" * 64)]


@given(st.permutations(ROTATED), st.integers(1, 3), IDS, BODIES)
def test_a_rotation_of_both_schemes_proves_to_every_receiver(
    order: list[Secret], many: int, id: str, body: bytes
) -> None:
    """One to three secrets sign, HMAC and Ed25519 mixed: who knows one of them is content, the reference too."""
    signing = order[:many]
    now = int(datetime.now(UTC).timestamp())
    headers = sign(signing, id, now, body)
    assert headers["webhook-signature"].count(" ") == many - 1
    for secret in order:
        if secret in signing:
            assert verify([secret], headers, body, now * 1_000) == id
            if secret is ROTATED[0]:
                Webhook(base64.b64encode(b"o" * 24).decode()).verify(body, headers)
        else:
            with pytest.raises(BadSignature, match="no signature"):
                verify([secret], headers, body, now * 1_000)
            if secret is ROTATED[0]:
                with pytest.raises(WebhookVerificationError):
                    Webhook(base64.b64encode(b"o" * 24).decode()).verify(body, headers)


@given(KEYS, IDS, BODIES, st.sampled_from(["body", "webhook-id", "webhook-timestamp", "webhook-signature"]), st.data())
def test_we_and_the_reference_refuse_alike(key: bytes, id: str, body: bytes, changed: str, data: st.DataObject) -> None:
    """A body or a header that was changed is refused by both; neither proves what the other doesn't."""
    now = int(datetime.now(UTC).timestamp())
    headers = sign([HmacSecret(key)], id, now, body)
    other = {
        "body": st.just(body + b" "),
        "webhook-id": IDS.filter(lambda new: new != id),
        "webhook-timestamp": st.integers(now - 200, now + 200).filter(lambda new: new != now).map(str),
        "webhook-signature": st.binary(max_size=40).map(lambda mark: f"v1,{base64.b64encode(mark).decode()}"),
    }[changed]
    value = data.draw(other)
    if changed == "body":
        body = value
    else:
        headers[changed] = value
    with pytest.raises(BadSignature):
        verify([HmacSecret(key)], headers, body, now * 1_000)
    with pytest.raises(WebhookVerificationError):
        Webhook(base64.b64encode(key).decode()).verify(body, headers)


def test_no_scheme_passes_for_another() -> None:
    """A signature under the other's name, and an HMAC with what everybody may know of a key pair, prove nothing."""
    public = SEED.public_key().public_bytes_raw()
    content = b"msg_1.%d.{}" % NOW_S
    shared, pair = HmacSecret(KEY), parse_secret(PUBLIC)
    by_hmac = base64.b64encode(shared.sign(content)).decode()
    by_pair = base64.b64encode(SEED.sign(content)).decode()
    by_public = base64.b64encode(HmacSecret(public).sign(content)).decode()
    by_text = base64.b64encode(HmacSecret(PUBLIC.encode()).sign(content)).decode()
    listed = [
        f"v1a,{by_hmac}",
        f"v1,{by_pair}",
        f"v1,{by_public}",
        f"v1a,{by_public}",
        f"v1,{by_text}",
        f"v1a,{by_text}",
    ]
    listed += [f"{version},{by_hmac}" for version in ("v2", "V1", "v01", "", "v1 ", "v1a")]
    for signature in (*listed, " ".join(listed[:6])):
        headers = {"webhook-id": "msg_1", "webhook-timestamp": str(NOW_S), "webhook-signature": signature}
        with pytest.raises(BadSignature, match="no signature"):
            verify([shared, pair], headers, b"{}", NOW_MS)


PROVED = sign([SECRET], "msg_1", NOW_S, b"{}")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("webhook-signature", " ".join(["v1,AAAA"] * 10_000)),
        ("webhook-signature", " ".join(["v1,A"] * 1_000)),
        ("webhook-signature", PROVED["webhook-signature"].replace("+", "-").replace("/", "_") + "-_"),
        ("webhook-signature", PROVED["webhook-signature"][:-5]),
        ("webhook-signature", PROVED["webhook-signature"].replace(",", "")),
        ("webhook-signature", PROVED["webhook-signature"].replace(" ", "\t").replace(",", "\x00")),
        ("webhook-signature", " " * 8_000),
        ("webhook-signature", "v1a," + base64.b64encode(bytes(63)).decode()),
        ("webhook-signature", "v1a," + base64.b64encode(bytes(64)).decode()),
        ("webhook-signature", "v1a," + base64.b64encode(b"\xff" * 64).decode()),
        ("webhook-signature", "v1a," + base64.b64encode(bytes(65)).decode()),
        ("webhook-timestamp", "²" * 10),
        ("webhook-timestamp", "１７７２４４２０００"),
        ("webhook-timestamp", "𝟏𝟕𝟕𝟐𝟒𝟒𝟐𝟎𝟎𝟎"),
        ("webhook-timestamp", f"{NOW_S} "),
        ("webhook-timestamp", f"{NOW_S}\n"),
        ("webhook-timestamp", f"{NOW_S}e0"),
        ("webhook-timestamp", hex(NOW_S)),
        ("webhook-timestamp", "9" * 12),
        ("webhook-timestamp", "9" * 13),
        ("webhook-timestamp", "0"),
        ("webhook-timestamp", "inf"),
        ("webhook-timestamp", "\ud800"),
        ("webhook-id", "\ud800"),
        ("webhook-id", "msg_1\x00"),
        ("webhook-id", "msg_1\x7f"),
        ("webhook-id", "msg_1." + str(NOW_S)),
    ],
)
def test_more_hostile_headers_give_the_one_error(name: str, value: str) -> None:
    """Thousands of signatures, other scripts' digits, other bases, half a signature: BadSignature."""
    for secrets in ([SECRET], [parse_secret(PUBLIC)], [SECRET, parse_secret(PUBLIC)], []):
        with pytest.raises(BadSignature):
            verify(secrets, {**PROVED, name: value}, b"{}", NOW_MS)
