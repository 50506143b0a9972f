"""How an account is proved to its vendor, as data: no connector handles tokens, and no `repr` shows a secret."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from pydantic import SecretStr


@dataclass(frozen=True, slots=True)
class NoAuth:
    """Requests carry no credentials."""


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A key that is sent as it is: in `header` behind `prefix`, or, with `username`, as the password of HTTP Basic."""

    key: SecretStr
    header: str = "Authorization"
    prefix: str = "Bearer "
    username: str | None = None


@dataclass(frozen=True, slots=True)
class ClientCredentials:
    """OAuth 2.0 client credentials: tokens are fetched, kept and renewed by the client; `scope` is space-separated.
    `parameters` are what the vendor's token endpoint wants beside the standard's own."""

    token_url: str
    client_id: str
    client_secret: SecretStr
    scope: str = ""
    parameters: Mapping[str, str | int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class AuthorizationCode:
    """OAuth 2.0 authorization code with PKCE: a person grants access once, by `gateway authorize`; from then on the
    client renews the tokens. `client_secret` is None for a public client; `scope` is space-separated.

    `parameters` go with every request to `token_url`, beside the standard's own: how long tokens shall live, say.
    """

    authorize_url: str
    token_url: str
    client_id: str
    client_secret: SecretStr | None = None
    scope: str = ""
    parameters: Mapping[str, str | int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class JwtBearer:
    """A signed assertion (RFC 7523): the client signs with `private_key` that it is `client_id` and acts for the user
    `subject`, towards `audience`, and gets tokens for that, which it keeps and renews.

    `private_key` is an RSA key in PEM, which a setting of the type `RsaKey` has checked; an assertion is good for
    `life_s` seconds. `scope` is space-separated; `parameters` go with every request to `token_url`.
    """

    token_url: str
    client_id: str
    subject: str
    audience: str
    private_key: SecretStr
    scope: str = ""
    life_s: int = 180
    parameters: Mapping[str, str | int] = field(default_factory=dict)


Auth = NoAuth | ApiKey | ClientCredentials | AuthorizationCode | JwtBearer
"""Every way that the client knows."""
