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

from gateway.cli.demo.chat import Chat
from gateway.cli.demo.story import CHAT, CRM, DESK, PHONES, SHOP, Act
from gateway.cli.failures import UNAVAILABLE, Failed
from gateway.daemon.daemon import Daemon
from gateway.daemon.setup import load_setup, plugins_here
from gateway.engine.listen import NOTED
from gateway.kernel.clock import SystemClock
from gateway.kernel.rng import SystemRng
from gateway.kernel.signing import new_secret, parse_secret
from gateway.plugin import Simulates
from gateway.policy.presets import preset_text
from gateway.web.receiver import Notice, receiver_app
from gateway.web.servers import Servers

HOST = "127.0.0.1"
HELPDESKS: Mapping[str, str] = {"acme": "zendesk", "globex": "zendesk", CRM: "salesforce", DESK: "freshdesk"}
"""The accounts with a helpdesk, and the plugin of each."""

LISTENS_S, LISTENS_TRIES = 5.0, 100
"""So long the gateway may take until it listens, and so often it is looked."""


PAYMENTS = "payments"
"""The enricher that says what a customer has paid."""

ENRICH = f"""enrich:
  - {{id: paid, when: contact.customer.known, enricher: {PAYMENTS}, ttl: 5m}}
"""
"""What the demo adds to the preset where there is a shop."""

_PARTS: Mapping[str, Mapping[str, Any]] = {
    "zendesk": {"export_every_s": 8},
    "salesforce": {"every_s": 10},
    "freshdesk": {"tickets_every_s": 8},
}
"""What the demo sets of a plugin, so that nothing is a minute late."""

_IN_WORDS: Mapping[str, str] = {
    "acme": "two simulated Zendesk accounts",
    CRM: "a Salesforce org",
    DESK: "a Freshdesk account",
    PHONES: "an exchange",
    SHOP: "a shop with its payments",
    CHAT: "a chat",
}

_PLUGINS: Mapping[str, str] = {**HELPDESKS, PHONES: "telephony_sip", SHOP: "stripe", CHAT: "events"}
_STATUSES = {"waits": "pending", "holds": "hold", "solves": "solved"}
_SECRETS = ("secret", "api_key", "private_key", "token")
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


class Shop(Protocol):
    """A simulated account with a payment provider, as far as the story acts in it. Times are milliseconds since the
    epoch."""

    async def start(self, now: Callable[[], int], push_to: str | None) -> Mapping[str, Any]:
        """Listen; returns the settings that point a connector at it."""
        ...

    async def stop(self) -> None:
        """Stop listening."""
        ...

    def push_to(self, url: str | None) -> object:
        """Send webhooks there from now on."""
        ...

    def sell(self, *, at: int, email: str, name: str, amount: int, currency: str) -> str:
        """A customer pays, in minor units; the charge's id."""
        ...

    def dispute(self, charge: str, *, at: int, reason: str) -> str:
        """The customer's bank disputes a charge; the dispute's id."""
        ...


class Helpdesk(Protocol):
    """A simulated helpdesk of any vendor, as far as the story acts in it. Times are milliseconds since the epoch; a
    ticket is named as its vendor does."""

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
    ) -> int | str:
        """A customer opens a ticket; its id."""
        ...

    def customer_comment(self, ticket: Any, text: str, *, at: int) -> None:
        """The customer writes again."""
        ...

    def assign(self, ticket: Any, *, at: int) -> None:
        """An agent takes the ticket."""
        ...

    def agent_comment(self, ticket: Any, text: str, *, public: bool, at: int) -> None:
        """An agent writes."""
        ...

    def set_status(self, ticket: Any, status: str, *, at: int) -> None:
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
    shop: Shop | None = None
    tickets: dict[str, int | str] = field(default_factory=dict)
    calls: dict[str, str] = field(default_factory=dict)
    charges: dict[str, str] = field(default_factory=dict)
    chats: dict[str, int] = field(default_factory=dict)
    chat: Chat = field(init=False)
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
        if self.shop is not None:
            self.shop.push_to(f"{self.daemon.listen_url}/in/{SHOP}")
        self.chat.url = f"{self.daemon.listen_url}/in/{CHAT}"
        if self.exchange is not None:
            await self._phones_heard()

    async def open_accounts(self) -> None:
        """Start the simulated accounts, which push nothing yet: those of Zendesk, and, where their plugins are
        installed, of Salesforce and Freshdesk, an exchange and a shop. Raises Failed without Zendesk's plugin."""
        for seed, (name, plugin) in enumerate(HELPDESKS.items()):
            if (desk := cast(Helpdesk | None, _stand_in(plugin, seed))) is not None:
                self._settings[name] = await desk.start(self.clock.now, None)
                self.desks[name] = desk
            elif plugin == "zendesk":
                raise Failed(
                    UNAVAILABLE,
                    "the demo plays on simulated Zendesk accounts, and the Zendesk plugin is not installed",
                    "install it with `pip install orion-gateway-zendesk`; from a checkout, `make install` does",
                )
        self.exchange = cast(Exchange | None, _stand_in("telephony_sip", len(HELPDESKS)))
        if self.exchange is not None:
            self._settings[PHONES] = await self.exchange.start(self.clock.now, None)
        self.shop = cast(Shop | None, _stand_in("stripe", len(HELPDESKS) + 1))
        if self.shop is not None:
            self._settings[SHOP] = await self.shop.start(self.clock.now, None)
        self.chat = Chat(self.clock, SystemRng())
        self._settings[CHAT] = self.chat.settings()
        self.started_at = self.clock.now()

    def _configured(self, port: int, environ: dict[str, str]) -> Path:
        """Write gateway.yaml as a person would; its secrets go into `environ`."""
        config: dict[str, Any] = {
            "version": 1,
            "name": "orion-gateway-demo",
            "listen": f"{HOST}:0",
            "admin": f"{HOST}:0",
            "database": "sqlite:///gateway.db",
            "policy": self._policy(),
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
        if self.shop is not None:
            shop = {key: config["connectors"][SHOP][key] for key in ("base_url", "allow_private", "api_key")}
            config["enrichers"] = {PAYMENTS: {"plugin": "stripe", **shop}}
        path = self.folder / "gateway.yaml"
        path.write_text(_yaml(config), encoding="utf-8")
        return path

    def _policy(self) -> str:
        """The preset's; where there is a shop, it is asked what a customer has paid."""
        if self.shop is None:
            return f"preset:{self.preset}"
        path = self.folder / "policy.yaml"
        path.write_text(f"{preset_text(self.preset)}\n{ENRICH}", encoding="utf-8")
        return path.name

    def has(self, account: str) -> bool:
        """Whether the story can act in an account: its plugin is installed."""
        return account in self._settings

    def vendors(self) -> list[str]:
        """Who is simulated here, in words."""
        return [words for account, words in _IN_WORDS.items() if self.has(account)]

    def play(self, act: Act) -> int | str:
        """Let an act happen, dated as the story says; the id of its ticket, or the number of its call."""
        at = self.started_at + round(act.at_s * 1000)
        if act.account == PHONES:
            return self._play_call(act, at)
        if act.account == SHOP:
            return self._play_payment(act, at)
        if act.account == CHAT:
            return self._play_chat(act, at)
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

    def _play_payment(self, act: Act, at: int) -> int:
        if self.shop is None:
            raise ValueError("there is no shop")
        if act.what == "pays":
            name, email = act.requester
            self.charges[act.ticket] = self.shop.sell(at=at, email=email, name=name, amount=act.amount, currency="eur")
        else:
            self.shop.dispute(self.charges[act.ticket], at=at, reason=act.text)
        return list(self.charges).index(act.ticket) + 1

    def _play_chat(self, act: Act, at: int) -> int:
        match act.what:
            case "chats":
                self.chats[act.ticket] = self.chat.open(act.text, act.priority, at=at)
            case "says who they are":
                name, email = act.requester
                self.chat.name(self.chats[act.ticket], email, name, at=at)
            case "answers":
                self.chat.answer(self.chats[act.ticket], act.text, at=at)
        return self.chats[act.ticket]

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
        if self.shop is not None:
            await self.shop.stop()
        if hasattr(self, "chat"):
            await self.chat.stop()
        if hasattr(self, "daemon"):
            await self.daemon.stop()
        await self._receivers.stop(1.0)


def _stand_in(plugin: str, seed: int) -> Any:
    """The simulator that a plugin brings; None where the plugin isn't installed."""
    kind = plugins_here().connectors.get(plugin)
    return kind.simulator(None, seed) if kind is not None and issubclass(kind, Simulates) else None


def _connector(name: str, settings: Mapping[str, Any], environ: dict[str, str]) -> dict[str, Any]:
    """A connector's part of the configuration; secrets go into the environment, as a person's would."""
    plugin = _PLUGINS[name]
    part: dict[str, Any] = {"plugin": plugin, **_PARTS.get(plugin, {})}
    for key, value in settings.items():
        if key.endswith(_SECRETS) and name != PHONES:
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
