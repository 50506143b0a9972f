"""All findings of a policy that loads, in the order of the file."""

from gateway.kernel.problems import Problem
from gateway.policy.lint import names
from gateway.policy.lint.sheet import Sheet
from gateway.policy.load import Loaded


def findings(loaded: Loaded) -> list[Problem]:
    """What is most likely not meant, each with its place, in the file's order. Pure; its work is bounded.

    Only of policies that load without errors: what is wrong there is told by loading them.
    """
    sheet = Sheet(loaded)
    return sorted({*names.look(sheet)})
