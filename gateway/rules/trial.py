"""The notice with which an endpoint is tried: it is about the endpoint itself, and about no contact. Pure."""

from typing import Any, Final

from gateway.model.instant import Instant, format_instant

TYPE: Final = "endpoint.test"


def trial_notice(id: str, source: str, endpoint: str, at: int) -> dict[str, Any]:
    """What is sent: an object like every notice, of a type of its own."""
    time = format_instant(Instant(at))
    return {
        "specversion": "1.0",
        "id": id,
        "source": source,
        "type": TYPE,
        "time": time,
        "timestamp": time,
        "subject": endpoint,
        "datacontenttype": "application/json",
        "data": {"endpoint": endpoint, "reason": "somebody tries whether notices arrive here; nothing has happened"},
    }
