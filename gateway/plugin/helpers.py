"""Small tools that every connector needs: reading JSON, comparing secrets, settings that hold secrets.

All of them are total: whatever a stranger sends, they answer or raise BadPayload, and nothing else.
"""

import hashlib
import hmac
from typing import Annotated, Any

import msgspec
from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, WithJsonSchema

from gateway.kernel.assertions import parse_rsa_key
from gateway.kernel.json_schema import SECRETS_SCHEMA
from gateway.kernel.nesting import NESTING_MAX, too_deep
from gateway.plugin.connector import BadPayload


def _listed(value: object) -> object:
    return [value] if isinstance(value, str | SecretStr) else value


Secrets = Annotated[
    tuple[Annotated[SecretStr, Field(min_length=1)], ...],
    BeforeValidator(_listed),
    Field(min_length=1, max_length=8),
    WithJsonSchema(SECRETS_SCHEMA),
]
"""A setting that is one secret or a list of them, none empty: the first signs, all of them verify."""


def _rsa_key(pem: SecretStr) -> SecretStr:
    parse_rsa_key(pem)
    return pem


RsaKey = Annotated[SecretStr, AfterValidator(_rsa_key)]
"""A setting that is a private RSA key in PEM, without a passphrase: what `JwtBearer` signs with."""


def read_json(body: bytes) -> Any:
    """Read a payload's JSON. Raises BadPayload for what is no JSON, holds NaN, or nests deeper than NESTING_MAX."""
    try:
        value = msgspec.json.decode(body)
    except RecursionError:
        raise BadPayload(f"JSON that nests deeper than {NESTING_MAX} levels") from None
    except (msgspec.MsgspecError, UnicodeError) as error:
        raise BadPayload(f"not JSON: {error}") from None
    # As many brackets as there may be levels can't nest too deep: only a body with more of them is walked.
    if body.count(b"[") + body.count(b"{") > NESTING_MAX and too_deep(value):
        raise BadPayload(f"JSON that nests deeper than {NESTING_MAX} levels")
    return value


def same_secret(given: str | None, expected: str) -> bool:
    """Whether a stranger's proof is the expected one, in time that doesn't tell where they differ.

    An empty `expected` matches nothing.
    """
    left = (given or "").encode("utf-8", "surrogatepass")
    right = expected.encode("utf-8", "surrogatepass")
    return hmac.compare_digest(left, right) and bool(right)


def hmac_sha256(secret: SecretStr | str | bytes, message: bytes) -> bytes:
    """The 32 bytes of HMAC-SHA256; a secret that is text is used as its UTF-8 bytes."""
    plain = secret.get_secret_value() if isinstance(secret, SecretStr) else secret
    key = plain.encode("utf-8", "surrogatepass") if isinstance(plain, str) else plain
    return hmac.new(key, message, hashlib.sha256).digest()
