"""The opening of the contact that a call will be, as rules see it once the call's events are told.

One source for both: what the call's facts tell. The opening itself carries only what can't change; what was dialled is
told beside it, as an observation of the same instant, and rules route by it.
"""

from collections.abc import Iterable

from msgspec.structs import replace

from gateway.plugin import ContactObserved, ContactOpened, Event


def opening_of(told: Iterable[Event]) -> ContactOpened:
    """The opening, with the fields and tags that are observed at its instant. Raises ValueError where none is told.

    `told` is read no further than is needed for that.
    """
    opened: ContactOpened | None = None
    for event in told:
        if opened is None:
            if isinstance(event, ContactOpened):
                opened = event
        elif isinstance(event, ContactObserved) and event.at == opened.at:
            return replace(opened, fields=event.fields, tags=event.tags)
        else:
            return opened
    if opened is None:
        raise ValueError("no call")
    return opened
