"""Which contacts are wanted, as a query says it: of the API and of the board, which take the same words."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from gateway.kernel.board import Wanted
from gateway.kernel.chosen import TEXT_MAX
from gateway.kernel.store import UNOPENED
from gateway.model.instant import Instant
from gateway.model.words import ENDED, LIVES, Channel, Kind

Place = Annotated[str, Meta(description="Where the page begins: the `next` of the page before.", max_length=2_000)]
Limit = Annotated[int, Meta(description="Rows of a page, at most.", ge=1, le=1_000)]
Status = Literal[
    "new", "open", "pending", "on_hold", "solved", "closed", "merged", "deleted", "unopened", "any", "ended"
]
_NAMED = Meta(max_length=200)
Names = tuple[Annotated[str, _NAMED], ...]


class Filters(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which contacts are wanted: of each name any of its values, of all names together."""

    status: Annotated[
        tuple[Status, ...],
        Meta(
            description="How they stand; unless given, every contact that is open. `any` is every status, `ended` "
            "every one in which a contact is over, `unopened` is a contact whose opening hasn't come."
        ),
    ] = ()
    queue: Annotated[Names, Meta(description="Queues; an empty one means contacts that no rule routes.")] = ()
    team: Annotated[Names, Meta(description="Teams.")] = ()
    channel: Annotated[tuple[Channel, ...], Meta(description="The ways by which they came.")] = ()
    kind: Annotated[tuple[Kind, ...], Meta(description="What they are.")] = ()
    severity: Annotated[
        tuple[Annotated[int, Meta(ge=1, le=9)], ...], Meta(description="How grave they are, 1 the gravest.")
    ] = ()
    connector: Annotated[Names, Meta(description="Connectors that any of their objects came through.")] = ()
    assignee: Annotated[Names, Meta(description="Who has them at the vendor; an empty one means nobody.")] = ()
    rule: Annotated[Names, Meta(description="SLA rules whose promise is the one that counts.")] = ()
    breached: Annotated[bool | None, Meta(description="Whether a promise is broken that nobody has kept yet.")] = None
    escalated: Annotated[
        Literal["active", "acknowledged", "any", "none"] | None,
        Meta(description="By escalations going on: one that nobody has taken, all taken, any at all, none."),
    ] = None
    due_before: Annotated[
        Instant | None, Meta(description="With a deadline before this time, or breached before it.")
    ] = None
    text: Annotated[str, Meta(description="What the subject or a vendor's id holds.", max_length=TEXT_MAX)] = ""

    def wanted(self) -> Wanted:
        """The same for the store."""
        return Wanted(
            status=statuses(self.status),
            queue=self.queue,
            team=self.team,
            channel=self.channel,
            kind=self.kind,
            severity=self.severity,
            connector=self.connector,
            assignee=self.assignee,
            rule=self.rule,
            breached=self.breached,
            escalated=self.escalated,
            due_before=None if self.due_before is None else int(self.due_before),
            text=self.text,
        )


def statuses(asked: tuple[Status, ...]) -> tuple[str, ...]:
    """The statuses that are meant; none for open contacts."""
    if "any" in asked:
        return (*LIVES, UNOPENED)
    ended = tuple(sorted(ENDED)) if "ended" in asked else ()
    return tuple(dict.fromkeys((*(status for status in asked if status != "ended"), *ended)))
