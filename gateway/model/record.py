"""Records: what a vendor sent, as it came, before anyone has said what it means."""

from typing import Final, Literal

import msgspec

from gateway.model.instant import Instant

RecordForm = Literal["push", "row", "fetched", "events", "look_up"]
"""How a record came: a webhook's body, a row of a pulled page, the answer to a fetch, events in our own words, or a
look-up of ours that was given up."""

LOOK_UP: Final = "look_up"


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that a vendor said.

    `key` is the delivery's own id at the vendor and makes the record unique within its connector; without one every
    delivery counts (a thin "ticket 42 changed" may truly come twice). `exact`: the content belongs to the key, so that
    only the same again is a duplicate; the core adds a hash of the body to the key, made after card numbers were
    hidden. `stream` names the pulled stream of a row.

    `version`, of a record that a look-up brought: the object is shown whole, as of this version, in numbers of the
    vendor's that grow (its time of change in ms, say). A connector gives it only where the version can't change its
    content any more, such as a second that is over.

    `historical` is the core's: the record was read in hindsight, by a backfill. So are the events that it becomes.
    """

    body: bytes
    form: RecordForm = "push"
    key: str | None = None
    exact: bool = False
    stream: str | None = None
    version: int | None = None
    historical: bool = False
    received_at: Instant


class InboxRow(msgspec.Struct, frozen=True, kw_only=True):
    """A stored record on its way: `attempt` is the fencing number of the claim that holds it.

    `tries` counts the claims since it came, or was last replayed.
    """

    id: int
    connector: str
    record: Record
    attempt: int = 0
    tries: int = 0
    state: Literal["ready", "leased", "done", "parked"] = "ready"
    reason: str | None = None
