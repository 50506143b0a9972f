"""An enricher for tests: it knows what a customer has paid."""

from collections.abc import Sequence
from typing import ClassVar

import msgspec
from pydantic import BaseModel, ConfigDict, SecretStr

from gateway.plugin import Context, Customer, Finding


class PurseSettings(BaseModel):
    """What may stand under its name."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    api_key: SecretStr | None = None
    """What it is asked with."""

    base_url: str = "https://purse.example.com"
    """Where it is."""


class Dispute(msgspec.Struct):
    """One of its facts has facts of its own."""

    reason: str = ""
    cents: int = 0


class PurseFacts(msgspec.Struct):
    """What it tells."""

    paid: int = 0
    currency: str = ""
    disputes: list[Dispute] = []


class Purse:
    """It has paid 5 whoever it is."""

    plugin: ClassVar[str] = "purse"
    settings_type: ClassVar[type[BaseModel]] = PurseSettings
    facts_type: ClassVar[type[msgspec.Struct]] = PurseFacts

    def __init__(self, name: str, settings: PurseSettings, context: Context) -> None:
        self.key = settings.api_key

    async def lookup(self, customer: Customer, now: int) -> PurseFacts:
        """The same for everyone."""
        return PurseFacts(paid=5)

    async def check(self) -> Sequence[Finding]:
        """Whether there is a key."""
        return [Finding(self.key is not None, "it has a key" if self.key else "it has no key", "give it one")]
