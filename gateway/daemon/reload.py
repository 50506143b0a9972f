"""A running gateway reads its policy again: checked as a whole, put in force between two steps, or refused.

Laws. What is wrong changes nothing: the policy in force goes on. What became of it is kept in the store, where the
command that asked finds it. Every file is checked; the policy is taken over, and with it the secrets and the tokens of
the endpoints that run; all else of connectors, enrichers and endpoints is that of the start.
"""

import os
from collections.abc import Iterator
from dataclasses import replace
from typing import Literal

import msgspec

from gateway.config import Config, EndpointConfig
from gateway.daemon.setup import Setup, facts_types, load_setup
from gateway.engine.gateway import Gateway
from gateway.engine.policies import THREAD, Taken
from gateway.engine.world import World
from gateway.kernel.log import hide_secrets
from gateway.kernel.problems import Problem, Problems
from gateway.kernel.signing import Secret, parse_secret
from gateway.kernel.store import Store
from gateway.plugin import same_secret
from gateway.policy.facts_types import facts_type_of, read_told
from gateway.policy.load import Loaded

NOTE = "reload"
PROBLEMS_MAX = 200
"""Problems that are kept for the command that asked; `gateway check` shows all."""


class Reloaded(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a policy that was read, by a reload or at the start. Reading began at `began` and all was done at
    `at`; `since` is the instant from which the policy judges; all in ms.

    `policy` and `hash` are those of the policy that was read; of one that did not come into force both are empty.
    """

    at: int
    began: int
    outcome: Literal["in force", "unchanged", "refused", "failed"]
    """Refused: its files are wrong. Failed: nothing is wrong with them, but it could not be kept."""

    policy: str = ""
    hash: str = ""
    since: int | None = None
    problems: tuple[str, ...] = ()
    secrets: tuple[str, ...] = ()
    """Endpoints for which other secrets sign from now on."""


async def reload_policy(gateway: Gateway, running: Setup) -> Setup:
    """Read the policy and the endpoints' secrets anew and let them hold; the setup that runs from now on."""
    world = gateway.world
    began = world.clock.now()
    try:
        found = await world.spawn.call(THREAD, lambda: load_setup(running.path, os.environ))
        if problems := tuple(_needs_restart(running, found.policy)):
            raise Problems(problems)
        signing = _new_secrets(running.config, found.config)
        keys = {name: signing_keys(found.config.endpoints[name]) for name in signing}
        taken = await gateway.follow(found.policy)
    except Problems as wrong:
        for problem in wrong.problems[:PROBLEMS_MAX]:
            world.log.error("policy_refused", problem=str(problem))
        shown = tuple(str(one) for one in wrong.problems[:PROBLEMS_MAX])
        await _note(world, began=began, outcome="refused", problems=shown)
        return running
    except Exception as error:
        await _note(world, began=began, outcome="failed", problems=(hide_secrets(f"{type(error).__name__}: {error}"),))
        raise
    gateway.take_secrets(keys)
    row = taken.row
    world.log.info("policy_read", outcome=_outcome(taken), policy=row.name, hash=row.hash, since=row.since)
    for name in signing:
        world.log.info("keys_replaced", endpoint=name, number=len(keys[name]))
    await note_taken(world, began, taken, signing)
    return replace(running, policy=found.policy, config=_with_secrets(running.config, found.config))


def signing_keys(endpoint: EndpointConfig) -> tuple[Secret, ...]:
    """The keys of an endpoint, the first first. Raises ValueError for a text that is none; a checked one never does."""
    return tuple(parse_secret(secret.get_secret_value()) for secret in endpoint.secrets)


async def note_taken(world: World, began: int, taken: Taken, secrets: tuple[str, ...] = ()) -> None:
    """Keep what became of a policy that came into force, or was so already, since its reading began."""
    outcome, row = _outcome(taken), taken.row
    await _note(world, began=began, outcome=outcome, policy=row.name, hash=row.hash, since=row.since, secrets=secrets)


def _outcome(taken: Taken) -> str:
    return "unchanged" if taken.unchanged else "in force"


async def last_reload(store: Store) -> Reloaded | None:
    """What became of the policy that this database's gateway read last; None where nothing of it is kept."""
    body = await store.noted(NOTE)
    try:
        return None if body is None else msgspec.json.decode(body, type=Reloaded)
    except msgspec.MsgspecError:  # another version's: only the next reload tells
        return None


async def _note(world: World, **what: object) -> None:
    told = msgspec.convert({"at": world.clock.now(), **what}, Reloaded)
    await world.store.note(NOTE, msgspec.json.encode(told))


def _new_secrets(running: Config, found: Config) -> tuple[str, ...]:
    """The endpoints that run and whose secrets are others now."""
    return tuple(
        name
        for name, endpoint in running.endpoints.items()
        if name in found.endpoints and not _signs_alike(endpoint, found.endpoints[name])
    )


def _signs_alike(one: EndpointConfig, other: EndpointConfig) -> bool:
    """Whether both have the same secrets, in the same order."""
    return len(one.secrets) == len(other.secrets) and all(
        same_secret(left.get_secret_value(), right.get_secret_value())
        for left, right in zip(one.secrets, other.secrets, strict=True)
    )


def _with_secrets(running: Config, found: Config) -> Config:
    """The configuration that runs, with the secrets and tokens that were found."""
    endpoints = {
        name: endpoint.model_copy(update={"secrets": other.secrets, "token": other.token})
        if (other := found.endpoints.get(name))
        else endpoint
        for name, endpoint in running.endpoints.items()
    }
    return running.model_copy(update={"endpoints": endpoints})


def _needs_restart(running: Setup, policy: Loaded) -> Iterator[Problem]:
    """What the policy calls for and the running gateway doesn't have yet, or has otherwise."""
    for why in (*_other_endpoints(running.config, policy), *_other_enrichers(running, policy)):
        yield Problem(str(running.path), 1, 1, "needs-restart", why)


def _other_endpoints(running: Config, policy: Loaded) -> Iterator[str]:
    for role, endpoints in policy.policy.roles.items():
        for endpoint in endpoints:
            if endpoint not in running.endpoints:
                yield (
                    f"the role {role} calls the endpoint {endpoint!r}, which the running gateway doesn't have: "
                    "restart it, so that it reads its endpoints again"
                )


def _other_enrichers(running: Setup, policy: Loaded) -> Iterator[str]:
    """The facts that a policy uses are told by the enrichers of the start, in the types that they had then."""
    present = facts_types(running.config, running.plugins)
    for name, type_ in read_told(policy.facts).items():
        if name not in present:
            yield (
                f"the policy uses the enricher {name!r}, which the running gateway doesn't have: restart it, so that "
                "it reads its enrichers again"
            )
        elif facts_type_of(present[name]) != type_:
            yield (
                f"the facts of the enricher {name!r} have other types than in the running gateway: restart it, so that "
                "it asks the new one"
            )
