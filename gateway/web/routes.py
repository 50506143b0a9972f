"""The route table: every address of the admin app, with who may use it. What isn't in the table doesn't exist."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final, Literal

from aiohttp import web

from gateway.kernel import access
from gateway.web.replies import Handler

Role = Literal["anyone", access.Role]
"""Who may: anyone at all, who looks, who acts, who sees what people may and have done. Each may what those before it
may."""

ROLES: Final[tuple[Role, ...]] = ("anyone", *access.ROLES)


@dataclass(frozen=True, slots=True)
class Route:
    """An address. `path` is as aiohttp takes it, `role` the least that is asked of who calls it."""

    method: str
    path: str
    handler: Handler
    role: Role


class Routes:
    """All routes of one app. Raises ValueError for an address that is given twice, or for nobody in particular."""

    def __init__(self, *parts: Iterable[Route]) -> None:
        self._routes = [route for part in parts for route in part]
        self._roles: dict[tuple[str, str], Role] = {}
        for route in self._routes:
            key = (route.method, route.path)
            if key in self._roles:
                raise ValueError(f"{route.method} {route.path} is in the table twice")
            if route.role not in ROLES:
                raise ValueError(f"{route.method} {route.path} names no role: {', '.join(ROLES)}")
            self._roles[key] = route.role

    def __iter__(self) -> Iterator[Route]:
        return iter(self._routes)

    def add_to(self, router: web.UrlDispatcher) -> None:
        """Let the app have them. A GET answers a HEAD, too."""
        for route in self._routes:
            if route.method == "GET":
                router.add_get(route.path, route.handler)
            else:
                router.add_route(route.method, route.path, route.handler)

    def role_of(self, request: web.Request) -> Role:
        """The least role for a request; of one that no route takes, the least that proves anything."""
        resource = request.match_info.route.resource
        if resource is None:
            return "viewer"
        method = "GET" if request.method == "HEAD" else request.method
        return self._roles.get((method, resource.canonical), "admin")


ROUTES: Final = web.AppKey("routes", Routes)
"""The table of an app."""
