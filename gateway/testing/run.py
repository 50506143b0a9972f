"""Runs the checks on a class, one after the other; one that raises what it shouldn't has failed, and no more."""

import inspect
from collections.abc import Callable, Sequence
from importlib.metadata import PackageNotFoundError, packages_distributions, version
from typing import Any

from pydantic import ValidationError

from gateway.kernel.log import hide_secrets
from gateway.testing import checks as checks
from gateway.testing.check import CHECKS, Check, NotApplicable, Sort, Unmet
from gateway.testing.offline import offline
from gateway.testing.places import told, where, where_raised
from gateway.testing.report import Report, Result
from gateway.testing.subject import Subject

_MEMBER = {"receives": "receive", "pulls": "pull", "fetches": "fetch", "simulates": "simulator"}


def in_use(only: Sequence[str] = (), sort: Sort = "connector") -> list[Check]:
    """The checks of this sort to run: all, or those of these ids. Raises KeyError for an id that isn't there."""
    ours = [check for check in CHECKS.values() if sort in check.of]
    for id in only:
        if id not in {check.id for check in ours}:
            raise KeyError(id)
    ordered = sorted(ours, key=lambda check: checks.THEMES.index(check.theme))
    return [check for check in ordered if (check.id in only if only else not check.deprecated)]


def run(subject: Subject, only: Sequence[str] = (), progress: Callable[[Result], None] | None = None) -> Report:
    """Run the checks. `progress` hears each result as it comes. Raises KeyError for an id that isn't there."""
    results = []
    for check in in_use(only, subject.sort):
        results.append(run_one(subject, check))
        if progress is not None:
            progress(results[-1])
    return Report(subject.kind.plugin, version_of(subject.kind), results, whole=not only, sort=subject.sort)


def run_one(subject: Subject, check: Check) -> Result:
    """What comes of one check."""
    if excuse := subject.excuses.get(check.id):
        return Result(check, "excused", excuse)
    lacking = [need for need in check.needs if need not in subject.able]
    if lacking:
        return Result(check, "not applicable", f"{lacking[0]} is no ability of it")
    kind: Any = subject.kind
    members = [_MEMBER.get(need, need) for need in check.needs[:1]]
    try:
        with offline() as refused:
            _work(subject, check)
    except NotApplicable as reason:
        return Result(check, "not applicable", str(reason))
    except Unmet as unmet:
        return Result(check, "failed", hide_secrets(str(unmet)), unmet.where or where(kind, *members), unmet.mend)
    except ExceptionGroup as group:
        error = group.exceptions[0]
        return Result(check, "failed", hide_secrets(f"it raised {told(error)}"), where_raised(kind, error, *members))
    except Exception as error:  # foreign code runs here: whatever it raises is a result
        if isinstance(error, ValidationError):
            what = f"its settings are refused: {len(error.errors())} of them are wrong"
        elif isinstance(error, TimeoutError):
            what = "it came to no end: something waits for what never comes"
        else:
            what = f"it raised {told(error)}"
        return Result(check, "failed", hide_secrets(what), where_raised(kind, error, *members))
    if refused:
        return Result(check, "failed", f"it wanted to leave this machine: {refused[0]}", where(kind, *members))
    return Result(check, "passed")


def version_of(kind: type) -> str:
    """The version of the distribution that the connector comes from; empty for one that isn't installed."""
    top = kind.__module__.partition(".")[0]
    try:
        return version(packages_distributions()[top][0])
    except (KeyError, PackageNotFoundError):
        return ""


def _work(subject: Subject, check: Check) -> None:
    """Call the check; one that is a coroutine is a story, told to its end."""
    if not inspect.iscoroutinefunction(check.run):
        check.run(subject)
        return
    if check.needs or "simulates" in subject.able:
        _ = subject.material  # before a loop runs: it is a story of its own

    async def story() -> None:
        await check.run(subject)  # type: ignore[misc]

    subject.play(story)
