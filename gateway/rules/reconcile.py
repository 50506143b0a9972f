"""Did the webhooks tell what the vendor's own list shows? A change that is listed and that no webhook told was missed.

A list shows an object once for all that has changed since it was last looked at: what is compared is the object and
when it last changed, not each change.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from gateway.model.identity import Ref

SLACK_MS = 120_000
"""The vendor's clock and ours may differ, and a webhook may name a moment before the change it tells."""

Told = Literal["told", "late", "missed"]


@dataclass(frozen=True, slots=True)
class Listed:
    """An object as a pulled list showed it: last changed at `changed_at`, read at `read_at`; both in ms."""

    ref: Ref
    changed_at: int
    read_at: int


@dataclass(frozen=True, slots=True)
class Compared:
    """One listed change: whether a webhook told of it before the list did, only afterwards, or not at all."""

    listed: Listed
    told: Told


def compare(listed: Iterable[Listed], pushed: Mapping[Ref, Sequence[int]]) -> list[Compared]:
    """Compare what was listed with when webhooks about each object came (ms, in any order).

    The same change listed twice counts once, as it was first read.
    """
    first: dict[tuple[Ref, int], Listed] = {}
    for one in listed:
        key = (one.ref, one.changed_at)
        if key not in first or one.read_at < first[key].read_at:
            first[key] = one
    ordered = sorted(first.values(), key=lambda one: (one.changed_at, one.ref.kind, one.ref.id))
    return [Compared(one, _told(one, pushed.get(one.ref, ()))) for one in ordered]


def _told(one: Listed, pushed: Sequence[int]) -> Told:
    since = [at for at in pushed if at >= one.changed_at - SLACK_MS]
    if not since:
        return "missed"
    return "told" if min(since) <= one.read_at else "late"
