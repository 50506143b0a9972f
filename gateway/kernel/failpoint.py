"""Named points of the code, past which tests crash a gateway. In production nobody listens: one comparison.

A transaction has three points: `<name>.begun` in it, `<name>.before_commit`, and `<name>.committed` before anybody is
answered. A listener is called on the thread that passes the point. It ends the process, or raises what is no
`Exception`: code may handle those, and a crash is handled by nobody.
"""

from collections.abc import Callable, Iterable

Listener = Callable[[str], None]

_listener: Listener | None = None


def listen(listener: Listener | None) -> None:
    """Tell this listener, and no other, of every point that is passed from now on; None: nobody."""
    global _listener
    _listener = listener


def reached(point: str) -> None:
    """Pass a point."""
    if _listener is not None:
        _listener(point)


def reached_each(names: Iterable[str], step: str) -> None:
    """Pass one step of a transaction that several share: each different name once, in their order."""
    if _listener is not None:
        for name in dict.fromkeys(names):
            _listener(f"{name}.{step}")
