"""Keys of Standard Webhooks as text: making new ones, and what a receiver is given.

Two texts are the same key if their bytes are: comparing texts is enough for keys that were written here.
"""

import base64
from dataclasses import dataclass, field
from typing import Literal

from gateway.kernel.signing import PRIVATE_PREFIX, PUBLIC_PREFIX, new_secret, parse_secret

KeyKind = Literal["hmac", "ed25519"]
RANDOM_BYTES = 32


@dataclass(frozen=True, slots=True)
class Key:
    """A key as it is written down. `secret` is ours; `given` is what the receiver needs to verify."""

    kind: KeyKind
    secret: str = field(repr=False)
    given: str = field(repr=False)


def new_key(kind: KeyKind, random: bytes) -> Key:
    """A new key out of RANDOM_BYTES bytes of chance: `whsec_…`, which both sides have, or `whsk_…` with the public
    `whpk_…` for the receiver."""
    if kind == "hmac":
        secret = new_secret(random)
        return Key("hmac", secret, secret)
    from cryptography.hazmat.primitives.asymmetric import ed25519

    public = ed25519.Ed25519PrivateKey.from_private_bytes(random).public_key().public_bytes_raw()
    secret = PRIVATE_PREFIX + base64.b64encode(random + public).decode()
    parse_secret(secret)
    return Key("ed25519", secret, PUBLIC_PREFIX + base64.b64encode(public).decode())


def kind_of(secret: str) -> KeyKind:
    """Which kind the text of a secret is."""
    return "ed25519" if secret.startswith(PRIVATE_PREFIX) else "hmac"
