"""How a request to a vendor can fail: try again later, or don't. No message holds a secret, a query or a body."""


class VendorError(Exception):
    """A request to a vendor failed. `status` is None where no answer came; `body` is the start of what the vendor said,
    for the connector to read, never for a log."""

    def __init__(self, what: str, *, status: int | None = None, body: bytes = b"") -> None:
        super().__init__(what)
        self.status = status
        self.body = body


class Transient(VendorError):
    """It may work later: no answer, a timeout, 408, 425, 429, 5xx, or an answer that is not what the API speaks.

    `retry_after_s`: the seconds that the vendor asked for, if it did.
    """

    def __init__(
        self, what: str, *, status: int | None = None, body: bytes = b"", retry_after_s: float | None = None
    ) -> None:
        super().__init__(what, status=status, body=body)
        self.retry_after_s = retry_after_s


class RateLimited(Transient):
    """The account's budget is spent; `retry_after_s` is never None."""

    retry_after_s: float

    def __init__(self, what: str, *, retry_after_s: float, status: int | None = 429, body: bytes = b"") -> None:
        super().__init__(what, status=status, body=body)
        self.retry_after_s = retry_after_s


class OverBudget(RateLimited):
    """Not sent: the limits that the connector named don't allow it before `retry_after_s`. No fault of the vendor's."""

    def __init__(self, what: str, *, retry_after_s: float) -> None:
        super().__init__(what, status=None, retry_after_s=retry_after_s)


class Permanent(VendorError):
    """The same request will fail again: most 4xx, a redirect to elsewhere, an answer over the limit."""


class Unauthorized(Permanent):
    """The vendor doesn't accept the credentials: somebody must renew them."""


class AddressRefused(Permanent):
    """The connector may not call this host or port: `allow_private` or `allow_ports` don't name it."""
