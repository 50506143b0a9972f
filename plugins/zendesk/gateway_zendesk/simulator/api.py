"""What all answers of a simulated account share: the account, its doorman and limits, its webhooks and its faults."""

from dataclasses import dataclass, field

from aiohttp import web
from pydantic import SecretStr

from gateway.plugin import NowFunction
from gateway_zendesk.simulator import people
from gateway_zendesk.simulator.account import Account
from gateway_zendesk.simulator.hooks import KINDS, MESSAGE
from gateway_zendesk.simulator.limits import Limits
from gateway_zendesk.simulator.oauth import Doorman
from gateway_zendesk.simulator.push import Webhook
from gateway_zendesk.simulator.ticket import Json


@dataclass(slots=True)
class Api:
    """Answers for one account. `base_url`: what links begin with; by default where it was asked."""

    account: Account
    now: NowFunction
    doorman: Doorman
    limits: Limits
    webhooks: dict[str, Webhook]
    faults: set[str]
    page_size: int = 1_000
    audits_page_size: int = 100
    slow_s: float = 1.0
    base_url: str | None = None
    calls: dict[str, int] = field(default_factory=dict)
    """How often each path was asked for."""

    absurd: int = 0
    """How many senseless times to wait were given."""

    def base(self, request: web.Request) -> str:
        """What a link begins with."""
        return self.base_url or f"{request.scheme}://{request.host}"

    def export_begins(self) -> None:
        """From now on nothing may appear behind a cursor."""
        self.account.exported = True

    def beside(self, request: web.Request, wanted: frozenset[str]) -> Json:
        """Groups and organizations, where a request wants them beside its tickets."""
        told: Json = {}
        if "groups" in wanted:
            told["groups"] = people.groups_json(self.base(request), self.account.created)
        if "organizations" in wanted:
            told["organizations"] = people.organizations_json(self.base(request), self.account.created)
        return told

    def subscribe(self, endpoint: str, secret: SecretStr, kinds: tuple[str, ...] = (*KINDS, MESSAGE)) -> Webhook:
        """A new webhook."""
        id = f"01H{self.doorman.random.getrandbits(110):023d}"[:26]
        self.webhooks[id] = Webhook(id, endpoint, secret, self.now(), kinds)
        return self.webhooks[id]
