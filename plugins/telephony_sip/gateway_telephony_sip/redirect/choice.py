"""Chooses where an INVITE is sent: the contact that its call will be, the route that the policy gives it, the addresses
of that queue.

Laws. Nothing is raised, and nothing waited for. The gateway's other work goes on beside: choosing takes at most half of
the time, once it has used up a reserve of `late_ms`; while it may not, calls go to the default target unasked. So rules
that are slow delay no answer by much more than one choice takes, and no webhook either.
"""

from collections.abc import Callable, Mapping
from typing import Final, Protocol

from gateway.plugin import ContactOpened, RouteFunction, Source
from gateway_telephony_sip.facts import Logged
from gateway_telephony_sip.message import Message
from gateway_telephony_sip.redirect.request import caller_of
from gateway_telephony_sip.redirect.targets import Targets

SHARE: Final = 0.5
"""The part of the time that choosing may take for long."""


class Opening(Protocol):
    """The opening of the contact that a call will be, by its INVITE."""

    def __call__(self, invite: Message, source: Source, now_ms: int) -> ContactOpened:
        """The same opening that the call's facts tell later. `source`: who sent the call to the proxy that asks."""
        ...


class Told(Protocol):
    """Is told what was chosen, to be kept with the call; `source` as for `Opening`."""

    def __call__(self, invite: Message, source: Source, logged: Logged) -> None:
        """Must not wait."""
        ...


class Time:
    """What choosing has left of its time: `reserve_ms` at first, refilled by half of the time that goes by."""

    def __init__(self, reserve_ms: int, now_ms: int) -> None:
        self._reserve = self._left = float(reserve_ms)
        self._at = now_ms

    def is_left(self, now_ms: int) -> bool:
        """Whether there is time to choose."""
        if now_ms > self._at:
            self._left = min(self._reserve, self._left + (now_ms - self._at) * SHARE)
        self._at = now_ms
        return self._left > 0.0

    def spend(self, took_ms: int) -> None:
        """Take what a choice took."""
        self._left -= max(0, took_ms)


class Chooser:
    """Callable as the table's `choose`."""

    def __init__(
        self,
        targets: Mapping[str, Targets],
        default: Targets,
        *,
        opening: Opening,
        route: RouteFunction,
        told: Told,
        now: Callable[[], int],
        late_ms: int,
        count: Callable[[str], None],
    ) -> None:
        self._targets = targets
        self._default = default
        self._opening = opening
        self._route = route
        self._told = told
        self._now = now
        self._count = count
        self._time = Time(late_ms, now())

    def __call__(self, invite: Message, source: Source) -> Targets:
        """The addresses for an INVITE, the default ones where there is no time, no route, or no address for it."""
        at = self._now()
        caller = caller_of(invite, source)
        queue, reason = self._queue(invite, caller, at)
        targets = self._targets.get(queue) if queue else None
        if queue and targets is None:
            reason = "no_target"
        if reason:
            self._count(f"default_{reason}")
        self._told(invite, caller, Logged(at=at, what="entered", by="redirect", queue=queue, reason=reason))
        return targets or self._default

    def _queue(self, invite: Message, source: Source, at: int) -> tuple[str, str]:
        """The queue, or an empty text and why there is none."""
        if not self._time.is_left(at):
            return "", "late"
        try:
            route = self._route(self._opening(invite, source, at))
        except Exception:  # rules fail as they like, on what strangers sent: the call is sent somewhere all the same
            return "", "failed"
        finally:
            self._time.spend(self._now() - at)
        return (route.queue, "") if route else ("", "no_route")
