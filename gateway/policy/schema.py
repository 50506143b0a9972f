"""The JSON Schema of a policy file, for editors.

What only the whole file tells (names that must exist, marks within their target, conditions) is for the loader.
"""

from typing import Any

from gateway.kernel.json_schema import model_schema
from gateway.policy.document import PolicyDocument


def policy_schema() -> dict[str, Any]:
    """The schema of a policy file."""
    return model_schema(PolicyDocument, "policy", "A policy of Orion Gateway")
