"""Sends a sample notice as deliveries are sent: through the guarded client, signed, no redirect followed."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from gateway.cli.failures import USAGE, Failed
from gateway.cli.rotation import the_endpoint
from gateway.cli.trigger.samples import BadContact, sample_notice
from gateway.config import load_config
from gateway.config.outward import why_not
from gateway.daemon.reload import signing_keys
from gateway.engine.attempt import DEADLINE_S
from gateway.kernel.clock import SystemClock
from gateway.kernel.net import AiohttpNet
from gateway.kernel.ports import NetError, NetRequest
from gateway.kernel.reach import PRIVATE_TOO, Reach
from gateway.kernel.rng import SystemRng
from gateway.kernel.signing import HmacSecret, Secret, parse_secret, sign

SOURCE: Final = "orion-gateway"
ADMIN: Final = "http://127.0.0.1:8081"
"""Where the link of a sample leads to, where no configuration says otherwise."""

AGE_S: Final = 3_600
ANSWER_MAX: Final = 2_000
_KEY_BYTES = 32


@dataclass(frozen=True, slots=True)
class To:
    """A receiver, and what it may be reached by. Who types a URL may mean one on this machine."""

    url: str
    secrets: tuple[Secret, ...] = field(repr=False)
    reach: Reach = PRIVATE_TOO
    source: str = SOURCE


@dataclass(frozen=True, slots=True)
class Sample:
    """What is to be sent, and how it is spoiled."""

    type: str
    contact: Mapping[str, Any]
    sequence: int = 1
    twice: bool = False
    bad_signature: bool = False
    old: bool = False


@dataclass(frozen=True, slots=True)
class Answered:
    """One sending and its answer: `status` None where none came, then `error` says why."""

    id: str
    type: str
    sent: str
    status: int | None
    body: str
    error: str
    duration_ms: int


def configured(config: Path, name: str) -> To:
    """The endpoint of that name. Raises Problems, or Failed."""
    settled = load_config(config, os.environ)
    endpoint = the_endpoint(settled, name)
    return To(endpoint.url, signing_keys(endpoint), endpoint.reach, settled.name)


def at_url(url: str, variable: str) -> To:
    """A receiver by its address. Raises Failed, which repeats nothing of the URL."""
    if why := why_not(url, PRIVATE_TOO):
        hint = "what else may be reached is said of an endpoint in gateway.yaml: give --to its name"
        raise Failed(USAGE, f"--to: {why.partition(': write `allow_')[0]}", hint)
    if not variable:
        raise Failed(
            USAGE, "say --secret NAME: the environment variable with the secret that the receiver verifies with"
        )
    text = os.environ.get(variable, "").strip()
    if not text:
        raise Failed(USAGE, f"--secret: the environment variable {variable[:60]!r} is not set, or empty")
    try:
        secret = parse_secret(text)
        secret.sign(b"")
    except ValueError as error:
        raise Failed(USAGE, f"--secret: {error}") from None
    return To(url, (secret,))


async def send(to: To, sample: Sample) -> list[Answered]:
    """Send it, once or twice. Raises Failed for a contact that can't be."""
    clock, rng, net = SystemClock(), SystemRng(), AiohttpNet()
    now = clock.now()
    try:
        id, body = sample_notice(
            sample.type,
            now,
            rng,
            source=to.source,
            link=ADMIN,
            contact=sample.contact,
            sequence=sample.sequence,
        )
    except BadContact as error:
        raise Failed(
            USAGE, f"--contact: {error}", "docs/reference/events.md has the fields of contact.opened"
        ) from None
    secrets = (HmacSecret(rng.token(_KEY_BYTES)),) if sample.bad_signature else to.secrets
    signed_at_s = now // 1000 - (AGE_S if sample.old else 0)
    answers = []
    try:
        for turn in range(2 if sample.twice else 1):
            headers = {"content-type": "application/json", "user-agent": "orion-gateway"}
            headers |= sign(secrets, id, signed_at_s, body)
            started_s = clock.monotonic()
            status, answer, why = await _sent(net, NetRequest("POST", to.url, headers, body, to.reach))
            took_ms = round((clock.monotonic() - started_s) * 1000)
            answers.append(Answered(id, sample.type, _how(sample, turn), status, answer, why, took_ms))
    finally:
        await net.close()
    return answers


async def _sent(net: AiohttpNet, request: NetRequest) -> tuple[int | None, str, str]:
    try:
        answer = await net.request(request, deadline_s=DEADLINE_S, body_max=ANSWER_MAX)
    except NetError as failure:
        return None, "", failure.reason
    return answer.status, answer.body.decode("utf-8", "replace"), ""


def _how(sample: Sample, turn: int) -> str:
    words = [
        *(["with a wrong signature"] if sample.bad_signature else []),
        *(["signed an hour ago"] if sample.old else []),
    ]
    return f"{'sent again' if turn else 'sent'}{' ' if words else ''}{' and '.join(words)}"
