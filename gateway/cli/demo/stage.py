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

from gateway.cli.demo.story import PHONES, Act
from gateway.cli.failures import UNAVAILABLE, Failed
from gateway.daemon.daemon import Daemon
from gateway.daemon.setup import load_setup, plugins_here
from gateway.engine.listen import NOTED
from gateway.kernel.clock import SystemClock
from gateway.kernel.rng import SystemRng
from gateway.kernel.signing import new_secret, parse_secret
from gateway.plugin import Simulates
from gateway.web.receiver import Notice, receiver_app
from gateway.web.servers import Servers

HOST = "127.0.0.1"
ACCOUNTS = ("acme", "globex")
EXPORT_EVERY_S = 8
LISTENS_S, LISTENS_TRIES = 5.0, 100
"""So long the gateway may take until it listens, and so often it is looked."""


_STATUSES = {"waits": "pending", "holds": "hold", "solves": "solved"}


_STEPS = {"picks up": "answer", "gives up": "give_up", "hangs up": "hang_up"}


class Exchange(Protocol):
    """A simulated exchange, as far as the story acts in it. Times are milliseconds since the epoch."""

    async def start(self, now: Callable[[], int], push_to: str | None) -> Mapping[str, Any]:
        """Begin; returns the settings with which a connector hears it."""
        ...

    async def stop(self) -> None:
        """End."""
        ...

    def ring(self, *, at: int) -> str:
        """A customer calls; the call's id."""
        ...

    def step(self, name: str, id: str, *, at: int) -> None:
        """Something happens to a call."""
        ...


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
    exchange: Exchange | None = None
    tickets: dict[str, int] = field(default_factory=dict)
    calls: dict[str, str] = field(default_factory=dict)
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
        if self.exchange is not None:
            await self._phones_heard()

    async def open_accounts(self) -> None:
        """Start the simulated accounts, which push nothing yet, and, where its plugin is installed, an exchange. Raises
        Failed without the plugin that brings the accounts."""
        kinds = plugins_here().connectors
        kind = kinds.get("zendesk")
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
        phones = kinds.get("telephony_sip")
        if phones is not None and issubclass(phones, Simulates):
            self.exchange = cast(Exchange, phones.simulator(None, len(ACCOUNTS)))
            self._settings[PHONES] = await self.exchange.start(self.clock.now, None)
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
            "connectors": {name: _connector(name, settings, environ) for name, settings in self._settings.items()},
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
        """Let an act happen, dated as the story says; the number of its ticket, or of its call."""
        at = self.started_at + round(act.at_s * 1000)
        if act.account == PHONES:
            return self._play_call(act, at)
        desk = self.desks[act.account]
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

    def _play_call(self, act: Act, at: int) -> int:
        if self.exchange is None:
            raise ValueError("there is no exchange")
        if act.what == "calls":
            self.calls[act.ticket] = self.exchange.ring(at=at)
        else:
            self.exchange.step(_STEPS[act.what], self.calls[act.ticket], at=at)
        return list(self.calls).index(act.ticket) + 1

    async def _phones_heard(self) -> None:
        """Come back when the gateway listens to the exchange: what is sent before nobody hears."""
        for _ in range(LISTENS_TRIES):
            if await self.daemon.store.noted(f"{NOTED}{PHONES}") == b"":
                return
            await self.clock.sleep(LISTENS_S / LISTENS_TRIES)

    async def stop(self) -> None:
        """Take it down in order: vendors, gateway, receiver."""
        for desk in self.desks.values():
            await desk.stop()
        if self.exchange is not None:
            await self.exchange.stop()
        if hasattr(self, "daemon"):
            await self.daemon.stop()
        await self._receivers.stop(1.0)


def _connector(name: str, settings: Mapping[str, Any], environ: dict[str, str]) -> dict[str, Any]:
    """A connector's part of the configuration; secrets go into the environment, as a person's would."""
    if name == PHONES:
        return {"plugin": "telephony_sip", **settings}
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
