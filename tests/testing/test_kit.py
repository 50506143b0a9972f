"""The kit's own parts: the registry, the level, the suite, what watches, and what keeps it offline."""

import asyncio
import gc
import os
import random
import socket
import threading
import time
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest
from gateway_bell import Bell
from gateway_desk import Desk

from gateway.plugin import Stream
from gateway.testing import CHECKS, LEVELS, ConnectorSuite, Report, Result
from gateway.testing.check import check
from gateway.testing.offline import Offline, offline
from gateway.testing.report import level_of
from gateway.testing.run import in_use
from gateway.testing.settings import sounds_secret
from gateway.testing.stage import Stuck
from gateway.testing.subject import Subject
from gateway.testing.transport import answer
from gateway.testing.watch import watched
from tests.support.pages import page
from tests.testing.conftest import DESK

SAMPLES = DESK / "tests" / "samples"


class TestDesk(ConnectorSuite):
    """The suite as an author writes it: pytest collects a test for each check."""

    connector = Desk
    samples = SAMPLES
    level = "gold"
    only = ("plugin-named", "settings-described", "readme-settings", "webhooks-rotation")


class Wrong(Desk):
    """A desk with a wrong name."""

    plugin = "No Name"


def results(**outcomes: str) -> list[Result]:
    """A result of every check: passed, unless it is named; an underscore is a hyphen."""
    named = {name.replace("_", "-"): outcome for name, outcome in outcomes.items()}
    return [Result(one, named.get(one.id, "passed")) for one in CHECKS.values()]  # type: ignore[arg-type]


def test_the_level_follows_from_the_results() -> None:
    """Every check of a level and of those below it, where it applies; what is excused never counts."""
    assert level_of(results()) == "gold"
    assert level_of(results(truth_late="not applicable")) == "gold"
    assert level_of(results(truth_late="failed")) == "silver"
    assert level_of(results(webhooks_replay="excused")) == "bronze"
    assert level_of(results(plugin_named="failed")) is None
    assert level_of([]) is None
    assert Report("x", "1", results(), whole=False).level is None


def test_every_check_says_what_why_and_how_to_mend() -> None:
    """A failure is worth nothing without them, and its page has its section."""
    text = page("reference/kit.md")
    for one in CHECKS.values():
        assert all(one.told(part) for part in ("what", "why", "mend")), one.id  # type: ignore[arg-type]
        assert f"\n### {one.id}\n" in text
        assert (one.level in LEVELS, one.since.count(".")) == (True, 1)
        assert not one.deprecated or one.deprecated in CHECKS


def test_an_id_is_used_once() -> None:
    """A second check under an id is refused."""
    with pytest.raises(ValueError, match="two checks"):
        check("plugin-named", "Again", level="bronze")(lambda subject: None)


def test_a_check_that_is_given_up_is_not_run(monkeypatch: pytest.MonkeyPatch) -> None:
    """It stays in the registry, and counts for no level."""
    old = replace(CHECKS["plugin-named"], id="plugin-name", deprecated="plugin-named")
    monkeypatch.setitem(CHECKS, "plugin-name", old)

    assert "plugin-name" not in [one.id for one in in_use()]
    assert level_of([one for one in results() if one.check is not old]) == "gold"


def test_a_suite_fails_in_words() -> None:
    """Its failure is the command's; what is above the level is a skip, as is what doesn't apply."""

    class Suite(ConnectorSuite):
        connector = Wrong

    with pytest.raises(pytest.fail.Exception, match="what:  `plugin` is 'No Name'"):
        Suite().test_check("plugin-named")
    with pytest.raises(pytest.skip.Exception, match="its folder isn't known"):
        Suite().test_check("readme-settings")

    class Lenient(Suite):
        connector = type("Alone", (), {key: value for key, value in vars(Desk).items() if key != "limits"})

    with pytest.raises(pytest.skip.Exception, match="above bronze: it has no `limits`"):
        Lenient().test_check("limits-declared")


def test_a_suite_without_a_connector_says_so() -> None:
    """Not an AttributeError somewhere."""

    class Empty(ConnectorSuite):
        pass

    with pytest.raises(TypeError, match="Empty names no connector"):
        Empty().test_check("plugin-named")


@pytest.mark.parametrize(
    ("work", "name"),
    [
        (time.time, "time.time"),
        (datetime.now, "datetime.now"),
        (random.random, "Random.random"),
        (lambda: os.environ.get("HOME"), "os.environ"),
        (lambda: open(__file__, encoding="utf-8").close(), "io.open"),
        (lambda: Path(__file__).read_bytes(), "io.open"),
        (lambda: os.urandom(1), "posix.urandom"),
        (lambda: socket.socket().close() or socket.getaddrinfo("127.0.0.1", 1), "socket.getaddrinfo"),
        (lambda: threading.Thread(target=int).start(), "thread.start"),
    ],
)
def test_what_touches_the_world_is_seen(work: object, name: str) -> None:
    """By the built-in function that is called, wherever from."""
    found = watched(lambda: work())  # type: ignore[operator]

    assert [line for line in found if line.startswith(name)], found


def test_what_touches_nothing_is_not_seen() -> None:
    """Work with values alone, times among them."""
    assert watched(lambda: sorted([datetime(2026, 1, 1).isoformat(), f"{1}"])) == []


def test_a_collection_in_the_midst_is_nobodys_touch() -> None:
    """What others have done with each collection of garbage isn't what the watched work does."""

    def collected(phase: str, info: object) -> None:
        time.perf_counter()

    gc.callbacks.append(collected)
    try:
        assert watched(lambda: [[[]] for _ in range(50_000)]) == []
        assert gc.isenabled()
    finally:
        gc.callbacks.remove(collected)


def test_nobody_leaves_the_machine() -> None:
    """A connection, a listener and a name beyond loopback are refused and noted, and only while it is on."""
    with offline() as refused, socket.socket() as one:
        for work in (
            lambda: one.connect(("192.0.2.1", 80)),
            lambda: one.bind(("0.0.0.0", 0)),
            lambda: socket.getaddrinfo("vendor.example", 443),
            lambda: socket.getaddrinfo("localhost.vendor.example", 443),
        ):
            with pytest.raises(Offline):
                work()
        one.bind(("127.0.0.1", 0))
    with socket.socket() as one:
        one.bind(("0.0.0.0", 0))

    assert refused == [
        "connect 192.0.2.1",
        "bind 0.0.0.0",
        "getaddrinfo vendor.example",
        "getaddrinfo localhost.vendor.example",
    ]


def test_a_vendor_that_never_lets_go_ends_the_story() -> None:
    """So many waits, then an end with words."""

    async def story() -> None:
        subject = Subject(Desk)
        async with subject.stage(objects=1) as on, subject.reader(on) as ours:
            ours.transport.fault = answer(429, retry_after="3600")
            with pytest.raises(Stuck):
                await ours.pull(ours.streams[0])

    asyncio.run(story())


@pytest.mark.parametrize("name", ["api_key", "token", "client_secret", "password", "webhook_secrets", "passphrase"])
def test_a_name_decides_what_is_secret(name: str) -> None:
    """What a setting is called, not what its author thought of it."""
    assert sounds_secret(name)


@pytest.mark.parametrize("name", ["client_id", "token_url", "base_url", "keyboard", "key_id", "tokens_every_s"])
def test_other_names_are_not_secret(name: str) -> None:
    """The id or the address of something secret isn't."""
    assert not sounds_secret(name)


@pytest.mark.parametrize(("streams", "pulls"), [((), False), ((Stream("log"),), True)])
def test_streams_by_settings_alone(streams: tuple[Stream, ...], pulls: bool) -> None:
    """A connector that pulls only where its settings name something is asked about it only then."""

    class Reading(Bell):
        streams: tuple[Stream, ...] = ()

        def __init__(self, name: str, settings: object, context: object) -> None:
            super().__init__(name, settings, context)
            self.streams = streams

        async def pull(self, stream: Stream, cursor: str | None, now: int) -> None:
            raise NotImplementedError

    assert ("pulls" in Subject(Reading, values={}).able) is pulls


def test_what_comes_by_tcp_is_heard_in_its_order() -> None:
    """A connection's parts, then its end; a datagram beside it; to a restarted connector too."""

    async def story() -> None:
        subject = Subject(Bell)
        async with subject.stage() as on, subject.reader(on) as ours:
            await on.acted("arrive", "arrive", "arrive")
            sent = on.sent()
            assert sorted(one.kind for one in sent) == ["tcp", "udp", "udp"]
            await ours.listen_again()
            whole = next(one for one in sent if one.kind == "tcp")
            await ours.hear([replace(whole, data=bytes([byte])) for byte in whole.data])
            await ours.hear([replace(whole, data=b"")])
            assert ours.listening.ear.raised == []
            await ours.settle()
            assert [row.state.contact.opened_at for row in await ours.rows()] == [on.simulator.truth()[2].at]

    asyncio.run(story())
