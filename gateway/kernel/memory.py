"""How the interpreter looks for garbage in a process that runs for long.

What was made at the start lives until the end: it is taken out of the search. What comes with each request or event is
let go of by counting references; only cycles are searched for, and seldom, since a search stops everything.
"""

import gc

NEW_MAX = 50_000
"""Values made and not yet let go of before the youngest are searched."""

YOUNG_MAX = 20
"""Searches of the youngest before the next generation is searched with them."""

MIDDLE_MAX = 100
"""Searches of that one before everything is."""


def settle() -> None:
    """Search once more, leave alone from now on what is there, and search less often. For a process of its own."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(NEW_MAX, YOUNG_MAX, MIDDLE_MAX)
