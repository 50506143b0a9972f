"""Events that belong to no contact: what agents do, and what customers find by themselves. They change no clock."""

from typing import Literal

import msgspec
from msgspec import Struct

from gateway.model.event import Id, check_numbers, read_instant
from gateway.model.instant import Instant

AgentState = Literal["available", "busy", "wrap", "away", "offline"]


class Agent(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Somebody who answers contacts."""

    id: str
    name: str | None = None


class ApartBase(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True, tag_field="type"):
    """What each of them carries: as every event, but no `ref`."""

    at: Instant
    id: Id = ""
    sequence: int = 0
    rev: int = 0
    historical: bool = False


class AgentStateChanged(ApartBase, frozen=True, kw_only=True, tag="agent.state_changed"):
    """Somebody can take contacts now, or can't."""

    agent: Agent
    state: AgentState


class SelfserviceViewed(ApartBase, frozen=True, kw_only=True, tag="selfservice.viewed"):
    """A customer has looked at a topic of the help pages."""

    topic: str


class SelfserviceResolved(ApartBase, frozen=True, kw_only=True, tag="selfservice.resolved"):
    """A customer has found the answer there."""

    topic: str


Apart = AgentStateChanged | SelfserviceViewed | SelfserviceResolved
APART_TYPES = frozenset(
    kind.__struct_config__.tag for kind in (AgentStateChanged, SelfserviceViewed, SelfserviceResolved)
)


def convert_apart(value: object) -> Apart:
    """Read one from decoded JSON. Raises msgspec.ValidationError with the place and the reason, and ValueError for what
    nobody may say."""
    event: Apart = msgspec.convert(value, Apart, dec_hook=read_instant)
    check_numbers(event.at, event.sequence, event.rev)
    return event
