"""Times that people type: a length such as 5m, an instant, or how long ago. Light: what it needs is imported in use."""

from contextlib import suppress

import typer


def length_ms(text: str, option: str) -> int:
    """A length of time in ms. Raises BadParameter, which names the option."""
    from gateway.policy.durations import read_duration

    try:
        return read_duration(text)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint=option) from None


def instant_ms(text: str, option: str, now: int, *, days: bool = False) -> int:
    """An instant in RFC 3339, how long ago, or, with `days`, a day in UTC. Raises BadParameter."""
    from gateway.model.instant import parse_instant
    from gateway.policy.durations import read_duration

    with suppress(ValueError):
        return now - read_duration(text)
    for form in (text, f"{text}T00:00:00Z") if days else (text,):
        with suppress(ValueError, OverflowError):
            return parse_instant(form)
    told = (
        "2026-03-02 or 2026-03-02T09:00:00Z, or how long ago, like 90d"
        if days
        else ("2026-03-02T09:00:00Z, or how long ago, like 2h")
    )
    raise typer.BadParameter(f"a time is like {told}", param_hint=option)
