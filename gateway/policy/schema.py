"""The JSON Schemas of a policy file and of its tests, for editors.

What only the whole file tells (names that must exist, marks within their target, conditions) is for the loader.
"""

from typing import Any

from gateway.kernel.json_schema import model_schema
from gateway.policy.document import PolicyDocument
from gateway.policy.examples.shape import TestsDocument


def policy_schema() -> dict[str, Any]:
    """The schema of a policy file."""
    return model_schema(PolicyDocument, "policy", "A policy of Orion Gateway")


def tests_schema() -> dict[str, Any]:
    """The schema of a file of tests beside a policy."""
    return model_schema(TestsDocument, "policy-tests", "Tests of a policy of Orion Gateway")
