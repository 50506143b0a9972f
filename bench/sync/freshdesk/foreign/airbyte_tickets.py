"""Run with Airbyte's own interpreter: its source for Freshdesk as it is, on Python 3.11.

What it is built on has dataclasses whose defaults are dataclasses: Python up to 3.10 takes these, and 3.11 only what
can be hashed. Here each can, by its identity.
"""

import dataclasses
from typing import Any

_plain: Any = dataclasses.dataclass


def _hashable(cls: Any = None, /, **options: Any) -> Any:
    def made(one: Any) -> Any:
        one = _plain(one, **options)
        if one.__hash__ is None:
            one.__hash__ = object.__hash__
        return one

    return made if cls is None else made(cls)


if __name__ == "__main__":
    dataclasses.dataclass = _hashable
    from source_freshdesk.run import run  # type: ignore[import-not-found]

    run()
