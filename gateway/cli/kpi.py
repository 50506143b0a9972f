"""`gateway kpi`: which objectives were held in a span of time, and the figures of calls, out of the database."""

from typing import TYPE_CHECKING, Annotated, Final

import typer

from gateway.cli import output
from gateway.cli.failures import FOUND, OK
from gateway.cli.options import CONFIG, AsJson, ConfigFile

if TYPE_CHECKING:
    from gateway.engine.kpi import Found
    from gateway.kernel.history import History

LAST: Final = "1d"

Since = Annotated[str, typer.Option(metavar="TIME", help="From then on: 2026-03-02, or how long ago, like 12h or 30d.")]
Until = Annotated[str, typer.Option(metavar="TIME", help="Until then, which doesn't count; left out: now.")]


def kpi(since: Since = LAST, until: Until = "", config: ConfigFile = CONFIG, as_json: AsJson = False) -> int:
    """What share of the contacts met each objective, and the figures of calls: service level, abandonment, handle time.

    Of the contacts that opened in that time, as they were judged. Exit code 1 if an objective was missed.
    """
    from gateway.cli.kpi_views import all_held, lines, values
    from gateway.cli.table import clean
    from gateway.cli.times import instant_ms
    from gateway.cli.work import with_history
    from gateway.kernel.clock import SystemClock

    clock = SystemClock()
    now = clock.now()
    first = instant_ms(since, "--since", now, days=True)
    end = instant_ms(until, "--until", now, days=True) if until else now
    if first >= end:
        raise typer.BadParameter("nothing lies between its beginning and its end", param_hint="--since")

    async def work(history: "History") -> "Found":
        from gateway.cli.walk_progress import WalkProgress
        from gateway.engine.kpi import figures_of

        with WalkProgress("contacts", await history.places(), clock) as progress:
            return await figures_of(history, first, end, now, progress.show)

    found = with_history(config, work)
    told = values(found, first, end)
    if as_json:
        output.json_line(told)
    else:
        for line in lines(told):
            output.line(line)
    for contact, why in found.named:
        output.say(f"gateway: contact {clean(contact)} is left out: {clean(why)}")
    if found.skipped > len(found.named):
        output.say(f"gateway: {found.skipped:,} contacts are left out in all")
    if found.behind:
        several = f"{found.behind:,} contacts wait" if found.behind > 1 else "1 contact waits"
        output.say(f"gateway: {several} to be judged: what has become of them since isn't counted yet")
    return OK if all_held(told) and not found.skipped else FOUND
