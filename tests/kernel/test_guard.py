"""The guard around both clients: what is refused is not even connected to, and what is allowed is what was checked."""

import asyncio
import socket
from collections.abc import Awaitable, Callable, Sequence
from ipaddress import ip_address, ip_network
from typing import Any

import httpx2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import SecretStr
from yarl import URL

from gateway.config.outward import why_not
from gateway.kernel.bad_ports import BAD_PORTS
from gateway.kernel.clock import SystemClock
from gateway.kernel.names import ADDRESSES_MAX, QUESTIONS_MAX, Names
from gateway.kernel.net import AiohttpNet
from gateway.kernel.ports import NetError, NetRequest
from gateway.kernel.reach import INTERNET, PRIVATE, PRIVATE_TOO, Reach
from gateway.kernel.rng import SeededRng
from gateway.kernel.urls import Target, read_url
from gateway.kernel.vendor_auth import Auth, ClientCredentials
from gateway.kernel.vendor_errors import AddressRefused, VendorError
from gateway.kernel.vendor_http import VendorHttp
from tests.kernel.hostile import INNER, TRICKS
from tests.kernel.test_addresses import PUBLIC, REFUSED

Answers = list[Sequence[str]]


class Told:
    """A resolver that gives its answers one by one, the last one for ever, and counts who asks."""

    def __init__(self, *answers: Sequence[str]) -> None:
        self.answers: Answers = list(answers)
        self.asked = 0

    async def __call__(self, host: str, port: int) -> Sequence[str]:
        """The next answer."""
        self.asked += 1
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


async def deliver(url: str, resolve: Told, reach: Reach = INTERNET) -> tuple[str, str]:
    """Deliver to a URL: how it ended, and the words."""
    net = AiohttpNet(resolve=resolve)
    try:
        answer = await net.request(NetRequest("POST", url, body=b"x", reach=reach), deadline_s=20)
    except NetError as error:
        return error.verdict, error.reason
    finally:
        await net.close()
    return str(answer.status), ""


async def ask(url: str, resolve: Told, reach: Reach = INTERNET, auth: Auth | None = None) -> tuple[str, str]:
    """Ask a vendor who is at a URL: how it ended, and the words. A write, since reads are tried three times."""
    try:
        http = VendorHttp(url, auth, clock=SystemClock(), rng=SeededRng(1), reach=reach, resolve=resolve)
    except ValueError as error:
        return "blocked", str(error)
    try:
        return str((await http.post("/x")).status), ""
    except AddressRefused as error:
        return "blocked", str(error)
    except VendorError as error:
        return "failed" if error.status is None else str(error.status), str(error)
    finally:
        await http.aclose()


Client = Callable[..., Awaitable[tuple[str, str]]]
both = pytest.mark.parametrize("client", [deliver, ask])


@pytest.fixture
def dialled(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every address that anybody tries to connect to; nobody gets through."""
    tried: list[str] = []

    def connect(self: socket.socket, address: Any) -> None:
        tried.append(str(address[0]))
        raise ConnectionRefusedError

    monkeypatch.setattr(socket.socket, "connect", connect)
    return tried


def url_of(address: str) -> str:
    """A URL whose host is an address as it stands."""
    return f"http://[{address}]:8080" if ":" in address else f"http://{address}:8080"


@both
def test_an_address_that_is_not_public_is_never_connected_to(client: Client, dialled: list[str]) -> None:
    """As the URL's host, as what a name leads to, and as one of several among good ones."""

    async def run() -> None:
        for address in REFUSED:
            assert (await client(url_of(address), Told([])))[0] == "blocked", address
            for answer in ([address], ["8.8.8.8", address], [address, "2606:4700::1111"]):
                assert (await client("http://name.example", Told(answer)))[0] == "blocked", answer

    asyncio.run(run())
    assert len(REFUSED) >= 60
    assert dialled == []


@both
def test_a_public_address_is_connected_to_as_it_is(client: Client, dialled: list[str]) -> None:
    """The guard lets what is public through, as a host and behind a name."""

    async def run() -> None:
        for address in PUBLIC:
            assert (await client(url_of(address), Told([])))[0] == "failed", address
            assert (await client("http://name.example", Told([address])))[0] == "failed", address

    asyncio.run(run())
    assert len(PUBLIC) >= 20
    assert len(dialled) == 2 * len(PUBLIC)


@both
def test_a_name_that_changes_between_check_and_connection_gains_nothing(client: Client, dialled: list[str]) -> None:
    """It is resolved once; the connection goes to what was checked."""
    names = Told(["8.8.8.8"], ["127.0.0.1"])

    assert asyncio.run(client("http://rebind.example", names))[0] == "failed"
    assert (names.asked, set(dialled)) == (1, {"8.8.8.8"})


@both
def test_a_name_without_addresses_or_with_far_too_many_fails(client: Client, dialled: list[str]) -> None:
    """Neither is connected to."""
    for answer in ([], [f"8.8.{number}.1" for number in range(ADDRESSES_MAX + 1)], ["nonsense"]):
        assert asyncio.run(client("http://name.example", Told(answer)))[0] in ("failed", "blocked")
    assert dialled == []


@pytest.mark.parametrize("url", TRICKS)
def test_a_url_that_readers_read_in_different_ways_is_refused(url: str, dialled: list[str]) -> None:
    """By the configuration and by both clients, whatever its host would lead to; the words don't repeat it."""
    why = why_not(url, INTERNET)
    assert why
    for client in (deliver, ask):
        verdict, words = asyncio.run(client(url, Told(["8.8.8.8"])))
        assert verdict == "blocked"
        assert len(url) < 12 or url not in words
    assert dialled == []
    assert len(TRICKS) >= 40


_PIECES = ["http", "s", ":", "/", "//", "://", "@", "#", "?", "\\", "[", "]", "::1", "127.0.0.1", "0x7f", ".", "a", "-"]
_PIECES += [
    "xn--a",
    "example.com",
    ":80",
    ":443",
    ":0",
    "%2f",
    "%40",
    "%",
    "_",
    "A",
    "é",
    "①",
    "\t",
    "\0",
    " ",
    "1",
    "x",
]
_soup = st.lists(st.sampled_from(_PIECES), max_size=9).map("".join)


@settings(max_examples=200, deadline=None)
@given(st.one_of(_soup, _soup.map("http://{}".format), _soup.map("https://a.example{}".format)))
def test_what_we_take_every_reader_reads_alike(url: str) -> None:
    """Where our reading gives a host and a port, aiohttp's and httpx2's give the same, or don't read it at all."""
    try:
        target = read_url(url)
    except ValueError:
        return
    for reader in (URL, httpx2.URL):
        try:
            read: Any = reader(url)
        except (ValueError, httpx2.InvalidURL):
            continue
        host = read.raw_host if isinstance(read.raw_host, str) else read.raw_host.decode()
        assert target.matches(read.scheme, host, read.port), reader


def test_a_reader_that_disagrees_is_not_followed(monkeypatch: pytest.MonkeyPatch, dialled: list[str]) -> None:
    """Should aiohttp or httpx2 ever find another host or port than we do, nothing is called."""
    for target in (Target("http", "other.example", 80), Target("http", "name.example", 8080)):
        monkeypatch.setattr("gateway.kernel.net.read_url", lambda url, target=target: target)
        monkeypatch.setattr("gateway.kernel.vendor_transport.read_url", lambda url, target=target: target)
        for client in (deliver, ask):
            assert asyncio.run(client("http://name.example", Told(["8.8.8.8"])))[0] == "blocked"
    assert dialled == []


def test_a_password_in_a_url_is_told_as_what_it_is() -> None:
    """By its own words, whatever the rest of the URL is, and without it."""
    for url in ("https://user:canary@example.com/", "https://canary@10.0.0.1:99999/#x"):
        why = why_not(url, INTERNET)
        assert "password" in why
        assert "canary" not in why


def test_reading_finds_where_it_leads() -> None:
    """The host in lower case, an IPv6 address in its shortest form, the scheme's own port where there is none."""
    found = {
        "HTTPS://Help.Example/hooks?a=b@c:1": ("https", "help.example", 443),
        "http://xn--mnchen-3ya.example": ("http", "xn--mnchen-3ya.example", 80),
        "http://[2606:4700:0:0::1111]:8080/": ("http", "2606:4700::1111", 8080),
        "http://a_b.example:65535?x": ("http", "a_b.example", 65_535),
        "http://1.1.1.1": ("http", "1.1.1.1", 80),
    }
    for url, (scheme, host, port) in found.items():
        target = read_url(url)
        assert (target.scheme, target.host, target.port) == (scheme, host, port)
        assert target.matches(scheme, host.upper(), port)
        assert not target.matches(scheme, "other.example", port)
        assert not target.matches(scheme, host, 1)
        assert not target.matches(scheme, None, port)


@both
def test_ports_that_are_not_for_http_are_refused(client: Client, dialled: list[str]) -> None:
    """Below 1024 all but 80 and 443, and those of other services; an operator who names one has it."""

    async def run() -> None:
        for port in (1, 22, 25, 81, 444, 1023, *BAD_PORTS):
            assert (await client(f"http://8.8.8.8:{port}", Told([])))[0] == "blocked", port
        assert dialled == []
        for port in (80, 443, 1024, 8080, 8443, 65_535):
            assert (await client(f"http://8.8.8.8:{port}", Told([])))[0] == "failed", port
        named = Reach(ports=frozenset({25, 6379}))
        for port in (25, 6379):
            assert (await client(f"http://8.8.8.8:{port}", Told([]), named))[0] == "failed", port
        assert (await client("http://127.0.0.1:25", Told([]), named))[0] == "blocked"
        assert (await client("http://8.8.8.8:26", Told([]), named))[0] == "blocked"

    asyncio.run(run())
    assert set(dialled) == {"8.8.8.8"}
    assert {6379, 5432, 3306, 11211, 9200, 27017, 2375, 2379, 10250, 6000, 6667} <= BAD_PORTS.keys()


@both
def test_listed_networks_are_reached_and_nothing_else_private(client: Client, dialled: list[str]) -> None:
    """By address and by name; a name that also leads elsewhere is refused as before."""
    reach = Reach((ip_network("10.20.0.0/16"), ip_network("fd12:3456::/48"), ip_network("198.18.5.5/32")))

    async def run() -> None:
        for address in ("10.20.0.1", "10.20.255.255", "fd12:3456::9", "198.18.5.5", "::ffff:10.20.3.4", "8.8.8.8"):
            assert (await client(url_of(address), Told([]), reach))[0] == "failed", address
            assert (await client("http://name.example", Told([address]), reach))[0] == "failed", address
        reached = len(dialled)
        for address in ("10.21.0.1", "127.0.0.1", "::1", "fd12:3457::9", "198.18.5.6", "192.168.0.1", *INNER):
            assert (await client(url_of(address), Told([]), reach))[0] == "blocked", address
            assert (await client("http://name.example", Told(["10.20.0.1", address]), reach))[0] == "blocked", address
        assert len(dialled) == reached

    asyncio.run(run())


def test_clouds_inner_services_are_only_allowed_by_themselves() -> None:
    """Neither `true` nor a wide network opens them, nor any address that has one of them inside."""
    everything = Reach((ip_network("0.0.0.0/0"), ip_network("::/0")))
    for address in INNER:
        assert not PRIVATE_TOO.allows(address)
        assert not everything.allows(address)
        assert Reach((ip_network(address),)).allows(address)
    assert Reach((ip_network("169.254.169.0/24"),)).allows("169.254.169.254")
    for wider in ("169.254.0.0/15", "168.63.129.16/28", "fe80::/9", "fd00:ec2::/31"):
        network = ip_network(wider)
        assert not any(Reach((network,)).allows(address) for address in INNER if ip_address(address) in network)
    for disguised in ("::ffff:169.254.169.254", "64:ff9b::a9fe:a9fe", "2002:a9fe:a9fe::", "::169.254.169.254"):
        assert not PRIVATE_TOO.allows(disguised)
    for scoped in ("fe80::1%1", "fd12::1%1", "2606:4700::1%1", "::1%lo", "nonsense", ""):
        assert not everything.allows(scoped)


def test_private_too_is_the_machines_of_ones_own() -> None:
    """`allow_private: true` reaches private networks and loopback; what is reserved stays refused."""
    for address in ("10.1.1.1", "127.0.0.1", "172.16.0.1", "192.168.0.1", "100.64.0.1", "::1", "fd12::1", "8.8.8.8"):
        assert PRIVATE_TOO.allows(address), address
    for address in ("0.0.0.0", "224.0.0.1", "255.255.255.255", "192.0.2.1", "fe80::1", "ff02::1", "64:ff9b::8.8.8.8"):
        assert not PRIVATE_TOO.allows(address), address
    assert PRIVATE_TOO.refusal("localhost", 8080) == ""
    assert Reach((ip_network("10.0.0.0/8"),)).refusal("localhost", 8080) == PRIVATE


def test_a_refusal_is_no_oracle() -> None:
    """What is blocked gives the same words whether somebody listens there or not, and by whatever name; a test button
    has no more to tell than blocked or failed."""

    async def run() -> None:
        server = await asyncio.start_server(lambda reader, writer: writer.close(), "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        for client in (deliver, ask):
            told = {
                await client(f"http://127.0.0.1:{port}", Told([])),
                await client("http://127.0.0.1:65535", Told([])),
                await client("http://10.255.255.1:8080", Told([])),
                await client(f"http://inner.example:{port}", Told(["127.0.0.1"])),
                await client("http://inner.example:8080", Told(["8.8.8.8", "10.9.8.7"])),
            }
            assert told == {("blocked", PRIVATE)}
        server.close()

    asyncio.run(run())
    assert NetError("the connection was refused").verdict == "failed"
    assert NetError("no complete answer within 20 s").verdict == "failed"


def test_a_token_is_fetched_through_the_guard(dialled: list[str]) -> None:
    """A plugin that gives a token endpoint at a private address, or one that can be read in two ways, gets nothing."""

    async def run() -> None:
        for url in ("http://127.0.0.1:8080/token", "http://169.254.169.254/token", "http://name.example/", *TRICKS):
            auth = ClientCredentials(url, "id", SecretStr("s-secret"))
            verdict, words = await ask("http://8.8.8.8", Told(["10.0.0.1"]), auth=auth)
            assert verdict == "blocked", url
            assert "s-secret" not in words

    asyncio.run(run())
    assert dialled == []


def test_a_name_that_hangs_holds_up_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each name is asked for on a thread of its own, once for all who ask; beyond the bound it is refused."""
    import threading

    let_go = threading.Event()
    asked: list[str] = []

    def look_up(host: str, port: int, **_: object) -> list[tuple[Any, ...]]:
        asked.append(host)
        if host.startswith("dead"):
            let_go.wait(20)
            raise OSError
        if host == "wrong.example":
            raise UnicodeError
        return [(0, 0, 0, "", ("8.8.8.8", port))]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)

    async def run() -> None:
        names = Names()
        hanging = [asyncio.ensure_future(names(f"dead{number}", 80)) for number in range(QUESTIONS_MAX - 1)]
        again = asyncio.ensure_future(names("dead0", 80))
        await asyncio.sleep(0)
        assert list(await names("live.example", 80)) == ["8.8.8.8"]
        with pytest.raises(OSError, match="can't be resolved"):
            await names("wrong.example", 80)
        one_more = asyncio.ensure_future(names("dead-last", 80))
        await asyncio.sleep(0)
        with pytest.raises(OSError, match="too many"):
            await names("live.example", 80)
        again.cancel()
        let_go.set()
        ended = await asyncio.gather(*hanging, one_more, return_exceptions=True)
        assert all(isinstance(failure, OSError) for failure in ended)
        assert asked.count("dead0") == 1
        assert list(await names("live.example", 80)) == ["8.8.8.8"]

    asyncio.run(run())
