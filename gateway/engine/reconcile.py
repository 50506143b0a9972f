"""What the webhooks of a connector missed: its stored records of a while, read once more and compared.

Nothing is asked of the vendor and nothing is written: what was pulled is the proof, what was pushed is measured by it.
What a backfill read proves nothing, since no webhook told of it then.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from gateway.engine.world import Link, World
from gateway.model.identity import Ref
from gateway.model.record import InboxRow
from gateway.plugin import EARLIEST, BadPayload, Event, Fetch, Piece
from gateway.rules.reconcile import SLACK_MS, Compared, Listed, Told, compare

PAGE = 200
"""Records that are read at once; others get a turn between two of these."""


@dataclass(frozen=True, slots=True)
class Report:
    """What a connector's list showed in [since, until), in ms, each change with whether a webhook told of it."""

    since: int
    until: int
    pushes: int
    compared: tuple[Compared, ...]

    def count(self, told: Told) -> int:
        """How many changes were told in time, late, or missed."""
        return sum(one.told == told for one in self.compared)


async def reconcile(
    world: World, link: Link, since: int, until: int, progress: Callable[[int], None] | None = None
) -> Report:
    """Compare what was pulled in [since, until) with the webhooks from then on."""
    listed: list[Listed] = []
    pushed: dict[Ref, list[int]] = {}
    pushes, read, before = 0, 0, None
    while rows := await world.store.arrivals(connector=link.name, before=before, limit=PAGE):
        before = rows[-1].id
        if rows[0].record.received_at < since - SLACK_MS:
            break
        for row in rows:
            at = int(row.record.received_at)
            if row.record.form == "push" and at >= since - SLACK_MS:
                pushes += 1
                for ref in {said.ref for said in _said(link, row)}:
                    pushed.setdefault(ref, []).append(at)
            elif row.record.form == "row" and since <= at < until and not row.record.historical:
                listed += _changes(link, row)
        read += len(rows)
        if progress is not None:
            progress(read)
        await world.clock.sleep(0)
    return Report(since, until, pushes, tuple(compare(listed, pushed)))


def _said(link: Link, row: InboxRow) -> Iterator[Event | Fetch]:
    """What a stored record says, as far as it can be read."""
    try:
        # A piece names no object that could be compared: what is put together fills what was missed by itself.
        yield from (said for said in link.connector.normalize(row.record) if not isinstance(said, Piece))
    except BadPayload:
        return
    except Exception:  # a plugin's fault, which was counted when the record was judged: it tells no more
        return


def _changes(link: Link, row: InboxRow) -> list[Listed]:
    """The objects that a row shows, each with its latest change.

    Where a look-up's version is a time, it is the better one: a list may show an object anew for a change of the
    vendor's own, of which it sends no webhook.
    """
    latest: dict[Ref, int] = {}
    versions: dict[Ref, int] = {}
    for said in _said(link, row):
        if isinstance(said, Fetch):
            if said.version is not None and EARLIEST <= said.version <= row.record.received_at:
                versions[said.ref] = said.version
        else:
            latest[said.ref] = max(int(said.at), latest.get(said.ref, 0))
    received_at = int(row.record.received_at)
    return [Listed(ref, min(at, versions.get(ref, at)), received_at) for ref, at in latest.items()]
