"""How many requests a vendor allows, as data: a connector names the limits, the account's client keeps them."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limit:
    """At most `requests` within any `per_s` seconds, over all paths that match one of `paths` (shell patterns, without
    the query), for the whole account. A request counts for every limit that its path matches."""

    name: str
    requests: int
    per_s: float = 60.0
    paths: tuple[str, ...] = ("*",)

    def __post_init__(self) -> None:
        if self.requests < 1 or not self.per_s > 0:
            raise ValueError(f"the limit {self.name!r} allows nothing: give at least one request and some seconds")
