"""Checks a policy or a configuration that a test has as text, with all that belongs to it beside."""

from pathlib import Path

from gateway.daemon.findings import look_closely
from gateway.daemon.setup import plugins_here
from gateway.kernel.problems import Problem
from tests.support.carets import GATEWAY, Place

SECRET = "whsec_" + "c2VjcmV0IG9mIGEgdGVzdCBhbG9uZSwgMzIgYg=="
ENVIRON = {name: SECRET for name in ("SHOP_SECRET", "HELPDESK_SECRET", "OTHER_SECRET", "STRIPE_API_KEY")}

CONFIGURATION = """\
version: 1
policy: policy.yaml
endpoints:
  helpdesk:
    url: https://help.example.com/hooks
    secret: {env: HELPDESK_SECRET}
    notices: ["sla.*"]
"""
"""What stands beside a policy."""

ENRICHERS = "enrichers:\n  payments: {plugin: stripe, api_key: {env: STRIPE_API_KEY}}\n"
"""What more stands beside a policy that names it; its plugin need not be installed."""

POLICY = """\
roles:
  lead: {endpoints: [helpdesk]}
chains:
  late: {steps: [{after: 0m, notify: [lead]}]}
"""
"""What stands beside a configuration."""


def write(text: str, folder: Path) -> Path:
    """Put the text into a folder under its name, and beside it what belongs to it; where it is."""
    is_config = text.removeprefix("\ufeff").startswith(GATEWAY)
    config, policy = folder / "gateway.yaml", folder / "policy.yaml"
    beside = CONFIGURATION + (ENRICHERS if "payments" in text else "")
    config.write_bytes((text if is_config else beside).encode())
    policy.write_bytes((POLICY if is_config else text).encode())
    return config if is_config else policy


def found(text: str, folder: Path) -> list[Problem]:
    """Everything that is told of the text, by its place; what is told of the file beside it is left out."""
    path = write(text, folder)
    told = look_closely(folder / "gateway.yaml", ENVIRON, plugins_here())
    return [problem for problem in told.problems if problem.file == str(path)]


def places(problems: list[Problem]) -> list[Place]:
    """Where problems are, and their numbers."""
    return sorted((problem.line, problem.column, problem.kind.code) for problem in problems)
