"""The bytes of a file of events, or of standard input. Imports little."""

import sys
from pathlib import Path
from typing import Final

from gateway.cli.failures import FOUND, USAGE, Failed

BYTES_MAX: Final = 64 * 1024 * 1024


def content(path: Path) -> bytes:
    """All that is in it; `-` is standard input. Raises Failed where it can't be read, or is too much."""
    try:
        if str(path) == "-":
            found = sys.stdin.buffer.read(BYTES_MAX + 1)
        else:
            with path.open("rb") as file:
                found = file.read(BYTES_MAX + 1)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else "this is no path"
        raise Failed(USAGE, f"the events can't be read: {path}: {reason}") from None
    if len(found) > BYTES_MAX:
        raise Failed(FOUND, f"{path}: at most 64 MiB of events are read")
    return found
