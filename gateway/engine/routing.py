"""Where a contact would go that is about to open: for connectors that must answer at once. Nothing is stored.

The same rules decide that will judge the contact once it is there, on the same facts.
"""

from dataclasses import dataclass

from gateway.engine.policies import Policies
from gateway.model.event import ContactOpened, identified
from gateway.model.judgement import Route
from gateway.plugin import RouteFunction
from gateway.rules.advance import Sourced
from gateway.rules.replay import replay
from gateway.rules.timeline import FROM_THE_BEGINNING, InForce, Timeline


@dataclass(slots=True)
class Router:
    """Routes by the policy in force. Connectors are made before there is one: until it has `policies`, it has no route
    for anything."""

    policies: Policies | None = None

    async def take(self, policies: Policies, now: int) -> None:
        """Route by these from now on. Raises StoreUnusable for a policy that can't be read."""
        await policies.timeline(now)
        self.policies = policies

    def of(self, connector: str) -> RouteFunction:
        """What a connector is lent."""

        def route(opened: ContactOpened) -> Route | None:
            at = int(opened.at)
            policy = None if self.policies is None else self.policies.ready(at)
            if policy is None:
                return None
            judged = replay(
                [Sourced(connector, identified(opened))], Timeline([InForce(FROM_THE_BEGINNING, policy)]), at
            )
            return None if judged.state is None else judged.state.route

        return route
