"""What a policy that loads says without meaning it: names that nobody uses, rules that never take effect, chains that
come too late."""

from gateway.policy.lint.findings import findings

__all__ = ["findings"]
