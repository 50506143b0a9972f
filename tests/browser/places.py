"""Every page that a person can open."""

from collections.abc import Mapping

PLACES = (
    "/",
    "/contacts/{grave}",
    "/contacts/{paused}",
    "/contacts/{done}",
    "/contacts/{late}",
    "/queues",
    "/timeline",
    "/policy",
    "/connectors",
    "/deliveries",
    "/deliveries/{delivery}",
    "/endpoints",
    "/endpoints/helpdesk/replay",
    "/inbox",
    "/inbox/{record}",
    "/settings",
)


def places(contacts: Mapping[str, str]) -> list[str]:
    """Their addresses."""
    return [place.format_map(contacts) for place in PLACES]
