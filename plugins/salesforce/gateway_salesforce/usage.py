"""The requests that an organisation may send in a day: how many are spent, and who rests when they run low.

Laws. Salesforce counts over 24 hours that move along, and refuses everybody in the organisation once they are spent:
the past rests when a share of them is used up, and everything a little before the end. Whoever is refused reads the
words: a day that is spent takes long to mend, too many requests at once are over in seconds.
"""

import re
from collections.abc import Mapping
from typing import Final

from gateway.plugin import RateLimited, VendorError, VendorHttp

HEADER: Final = "sforce-limit-info"
LIMIT_EXCEEDED: Final = "REQUEST_LIMIT_EXCEEDED"
LOW_SHARE: Final = 0.95
"""Of the day's requests so many may be spent before everything rests: the rest is other people's."""

REST_S: Final = 900.0
"""How long who is over a share of the day's requests rests, before one more request shows how it stands."""

CROWDED_S: Final = 5.0
"""How long to wait where too many requests of the organisation run at once."""

_USED: Final = re.compile(r"(?<![\w-])api-usage=(\d{1,12})/(\d{1,12})", re.ASCII)
_DAILY: Final = re.compile(r"total\s*requests|24.hour|daily", re.IGNORECASE)


class Usage:
    """How one organisation's day stands, by the last answer; `share` is how much of it the past may use up."""

    def __init__(self, http: VendorHttp, share: float) -> None:
        self._http, self._share = http, share
        self.used: int | None = None
        self.total: int | None = None

    def told(self, path: str, headers: Mapping[str, str]) -> None:
        """Read what an answer of `path` says."""
        found = _USED.search(headers.get(HEADER, ""))
        if found is None or not int(found[2]):
            return
        self.used, self.total = int(found[1]), int(found[2])
        if self.used >= self.total * LOW_SHARE:
            self._http.rest(path, REST_S)
        elif self.used >= self.total * self._share:
            self._http.rest(path, REST_S, past_only=True)

    def refused(self, path: str, error: VendorError, code: str, words: str) -> VendorError:
        """The error to raise for a refusal: one that says how long to wait, where it is for too many requests."""
        if code != LIMIT_EXCEEDED:
            return error
        daily = _DAILY.search(words) is not None
        wait_s = REST_S if daily else CROWDED_S
        self._http.rest(path, wait_s)
        what = "the organisation's requests of a day are spent" if daily else "too many requests run at once"
        return RateLimited(f"{path}: {what}", retry_after_s=wait_s, status=error.status, body=error.body)
