"""Small policies and contacts for the tests of the policy."""

from textwrap import indent
from typing import Any

import pytest

from gateway.kernel.document import Problems
from gateway.model.contact import Contact, Facts, Strand
from gateway.model.identity import Ref
from gateway.policy.load import Loaded, load_policy
from tests.support.told import told


def loaded(text: str, **enrichers: type) -> Loaded:
    """The policy of a text, where these enrichers are configured; nobody knows of any where none is named."""
    return load_policy(text, "p.yaml", enrichers=enrichers or None)


def rules(*conditions: str, section: str = "severity") -> str:
    """A policy with one rule a condition, in block style, named r0, r1 and so on; an empty condition is left out."""
    extra = {
        "severity": "severity: 1",
        "sla": "metric: first_reply\n    within: 1h",
        "routing": "queue: general",
        "escalation": "on: matched\n    chain: c",
    }[section]
    lines = ["queues: {general: {team: t, tier: 1}}", "roles: {r: {endpoints: [e]}}"]
    lines += ["chains: {c: {steps: [{after: 0m, notify: [r]}]}}", f"{section}:"]
    for number, condition in enumerate(conditions):
        lines.append(f"  - id: r{number}\n    {extra}")
        if condition:
            lines.append("    when: |-\n" + indent(condition, "      "))
    return "\n".join(lines) + "\n"


def problems(text: str, **enrichers: type) -> list[str]:
    """What is wrong with a policy, as `line:column: id: message`."""
    with pytest.raises(Problems) as caught:
        loaded(text, **enrichers)
    return [told(problem).removeprefix("p.yaml:") for problem in caught.value.problems]


def facts(**changes: Any) -> Facts:
    """The facts of an open e-mail ticket, changed: of the facts where they have the name, else of the contact."""
    outer = {name: changes.pop(name) for name in list(changes) if name in Facts.__struct_fields__}
    status, tags = changes.pop("status", "open"), tuple(changes.pop("tags", ()))
    connectors = changes.pop("connectors", ("desk",))
    values: dict[str, Any] = {
        "kind": "ticket",
        "channel": "email",
        "direction": "inbound",
        "opened_at": 1_772_442_000_123,
        "updated_at": 1_772_442_000_123,
        "strands": tuple(Strand(name, Ref("ticket", "1"), status, tags) for name in connectors),
    }
    return Facts(**({"contact": Contact(**(values | changes))} | outer))
