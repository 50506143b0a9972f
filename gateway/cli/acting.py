"""What a person does by a command: who that is, and how it is told."""

import os
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

from gateway.cli import output
from gateway.cli.failures import FOUND, Failed
from gateway.cli.work import nobody, with_store
from gateway.config import Config
from gateway.engine.acting import Acted, CantAct
from gateway.kernel.clock import SystemClock
from gateway.kernel.store import Store

T = TypeVar("T")
Deed = Callable[[Store, str, str, int], Awaitable[Acted]]
"""Does it to what a name means, by a person, at an instant. Raises CantAct."""


def doing(config: Path, deed: Callable[[Config, Store, int], Awaitable[T]]) -> T:
    """Do it on the store, now. Raises Failed, with what CantAct says."""

    async def work(config: Config, store: Store) -> T:
        try:
            return await deed(config, store, SystemClock().now())
        except CantAct as error:
            raise Failed(FOUND, str(error)) from None

    return with_store(config, work)


def act(config: Path, deed: Deed, name: str, by: str) -> Acted:
    """Do it to the contact or the escalation that `name` means, by `by`, else by whoever runs the command. Raises
    Failed."""

    async def work(config: Config, store: Store, now: int) -> Acted:
        try:
            return await deed(store, name, by or _somebody(), now)
        except CantAct as error:
            raise nobody(name) if error.why == "missing" else error from None

    return doing(config, work)


def tell(acted: Acted, done: str, *, as_json: bool) -> None:
    """Say what was written; `done` is the deed's word, such as acknowledged."""
    calls = list(acted.escalations)
    if as_json:
        told = {"contact": acted.contact, "by": acted.by, "escalations": calls, "events": list(acted.events)}
        output.json_line(told)
    many = f"{len(calls)} of its escalations"
    what = (f"{acted.contact} and {many}" if calls else acted.contact) if acted.whole else _named(acted, many)
    output.say(f"{done} {what} by {acted.by}")
    output.say("  a running gateway judges it within a second; otherwise the next start does")


def _named(acted: Acted, many: str) -> str:
    return f"escalation {acted.escalations[0]}" if len(acted.escalations) == 1 else f"{many} of {acted.contact}"


def _somebody() -> str:
    """The name of whoever runs the command, as the system knows it."""
    return os.environ.get("LOGNAME") or os.environ.get("USER") or "command line"
