"""How one deployment reads its calls: which side is ours, what tells an answer, which names join legs. Values only."""

from dataclasses import dataclass, field
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Literal

from gateway_telephony_sip.numbers import Plan, e164, number_or_name

AnsweredBy = Literal["caller_leg", "agent_leg"]
"""`agent_leg`: the exchange answers the caller at once, with music; the first 2xx on another leg is the answer."""

Missed = Literal["closed", "open"]
"""What becomes of a call that nobody answered: it is over, or stays for somebody to call back."""

Side = Literal["inbound", "outbound", "internal"]
Network = IPv4Network | IPv6Network


@dataclass(frozen=True, slots=True)
class Rules:
    """The part of the settings that the reading of a call needs.

    `headers`: names in lower case of headers whose value the legs of one call share, or that hold the Call-ID of
    another leg. `suffixes`: what an exchange adds to a Call-ID on the leg that it opens; `#` stands for a number.
    `trunks`: a call from there is inbound. `networks`, `domains` and `numbers` (E.164 or extensions, by their
    beginning) are ours: who calls from there is an agent. All empty: every call is inbound. `tags`: those of calls to
    numbers that begin so.
    """

    short_abandoned_s: int = 5
    answered_by: AnsweredBy = "caller_leg"
    missed: Missed = "closed"
    plan: Plan = field(default_factory=Plan)
    headers: tuple[str, ...] = ("x-cid", "x-call-id")
    suffixes: tuple[str, ...] = ("_pbx-#", "_b2b-#", "-0")
    session_id: bool = True
    icid: bool = True
    capture_correlation: bool = True
    trunks: tuple[Network, ...] = ()
    networks: tuple[Network, ...] = ()
    domains: tuple[str, ...] = ()
    numbers: tuple[str, ...] = ()
    tags: tuple[tuple[str, tuple[str, ...]], ...] = ()

    def side(self, source: str, caller: str, called: str) -> Side:
        """Which way a call goes, by the address that it came from and the URIs of both ends."""
        if _within(source, self.trunks):
            return "inbound"
        if not (_within(source, self.networks) or _of(caller, self.domains) or self.is_ours(caller)):
            return "inbound"
        return "internal" if self.is_ours(called) else "outbound"

    def is_ours(self, party: str) -> bool:
        """Whether a number is one of ours."""
        if not self.numbers or not party:
            return False
        return number_or_name(party, self.plan).startswith(self.numbers)

    def tags_of(self, called: str) -> tuple[str, ...]:
        """The tags of a call to a number, sorted."""
        shown = self.shown(called)
        found = {tag for beginning, tags in self.tags if shown.startswith(beginning) for tag in tags}
        return tuple(sorted(found))

    def number(self, party: str) -> str | None:
        """A party's number in E.164; None where it has none."""
        return e164(party, self.plan) if party else None

    def shown(self, party: str) -> str:
        """A party as people know it: E.164, else the extension or the name; empty where there is none."""
        return number_or_name(party, self.plan) if party else ""


def _of(party: str, domains: tuple[str, ...]) -> bool:
    return party.rpartition("@")[2].lower() in domains if "@" in party else False


@lru_cache(4096)
def _within(address: str, networks: tuple[Network, ...]) -> bool:
    if not address or not networks:
        return False
    try:
        known = ip_address(address)
    except ValueError:
        return False
    if isinstance(known, IPv6Address) and known.ipv4_mapped is not None:
        known = known.ipv4_mapped  # as servers that listen on both see it
    return any(known in network for network in networks)
