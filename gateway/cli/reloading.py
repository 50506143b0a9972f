"""Asking a running gateway to read its policy again: a signal there, and the answer out of the database.

Law. An answer counts only if its reading began after the signal: another one may have been under way.
"""

import os
import signal
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from gateway.cli.failures import TEMPORARY, UNAVAILABLE, Failed
from gateway.cli.policy_views import named, since_words
from gateway.cli.work import on_store
from gateway.config import Config
from gateway.daemon.reload import Reloaded, last_reload
from gateway.daemon.setup import running_daemon
from gateway.engine.policies import Policies
from gateway.engine.standing import Standing, standing
from gateway.kernel.clock import SystemClock
from gateway.kernel.problems import Problems
from gateway.kernel.spawn import InlineSpawn
from gateway.kernel.store import PolicyRow, Store
from gateway.kernel.values import policy_values

POLL_S = 0.05
PROGRESS_S = 0.25


@dataclass(frozen=True, slots=True)
class Answer:
    """What the gateway made of its policy's file, the policy as it is kept, and how things stand then.

    `row` is None where nothing came into force.
    """

    told: Reloaded
    row: PolicyRow | None
    stands: Standing
    now: int

    @property
    def left(self) -> int:
        """Open contacts that are about to be judged again."""
        return self.stands.left


def the_process(config: Config) -> int:
    """The process of the running gateway. Raises Failed where none runs, StoreUnusable where this user may not ask."""
    process = running_daemon(config)
    if process is None:
        raise Failed(
            UNAVAILABLE,
            f"no gateway runs on {config.database}: there is none to tell",
            "`gateway run` starts one, and puts the configured policy in force",
        )
    return process


async def ask(config: Config, process: int, seconds: float) -> Answer:
    """Send the signal and wait for the answer, so many seconds at most. Raises Failed."""
    clock = SystemClock()

    async def work(store: Store) -> Answer:
        sent = clock.now()
        _signal(process)
        until = clock.monotonic() + seconds
        while (told := await last_reload(store)) is None or told.began < sent:
            if running_daemon(config) != process:
                hint = "its log says why; `gateway run` puts the configured policy in force"
                raise Failed(TEMPORARY, "the gateway has stopped, and did not answer", hint)
            if clock.monotonic() >= until:
                hint = "it may be starting still, or be busy: `gateway status` shows how it stands; then try again"
                raise Failed(TEMPORARY, f"the gateway (process {process}) did not answer in {seconds:g} s", hint)
            await clock.sleep(POLL_S)
        policies, now = await Policies.open(store, InlineSpawn()), clock.now()
        row = next((kept for kept in policies.rows if kept.since == told.since), None)
        return Answer(told, row, await standing(policies, store, now), now)

    return await on_store(config, work)


async def follow(config: Config, seconds: float, progress: Callable[[int], None]) -> int:
    """Watch contacts being judged again until all are, or none has been for so many seconds; how many are left."""
    clock = SystemClock()

    async def work(store: Store) -> int:
        last, until = -1, 0.0
        while left := (await standing(await Policies.open(store, InlineSpawn()), store, clock.now())).left:
            if left != last:
                last, until = left, clock.monotonic() + seconds
                progress(left)
            elif clock.monotonic() >= until or running_daemon(config) is None:
                break
            await clock.sleep(PROGRESS_S)
        return left

    return await on_store(config, work)


def answer_values(answer: Answer) -> dict[str, Any]:
    """The answer for JSON. `left`: open contacts that are about to be judged again."""
    told = answer.told
    policy = policy_values(answer.row) if answer.row else None
    return {
        "outcome": told.outcome,
        "policy": policy,
        "left": answer.left,
        "problems": list(told.problems),
        "secrets": list(told.secrets),
    }


def refused_here(found: Problems) -> dict[str, Any]:
    """The same for files that are wrong already before anybody was asked."""
    from gateway.cli.problem_views import harmless

    problems = [str(harmless(problem)) for problem in found.problems]
    return {"outcome": "refused", "policy": None, "left": None, "problems": problems, "secrets": []}


def answer_words(answer: Answer) -> str:
    """The answer in one line."""
    told, row = answer.told, answer.row
    present = named(answer.stands.present) if answer.stands.present else "no policy"
    if told.outcome == "refused":
        return f"the gateway refused it; {present} goes on"
    if told.outcome == "failed" or row is None:
        return f"the gateway could not put it in force, its log says more; {present} goes on"
    before = "nothing has changed: " if told.outcome == "unchanged" and not told.secrets else ""
    until = f"; until then {present} goes on" if row.since > answer.now else ""
    signing = f"; other secrets sign for {', '.join(told.secrets)}" if told.secrets else ""
    return f"{before}{named(row)}, {since_words(row, answer.now)}{until}{signing}"


def _signal(process: int) -> None:
    try:
        os.kill(process, signal.SIGHUP)
    except ProcessLookupError:
        raise Failed(UNAVAILABLE, f"the gateway (process {process}) is not to be found from here") from None
    except PermissionError:
        raise Failed(
            UNAVAILABLE,
            f"the gateway (process {process}) belongs to another user",
            "run this as that user, or send it SIGHUP",
        ) from None
