"""The notice with which an endpoint is tried: it is about the endpoint itself, and about no contact. Pure."""

from typing import Any, Final

from gateway.rules.notice import enveloped

TYPE: Final = "endpoint.test"


def trial_notice(id: str, source: str, endpoint: str, at: int) -> dict[str, Any]:
    """What is sent: an object like every notice, of a type of its own."""
    data = {"endpoint": endpoint, "reason": "somebody tries whether notices arrive here; nothing has happened"}
    return enveloped(id, source, TYPE, at, endpoint, data)
