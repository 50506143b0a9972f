"""All findings of a policy that loads, in the order of the file."""

from gateway.kernel.problems import Problem
from gateway.policy.lint import gaps, names, reach, slow, triggers, values
from gateway.policy.lint.meaning import Meaning
from gateway.policy.lint.search import TOTAL_MAX, Work
from gateway.policy.lint.sheet import Sheet
from gateway.policy.load import Loaded


def findings(loaded: Loaded) -> list[Problem]:
    """What is most likely not meant, each with its place, in the file's order. Pure; its work is bounded.

    Only of policies that load without errors: what is wrong there is told by loading them.
    """
    sheet = Sheet(loaded)
    meaning = Meaning(sheet)
    found = [*names.look(sheet), *values.look(sheet)]
    # Each has work of its own: what is found of one doesn't hang on how long another searched.
    found += reach.look(sheet, meaning, Work())
    for part in (triggers, gaps):
        found += part.look(sheet, meaning, Work(TOTAL_MAX // 4))
    found += slow.look(sheet, meaning)
    return sorted(set(found))
