"""The vendors' client: proof, retries, limits, and what it never does."""

import asyncio
import base64
import contextlib
import datetime
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl

import httpx2
import pytest
import respx
from aiohttp import web
from authlib.integrations.httpx_client import AsyncOAuth2Client
from httpcore2 import ConnectError, ReadTimeout, RemoteProtocolError
from joserfc import jwt
from joserfc.jwk import RSAKey
from pydantic import SecretStr
from respx import MockResponse as Response

from gateway.kernel.lane import in_lane
from gateway.kernel.reach import PRIVATE_TOO
from gateway.kernel.vendor_auth import Auth
from gateway.kernel.vendor_http import PATIENCE_S, retry_after_s
from gateway.kernel.vendor_transport import UNRESOLVED
from gateway.plugin import (
    AddressRefused,
    ApiKey,
    ClientCredentials,
    JwtBearer,
    Limit,
    NoAuth,
    OverBudget,
    Permanent,
    RateLimited,
    Transient,
    Unauthorized,
    VendorError,
    VendorHttp,
)
from tests.support.rsa import rsa_pem

BASE = "https://acme.example.com"
TOKEN_URL = f"{BASE}/oauth/tokens"
CREDENTIALS = ClientCredentials(TOKEN_URL, "client", SecretStr("c-secret"), "read")

SIGNED = JwtBearer(TOKEN_URL, "client", "ann@acme.example", "https://vendor", SecretStr(rsa_pem()), "read")


class FakeClock:
    def __init__(self) -> None:
        self.at = 1_772_442_000.0
        self.slept: list[float] = []

    def now(self) -> int:
        return int(self.at * 1000)

    def monotonic(self) -> float:
        return self.at

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.at += seconds


class MiddleRng:
    def uniform(self, low: float, high: float) -> float:
        return (low + high) / 2

    def token(self, size: int) -> bytes:
        return b"\0" * size


def run(
    work: Callable[[VendorHttp], Awaitable[Any]], auth: Auth | None = None, clock: FakeClock | None = None, **more: Any
) -> Any:
    """What `work` returns, or the VendorError that it raised."""

    async def main() -> Any:
        base = more.pop("base_url", BASE)
        http = VendorHttp(base, auth, clock=clock or FakeClock(), rng=MiddleRng(), **more)
        try:
            return await work(http)
        except VendorError as error:
            return error
        finally:
            await http.aclose()

    return asyncio.run(main())


def test_authlib_stands_on_httpx2() -> None:
    """Authlib's client is httpx2's: else tokens would go by another client than requests do."""
    assert issubclass(AsyncOAuth2Client, httpx2.AsyncClient)


def test_a_read_tells_who_asks(httpx2_mock: respx.Router) -> None:
    """A GET carries its parameters and our name, and gives status, headers and JSON."""
    route = httpx2_mock.get(f"{BASE}/api/tickets", params={"page": "2"}).mock(
        Response(200, json={"a": 1}, headers={"X-Left": "9"})
    )
    answer = run(lambda http: http.get("/api/tickets", {"page": 2}))
    assert (answer.status, answer.json(), answer.headers["x-left"]) == (200, {"a": 1}, "9")
    assert route.calls.last.request.headers["user-agent"].startswith("orion-gateway/")
    assert "authorization" not in route.calls.last.request.headers


def test_a_read_has_the_headers_that_its_vendor_wants(httpx2_mock: respx.Router) -> None:
    """Such as the version of the API; on every try, and never in place of the proof."""
    route = httpx2_mock.get(f"{BASE}/x").mock(side_effect=[Response(503), Response(200)])
    wanted = {"Vendor-Version": "2026-10-28", "Authorization": "Bearer mine"}
    assert run(lambda http: http.get("/x", headers=wanted), ApiKey(SecretStr("key"))).status == 200
    assert [call.request.headers["vendor-version"] for call in route.calls] == ["2026-10-28"] * 2
    assert [call.request.headers["authorization"] for call in route.calls] == ["Bearer key"] * 2


@pytest.mark.parametrize(
    ("auth", "header", "value"),
    [
        (ApiKey(SecretStr("k-1")), "authorization", "Bearer k-1"),
        (ApiKey(SecretStr("k-1"), header="X-Key", prefix=""), "x-key", "k-1"),
        (
            ApiKey(SecretStr("k-1"), username="a@b.c/token"),
            "authorization",
            "Basic " + base64.b64encode(b"a@b.c/token:k-1").decode(),
        ),
    ],
)
def test_a_key_is_sent_as_its_kind_says(auth: ApiKey, header: str, value: str, httpx2_mock: respx.Router) -> None:
    """A key goes into its header, or is the password of HTTP Basic."""
    route = httpx2_mock.get(f"{BASE}/x").mock(Response(200))
    run(lambda http: http.get("/x"), auth)
    assert route.calls.last.request.headers[header] == value


@pytest.mark.parametrize("status", range(400, 600))
def test_every_error_is_named(status: int, httpx2_mock: respx.Router) -> None:
    """401 is Unauthorized, 429 RateLimited, 408, 425 and 5xx Transient, the rest of 4xx Permanent; reads are retried
    three times where that may help."""
    route = httpx2_mock.get(f"{BASE}/x").mock(Response(status, text="why"))
    error = run(lambda http: http.get("/x?token=t-secret"))
    kind = {401: Unauthorized, 429: RateLimited, 408: Transient, 425: Transient}.get(
        status, Transient if status >= 500 else Permanent
    )
    assert type(error) is kind
    assert error.status == status
    assert error.body == b"why"
    assert str(status) in str(error)
    assert "t-secret" not in str(error)
    assert route.call_count == (3 if kind is Transient else 1)


def test_a_read_recovers(httpx2_mock: respx.Router) -> None:
    """A read that fails twice and then works, works; the pauses are the clock's, with jitter."""
    httpx2_mock.get(f"{BASE}/x").mock(side_effect=[Response(503), ConnectError("no"), Response(200, json=[])])
    clock = FakeClock()
    assert run(lambda http: http.get("/x"), clock=clock).json() == []
    assert clock.slept == [0.5, 1.0]


@pytest.mark.parametrize(
    ("failure", "words"),
    [
        (ConnectError("t-secret"), "no connection"),
        (ConnectError(UNRESOLVED), UNRESOLVED),
        (ReadTimeout("t-secret"), "it took too long"),
        (RemoteProtocolError("t-secret"), "the connection broke"),
    ],
)
def test_no_answer_is_transient(failure: Exception, words: str, httpx2_mock: respx.Router) -> None:
    """Transient after three tries; the message says how it failed, and holds nothing of the request."""
    route = httpx2_mock.get(f"{BASE}/x").mock(side_effect=failure)
    error = run(lambda http: http.get("/x"))
    assert type(error) is Transient
    assert route.call_count == 3
    assert str(error) == f"GET /x: no answer: {words}"


@pytest.mark.parametrize("verb", ["post", "put"])
def test_a_write_is_tried_once(verb: str, httpx2_mock: respx.Router) -> None:
    """Only its caller knows whether a write may be repeated."""
    route = getattr(httpx2_mock, verb)(f"{BASE}/x").mock(Response(503))
    assert type(run(lambda http: getattr(http, verb)("/x", {"a": 1}))) is Transient
    assert route.call_count == 1
    assert route.calls.last.request.content == b'{"a":1}'
    assert route.calls.last.request.headers["content-type"] == "application/json"


def test_a_short_retry_after_is_waited_for(httpx2_mock: respx.Router) -> None:
    """A short Retry-After is kept in place."""
    httpx2_mock.get(f"{BASE}/x").mock(side_effect=[Response(429, headers={"Retry-After": "7"}), Response(200)])
    clock = FakeClock()
    assert run(lambda http: http.get("/x"), clock=clock).status == 200
    assert clock.slept == [7.5]


@pytest.mark.parametrize(("value", "seconds"), [("11", 11.0), (None, 60.0), ("nonsense", 60.0), ("9" * 50, 86_400.0)])
def test_a_long_retry_after_is_the_callers(value: str | None, seconds: float, httpx2_mock: respx.Router) -> None:
    """A long Retry-After, or none at all, raises RateLimited at once with the seconds."""
    headers = {} if value is None else {"Retry-After": value}
    route = httpx2_mock.get(f"{BASE}/x").mock(Response(429, headers=headers))
    clock = FakeClock()
    error = run(lambda http: http.get("/x"), clock=clock)
    assert type(error) is RateLimited
    assert error.retry_after_s == seconds > PATIENCE_S
    assert route.call_count == 1
    assert clock.slept == []


@pytest.mark.parametrize(("per_s", "slept"), [(1.0, [1.5]), (60.0, []), (3_600.0, [])])
def test_a_refusal_without_a_word_lasts_as_long_as_the_limit(
    per_s: float, slept: list[float], httpx2_mock: respx.Router
) -> None:
    """A vendor that counts by the second has room again in a second; nobody is left alone for more than a minute."""
    httpx2_mock.get(f"{BASE}/x").mock(side_effect=[Response(429), Response(200)])
    clock = FakeClock()
    answer = run(lambda http: http.get("/x"), clock=clock, limits=[Limit("api", 25, per_s=per_s)])
    assert clock.slept == slept
    assert slept or answer.retry_after_s == 60.0


def test_a_connector_says_that_requests_rest(httpx2_mock: respx.Router) -> None:
    """What it read in the vendor's own words closes the narrowest limit of the path, for a day at most; nothing is sent
    meanwhile. A wait that is none changes nothing; a link elsewhere is refused."""
    route = httpx2_mock.get(url__startswith=BASE).mock(Response(200))
    clock = FakeClock()

    async def work(http: VendorHttp) -> list[float]:
        for seconds in (0.0, -5.0, float("nan")):
            http.rest("/query", seconds)
        await http.get("/query")
        waits = []
        for path, seconds in (("/query?q=1", 900.0), (f"{BASE}/query", 60.0), ("/query", float("inf"))):
            http.rest(path, seconds)
            with pytest.raises(OverBudget) as caught:
                await http.get("/query/more")
            waits.append(caught.value.retry_after_s)
        await http.get("/other")
        http.rest("/other", 300.0, past_only=True)
        await http.get("/other")
        with in_lane("backfill"), pytest.raises(OverBudget):
            await http.get("/other")
        with pytest.raises(Permanent, match="leads away"):
            http.rest("https://evil.example.com/query", 5.0)
        return waits

    limits = [Limit("queries", 100, paths=("/query*",)), Limit("all", 1_000)]
    assert run(work, clock=clock, limits=limits) == [900.0, 900.0, 86_400.0]
    assert route.call_count == 3


def test_retry_after_may_be_a_date() -> None:
    """A date counts from now, and is 0 when it is past; nonsense is None."""
    now = datetime.datetime(2026, 3, 2, 9, 0, tzinfo=datetime.UTC)
    at = int(now.timestamp() * 1000)
    assert retry_after_s("Mon, 02 Mar 2026 09:00:30 GMT", at) == 30.0
    assert retry_after_s("Mon, 02 Mar 2026 08:00:30 GMT", at) == 0.0
    for text in ("", "-5", "1.5", "٣", "soon", "\0", "99 99", "Mon, 99 Mar 2026 09:00:30 GMT"):
        assert retry_after_s(text, at) is None


@pytest.mark.parametrize(
    "link",
    [
        "https://evil.example.com/x",
        "http://acme.example.com/x",
        "https://acme.example.com:8443/x",
        "https://acme.example.com@evil.example.com/x",
        "https://user:pass@acme.example.com/x",
        "file:///etc/passwd",
        "https://[bad/x",
    ],
)
def test_nothing_leaves_the_host(link: str, httpx2_mock: respx.Router) -> None:
    """A link to another host, port or scheme is not followed, and gets no credentials."""
    httpx2_mock.get(f"{BASE}/redirect").mock(Response(302, headers={"Location": link}))
    for path in (link, "/redirect"):
        assert type(run(lambda http, path=path: http.get(path), ApiKey(SecretStr("k")))) is Permanent


def test_a_redirect_within_the_host_is_followed(httpx2_mock: respx.Router) -> None:
    """Reads follow redirects on their host, three at most; writes follow none."""
    httpx2_mock.get(f"{BASE}/a").mock(Response(301, headers={"Location": "/b"}))
    httpx2_mock.get(f"{BASE}/b").mock(Response(200, json=1))
    httpx2_mock.get(f"{BASE}/loop").mock(Response(302, headers={"Location": "/loop"}))
    httpx2_mock.post(f"{BASE}/a").mock(Response(307, headers={"Location": "/b"}))
    assert run(lambda http: http.get("/a")).json() == 1
    assert run(lambda http: http.get(f"{BASE}/b")).json() == 1
    assert "redirects" in str(run(lambda http: http.get("/loop")))
    assert type(run(lambda http: http.post("/a"))) is Permanent


def test_an_answer_that_is_no_json_is_transient(httpx2_mock: respx.Router) -> None:
    """A page of HTML with 200 is an ill vendor, not a fact."""
    httpx2_mock.get(f"{BASE}/x").mock(Response(200, text="<html>maintenance</html>"))
    with pytest.raises(Transient):
        run(lambda http: http.get("/x")).json()


def test_an_answer_is_bounded(httpx2_mock: respx.Router) -> None:
    """An answer over the limit is Permanent; one of exactly the limit is read."""
    httpx2_mock.get(f"{BASE}/x").mock(Response(200, content=b"x" * 100))
    assert len(run(lambda http: http.get("/x"), body_max=100).body) == 100
    assert type(run(lambda http: http.get("/x"), body_max=99)) is Permanent


@pytest.mark.parametrize("base", ["", "acme.example.com", "ftp://a.b", "https://", "https://u:p@acme.example.com"])
def test_a_base_url_that_is_none_is_refused(base: str) -> None:
    """`base_url` needs scheme and host, and holds no credentials."""
    with pytest.raises(ValueError, match="base_url"):
        VendorHttp(base, clock=FakeClock(), rng=MiddleRng())


def test_private_addresses_are_refused() -> None:
    """A host on a private or loopback address is refused before anything is sent, by number or by name."""
    for host in ("127.0.0.1", "10.0.0.1", "169.254.169.254", "[::1]", "localhost", "0.0.0.0", "[::ffff:127.0.0.1]"):
        error = run(lambda http: http.get("/x"), base_url=f"http://{host}:8080")
        assert type(error) is AddressRefused, host
        assert "allow_private" in str(error)


def test_allow_private_reaches_loopback() -> None:
    """With `allow_private` a server on loopback answers, over real sockets, and a slow one is Transient."""

    async def main() -> None:
        never = asyncio.Event()

        async def answer(request: web.Request) -> web.Response:
            if request.path == "/slow":
                await never.wait()
            return web.json_response({"path": request.path})

        app = web.Application()
        app.router.add_get("/{tail:.*}", answer)
        runner = web.AppRunner(app)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        base = f"http://127.0.0.1:{runner.addresses[0][1]}"
        http = VendorHttp(base, clock=FakeClock(), rng=MiddleRng(), reach=PRIVATE_TOO, timeout_s=0.2)
        try:
            assert (await http.get("/a")).json() == {"path": "/a"}
            with pytest.raises(Transient, match="no answer"):
                await http.get("/slow")
        finally:
            never.set()
            await http.aclose()
            await runner.cleanup()

    asyncio.run(main())


def tokens(httpx2_mock: respx.Router, *answers: Response) -> respx.Route:
    return httpx2_mock.post(TOKEN_URL).mock(side_effect=slowly(list(answers)))


def slowly(answers: list[Response]) -> Callable[[Any], Awaitable[Response]]:
    """Answers that let others go first, as a network does."""

    async def answer(request: Any) -> Response:
        await asyncio.sleep(0)
        return answers.pop(0)

    return answer


def granted(token: str, **more: Any) -> Response:
    return Response(201, json={"access_token": token, "token_type": "bearer", **more})


def test_a_token_is_fetched_once_for_all(httpx2_mock: respx.Router) -> None:
    """Many first requests share one fetch of the token, which carries id, secret, grant and scope."""
    fetch = tokens(httpx2_mock, granted("t1", expires_in=1800), granted("t2", expires_in=1800))
    route = httpx2_mock.get(f"{BASE}/x").mock(side_effect=slowly([Response(200)] * 20))

    async def many(http: VendorHttp) -> list[int]:
        return [answer.status for answer in await asyncio.gather(*(http.get("/x") for _ in range(20)))]

    assert run(many, CREDENTIALS) == [200] * 20
    assert fetch.call_count == 1
    assert {call.request.headers["authorization"] for call in route.calls} == {"Bearer t1"}
    form = fetch.calls.last.request.content.decode()
    for part in ("grant_type=client_credentials", "client_id=client", "client_secret=c-secret", "scope=read"):
        assert part in form


def test_a_signed_assertion_gets_tokens(httpx2_mock: respx.Router) -> None:
    """Many first requests share one assertion, signed at that time by our key, which is all the proof that is sent; on
    401 another is signed. A token of untold life is kept for a while."""
    fetch = tokens(httpx2_mock, granted("t1"), granted("t2"), granted("t3"))
    revoked: set[str] = set()

    def answer(request: Any) -> Response:
        return Response(401 if request.headers["authorization"] in revoked else 200)

    route = httpx2_mock.get(f"{BASE}/x").mock(side_effect=answer)
    clock = FakeClock()

    async def work(http: VendorHttp) -> None:
        await asyncio.gather(*(http.get("/x") for _ in range(5)))
        clock.at += 100
        revoked.add("Bearer t1")
        await asyncio.gather(*(http.get("/x") for _ in range(5)))
        clock.at += 1_500
        await http.get("/x")

    run(work, SIGNED, clock)
    assert [route.calls.last.request.headers["authorization"], fetch.call_count] == ["Bearer t3", 3]
    issued = []
    for call in fetch.calls:
        form = dict(parse_qsl(call.request.content.decode(), strict_parsing=True))
        key = RSAKey.import_key(rsa_pem())
        issued.append(jwt.decode(form.pop("assertion"), key, algorithms=["RS256"]).claims["iat"] - 1_772_442_000)
        assert form == {"grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer", "scope": "read"}
        assert "authorization" not in call.request.headers
    assert issued == [0, 100, 1_600]


def test_a_key_that_can_not_sign_is_unauthorized(httpx2_mock: respx.Router) -> None:
    """Where no setting has checked it: nothing is sent, and it isn't shown."""
    error = run(lambda http: http.get("/x"), replace(SIGNED, private_key=SecretStr("c-secret")))
    assert type(error) is Unauthorized
    assert "no private key" in str(error) and "c-secret" not in str(error)


def test_a_token_is_renewed_before_it_runs_out(httpx2_mock: respx.Router) -> None:
    """A minute before its end a token is replaced; a token of untold life is kept for a while."""
    fetch = tokens(httpx2_mock, granted("t1", expires_in=300), granted("t2"), granted("t3"))
    route = httpx2_mock.get(f"{BASE}/x").mock(Response(200))
    clock = FakeClock()

    async def work(http: VendorHttp) -> None:
        for seconds in (0, 239, 2, 1_400, 100):
            clock.at += seconds
            await http.get("/x")

    run(work, CREDENTIALS, clock)
    sent = [call.request.headers["authorization"][-2:] for call in route.calls]
    assert sent == ["t1", "t1", "t2", "t2", "t3"]
    assert fetch.call_count == 3


def test_a_refused_token_is_renewed_once_for_all(httpx2_mock: respx.Router) -> None:
    """On 401 the token is replaced by one fetch, however many were refused, and the requests are sent again."""
    fetch = tokens(httpx2_mock, granted("old", expires_in=1800), *[granted("new", expires_in=1800)] * 9)
    turn = iter(range(1, 1_000))

    async def answer(request: Any) -> Response:
        for _ in range(next(turn) * 5):  # some are refused long after others have a new token
            await asyncio.sleep(0)
        return Response(401 if request.headers["authorization"] == "Bearer old" else 200)

    httpx2_mock.get(f"{BASE}/x").mock(side_effect=answer)
    httpx2_mock.get(f"{BASE}/first").mock(Response(200))

    async def many(http: VendorHttp) -> list[int]:
        await http.get("/first")
        return [answer.status for answer in await asyncio.gather(*(http.get("/x") for _ in range(10)))]

    assert run(many, CREDENTIALS) == [200] * 10
    assert fetch.call_count == 2


def test_a_token_that_is_refused_for_good_is_unauthorized(httpx2_mock: respx.Router) -> None:
    """A second 401 is Unauthorized, without a third try."""
    fetch = tokens(httpx2_mock, granted("a"), granted("b"))
    route = httpx2_mock.get(f"{BASE}/x").mock(Response(401))
    assert type(run(lambda http: http.get("/x"), CREDENTIALS)) is Unauthorized
    assert (fetch.call_count, route.call_count) == (2, 2)


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (Response(400, json={"error": "invalid_client", "error_description": "c-secret"}), Unauthorized),
        (Response(401, json={"error": "c-secret is wrong"}), Unauthorized),
        (Response(400, json={"error": {"title": "c-secret"}}), Unauthorized),
        (Response(503, text="c-secret"), Transient),
        (Response(200, text="<html>"), Transient),
        (Response(200, json=[]), Transient),
        (Response(200, json=None), Transient),
        (Response(200, json={}), Transient),
        (Response(200, json={"access_token": 5}), Transient),
        (Response(200, json={"access_token": "é"}), Transient),
        (Response(200, json={"access_token": "a\r\nX: y"}), Transient),
        (Response(200, json={"access_token": "a", "expires_in": "soon"}), Transient),
        (ConnectError("c-secret"), Transient),
    ],
)
def test_a_token_that_can_not_be_had_is_told(answer: Any, kind: type, httpx2_mock: respx.Router) -> None:
    """Whatever the token endpoint answers, the error is one of ours and tells no secret."""
    for auth in (CREDENTIALS, SIGNED):
        httpx2_mock.post(TOKEN_URL).mock(side_effect=answer if isinstance(answer, Exception) else [answer] * 3)
        error = run(lambda http: http.get("/x"), auth)
        assert type(error) is kind
        assert "c-secret" not in str(error)


def test_no_secret_is_shown() -> None:
    """Auth as data shows no secret."""
    shown = repr([CREDENTIALS, ApiKey(SecretStr("k-secret")), NoAuth()])
    assert "secret" not in shown.replace("client_secret", "")


def test_the_vendors_clock_is_held_against_ours(httpx2_mock: respx.Router) -> None:
    """The date of the last answer that has one, a refusal's too; what is no date tells nothing."""
    answers = iter([("", 200), ("Mon, 02 Mar 2026 09:01:30 GMT", 401), ("soon", 200)])

    def answer(request: Any) -> Response:
        date, status = next(answers)
        return Response(status, headers={"Date": date} if date else {})

    httpx2_mock.get(f"{BASE}/x").mock(side_effect=answer)

    async def work(http: VendorHttp) -> list[float | None]:
        told = []
        for _ in range(3):
            with contextlib.suppress(Unauthorized):
                await http.get("/x")
            told.append(http.clock_ahead_s)
        return told

    assert run(work) == [None, -90.0, -90.0]
