"""Settings that every provider has."""

from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from gateway.plugin import SECOND_MS
from gateway_payments.failures import FailureRules


class FailedPayments(BaseModel):
    """When failed payments of one customer are more than a nuisance."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    follow: bool = True
    """Whether failed payments become contacts at all."""

    window_s: Annotated[float, Field(ge=1, le=86_400)] = 600.0
    """Within so many seconds failures count together."""

    open_from: Annotated[int, Field(ge=1, le=100)] = 1
    """From so many failures on there is a contact. Of a shop with thousands of payments a day every tenth fails, and
    most are paid a minute later."""

    high_from: Annotated[int, Field(ge=2, le=100)] = 2
    """From so many failures on the priority is high."""

    urgent_from: Annotated[int, Field(ge=2, le=100)] = 5
    """From so many on it is urgent, and taken for somebody who tries cards."""

    solved_after_s: Annotated[float, Field(ge=60, le=82_800)] = 3_600.0
    """After so many seconds without another failure the contact is solved; 23 hours at most."""

    @model_validator(mode="after")
    def _rising(self) -> Self:
        if not self.open_from <= self.high_from <= self.urgent_from:
            raise ValueError("`high_from` is not less than `open_from`, and `urgent_from` not less than `high_from`")
        return self

    def rules(self) -> FailureRules:
        """The same for the code that counts."""
        return FailureRules(
            window_ms=round(self.window_s * SECOND_MS),
            open_from=self.open_from,
            high_from=self.high_from,
            urgent_from=self.urgent_from,
            quiet_ms=round(self.solved_after_s * SECOND_MS),
        )
