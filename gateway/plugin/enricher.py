"""What an enricher is: it says what another system knows of a customer. Nobody waits for it.

The core calls `EnricherType(name, settings, context)`; the constructor does no I/O. Members that it may have beside
those of the Protocol, as a connector: `auth(settings)` and `limits(settings)` of the account, `ttl_s`, and
`simulator(settings, seed)`, which gives a `StandIn`.
"""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Final, Protocol

from msgspec import Struct
from pydantic import BaseModel

from gateway.model.identity import Customer
from gateway.plugin.connector import Context, Finding, NowFunction

TTL_S: Final = 3_600.0
"""How long an answer is good, in seconds, where neither the policy's `ttl` nor the enricher's `ttl_s` says."""

TTL_MAX_S: Final = 31_536_000
"""The longest that an enricher may say: a year."""


class Enricher(Protocol):
    """Every enricher. `settings_type` says what may stand under its name in gateway.yaml; secrets are `SecretStr`.

    `facts_type` is a msgspec Struct: its fields, texts, numbers, booleans, lists and Structs of them, are what
    conditions read as `contact.facts.<name>.…`, typed and checked when a policy is loaded. Each has a default.
    """

    plugin: ClassVar[str]
    settings_type: ClassVar[type[BaseModel]]
    facts_type: ClassVar[type[Struct]]

    def __init__(self, name: str, settings: Any, context: Context) -> None: ...

    async def lookup(self, customer: Customer, now: int) -> Any:
        """What is known of a customer, as a `facts_type`. That nobody of these identities is known is an answer, too.

        `now` is in milliseconds: an enricher has no other clock. May be cancelled at any await: the core gives it the
        time that `timeout` in gateway.yaml says. A VendorError is why there is no answer now; the core asks again
        later. Never raises anything else.
        """
        ...

    async def check(self) -> Sequence[Finding]:
        """Credentials and scopes, asked of the other system."""
        ...


class StandIn(Protocol):
    """The other system, as far as an enricher can tell: the kit asks it."""

    async def start(self, now: NowFunction, push_to: str | None) -> Mapping[str, Any]:
        """Listen on loopback; `push_to` is for connectors. Returns the settings that point an enricher at it (secrets
        as text)."""
        ...

    def customers(self) -> Sequence[Customer]:
        """Whom it knows, by each identity alone that it can be asked for; one at least."""
        ...

    async def stop(self) -> None:
        """Stop listening, and let go of everything."""
        ...
