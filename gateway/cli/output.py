"""The two ways out of a command: data to standard output, words for people to standard error.

A reader that has gone (a broken pipe) ends the command quietly. Whatever the terminal's encoding, nothing raises.
"""

import os
import sys
from typing import Any


class OutputClosed(Exception):
    """Nobody reads standard output any more."""


def open_streams() -> None:
    """Lead standard streams that were closed before the start nowhere: else the next file opened takes their place."""
    for number, name, mode in ((0, "stdin", "r"), (1, "stdout", "w"), (2, "stderr", "w")):
        if getattr(sys, name) is None:
            nowhere = os.open(os.devnull, os.O_RDWR)
            if nowhere != number:
                os.dup2(nowhere, number)
                os.close(nowhere)
            setattr(sys, name, os.fdopen(number, mode, encoding="utf-8", closefd=False))


def data(content: bytes) -> None:
    """Write bytes to standard output, now. Raises OutputClosed."""
    try:
        sys.stdout.flush()
        sys.stdout.buffer.write(content)
        sys.stdout.buffer.flush()
    except BrokenPipeError:
        raise OutputClosed from None


def line(text: str) -> None:
    """Write a line to standard output; what its encoding lacks becomes `?`. Raises OutputClosed."""
    data(text.encode(sys.stdout.encoding or "utf-8", "replace") + b"\n")


def json_line(value: Any) -> None:
    """Write one JSON object as one line, in UTF-8. Raises OutputClosed."""
    import msgspec

    data(msgspec.json.encode(value) + b"\n")


def json_page(value: Any) -> None:
    """Write one JSON object over several lines, in UTF-8. Raises OutputClosed."""
    import msgspec

    data(msgspec.json.format(msgspec.json.encode(value), indent=2) + b"\n")


def say(text: str, *, end: str = "\n") -> None:
    """Tell people something, on standard error; if that is closed, nobody wants to know."""
    encoding = sys.stderr.encoding or "utf-8"
    try:
        sys.stderr.write(text.encode(encoding, "replace").decode(encoding) + end)
        sys.stderr.flush()
    except OSError:
        return


def abandon() -> None:
    """Let standard output lead nowhere, so that the interpreter's last flush doesn't complain of a broken pipe."""
    try:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)
    except (OSError, ValueError):
        return
