"""Sees whether a piece of code touches the world: clock, chance, files, sockets, threads, the environment.

It listens to the calls of built-in functions that the interpreter makes, and so needs no cooperation of the code.
"""

import gc
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any, Final

_MODULES: Final = {
    "time": {"time", "time_ns", "monotonic", "monotonic_ns", "perf_counter", "perf_counter_ns", "sleep", "localtime",
             "gmtime", "strftime"},
    "posix": {"urandom", "getrandom", "system", "fork", "posix_spawn", "putenv", "unsetenv", "open", "remove", "mkdir",
              "rename", "unlink", "listdir", "scandir", "kill"},
    "nt": {"urandom", "system", "putenv", "open", "remove", "mkdir", "rename", "unlink", "listdir", "scandir"},
    "_thread": {"start_new_thread", "start_new", "start_joinable_thread"},
    "_io": {"open"},
    "io": {"open"},
    "_socket": {"getaddrinfo", "gethostbyname", "gethostname"},
    "socket": {"getaddrinfo", "gethostbyname", "gethostname"},
    "_posixsubprocess": {"fork_exec"},
    "_random": {"random", "getrandbits", "seed"},
    "_uuid": {"generate_time_safe"},
}  # fmt: skip
"""Functions of built-in modules that touch the world."""

_METHODS: Final = {
    "datetime": {"now", "utcnow", "today"},
    "date": {"today"},
    "socket": {"connect", "bind", "listen", "send", "sendall", "sendto", "connect_ex"},
    "Random": {"random", "getrandbits", "seed"},
    "SystemRandom": {"random", "getrandbits"},
}
"""Methods of built-in types that do, by the type's name."""


def touched(function: Any) -> str:
    """The name of a built-in function that touches the world; empty for any other."""
    name = getattr(function, "__name__", "")
    owner = getattr(function, "__self__", None)
    if name in _MODULES.get(getattr(function, "__module__", None) or "", ()):
        return f"{function.__module__.lstrip('_')}.{name}"
    if owner is None or isinstance(owner, type(sys)):
        module = getattr(owner, "__name__", "")
        return f"{module.lstrip('_')}.{name}" if name in _MODULES.get(module, ()) else ""
    kind = owner if isinstance(owner, type) else type(owner)
    for above in kind.__mro__:
        if name in _METHODS.get(above.__name__, ()):
            return f"{kind.__name__}.{name}"
    return ""


@contextmanager
def watching(inside: Path | None = None) -> Iterator[list[str]]:
    """What is touched in the block, as `time.time at FILE:LINE`; only what files `inside` a folder call themselves,
    if one is given."""
    found: list[str] = []
    environ = {type(os.environ).__getitem__.__code__, type(os.environ).__setitem__.__code__}

    def seen(frame: FrameType, event: str, argument: Any) -> None:
        if event == "c_call" and (name := touched(argument)):
            _note(found, name, frame, inside)
        elif event == "call" and frame.f_code in environ and frame.f_back is not None:
            _note(found, "os.environ", frame.f_back, inside)

    before, collects = sys.getprofile(), gc.isenabled()
    gc.disable()  # a collection calls others' callbacks in the midst of whatever runs
    sys.setprofile(seen)
    try:
        yield found
    finally:
        sys.setprofile(before)
        if collects:
            gc.enable()


def watched(work: Callable[[], Any], inside: Path | None = None) -> list[str]:
    """What `work` touches. What it raises is raised."""
    with watching(inside) as found:
        work()
    return found


def _note(found: list[str], name: str, frame: FrameType, inside: Path | None) -> None:
    """Note a touch under the innermost frame that isn't the standard library's."""
    at: FrameType | None = frame
    while at is not None and (at.f_code.co_filename.startswith(("<frozen", "<string")) or _standard(at)):
        if "importlib" in at.f_code.co_filename:
            return  # a module is being loaded; what its own lines do is seen under their own frames
        at = at.f_back
    if at is None or (inside is not None and not Path(at.f_code.co_filename).resolve().is_relative_to(inside)):
        return
    line = f"{name} at {at.f_code.co_filename}:{at.f_lineno}"
    if line not in found:
        found.append(line)


_STANDARD: Final = str(Path(os.__file__).resolve().parent)


def _standard(frame: FrameType) -> bool:
    name = frame.f_code.co_filename
    return name.startswith(_STANDARD) and "site-packages" not in name
