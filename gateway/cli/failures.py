"""How a command ends: every failure that is foreseen has an exit code and words, and no secret in them.

0 ok, 1 something was found, 2 the command was wrong, 69 something isn't there, 70 a fault of ours, 75 not now, 78 the
configuration or the policy is wrong, 130 interrupted.
"""

import traceback
from errno import ENOSPC

from gateway.cli import output

OK, FOUND, USAGE, UNAVAILABLE, FAULT, TEMPORARY, CONFIGURATION, INTERRUPTED, PIPE = 0, 1, 2, 69, 70, 75, 78, 130, 141


class Failed(Exception):
    """A command that can't do what it was asked; `hint` says what to do about it."""

    def __init__(self, code: int, what: str, hint: str = "") -> None:
        super().__init__(what)
        self.code = code
        self.hint = hint


def tell(error: Exception, *, debug: bool) -> int:
    """Say on standard error what went wrong; the exit code for it."""
    if isinstance(error, output.OutputClosed):
        output.abandon()
        return PIPE
    code, words = _told(error)
    output.say("\n".join(words))
    if debug and code == FAULT:
        from gateway.kernel.log import hide_secrets

        output.say(hide_secrets("".join(traceback.format_exception(error))), end="")
    return code


def _told(error: Exception) -> tuple[int, list[str]]:
    if isinstance(error, Failed):
        return error.code, [f"gateway: {error}", *([f"  {error.hint}"] if error.hint else [])]
    from gateway.kernel.problems import Problems
    from gateway.kernel.store import StoreBusy, StoreFull, StoreUnusable

    if isinstance(error, Problems):
        from gateway.cli.problem_views import harmless

        return CONFIGURATION, [str(harmless(problem)) for problem in error.problems]
    if isinstance(error, StoreBusy):
        return TEMPORARY, [f"gateway: {error}"]
    if isinstance(error, StoreUnusable):
        return UNAVAILABLE, [f"gateway: {error}"]
    if isinstance(error, StoreFull):
        return TEMPORARY, ["gateway: the disk is full; nothing was written"]
    if isinstance(error, OSError) and error.errno == ENOSPC:
        return TEMPORARY, ["gateway: the disk is full; not all could be written"]
    from gateway.kernel.log import hide_secrets

    first = str(error).partition("\n")[0]
    what = hide_secrets(f"{type(error).__name__}: {first}" if first else type(error).__name__)
    return FAULT, [
        f"gateway: unexpected: {what[:500]}",
        "  `gateway --log-level debug …` shows where; please report it",
    ]
