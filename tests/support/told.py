"""A mistake in one line with the name of its kind where people read its number: tests are read by people who know
names."""

from gateway.kernel.problems import Problem


def told(problem: Problem) -> str:
    """Such as `policy.yaml:3:18: unknown-queue: there is no queue 'x'`."""
    return f"{problem.file}:{problem.line}:{problem.column}: {problem.id}: {problem.message}"
