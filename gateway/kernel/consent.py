"""How a person grants access: the link to the vendor, and the address at which the browser comes back. Pure but for
chance.

The state proves that the answer belongs to this question, the verifier (PKCE, S256) that who exchanges the code is who
asked for it. Law: no message holds a code, a state or a verifier.
"""

import base64
import hmac
import re
from typing import Final
from urllib.parse import parse_qs, urlsplit

import msgspec

from gateway.kernel.ports import Rng
from gateway.kernel.urls import read_url
from gateway.kernel.vendor_auth import AuthorizationCode

PENDING_MS: Final = 600_000
"""How long an answer is waited for."""

ADDRESS_MAX: Final = 8_192
_FIELDS_MAX = 20
_CODE_MAX = 4_096
_STATE_BYTES, _VERIFIER_BYTES = 32, 48
_ERROR = re.compile(r"[a-z_]{1,60}")


class NotGranted(Exception):
    """The answer brings no code. `final`: it is the vendor's own, and no other one will come."""

    def __init__(self, what: str, *, final: bool = False) -> None:
        super().__init__(what)
        self.final = final


class Pending(msgspec.Struct, frozen=True):
    """A question that waits for its answer."""

    state: str
    verifier: str
    redirect_uri: str
    began_at: int

    def __repr__(self) -> str:
        return f"Pending(redirect_uri={self.redirect_uri!r}, began_at={self.began_at})"


def begin(redirect_uri: str, rng: Rng, now: int) -> Pending:
    """A new question."""
    return Pending(_text(rng.token(_STATE_BYTES)), _text(rng.token(_VERIFIER_BYTES)), redirect_uri, now)


def link(auth: AuthorizationCode, pending: Pending) -> str:
    """Where the person goes. Raises ValueError if the vendor's address is none."""
    from authlib.oauth2.rfc6749.parameters import prepare_grant_uri
    from authlib.oauth2.rfc7636 import create_s256_code_challenge

    read_url(auth.authorize_url)
    made: str = prepare_grant_uri(
        auth.authorize_url,
        client_id=auth.client_id,
        response_type="code",
        redirect_uri=pending.redirect_uri,
        scope=auth.scope or None,
        state=pending.state,
        code_challenge=create_s256_code_challenge(pending.verifier),
        code_challenge_method="S256",
    )
    return made


def code_in(pending: Pending, address: str, now: int) -> str:
    """The code in the address at which the browser has ended. Raises NotGranted."""
    if not 0 <= now - pending.began_at <= PENDING_MS:
        raise NotGranted(f"the question is older than {PENDING_MS // 60_000} minutes: start again", final=True)
    try:
        if len(address) > ADDRESS_MAX:
            raise ValueError
        told = parse_qs(urlsplit(address.strip()).query, max_num_fields=_FIELDS_MAX)
    except ValueError:
        raise NotGranted("this is no address at which a vendor's page could have ended") from None
    one = {name: values[0] for name, values in told.items() if len(values) == 1}
    if "state" not in one:
        raise NotGranted("give the whole address at which the browser has ended, with what stands behind its `?`")
    if not hmac.compare_digest(one["state"].encode(), pending.state.encode()):
        raise NotGranted("this answers another question than the last one that was asked")
    if "error" in one:
        error = one["error"] if _ERROR.fullmatch(one["error"]) else "an error"
        raise NotGranted(f"access was not granted: {error}", final=True)
    code = one.get("code", "")
    if not 1 <= len(code) <= _CODE_MAX or not code.isascii() or not code.isprintable():
        raise NotGranted("the vendor's answer has no code", final=True)
    return code


def _text(chance: bytes) -> str:
    return base64.urlsafe_b64encode(chance).rstrip(b"=").decode()
