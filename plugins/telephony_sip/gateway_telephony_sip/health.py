"""What is wrong with how calls are seen, in words for whoever looks after the gateway."""

from collections.abc import Iterator, Mapping
from typing import Final

from gateway.plugin import Finding
from gateway_telephony_sip.capture import LOST
from gateway_telephony_sip.settings import TelephonySettings

LOST_MAX: Final = 0.001
"""Of what was sent, so much may be lost before it is worth a word."""

SHARE_MAX: Final = 0.05
"""Of what was heard, so much may be unusable before it is worth a word."""

_WRONG: Final = (
    (
        "old",
        "packets of HEPv1 or HEPv2",
        "let the capturer send HEPv3: Kamailio's siptrace sends v1 unless hep_version is 3",
    ),
    ("foreign", "packets that are no HEP", "see what else sends to this address"),
    (
        "refused_source",
        "packets from sources that aren't allowed",
        "name their network under `hep.allow`",
    ),
    ("refused_key", "packets with another `auth_key`", "give the capturer the key that the settings have"),
    ("refused_rate", "packets over the bound of their source", "raise `hep.per_second`, or capture less"),
    ("bad_sip", "packets whose SIP can't be read", "see what they hold: only SIP itself is wanted"),
    ("dropped", "packets for which there was no room", "see whether the database can be written to"),
)


def findings(settings: TelephonySettings, counts: Mapping[str, int]) -> Iterator[Finding]:
    """What the counts since the start say of the captures; nothing where none are heard, or it isn't known here."""
    if settings.hep is None:
        return
    if not counts:
        where = " and ".join(f"{way} {at}" for way, at in (("udp", settings.hep.udp), ("tcp", settings.hep.tcp)) if at)
        yield Finding(ok=True, what=f"captures are to come to {where}; the page of connectors counts what is heard")
        return
    heard = counts.get("heard", 0) + counts.get("heard_again", 0)
    if heard:
        yield Finding(ok=True, what=f"{heard} packets of calls were heard since the start")
    total = sum(counts.values())
    lost = counts.get(LOST, 0)
    if lost > LOST_MAX * total:
        yield Finding(
            ok=False,
            what="packets are dropped by the system before they can be read",
            hint=f"{lost} since the start: let it keep more for a moment (sysctl -w net.core.rmem_max=8388608), "
            "and start the gateway again",
        )
    for word, what, hint in _WRONG:
        count = counts.get(word, 0)
        if count and (not heard or count > SHARE_MAX * total):
            # Without numbers: it is the same finding as long as it lasts.
            yield Finding(ok=False, what=f"there are {what}", hint=f"{count} since the start: {hint}")
