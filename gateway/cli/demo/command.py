"""`gateway demo`: plays the story on its stage until Ctrl-C, or for as long as asked."""

import signal
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gateway.cli.failures import FOUND, UNAVAILABLE, USAGE, Failed
from gateway.cli.options import AsJson
from gateway.cli.output import OutputClosed

if TYPE_CHECKING:
    import asyncio

    from gateway.cli.demo.lines import Lines
    from gateway.cli.demo.stage import Stage
    from gateway.engine.case import Case
    from gateway.rules.policy import Policy


def demo(
    for_: Annotated[
        str | None, typer.Option("--for", metavar="DURATION", help="Stop after so long, such as 60s; else at Ctrl-C.")
    ] = None,
    preset: Annotated[
        str, typer.Option(metavar="NAME", help="The policy to play under: orion or orion-stars.")
    ] = "orion",
    json: AsJson = False,
) -> None:
    """Watch the gateway work on simulated accounts: a breach, and an escalation that its receiver verifies."""
    import asyncio
    import tempfile

    from gateway.cli.demo.lines import Lines
    from gateway.cli.work import log_to_stderr
    from gateway.policy.durations import read_duration

    log_to_stderr("error")
    policy = _policy(preset)
    try:
        limit_s = None if for_ is None else read_duration(for_) / 1000
    except ValueError as error:
        raise Failed(USAGE, f"--for: {error}") from None
    lines = Lines(json, preset)
    with tempfile.TemporaryDirectory(prefix="orion-gateway-demo-") as folder:
        contacts, case = asyncio.run(_perform(Path(folder), policy, lines, limit_s))
    if not lines.end(contacts, case):
        raise Failed(FOUND, "no escalation was delivered and verified", "let it run for a minute: --for 60s")


def _policy(preset: str) -> "Policy":
    from gateway.policy.load import load_policy
    from gateway.policy.presets import preset_text

    try:
        return load_policy(preset_text(preset), f"preset:{preset}").policy
    except KeyError as error:
        raise typer.BadParameter(error.args[0], param_hint="--preset") from None


async def _perform(folder: Path, policy: "Policy", lines: "Lines", limit_s: float | None) -> "tuple[int, Case | None]":
    """Play until told to stop; how many contacts there were, and the one whose escalation is explained."""
    import asyncio

    from gateway.cli.demo.stage import Stage
    from gateway.web.servers import PortTaken

    stage = Stage(folder, lines.preset, lambda notice: lines.notice(_elapsed(stage), notice))
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ended.set)
    try:
        await _play(stage, policy, lines, ended, limit_s)
        return (await stage.daemon.store.counts())["contacts"], await _escalated(stage, lines)
    except PortTaken as error:
        raise Failed(UNAVAILABLE, str(error)) from None
    finally:
        await stage.stop()


async def _escalated(stage: "Stage", lines: "Lines") -> "Case | None":
    """The contact of the story whose escalation the receiver has proved, with all that explaining it takes."""
    from gateway.engine.explaining import Explaining
    from gateway.kernel.spawn import InlineSpawn

    store = stage.daemon.store
    row = None if lines.worst is None else await store.find_contact(lines.worst)
    return None if row is None else await Explaining(store, InlineSpawn()).case(row, stage.clock.now())


async def _play(
    stage: "Stage", policy: "Policy", lines: "Lines", ended: "asyncio.Event", limit_s: float | None
) -> None:
    from gateway.cli.demo.story import CHAT, PHONES, calls, dispute, earlier, everyday, story, to_three
    from gateway.kernel.rng import SeededRng
    from gateway.kernel.spawn import LoopSpawn
    from gateway.model.instant import Instant

    await stage.open_accounts()
    start = Instant(stage.started_at)
    told = [*story(policy), *to_three(policy), *calls(policy, start)]
    if stage.shop is not None:
        told += dispute(policy, start)
    acts = sorted((act for act in told if stage.has(act.account)), key=lambda act: act.at_s)
    for act in earlier():
        stage.play(act)
    tickets = len(stage.tickets)
    before = [act for act in acts if act.at_s < 0]
    told_late = (PHONES, CHAT)  # what an exchange and the chat send before anybody listens is lost
    played = [(act, stage.play(act)) for act in before if act.account not in told_late]
    await stage.start()
    played += [(act, stage.play(act)) for act in before if act.account in told_late]
    board = f"{stage.daemon.admin_url}/?token={stage.daemon.token}"
    lines.heading(board, stage.vendors())
    lines.earlier(tickets)
    for act, ticket in played:
        lines.act(_elapsed(stage), act, ticket)

    closed: list[OutputClosed] = []

    async def go_on() -> None:
        try:
            for act in chain(acts[len(before) :], everyday(56, SeededRng(7))):
                if not stage.has(act.account):
                    continue
                await stage.clock.sleep(max(0.0, act.at_s - _elapsed(stage)))
                lines.act(_elapsed(stage), act, stage.play(act))
        except OutputClosed as error:  # nobody watches any more
            closed.append(error)
            ended.set()

    async def end() -> None:
        if limit_s is not None:
            await stage.clock.sleep(max(0.0, limit_s - _elapsed(stage)))
            ended.set()

    spawn = LoopSpawn()
    spawn.task("story", go_on())
    spawn.task("end", end())
    await ended.wait()
    await spawn.close()
    if closed:
        raise closed[0]


def _elapsed(stage: "Stage") -> float:
    return (stage.clock.now() - stage.started_at) / 1000
