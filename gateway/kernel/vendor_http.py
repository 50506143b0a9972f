"""The client of one vendor account: authentication, limits, retries of reads, and redaction are in it.

A read is tried at most three times, with jitter; a write once, since only its caller knows whether it may be repeated.
Nothing leaves the host of `base_url`, and a redirect to another host is not followed. No cookie is kept, and nothing is
unpacked: a small answer can't become a huge one.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Any, Final

import httpx2
import msgspec
from tenacity import AsyncRetrying, RetryCallState, retry_all, retry_if_exception_type, stop_after_attempt

import gateway
from gateway.kernel.budget import Budget
from gateway.kernel.lane import lane
from gateway.kernel.names import Resolve
from gateway.kernel.ports import Clock, Rng
from gateway.kernel.reach import INTERNET, Reach
from gateway.kernel.vault import Vault
from gateway.kernel.vendor_auth import Auth, NoAuth
from gateway.kernel.vendor_errors import AddressRefused, OverBudget, Permanent, RateLimited, Transient, Unauthorized
from gateway.kernel.vendor_limits import Limit
from gateway.kernel.vendor_token import Credentials
from gateway.kernel.vendor_transport import UNRESOLVED, GuardedTransport, agreed_url

TRIES: Final = 3
PATIENCE_S: Final = 10.0
"""The longest `Retry-After`, in seconds, that is waited for here; a longer one is the caller's to keep."""

RETRY_AFTER_DEFAULT_S: Final = 60.0
"""Where a vendor refuses more and doesn't say for how long: so many seconds at most, or as many as its limit is over.
"""

RETRY_AFTER_MAX_S: Final = 86_400.0
REDIRECTS_MAX: Final = 3
EXCERPT_MAX: Final = 4_096

_SILENCES: Final = (
    (httpx2.ConnectError, "no connection"),
    (httpx2.TimeoutException, "it took too long"),
    (httpx2.TransportError, "the connection broke"),
)

Params = Mapping[str, str | int]


@dataclass(frozen=True, slots=True)
class VendorResponse:
    """An answer of 2xx: header names in lower case, and the body, whole."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        """The body's JSON. Raises Transient: a vendor's API that answers something else is ill."""
        try:
            return msgspec.json.decode(self.body)
        except (msgspec.MsgspecError, UnicodeError, RecursionError):
            raise Transient("the vendor answered something that is no JSON", status=self.status) from None


class VendorHttp:
    """Requests to one vendor account. `timeout_s` is for one try as a whole, `body_max` in bytes of an answer; `reach`
    is what its host may be, `limits` how many requests it allows, `vault` where tokens are kept that a person granted.
    """

    def __init__(
        self,
        base_url: str,
        auth: Auth | None = None,
        *,
        clock: Clock,
        rng: Rng,
        reach: Reach = INTERNET,
        limits: Sequence[Limit] = (),
        vault: Vault | None = None,
        resolve: Resolve | None = None,
        timeout_s: float = 30.0,
        body_max: int = 64 * 1024 * 1024,
        transport: httpx2.AsyncBaseTransport | None = None,
    ) -> None:
        try:
            self._base = agreed_url(base_url.rstrip("/"))
        except AddressRefused:
            raise ValueError("base_url is not like https://host: give scheme and host, and no credentials") from None
        self._clock = clock
        self._rng = rng
        self._timeout_s = timeout_s
        self._body_max = body_max
        self._transport = transport or GuardedTransport(reach, resolve)
        headers = {
            "User-Agent": f"orion-gateway/{gateway.__version__}",
            "Accept": "application/json",
            "Accept-Encoding": "identity",
        }
        self._client = httpx2.AsyncClient(
            transport=self._transport,
            headers=headers,
            follow_redirects=False,
            timeout=timeout_s,
            trust_env=False,
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=())),
        )
        self._credentials = Credentials(auth or NoAuth(), self._transport, clock, headers, vault)
        self.budget = Budget(limits, clock)
        """What may still be sent."""

        self.clock_ahead_s: float | None = None
        """How far this machine's clock was ahead of the vendor's at the last answer; None before one with a date."""

    async def get(
        self, path: str, params: Params | None = None, headers: Mapping[str, str] | None = None
    ) -> VendorResponse:
        """Read `path` (or an absolute URL on the same host, such as a link to the next page), with retries."""
        tries = AsyncRetrying(
            stop=stop_after_attempt(TRIES),
            retry=retry_all(retry_if_exception_type(Transient), _worth_waiting),
            wait=self._pause,
            sleep=self._clock.sleep,
            reraise=True,
        )
        return await tries(self._send, "GET", path, params, None, headers)

    async def post(self, path: str, json: Any = None, headers: Mapping[str, str] | None = None) -> VendorResponse:
        """Send `json` to `path`, once."""
        return await self._send("POST", path, None, json, headers)

    async def put(self, path: str, json: Any = None, headers: Mapping[str, str] | None = None) -> VendorResponse:
        """Replace what is at `path` by `json`, once."""
        return await self._send("PUT", path, None, json, headers)

    def rest(self, path: str, seconds: float, *, past_only: bool = False) -> None:
        """Let requests like `path` wait so many seconds, a day at most, for everybody, as a 429 does: for a connector
        that reads in other words of its vendor's that the budget is spent (a 403, a header). With `past_only` only what
        reads the past waits: for a budget that runs low. It never ends before what was asked for earlier.

        Raises Permanent for a link to another host.
        """
        if seconds > 0:
            self.budget.close(self._url(path).path, min(seconds, RETRY_AFTER_MAX_S), past_only=past_only)

    async def aclose(self) -> None:
        """Close every connection; a renewal of tokens that is under way ends first."""
        await self._credentials.aclose()
        await self._client.aclose()

    async def _send(
        self, method: str, path: str, params: Params | None, json: Any, headers: Mapping[str, str] | None
    ) -> VendorResponse:
        """One try: the answer of 2xx, or one of the named errors."""
        url = self._url(path)
        await self.budget.spend(url.path, lane())
        try:
            async with asyncio.timeout(self._timeout_s):
                proof = await self._credentials.headers()
                answer = await self._follow(method, url, params, json, {**(headers or {}), **proof})
                if answer.status == httpx2.codes.UNAUTHORIZED and await self._credentials.renew(proof):
                    proof = await self._credentials.headers()
                    self.budget.count(url.path)
                    answer = await self._follow(method, url, params, json, {**(headers or {}), **proof})
        except TimeoutError:
            raise Transient(f"{method} {url.path}: no answer within {self._timeout_s:g} s") from None
        except httpx2.HTTPError as error:
            raise Transient(f"{method} {url.path}: no answer: {_silence(error)}") from None
        if 200 <= answer.status < 300:
            return answer
        raise self._failure(f"{method} {url.path}: the vendor answered {answer.status}", url.path, answer)

    async def _follow(
        self, method: str, url: httpx2.URL, params: Params | None, json: Any, headers: Mapping[str, str]
    ) -> VendorResponse:
        """Send, and follow redirects of reads within the host."""
        for turn in range(REDIRECTS_MAX + 1):
            if turn:
                self.budget.count(url.path)
            answer = await self._exchange(method, url, params, json, headers)
            target = answer.headers.get("location", "")
            if not 300 <= answer.status < 400 or not target or method != "GET":
                return answer
            url, params = self._within(url, target), None
        raise Permanent(f"{method} {url.path}: more than {REDIRECTS_MAX} redirects")

    async def _exchange(
        self, method: str, url: httpx2.URL, params: Params | None, json: Any, headers: Mapping[str, str]
    ) -> VendorResponse:
        content = None if json is None else msgspec.json.encode(json)
        kind = {} if content is None else {"Content-Type": "application/json"}
        async with self._client.stream(
            method, url, params=dict(params) if params else None, content=content, headers={**kind, **headers}
        ) as response:
            body = bytearray()
            if response.headers.get("content-encoding", "identity").strip().lower() not in ("", "identity"):
                raise Permanent(f"{method} {url.path}: the answer is compressed, which was not asked for")
            async for chunk in response.aiter_raw():
                body += chunk
                if len(body) > self._body_max:
                    raise Permanent(f"{method} {url.path}: the answer is larger than {self._body_max} bytes")
            told_s = _date_s(response.headers.get("date", ""))
            self.clock_ahead_s = self.clock_ahead_s if told_s is None else self._clock.now() / 1000 - told_s
            return VendorResponse(
                response.status_code, {k.lower(): v for k, v in response.headers.items()}, bytes(body)
            )

    def _url(self, path: str) -> httpx2.URL:
        """The URL of a path or of an absolute link; Permanent if it is on another host than `base_url`."""
        try:
            return self._same_host(httpx2.URL(path if "://" in path else f"{self._base}/{path.lstrip('/')}"))
        except httpx2.InvalidURL:
            raise Permanent("the vendor gave a link that is no URL") from None

    def _within(self, url: httpx2.URL, target: str) -> httpx2.URL:
        """Where a redirect from `url` leads."""
        try:
            return self._same_host(url.join(target))
        except httpx2.InvalidURL:
            raise Permanent("the vendor redirects to what is no URL") from None

    def _same_host(self, url: httpx2.URL) -> httpx2.URL:
        if (url.scheme, url.host, url.port) != (self._base.scheme, self._base.host, self._base.port) or url.userinfo:
            raise Permanent(f"a link leads away from {self._base.host}, to {url.host or 'nowhere'}: not followed")
        return url

    def _failure(self, what: str, path: str, answer: VendorResponse) -> Exception:
        status, body = answer.status, answer.body[:EXCERPT_MAX]
        wait_s = retry_after_s(answer.headers.get("retry-after", ""), self._clock.now())
        if status == httpx2.codes.UNAUTHORIZED:
            return Unauthorized(what, status=status, body=body)
        if status == httpx2.codes.TOO_MANY_REQUESTS:
            pause_s = self._unsaid_pause_s(path) if wait_s is None else wait_s
            self.budget.close(path, pause_s)
            return RateLimited(what, status=status, body=body, retry_after_s=pause_s)
        if status >= 500 or status in (httpx2.codes.REQUEST_TIMEOUT, httpx2.codes.TOO_EARLY):
            return Transient(what, status=status, body=body, retry_after_s=wait_s)
        return Permanent(what, status=status, body=body)

    def _unsaid_pause_s(self, path: str) -> float:
        per_s = self.budget.per_s(path)
        return RETRY_AFTER_DEFAULT_S if per_s is None else min(per_s, RETRY_AFTER_DEFAULT_S)

    def _pause(self, state: RetryCallState) -> float:
        """Seconds before the next try: what the vendor asked for, and half a second more for each try, with jitter."""
        error = state.outcome.exception() if state.outcome else None
        asked_s = (error.retry_after_s or 0.0) if isinstance(error, Transient) else 0.0
        backoff_s = 0.5 * state.attempt_number
        return asked_s + backoff_s * self._rng.uniform(0.5, 1.5)


def retry_after_s(value: str, now: int) -> float | None:
    """What a `Retry-After` header asks for, in seconds from `now` (ms): a number or a date; None if neither."""
    text = value.strip()
    if text.isascii() and text.isdigit():
        return min(float(text[:9]), RETRY_AFTER_MAX_S)
    until_s = _date_s(text)
    return None if until_s is None else min(max(until_s - now / 1000, 0.0), RETRY_AFTER_MAX_S)


def _silence(error: httpx2.HTTPError) -> str:
    """Why there was no answer, in words that hold nothing of the request."""
    if str(error) == UNRESOLVED:
        return UNRESOLVED
    return next((words for kind, words in _SILENCES if isinstance(error, kind)), type(error).__name__)


def _date_s(text: str) -> float | None:
    """A date as HTTP writes it, in seconds since the epoch; None for anything else."""
    try:
        return parsedate_to_datetime(text).timestamp()
    except (TypeError, ValueError, OverflowError, IndexError):
        return None


def _worth_waiting(state: RetryCallState) -> bool:
    error = state.outcome.exception() if state.outcome else None
    if isinstance(error, OverBudget):
        return False  # it has waited already, as long as is sensible here
    return isinstance(error, Transient) and (error.retry_after_s or 0.0) <= PATIENCE_S
