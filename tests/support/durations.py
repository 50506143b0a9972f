"""Lengths of time as people type them at a command."""

import argparse
import re

_UNITS = {"s": 1.0, "m": 60.0, "h": 3_600.0}


def seconds_of(text: str) -> float:
    """The seconds of `90s`, `10m`, `2h`. Raises argparse's error for anything else."""
    if (found := re.fullmatch(r"([0-9]+(?:\.[0-9]+)?)([smh])", text)) is None:
        raise argparse.ArgumentTypeError(f"{text!r} is no length of time, such as 90s, 10m or 2h")
    return float(found[1]) * _UNITS[found[2]]
