"""A loaded policy beside the text that it was read from, for whoever looks for findings."""

from collections.abc import Sequence

from gateway.kernel.document import Document
from gateway.kernel.problems import Problem
from gateway.policy.expressions import Condition
from gateway.policy.load import Loaded
from gateway.policy.matcher import CompiledMatcher
from gateway.rules.policy import Section

Path = tuple[str | int, ...]


class Sheet:
    """`document` is what stands in the file, `policy` what the rules make of it; `problem` tells a place."""

    def __init__(self, loaded: Loaded) -> None:
        self.document = loaded.document
        self.policy = loaded.policy
        self.source = loaded.source or Document.parse(loaded.text, loaded.file)
        self._matcher = loaded.policy.matcher

    def conditions(self, section: Section) -> Sequence[Condition | None]:
        """The conditions of a section, rule by rule; None where a rule always matches."""
        if not isinstance(self._matcher, CompiledMatcher):
            return [None] * len(getattr(self.policy, section))
        return self._matcher.conditions(section)

    def problem(self, path: Path, id: str, message: str, *, key: bool = False) -> Problem:
        """A finding at the value of a path, or at its key."""
        return self.source.problem(path, id, message, key=key)

    def inside(self, path: Path, text: str, at: int, id: str, message: str) -> Problem:
        """A finding at the character `at` of the text that stands at a path."""
        before = text[:at]
        offset = before.count("\n") + 1, at - before.rfind("\n")
        return self.source.problem(path, id, message, offset=offset)

    def line(self, path: Path) -> int:
        """The line, from 1, of the value at a path."""
        return self.source.place(path)[0]
