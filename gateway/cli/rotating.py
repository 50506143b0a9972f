"""`gateway endpoints rotate`, step by step: the file, the running gateway, the words.

Law. What is shown has happened: the new key is told only when the file holds it and a running gateway signs with it.
"""

import asyncio
import os
from collections.abc import Callable, Sequence
from pathlib import Path

from gateway.cli import output
from gateway.cli.actor import actor
from gateway.cli.failures import CONFIGURATION, FOUND, TEMPORARY, Failed
from gateway.cli.reloading import Answer, answer_words, ask
from gateway.cli.rotation import (
    KeyFile,
    key_file,
    lines_to_write,
    made,
    new_variable,
    replaced,
    restored,
    the_endpoint,
)
from gateway.cli.work import log_to_stderr, on_store, read_config
from gateway.config import Config, load_config
from gateway.config.places import endpoint_places
from gateway.daemon.setup import running_daemon
from gateway.kernel.clock import SystemClock
from gateway.kernel.keys import Key, KeyKind
from gateway.kernel.problems import Problems
from gateway.kernel.rng import SystemRng
from gateway.kernel.store import Store

ANSWER_S = 30.0


def start_rotation(config: Path, name: str, kind: KeyKind | None, *, as_json: bool) -> None:
    """Put a new key in front of those that are there. Raises Failed or Problems; then nothing has changed."""
    log_to_stderr()
    settled = read_config(config)
    endpoint = the_endpoint(settled, name)
    file = key_file(config, name)
    key = made(endpoint, kind, SystemRng())
    if file is None:
        return _tell_what_to_set(config, name, key, as_json=as_json)
    told = _changed(config, settled, file, [key.secret, *file.keys])
    _audit(settled, name, "endpoint.key_added", f"{key.kind}, {len(file.keys) + 1} in the file")
    _show(key, name, written=file.path, told=told, as_json=as_json)
    if told is None:
        output.say("no gateway runs: the next start signs with it")
    output.say(f"{name} is signed with the new key and the old one: give the receiver the new one, which is shown once")
    output.say(f"then: gateway endpoints rotate {name} --finish")


def finish_rotation(config: Path, name: str, kind: KeyKind | None, *, as_json: bool) -> None:
    """Leave the first key alone. Raises Failed or Problems; then nothing has changed."""
    log_to_stderr()
    settled = read_config(config)
    the_endpoint(settled, name)
    file, places = key_file(config, name), endpoint_places(config, name)
    if file is None:
        return _tell_what_to_keep(name, [place.name for place in places])
    old = len(file.keys) - 1
    if old < 1:
        raise Failed(FOUND, f"{file.path} has one key: there is no old one to take out")
    told = _changed(config, settled, file, file.keys[:1])
    _audit(settled, name, "endpoint.keys_removed", f"{old} removed, 1 in the file")
    if as_json:
        output.json_line({"endpoint": name, "removed": old, "file": str(file.path), "told": told is not None})
    output.say(f"{name} is signed with the new key alone; {old} taken out of {file.path}")
    if len(places) > 1:
        rest = ", ".join(place.name for place in places if place.kind == "env")
        output.say(f"gateway.yaml names others beside that file, which still sign: {rest}")


def _changed(config: Path, settled: Config, file: KeyFile, keys: Sequence[str]) -> Answer | None:
    """Replace the file and let a running gateway take it up; its answer, None where none runs. Raises Failed, and puts
    the file back, if anybody refuses it."""
    replaced(file, keys)
    try:
        load_config(config, os.environ)
        process = running_daemon(settled)
        answer = None if process is None else asyncio.run(ask(settled, process, ANSWER_S))
    except Problems as wrong:
        restored(file)
        raise Failed(CONFIGURATION, f"with it the configuration is wrong: {wrong.problems[0]}", _PUT_BACK) from None
    except Failed as failed:
        restored(file)
        raise Failed(failed.code, str(failed), _PUT_BACK) from None
    if answer is not None and answer.told.outcome in ("refused", "failed"):
        restored(file)
        why = answer.told.problems[0] if answer.told.problems else "its log says why"
        code = CONFIGURATION if answer.told.outcome == "refused" else TEMPORARY
        raise Failed(code, f"{answer_words(answer)}: {why}", _PUT_BACK)
    return answer


_PUT_BACK = "the secret's file is as it was"


def _audit(settled: Config, name: str, action: str, detail: str) -> None:
    """Note who changed keys, where there is a database to note it in."""
    if not settled.database.exists():
        return

    async def work(store: Store) -> None:
        await store.write_audit(
            at=SystemClock().now(),
            actor=actor("gateway endpoints rotate"),
            action=action,
            object=f"endpoint:{name}",
            detail=detail,
        )

    asyncio.run(on_store(settled, work))


def _show(key: Key, name: str, *, written: Path | None, told: Answer | None, as_json: bool) -> None:
    if as_json:
        shown = "secret" if key.kind == "hmac" else "public_key"
        output.json_line(
            {
                "endpoint": name,
                "kind": key.kind,
                shown: key.given,
                "file": None if written is None else str(written),
                "told": told is not None,
            }
        )
    else:
        output.line(key.given)


def _tell_what_to_set(config: Path, name: str, key: Key, *, as_json: bool) -> None:
    """Nothing can be changed from here: the key and the lines for whoever can."""
    places = endpoint_places(config, name)
    variable = new_variable(places)
    if as_json:
        output.json_line({"endpoint": name, "kind": key.kind, "variable": variable, "secret": key.secret})
    else:
        output.line(f"{variable}={key.secret}")
    say: Callable[[str], None] = output.say
    say("nothing was changed: the secret stands in the environment, which a running process can't be given anew")
    say(f"1. add the line above to the environment of the gateway, and this to {config}:")
    for line in lines_to_write(places, name, variable):
        say(f"     {line}")
    say("2. restart the gateway: both keys sign")
    given = "it" if key.kind == "hmac" else key.given
    say(f"3. give the receiver {given}; then take the old variable out of both, and restart again")


def _tell_what_to_keep(name: str, variables: Sequence[str]) -> None:
    if len(variables) < 2:
        raise Failed(FOUND, f"{name} has one secret: there is no old one to take out")
    output.say("nothing was changed: the secrets stand in the environment")
    output.say(f"keep {variables[0]} in gateway.yaml, take out {', '.join(variables[1:])}, and restart the gateway")
