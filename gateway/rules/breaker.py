"""How an endpoint stands, and what follows for it from each answer: the breaker, pauses, disabling, the slow start.

Laws. Ten failures in a row that are about the receiver open the breaker; while it is open nothing goes out but one
probe, after 30 s, then after twice as long each time, up to 5 min. The first answer that is no such failure closes it;
then one delivery at a time goes out, twice as many after each answer. An endpoint that gave nothing but failures for
five days, tried all the while, is disabled, and so is one that answers 410; only a person enables it again.
"""

from typing import Final, Literal

import msgspec
from msgspec.structs import replace

from gateway.model.instant import DAY_MS, HOUR_MS, SECOND_MS
from gateway.model.judgement import OperatorType
from gateway.rules.retry import Answer, growing_wait

FAILURES_MAX: Final = 10
"""So many failures in a row open the breaker."""

PROBE_FIRST_MS: Final = 30 * SECOND_MS
PROBE_MAX_MS: Final = 300 * SECOND_MS
"""How long an open breaker waits for its next probe: longer than a try takes, so that what comes back after it is the
probe's answer."""

HOPELESS_MS: Final = 5 * DAY_MS
"""After so long with nothing but failures an endpoint is disabled."""

FORGIVEN_MS: Final = DAY_MS
"""Failures that lie further apart are not one row: nobody has tried in between."""

PAUSE_MAX_MS: Final = HOUR_MS
"""A receiver may ask for so long a pause of everything."""

RAMP_MAX: Final = 64
"""The slow start is over when so many may be in flight: as many as any endpoint may have."""

Standing = Literal["ok", "failing", "paused", "open", "disabled"]


class Health(msgspec.Struct, frozen=True, kw_only=True):
    """How an endpoint stands; instants in ms. Without a value: it isn't so, or has never been."""

    failing_since: int | None = None
    """The first failure of any kind since the last success."""

    failed_at: int | None = None
    """The last failure."""

    failures: int = 0
    """Failures in a row that are about the receiver."""

    open_until: int | None = None
    """The breaker is open, and the next probe may go at this instant."""

    opened: int = 0
    """How often in a row the breaker has opened: each doubles the wait for the next probe."""

    paused_until: int | None = None
    """The receiver has asked for a pause."""

    ramp: int | None = None
    """While it starts slowly: how many may be in flight."""

    disabled_at: int | None = None
    disabled_why: str | None = None
    succeeded_at: int | None = None
    """The last 2xx."""

    def standing(self, now: int) -> Standing:
        """The state in one word: the gravest that holds."""
        if self.disabled_at is not None:
            return "disabled"
        if self.open_until is not None:
            return "open"
        if self.paused_until is not None and self.paused_until > now:
            return "paused"
        return "ok" if self.failing_since is None else "failing"


class Step(msgspec.Struct, frozen=True):
    """What an answer makes of an endpoint, and what operators are told of it, if anything."""

    health: Health
    told: OperatorType | None = None


def room(health: Health, limit: int, now: int) -> int:
    """How many of an endpoint's deliveries may be in flight now; an open breaker lets one go when a probe is due."""
    if health.disabled_at is not None:
        return 0
    if health.paused_until is not None and now < health.paused_until:
        return 0
    if health.open_until is not None:
        return 0 if now < health.open_until else 1
    return limit if health.ramp is None else min(limit, health.ramp)


def probing(health: Health, now: int) -> bool:
    """Whether what goes out now is a probe, which need not be due by its own schedule."""
    return health.open_until is not None and room(health, 1, now) == 1


def after_answer(health: Health, answer: Answer, now: int, pause_ms: int | None = None) -> Step:
    """What one try's answer makes of its endpoint. `pause_ms`: the receiver asked to be left alone for so long."""
    if answer == "delivered":
        fine = replace(health, failing_since=None, failed_at=None, succeeded_at=now)
        return _answered(fine)
    failing = _failed(health, now)
    if answer == "refused":
        return _hopeless(_answered(failing), now)
    if answer == "gone":
        if health.disabled_at is not None:
            return Step(failing)
        return Step(disabled(failing, now, "the receiver answered 410: it wants no more notices"), "endpoint.disabled")
    if pause_ms is not None:
        asked = now + min(max(pause_ms, 0), PAUSE_MAX_MS)
        failing = replace(failing, paused_until=max(asked, failing.paused_until or 0))
    return _hopeless(_about_the_receiver(failing, now), now)


def disabled(health: Health, now: int, why: str) -> Health:
    """The same endpoint, to which nothing goes any more."""
    return replace(health, disabled_at=now, disabled_why=why)


def enabled(health: Health) -> Health:
    """An endpoint that a person enables: all is forgiven, and it starts slowly."""
    return Health(succeeded_at=health.succeeded_at, ramp=1)


def _failed(health: Health, now: int) -> Health:
    alone = health.failed_at is None or now - health.failed_at > FORGIVEN_MS
    since = now if alone or health.failing_since is None else health.failing_since
    return replace(health, failing_since=since, failed_at=now)


def _answered(health: Health) -> Step:
    """The receiver is there: the breaker closes, and the slow start goes on."""
    if health.open_until is not None:
        told: OperatorType | None = None if health.disabled_at is not None else "endpoint.recovered"
        return Step(replace(health, failures=0, open_until=None, opened=0, ramp=1), told)
    ramp = None if health.ramp is None or 2 * health.ramp >= RAMP_MAX else 2 * health.ramp
    return Step(replace(health, failures=0, ramp=ramp))


def _about_the_receiver(health: Health, now: int) -> Step:
    failures = health.failures + 1
    ramp = None if health.ramp is None else 1
    health = replace(health, failures=failures, ramp=ramp)
    if health.open_until is not None:
        # What comes back before was sent before it opened, and says nothing new.
        return Step(_open(health, now) if now >= health.open_until else health)
    if failures < FAILURES_MAX:
        return Step(health)
    return Step(_open(health, now), None if health.disabled_at is not None else "endpoint.failing")


def _open(health: Health, now: int) -> Health:
    opened = health.opened + 1
    return replace(health, opened=opened, open_until=now + round(growing_wait(PROBE_FIRST_MS, PROBE_MAX_MS, opened)))


def _hopeless(step: Step, now: int) -> Step:
    since = step.health.failing_since
    if since is None or now - since < HOPELESS_MS or step.health.disabled_at is not None:
        return step
    return Step(disabled(step.health, now, "five days of nothing but failures"), "endpoint.disabled")
