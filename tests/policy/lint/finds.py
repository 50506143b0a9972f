"""What is found in small policies, as tests read it."""

from textwrap import dedent

from gateway.policy.lint import findings
from tests.policy.build import loaded
from tests.support.told import told


def found(text: str, *kinds: str) -> list[str]:
    """The findings of a policy as `line:column: name: message`; of these kinds only, where any are named."""
    problems = findings(loaded(dedent(text).lstrip("\n")))
    return [told(problem).removeprefix("p.yaml:") for problem in problems if not kinds or problem.id in kinds]


def places(text: str, *kinds: str) -> list[str]:
    """The same, as `line:column: name`."""
    return [": ".join(line.split(": ")[:2]) for line in found(text, *kinds)]
