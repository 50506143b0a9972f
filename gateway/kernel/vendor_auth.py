"""How an account is proved to its vendor, as data: no connector handles tokens, and no `repr` shows a secret."""

from dataclasses import dataclass

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
    """OAuth 2.0 client credentials: tokens are fetched, kept and renewed by the client; `scope` is space-separated."""

    token_url: str
    client_id: str
    client_secret: SecretStr
    scope: str = ""


Auth = NoAuth | ApiKey | ClientCredentials
"""Every way that the client knows."""
