"""Assertions by which an account proves itself (RFC 7523): signed with an RSA key that only its owner has.

Law: no message and no exception holds any of the key.
"""

from typing import TYPE_CHECKING, Final

from pydantic import SecretStr

from gateway.kernel.vendor_auth import JwtBearer

if TYPE_CHECKING:
    from joserfc.jwk import RSAKey

ALGORITHM: Final = "RS256"

BITS_MIN: Final = 2_048
"""A shorter key is no proof any more (NIST SP 800-131A)."""

BITS_MAX: Final = 8_192
"""A longer one takes seconds to sign with."""


def parse_rsa_key(pem: SecretStr) -> "RSAKey":
    """The RSA key that is written in PEM (PKCS #1 or #8), its line ends also as `\\n`, since many files of environment
    variables hold a line each. Raises ValueError, in words, for anything else."""
    # Imported here: only accounts that sign need them.
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key
    from joserfc.jwk import RSAKey

    try:
        # No PEM has a backslash of its own.
        key = load_pem_private_key(pem.get_secret_value().replace("\\n", "\n").encode(), password=None)
    except TypeError:
        raise ValueError("this private key is locked by a passphrase: give it without one") from None
    except (ValueError, UnsupportedAlgorithm):
        raise ValueError("this is no private key in PEM, the first line of which says BEGIN PRIVATE KEY") from None
    if not isinstance(key, RSAPrivateKey):
        raise ValueError("this private key is none of RSA")
    if not BITS_MIN <= key.key_size <= BITS_MAX:
        raise ValueError(f"this RSA key has {key.key_size} bits: from {BITS_MIN} to {BITS_MAX} are of use")
    return RSAKey.import_key(key)


class Signer:
    """Signs for one account. Its key is read once, when it is needed first: that takes far longer than signing."""

    def __init__(self, auth: JwtBearer) -> None:
        self._auth = auth
        self._key: RSAKey | None = None

    def assertion(self, now: int) -> str:
        """What proves the account from `now` on (ms since the epoch). Raises ValueError for a key that is none."""
        from joserfc import jwt

        auth, issued_s = self._auth, now // 1000
        self._key = self._key or parse_rsa_key(auth.private_key)
        claims = {
            "iss": auth.client_id,
            "sub": auth.subject,
            "aud": auth.audience,
            "iat": issued_s,
            "exp": issued_s + auth.life_s,
        }
        return jwt.encode({"alg": ALGORITHM}, claims, self._key)
