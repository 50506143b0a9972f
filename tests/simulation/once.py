"""What costs much and is the same in every universe is computed once: the tables of a policy's calendars."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import pytest

from gateway.engine import policies
from gateway.policy.kept import pack_calendars
from gateway.rules.calendar import Calendar

_packed: dict[tuple[int, ...], tuple[Mapping[str, Calendar], bytes]] = {}
"""By the identities of the calendars; they are held here, so that none of these numbers is ever given again."""


def packed_once(calendars: Mapping[str, Calendar]) -> bytes:
    """The same calendars pack to the same bytes."""
    key = tuple(id(calendars[name]) for name in sorted(calendars))
    if key not in _packed:
        _packed[key] = calendars, pack_calendars(calendars)
    return _packed[key][1]


@contextmanager
def computed_once() -> Iterator[None]:
    """Let gateways take what has been computed before."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(policies, "pack_calendars", packed_once)
        yield
