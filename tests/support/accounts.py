"""Simulated accounts of the helpdesks whose plugins are ours, for gateways that run as processes of their own.

An account runs in a thread, by the clock on the wall, without limits on requests; a gateway reads it over HTTP.
"""

import asyncio
import threading
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import Future
from functools import cache
from importlib import import_module
from typing import Any, Final, TypeVar

from gateway.daemon.setup import plugins_here
from gateway.plugin import Event
from gateway.testing.settings import is_secret
from tests.acceptance.process import DEADLINE_S, now_ms

T = TypeVar("T")

LAG_S: Final = 3
"""So long after a change Zendesk's export shows it."""

SIMULATORS: Final[Mapping[str, tuple[str, Mapping[str, Any]]]] = {
    "zendesk": (
        "ZendeskSimulator",
        {"export_lag_s": LAG_S, "export_per_minute": None, "plan_per_minute": None},
    ),
    "freshdesk": ("FreshdeskSimulator", {"per_minute": None, "list_per_minute": None}),
    "salesforce": ("SalesforceSimulator", {}),
}
"""By plugin: the class, and how it is made so that it has no limits."""

WHOLE: Final[Mapping[str, Mapping[str, Any]]] = {
    "zendesk": {"export_per_minute": 1_000, "requests_per_minute": 100_000, "backfill_logs": "all"},
    "freshdesk": {"list_per_minute": 1_000, "requests_per_minute": 100_000, "backfill_conversations": "all"},
    "salesforce": {"requests_per_minute": 100_000},
}
"""By plugin: the settings by which all of an account is read, as fast as it answers."""


@cache
def _settings_type(plugin: str) -> Any:
    return plugins_here().connectors[plugin].settings_type


class Account:
    """An account that runs, while this is entered. `settings` are a connector's in gateway.yaml; its secrets stand in
    `environ`."""

    def __init__(self, plugin: str, seed: int, *, page_size: int = 100) -> None:
        name, limits = SIMULATORS[plugin]
        self.plugin = plugin
        self.simulator: Any = getattr(import_module(f"gateway_{plugin}.simulator"), name)(seed=seed, **limits)
        self.simulator.page_size = page_size
        self.settings: dict[str, Any] = {"plugin": plugin, **WHOLE[plugin]}
        self.environ: dict[str, str] = {}

    def __enter__(self) -> "Account":
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="account")
        self._thread.start()
        self._configure(self._do(self.simulator.start(now_ms, None)))
        return self

    def __exit__(self, *_: object) -> None:
        self._do(self.simulator.stop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def ask(self, work: Callable[[], T]) -> T:
        """Do something with the simulator, where it runs."""

        async def done() -> T:
            return work()

        return self._do(done())

    def push_to(self, url: str | None) -> None:
        """Send webhooks there from now on."""
        self.ask(lambda: self.simulator.push_to(url))

    def truth(self) -> list[Event]:
        """What is true by now."""
        return self.ask(lambda: list(self.simulator.truth()))

    def _do(self, work: Awaitable[T]) -> T:
        future: Future[T] = asyncio.run_coroutine_threadsafe(work, self._loop)  # type: ignore[arg-type]
        return future.result(DEADLINE_S)

    def _configure(self, told: Mapping[str, Any]) -> None:
        """Settings as a person would write them."""
        model = _settings_type(self.plugin)
        for key, value in told.items():
            if key in model.model_fields and is_secret(model, key):
                variable = f"{self.plugin}_{key}".upper()
                self.environ[variable] = str(value)
                value = {"env": variable}
            self.settings[key] = value
