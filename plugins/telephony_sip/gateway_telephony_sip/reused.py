"""Call-IDs that come again: a dialler, or an exchange with a bad source of chance, gives a later call an old one's.

Laws. Two calls of one Call-ID can't be told apart by their name, so the later one is no contact; but it never changes
what the first one was. RFC 3261, section 8.1.1.4, wants Call-IDs to be unique.
"""

from typing import Final

from msgspec.structs import replace

from gateway_telephony_sip.facts import BOUNDS, Fact, Leg

REUSED_MS: Final = 3_600_000
"""An INVITE that opens a dialog so long after the one before it is of another call: whoever asks again (for
credentials, at another target) does so within seconds or minutes."""


def first_call(leg: Leg) -> Leg:
    """What the leg shows of the first call that had its Call-ID; the leg itself where there is no other."""
    if len(leg.invites) < 2 or leg.invites[-1].at - leg.invites[0].at <= REUSED_MS:
        return leg
    first = leg.invites[0]
    began: dict[str, int] = {}
    for invite in leg.invites:
        began.setdefault(invite.from_tag, invite.at)
    # An exchange may keep the Call-ID towards its own legs, hours later too: with tags of their own, which say nothing
    # of the caller's.
    others = {tag for tag, at in began.items() if at - first.at > REUSED_MS}
    before, until = first.at, None
    for invite in leg.invites:
        if invite.from_tag == first.from_tag:
            if invite.at - before > REUSED_MS:
                until = invite.at
                break
            before = invite.at
    limit = min([at for tag, at in began.items() if tag in others] + ([] if until is None else [until]), default=None)
    if limit is None:
        return leg
    kept = {kind: tuple([fact for fact in getattr(leg, kind) if _is_of(fact, others, until)]) for kind in BOUNDS}
    moved = max([fact.at for fact in kept["rung"]], default=0)
    lived = max([fact.at for fact in kept["offers"]], default=0)
    others_lived = any(fact.at >= leg.alive_at for fact in {*leg.offers} - {*kept["offers"]})
    return replace(
        leg,
        **kept,
        progressed_at=leg.progressed_at if leg.progressed_at < limit else moved,
        alive_at=lived if others_lived or (until is not None and leg.alive_at >= until) else leg.alive_at,
    )


def _is_of(fact: Fact, others: set[str], until: int | None) -> bool:
    tags = {getattr(fact, "from_tag", ""), getattr(fact, "to_tag", "")}
    return tags.isdisjoint(others) and (until is None or fact.at < until)
