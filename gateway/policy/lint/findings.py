"""All findings of a policy that loads, in the order of the file."""

from gateway.kernel.problems import Problem
from gateway.policy.lint import gaps, names, reach, slow, triggers, values
from gateway.policy.lint.meaning import Meaning
from gateway.policy.lint.search import Work
from gateway.policy.lint.sheet import Sheet
from gateway.policy.load import Loaded


def findings(loaded: Loaded) -> list[Problem]:
    """What is most likely not meant, each with its place, in the file's order. Pure; its work is bounded.

    Only of policies that load without errors: what is wrong there is told by loading them.
    """
    sheet = Sheet(loaded)
    meaning, work = Meaning(sheet), Work()
    found = [*names.look(sheet), *values.look(sheet)]
    for part in (reach, triggers, gaps):
        found += part.look(sheet, meaning, work)
    found += slow.look(sheet, meaning)
    return sorted(set(found))
