"""What may stand under `redirect` in gateway.yaml: where to listen, who may ask, and where each queue's calls go."""

from ipaddress import IPv4Network, IPv6Network
from typing import Annotated, Any, Final

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from gateway_telephony_sip.addresses import Address, Listening, Networks
from gateway_telephony_sip.redirect.targets import TARGETS_MAX, Target, Targets, check_uri, ranked

QUEUES_MAX: Final = 1_000

_LOOPBACK: Final = (IPv4Network("127.0.0.0/8"), IPv6Network("::1/128"))


class RedirectTarget(BaseModel):
    """One address of a queue. Without a `q` it has a little less than the one before it in the list, the first 1."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    uri: Annotated[str, AfterValidator(check_uri)]
    """Where the call is sent: sip:USER@HOST, sips:USER@HOST or tel:+NUMBER."""

    q: Annotated[float, Field(ge=0.0, le=1.0)] | None = None
    """How much it is preferred to the others: the highest is tried first."""


def _listed(value: object) -> object:
    """One address or a list of them, each as text or as `{uri, q}`."""
    items: list[Any] = list(value) if isinstance(value, list | tuple) else [value]
    return [{"uri": item} if isinstance(item, str) else item for item in items]


Addresses = Annotated[tuple[RedirectTarget, ...], BeforeValidator(_listed), Field(min_length=1, max_length=TARGETS_MAX)]


class RedirectSettings(BaseModel):
    """The redirect server: `default` is where a call goes that the rules, or the settings, don't send elsewhere."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    default: Addresses
    """Where a call is sent when no rule matches, its queue has no address here, or there is no time to ask."""

    targets: Annotated[dict[str, Addresses], Field(max_length=QUEUES_MAX)] = {}
    """By the policy's queue: one address, or several, the first of them preferred and the others as overflow."""

    udp: Listening = Address("127.0.0.1", 5062)
    """Where to listen for INVITEs, such as 10.20.0.5:5062."""

    allow: Networks = _LOOPBACK
    """The networks of the proxies that may ask; nobody else gets an answer."""

    late_ms: Annotated[int, Field(ge=50, le=10_000)] = 400
    """How many milliseconds at a time choices may hold up everything else; then calls go to the default target without
    a choice, until as much again has passed twice over."""

    per_second: Annotated[int, Field(ge=10, le=100_000)] = 5_000
    """Datagrams a second from one address: a call has two of them at least."""

    def targets_of(self, queue: str) -> Targets | None:
        """Where calls of a queue are sent, what is preferred most first; None for a queue without addresses."""
        found = self.targets.get(queue)
        return None if found is None else _ranked(found)

    @property
    def default_targets(self) -> Targets:
        """Where all other calls are sent."""
        return _ranked(self.default)


def _ranked(given: tuple[RedirectTarget, ...]) -> tuple[Target, ...]:
    return ranked([(one.uri, one.q) for one in given])
