"""Standard Webhooks: signing what we send, and proving what others sent.

Laws: the signed text is `id.timestamp.body`, byte for byte; comparison takes the same time whatever differs; whatever
headers come, `verify` answers or raises BadSignature. No secret shows in a repr or an error.
"""

import base64
import binascii
import hmac
from collections.abc import Mapping, Sequence
from typing import Protocol

HMAC_PREFIX = "whsec_"
PRIVATE_PREFIX = "whsk_"
PUBLIC_PREFIX = "whpk_"
KEY_BYTES = range(24, 65)
"""How long an HMAC key may be, in bytes."""

TOLERANCE_S = 300
"""How far a timestamp may be from now, to both sides, in seconds."""

ID_MAX = 256
SIGNATURES_MAX = 32
"""Signatures that are looked at in one header; a sender needs two while it rotates."""

HEADER_MAX = 8_192
_SEED_BYTES = 32


class BadSignature(Exception):
    """Not proved to be the sender's. The reason may be told to anybody."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Secret(Protocol):
    """A key that proves messages; one that can sign has `sign` that gives bytes, else it raises ValueError."""

    version: str

    def sign(self, content: bytes) -> bytes:
        """The signature of a signed text."""
        ...

    def proves(self, content: bytes, signature: bytes) -> bool:
        """Whether this key made the signature."""
        ...


class HmacSecret:
    """A key that both sides share."""

    version = "v1"

    def __init__(self, key: bytes) -> None:
        if len(key) not in KEY_BYTES:
            raise ValueError(
                f"the secret has {len(key)} bytes: {KEY_BYTES.start} to {KEY_BYTES.stop - 1} random bytes are needed, "
                "in base64 behind whsec_"
            )
        self._key = key

    def __repr__(self) -> str:
        return "HmacSecret(***)"

    def sign(self, content: bytes) -> bytes:
        """HMAC-SHA256 of the content."""
        return hmac.digest(self._key, content, "sha256")

    def proves(self, content: bytes, signature: bytes) -> bool:
        """Compare in constant time."""
        return hmac.compare_digest(self.sign(content), signature)


class Ed25519Secret:
    """A pair of keys, or its public half alone, which proves but can't sign."""

    version = "v1a"

    def __init__(self, *, private: bytes | None = None, public: bytes | None = None) -> None:
        from cryptography.hazmat.primitives.asymmetric import ed25519

        self._private = None
        if private is not None:
            if len(private) not in (_SEED_BYTES, 2 * _SEED_BYTES):
                raise ValueError(
                    f"the private key has {len(private)} bytes: 32, or 64 with its public half, are needed"
                )
            self._private = ed25519.Ed25519PrivateKey.from_private_bytes(private[:_SEED_BYTES])
            derived = self._private.public_key().public_bytes_raw()
            public = private[_SEED_BYTES:] or public or derived
            if public != derived:
                raise ValueError("the two halves of the key don't belong together")
        if public is None or len(public) != _SEED_BYTES:
            raise ValueError("a public key has 32 bytes")
        self._public = ed25519.Ed25519PublicKey.from_public_bytes(public)

    def __repr__(self) -> str:
        return "Ed25519Secret(***)"

    def sign(self, content: bytes) -> bytes:
        """The Ed25519 signature. Raises ValueError without the private half."""
        if self._private is None:
            raise ValueError("a public key (whpk_) proves messages but can't sign them: give the private one (whsk_)")
        return self._private.sign(content)

    def proves(self, content: bytes, signature: bytes) -> bool:
        """Whether the private half made the signature."""
        from cryptography.exceptions import InvalidSignature

        try:
            self._public.verify(signature, content)
        except InvalidSignature:
            return False
        return True


def parse_secret(text: str) -> Secret:
    """The key that a text holds: its prefix says which kind; without one it is HMAC.

    Base64 may lack its padding. Raises ValueError, which never quotes the text.
    """
    if text.startswith(PRIVATE_PREFIX):
        return Ed25519Secret(private=_key(text.removeprefix(PRIVATE_PREFIX)))
    if text.startswith(PUBLIC_PREFIX):
        return Ed25519Secret(public=_key(text.removeprefix(PUBLIC_PREFIX)))
    return HmacSecret(_key(text.removeprefix(HMAC_PREFIX)))


def new_secret(random: bytes) -> str:
    """The text form of a new HMAC key: give it 24 to 64 bytes of chance."""
    HmacSecret(random)
    return HMAC_PREFIX + base64.b64encode(random).decode()


def sign(secrets: Sequence[Secret], id: str, at_s: int, body: bytes) -> dict[str, str]:
    """The three headers of a message. Every secret signs: during a rotation, the new one and the old one.

    Raises ValueError for an id that can't be signed without doubt: one with a dot, or beyond printable ASCII.
    """
    if not secrets:
        raise ValueError("a message needs at least one secret to be signed with")
    if not _plain_id(id):
        raise ValueError(f"{id!r} can't be a webhook-id: 1 to {ID_MAX} printable ASCII characters without a dot")
    content = _content(id, str(at_s), body)
    signatures = (f"{secret.version},{base64.b64encode(secret.sign(content)).decode()}" for secret in secrets)
    return {"webhook-id": id, "webhook-timestamp": str(at_s), "webhook-signature": " ".join(signatures)}


def verify(
    secrets: Sequence[Secret], headers: Mapping[str, str], body: bytes, now_ms: int, tolerance_s: int = TOLERANCE_S
) -> str:
    """Prove a message that one of `secrets` has signed, and return its id. Header names are in lower case.

    Raises BadSignature, and nothing else, whatever the headers hold.
    """
    id = _header(headers, "webhook-id")
    timestamp = _header(headers, "webhook-timestamp")
    listed = _header(headers, "webhook-signature")
    if not _plain_id(id):
        raise BadSignature("webhook-id is not 1 to 256 printable ASCII characters without a dot")
    if not (timestamp.isdigit() and len(timestamp) <= 12):
        raise BadSignature("webhook-timestamp is not a whole number of seconds")
    age_ms = now_ms - int(timestamp) * 1_000
    if abs(age_ms) > tolerance_s * 1_000:
        raise BadSignature(f"webhook-timestamp is more than {tolerance_s} s {'old' if age_ms > 0 else 'ahead'}")
    content = _content(id, timestamp, body)
    proved = False
    for version, signature in _signatures(listed):
        for secret in secrets:
            if secret.version == version:
                proved |= secret.proves(content, signature)
    if not proved:
        raise BadSignature("no signature is of a secret that is known here")
    return id


def _content(id: str, timestamp: str, body: bytes) -> bytes:
    return b"%b.%b.%b" % (id.encode("ascii"), timestamp.encode("ascii"), body)


def _plain_id(id: str) -> bool:
    return 0 < len(id) <= ID_MAX and id.isascii() and id.isprintable() and "." not in id


def _header(headers: Mapping[str, str], name: str) -> str:
    value = headers.get(name)
    if not value:
        raise BadSignature(f"{name} is missing")
    if len(value) > HEADER_MAX or not value.isascii():
        raise BadSignature(f"{name} is longer than {HEADER_MAX} characters, or not ASCII")
    return value


def _signatures(listed: str) -> list[tuple[str, bytes]]:
    found = []
    for part in listed.split(" ")[:SIGNATURES_MAX]:
        version, _, text = part.partition(",")
        try:
            found.append((version, _base64(text)))
        except ValueError:
            continue
    return found


def _key(text: str) -> bytes:
    try:
        return _base64(text.strip())
    except ValueError:
        raise ValueError("the secret is not base64: whsec_, whsk_ or whpk_ and base64 are needed") from None


def _base64(text: str) -> bytes:
    try:
        return base64.b64decode(text.rstrip("=") + "=" * (-len(text.rstrip("=")) % 4), validate=True)
    except binascii.Error as error:
        raise ValueError(str(error)) from None
