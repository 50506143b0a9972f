"""Ours: the `events` connector → a policy's condition → a signed delivery of every event, all of it durable.

Each event opens a contact of its own, which the condition meets; the escalation's first step is the notice.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from bench import server
from bench.peers.running import Variant

CONFIG = (
    server.CONFIG
    + """\
endpoints:
  receiver:
    url: http://127.0.0.1:%d/hooks
    secret: {env: BENCH_SECRET}
    allow_private: true
"""
)
POLICY = """\
version: 1
name: bench
roles: {lead: {endpoints: [receiver]}}
chains: {grave: {steps: [{after: 0m, notify: [lead]}]}}
escalation:
  - {id: grave, when: 'contact.tags.exists(t, t == "loud")', on: matched, chain: grave}
"""


@contextmanager
def start(tree: Path, folder: Path, receiver: int) -> Iterator[server.Server]:
    """The gateway of a checkout, for as long as the block lasts."""
    (folder / "gateway.yaml").write_text(CONFIG % receiver)
    (folder / "policy.yaml").write_text(POLICY)
    with server.gateway(tree, folder) as running:
        yield running


def variants(tree: Path) -> list[Variant]:
    """The gateway of this checkout."""
    return [Variant("gateway", "signed, retried, audited", partial(start, tree), connections=256)]
