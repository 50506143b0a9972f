"""Imports a module and prints what that touched, as JSON: run as a process of its own, by the check of imports."""

import json
import os
import sys
from pathlib import Path
from typing import Any

from gateway.testing.watch import watching

_EVENTS = ("socket.connect", "socket.bind", "socket.getaddrinfo", "subprocess.Popen", "os.system", "os.exec", "os.fork")
_WRITES = frozenset("wax+")


def main(module: str, folder: str) -> None:
    """Import the module, whose own code lies in the folder."""
    import gateway.plugin  # noqa: F401 - what every connector needs isn't its doing

    found: list[str] = []
    listening = [True]

    def heard(event: str, arguments: tuple[Any, ...]) -> None:
        if not listening[0]:
            return
        if event in _EVENTS:
            found.append(event)
        elif event == "open" and isinstance(arguments[1], str) and _WRITES & set(arguments[1]):
            found.append(f"writing {arguments[0]}")

    sys.addaudithook(heard)
    before = dict(os.environ)
    # A thread that was started is a call that the watcher sees; whoever starts it is named with its line.
    with watching(Path(folder)) as touched:
        __import__(module)
    listening[0] = False
    changed = sorted(name for name in {*before, *os.environ} if before.get(name) != os.environ.get(name))
    found += [f"os.environ changed: {name}" for name in changed]
    print(json.dumps(touched + found))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
