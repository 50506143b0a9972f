"""Checks of the vendor's limits: declared, kept, and those that the vendor truly has."""

from fnmatch import fnmatchcase
from typing import Any, Final

from gateway.plugin import Limit
from gateway.testing.check import NotApplicable, Unmet, check
from gateway.testing.places import where
from gateway.testing.subject import Subject

OBJECTS: Final = 30
_LONGEST_S: Final = 86_400.0


@check("limits-declared", "It says what its vendor allows", level="silver", needs=("simulates",))
def limits_declared(subject: Subject) -> None:
    """A connector that pulls or looks up has `limits(settings)`: at least one, each with a name of its own, one request
    or more, and a window of up to a day.

    Why: what is live goes before a backfill only within limits that the core knows.
    Mend: write down what the vendor's documentation says; take the lower value where plans differ.

    Example::

        @staticmethod
        def limits(settings: AcmeSettings) -> Sequence[Limit]:
            return (Limit("export", 10, paths=("/api/export*",)), Limit("all", settings.requests_per_minute))
    """
    limits = _limits(subject)
    if not limits:
        raise Unmet("`limits` names none", where=where(subject.kind, "limits"))
    names = [limit.name for limit in limits]
    for limit in limits:
        if not isinstance(limit, Limit) or names.count(limit.name) > 1 or not limit.name or not limit.paths:
            raise Unmet(f"{limit!r} has no name or paths of its own", where=where(subject.kind, "limits"))
        if limit.requests < 1 or not 0 < limit.per_s <= _LONGEST_S:
            raise Unmet(f"{limit!r} allows nothing, or counts too long", where=where(subject.kind, "limits"))


@check("limits-kept", "It keeps within the limits, and they are enough", level="silver", needs=("simulates",))
async def limits_kept(subject: Subject) -> None:
    """While an account of many small pages is read, no window of any limit sees more requests than it allows, by the
    kit's own count, and the simulator never has to say 429.

    Why: who is over the limit is refused, and live changes with him.
    Mend: let `paths` match the paths that are asked, and let the limit be the vendor's; ask by the lent client only.
    """
    async with subject.stage(objects=OBJECTS, page_size=1) as on, subject.reader(on) as ours:
        limits = subject.kind.limits(ours.settings) if "limits" in subject.able else ()
        if not limits:
            raise NotApplicable("it declares no limits (limits-declared)")
        await ours.sync()
        asked = ours.transport.asked
    for limit in limits:
        at = [one.at_s for one in asked if any(fnmatchcase(one.path, path) for path in limit.paths)]
        if most := _most(at, limit):
            raise Unmet(
                f"{most} requests within {limit.per_s:g} s are over {limit}", where=where(subject.kind, "limits")
            )
    if refused := [one for one in asked if one.status == 429]:
        what = f"the vendor said 429 to {len(refused)} of {len(asked)} requests, first to {refused[0].path}"
        raise Unmet(what, where=where(subject.kind, "limits"))


def _limits(subject: Subject) -> list[Any]:
    if not {"pulls", "fetches"} & set(subject.able):
        raise NotApplicable("it asks its vendor for nothing")
    if "limits" not in subject.able:
        raise Unmet("it has no `limits`", where=where(subject.kind))
    from gateway.testing.settings import validated

    return list(subject.kind.limits(validated(subject.kind, subject.given)))


def _most(at: list[float], limit: Limit) -> int:
    """How many requests the fullest window saw, if that is too many; else 0."""
    first = 0
    for last, moment in enumerate(at):
        while at[first] <= moment - limit.per_s:
            first += 1
        if last - first + 1 > limit.requests:
            return last - first + 1
    return 0
