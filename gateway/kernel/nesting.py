"""How deep a stranger's JSON may nest: whoever walks it, or hands it on, looks here first."""

from typing import Any, Final

NESTING_MAX: Final = 64
"""Lists and objects inside each other that a payload may have."""


def too_deep(value: Any) -> bool:
    """Whether lists and objects nest deeper than NESTING_MAX. Walks level by level, so that no depth is too much."""
    level = [value]
    for _ in range(NESTING_MAX + 1):
        level = [outer for outer in level if isinstance(outer, dict | list)]
        if not level:
            return False
        level = [inner for outer in level for inner in (outer.values() if isinstance(outer, dict) else outer)]
    return True
