"""The demo's stage: simulated accounts, the whole gateway and a verifying receiver, in this process, on a folder that
goes again.

Nothing is shortened: webhooks are signed and travel over loopback sockets, the export is pulled, notices are delivered.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from io import StringIO
from pathlib import Path
from typing import Any, Protocol, cast

from ruamel.yaml import YAML

from gateway.cli.demo.story import Act
from gateway.cli.failures import UNAVAILABLE, Failed
from gateway.daemon.daemon import Daemon
from gateway.daemon.setup import load_setup, plugins_here
from gateway.kernel.clock import SystemClock
from gateway.kernel.rng import SystemRng
from gateway.kernel.signing import new_secret, parse_secret
from gateway.plugin import Simulates
from gateway.web.receiver import Notice, receiver_app
from gateway.web.servers import Servers

HOST = "127.0.0.1"
ACCOUNTS = ("acme", "globex")
EXPORT_EVERY_S = 8


_STATUSES = {"waits": "pending", "holds": "hold", "solves": "solved"}


class Helpdesk(Protocol):
    """A simulated account, as far as the story acts in it. Times are milliseconds since the epoch."""

    async def start(self, now: Callable[[], int], push_to: str | None) -> Mapping[str, Any]:
        """Listen; returns the settings that point a connector at it."""
        ...

    async def stop(self) -> None:
        """Stop listening."""
        ...

    def push_to(self, url: str | None) -> None:
        """Send webhooks there from now on."""
        ...

    def open_ticket(
        self,
        *,
        at: int,
        subject: str,
        priority: str | None,
        tags: tuple[str, ...],
        requester: tuple[str, str],
        channel: str,
    ) -> int:
        """A customer opens a ticket; its number."""
        ...

    def customer_comment(self, ticket: int, text: str, *, at: int) -> None:
        """The customer writes again."""
        ...

    def assign(self, ticket: int, *, at: int) -> None:
        """An agent takes the ticket."""
        ...

    def agent_comment(self, ticket: int, text: str, *, public: bool, at: int) -> None:
        """An agent writes."""
        ...

    def set_status(self, ticket: int, status: str, *, at: int) -> None:
        """An agent sets the status."""
        ...


@dataclass(slots=True)
class Stage:
    """Everything that runs. `preset` names the policy, `on_notice` is called for whatever the receiver gets."""

    folder: Path
    preset: str
    on_notice: Callable[[Notice], None]
    clock: SystemClock = field(default_factory=SystemClock)
    desks: dict[str, Helpdesk] = field(default_factory=dict)
    tickets: dict[str, int] = field(default_factory=dict)
    daemon: Daemon = field(init=False)
    started_at: int = 0
    _receivers: Servers = field(default_factory=Servers)
    _settings: dict[str, Mapping[str, Any]] = field(default_factory=dict)

    async def start(self) -> None:
        """Put it up. The story's past has to be played before with `play`."""
        rng = SystemRng()
        secret = new_secret(rng.token(32))
        receiver = receiver_app([parse_secret(secret)], self.clock, self.on_notice)
        port = await self._receivers.start(receiver, HOST, 0)
        environ = {"DEMO_HELPDESK_SECRET": secret}
        path = self._configured(port, environ)
        self.daemon = Daemon(load_setup(path, environ))
        await self.daemon.start()
        for name, desk in self.desks.items():
            desk.push_to(f"{self.daemon.listen_url}/in/{name}")

    async def open_accounts(self) -> None:
        """Start the simulated accounts, which push nothing yet. Raises Failed without the plugin that brings them."""
        kind = plugins_here().connectors.get("zendesk")
        if kind is None or not issubclass(kind, Simulates):
            raise Failed(
                UNAVAILABLE,
                "the demo plays on simulated Zendesk accounts, and the Zendesk plugin is not installed",
                "install it with `pip install orion-gateway-zendesk`; from a checkout, `make install` does",
            )
        for seed, name in enumerate(ACCOUNTS):
            desk = cast(Helpdesk, kind.simulator(None, seed))
            self._settings[name] = await desk.start(self.clock.now, None)
            self.desks[name] = desk
        self.started_at = self.clock.now()

    def _configured(self, port: int, environ: dict[str, str]) -> Path:
        """Write gateway.yaml as a person would; its secrets go into `environ`."""
        config = {
            "version": 1,
            "name": "orion-gateway-demo",
            "listen": f"{HOST}:0",
            "admin": f"{HOST}:0",
            "database": "sqlite:///gateway.db",
            "policy": f"preset:{self.preset}",
            "connectors": {name: _connector(name, self._settings[name], environ) for name in self.desks},
            "endpoints": {
                "helpdesk": {
                    "url": f"http://{HOST}:{port}/hooks",
                    "allow_private": True,
                    "secret": {"env": "DEMO_HELPDESK_SECRET"},
                    "notices": ["*"],
                }
            },
        }
        path = self.folder / "gateway.yaml"
        path.write_text(_yaml(config), encoding="utf-8")
        return path

    def play(self, act: Act) -> int:
        """Let an act happen, dated as the story says; the number of its ticket."""
        desk, at = self.desks[act.account], self.started_at + round(act.at_s * 1000)
        match act.what:
            case "opens":
                self.tickets[act.ticket] = desk.open_ticket(
                    at=at,
                    subject=act.text,
                    priority=act.priority,
                    tags=act.tags,
                    requester=act.requester,
                    channel=act.channel,
                )
            case "asks":
                desk.customer_comment(self.tickets[act.ticket], act.text, at=at)
            case "takes":
                desk.assign(self.tickets[act.ticket], at=at)
            case "answers":
                desk.agent_comment(self.tickets[act.ticket], act.text, public=True, at=at)
            case "waits" | "holds" | "solves":
                desk.set_status(self.tickets[act.ticket], _STATUSES[act.what], at=at)
        return self.tickets[act.ticket]

    async def stop(self) -> None:
        """Take it down in order: vendors, gateway, receiver."""
        for desk in self.desks.values():
            await desk.stop()
        if hasattr(self, "daemon"):
            await self.daemon.stop()
        await self._receivers.stop(1.0)


def _connector(name: str, settings: Mapping[str, Any], environ: dict[str, str]) -> dict[str, Any]:
    """A connector's part of the configuration; secrets go into the environment, as a person's would."""
    part: dict[str, Any] = {"plugin": "zendesk", "export_every_s": EXPORT_EVERY_S}
    for key, value in settings.items():
        if key.endswith("secret"):
            variable = f"DEMO_{name}_{key}".upper()
            environ[variable] = str(value)
            part[key] = {"env": variable}
        else:
            part[key] = value
    return part


def _yaml(config: Mapping[str, Any]) -> str:
    text = StringIO()
    YAML().dump(dict(config), text)
    return text.getvalue()
