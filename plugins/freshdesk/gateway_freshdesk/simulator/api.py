"""What all answers of a simulated account share: the account, who does things in it, its limits and its faults."""

from dataclasses import dataclass, field

from aiohttp import web

from gateway.plugin import NowFunction
from gateway_freshdesk.simulator.account import Account
from gateway_freshdesk.simulator.acts import Acts
from gateway_freshdesk.simulator.limits import Limits


@dataclass(slots=True)
class Api:
    """Answers for one account. `pages_max`: the last page of a list of tickets that may be asked for."""

    acts: Acts
    account: Account
    now: NowFunction
    key: str
    limits: Limits
    faults: set[str]
    page_size: int = 100
    pages_max: int = 300
    base_url: str | None = None
    """What links begin with; None for where it was asked."""

    calls: dict[str, int] = field(default_factory=dict)
    """How often each path was asked for."""

    def base(self, request: web.Request) -> str:
        """What a link begins with."""
        return self.base_url or f"{request.scheme}://{request.host}"
