"""What comes in wrong is refused over a real socket, in words: nothing of it is stored, and no secret is told."""

import re
import shutil
import socket
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from gateway.store.sqlite import SqliteStore
from tests.acceptance.kept import EVERYTHING, is_quiet, kept, on_store, wait_for_counts
from tests.acceptance.process import (
    DEADLINE_S,
    ENVIRON,
    Answer,
    Daemon,
    Sender,
    Site,
    body_of,
    eventually,
    now_ms,
    opening,
    secret_of,
    signed,
)
from tests.acceptance.receiver import Receiver
from tests.support.installed import install

LIMIT = 16_384
BODY = body_of([opening("never", now_ms())])


@pytest.fixture(scope="module")
def door(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    """A gateway that takes bodies of at most 16 KiB, for all tests that leave nothing in it."""
    site = Site(tmp_path_factory.mktemp("door"), body_limit="16KiB")
    site.write()
    yield site.start()
    site.clear()


def stored(daemon: Daemon) -> list[str]:
    """The keys of all records in the gateway's inbox."""

    async def read(store: SqliteStore) -> list[str]:
        return [str(record.key) for record in await store.inbox(limit=EVERYTHING)]

    return on_store(daemon.log.parent / "gateway.db", read)


def ask(daemon: Daemon, method: str, path: str, body: bytes = b"", headers: dict[str, str] | None = None) -> Answer:
    """One request on a connection of its own."""
    with Sender(daemon.listen) as sender:
        return sender.ask(method, path, body, headers)


def half_sent(daemon: Daemon, data: bytes) -> bytes:
    """Send the beginning of a request, and read until the gateway hangs up."""
    address = urlsplit(daemon.listen)
    with socket.create_connection((address.hostname, address.port), timeout=DEADLINE_S) as line:
        line.sendall(data)
        answer = b""
        while b"\r\n\r\n" not in answer and (more := line.recv(65_536)):
            answer += more
    return answer


def head(path: str, **headers: object) -> bytes:
    """The head of a POST; header names are given with underscores."""
    lines = [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join([f"POST {path} HTTP/1.1", "Host: gateway", *lines, "", ""]).encode()


Signing = Callable[[], dict[str, str]]
UNPROVED: dict[str, Signing] = {
    "of another secret": lambda: signed(BODY, secret_of("another")),
    "of another body": lambda: signed(BODY + b" "),
    "missing": lambda: {name: value for name, value in signed(BODY).items() if name != "webhook-signature"},
    "empty": lambda: {**signed(BODY), "webhook-signature": ""},
    "without its version": lambda: {**signed(BODY), "webhook-signature": signed(BODY)["webhook-signature"][3:]},
    "without id": lambda: {name: value for name, value in signed(BODY).items() if name != "webhook-id"},
    "of another id": lambda: {**signed(BODY), "webhook-id": "msg_2"},
    "stale": lambda: signed(BODY, at_s=now_ms() // 1_000 - 302),
    "from the future": lambda: signed(BODY, at_s=now_ms() // 1_000 + 310),
    "with a time that is none": lambda: {**signed(BODY), "webhook-timestamp": "yesterday"},
    "not ASCII": lambda: {**signed(BODY), "webhook-signature": "v1,\xe9\xff"},
    "not ASCII in its time": lambda: {**signed(BODY), "webhook-timestamp": "\xb2\xb3"},
    "not ASCII in its id": lambda: {**signed(BODY), "webhook-id": "m\xfc"},
}


@pytest.mark.parametrize("signing", UNPROVED.values(), ids=UNPROVED.keys())
def test_what_is_not_proved_is_not_taken(door: Daemon, signing: Signing) -> None:
    """A signature that doesn't prove this body, now: 401, a reason, and nothing stored."""
    before = stored(door)

    answer = ask(door, "POST", "/in/events", BODY, signing())

    assert answer.status == 401
    assert answer.headers["content-type"].startswith("application/json")
    assert answer.json.keys() == {"error"}
    assert stored(door) == before


@pytest.mark.parametrize("age_s", [-290, 290])
def test_a_clock_may_be_five_minutes_off(door: Daemon, age_s: int) -> None:
    """A timestamp within five minutes proves as well as the present one."""
    body = body_of([opening(f"off{age_s}", now_ms())])

    answer = ask(door, "POST", "/in/events", body, signed(body, at_s=now_ms() // 1_000 - age_s))

    assert answer.json == {"accepted": 1, "duplicates": 0}


def test_an_unknown_connector_is_told_at_once(door: Daemon) -> None:
    """404, before any of the body has come; paths that are nobody's, too."""
    assert half_sent(door, head("/in/nobody", Content_Length=1_000)).startswith(b"HTTP/1.1 404 ")
    for path in ("/in/nobody", "/in/", "/in/events/more", "/in/%2e%2e", "/"):
        assert ask(door, "POST", path, BODY, signed(BODY)).status == 404


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_a_connector_is_only_posted_to(door: Daemon, method: str) -> None:
    """405, with the method that is allowed."""
    answer = ask(door, method, "/in/events")

    assert (answer.status, answer.headers["allow"]) == (405, "POST")


def test_a_long_body_is_refused_unread(door: Daemon) -> None:
    """413 as soon as it is known to be too long: from what the head says, or when the bytes that came are too many."""
    said = half_sent(door, head("/in/events", Content_Length=10**12))
    waiting = half_sent(door, head("/in/events", Content_Length=LIMIT + 1, Expect="100-continue"))
    chunk = b"1000\r\n" + b"x" * 0x1000 + b"\r\n"
    counted = half_sent(door, head("/in/events", Transfer_Encoding="chunked") + chunk * (LIMIT // 0x1000 + 1))

    assert [answer.split(b" ")[1] for answer in (said, waiting, counted)] == [b"413"] * 3


def test_a_body_of_the_limit_is_read(door: Daemon) -> None:
    """The limit itself is allowed: such a body is judged by what it says."""
    body = b'{"events": []' + b" " * (LIMIT - 14) + b"}"

    assert (len(body), ask(door, "POST", "/in/events", body, signed(body)).status) == (LIMIT, 202)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"\xff\xfe",
        b"null",
        b"[]",
        b'{"events": {}}',
        b'{"event": []}',
        b'{"events": [], "more": 1}',
        b'{"events": ' + b"[" * 5_000 + b"]" * 5_000 + b"}",
        b'{"events": [NaN]}',
    ],
    ids=lambda body: repr(body[:24]),
)
def test_what_is_no_list_of_events_is_refused(door: Daemon, body: bytes) -> None:
    """Signed, and yet not JSON or of another shape: 422, and nothing stored."""
    before = stored(door)
    headers = signed(body) if body.isascii() else _signed_bytes(body)

    answer = ask(door, "POST", "/in/events", body, headers)

    assert answer.status == 422
    assert "error" in answer.json
    assert stored(door) == before


def _signed_bytes(body: bytes) -> dict[str, str]:
    """Headers for a body that the reference implementation, which signs text, can't sign."""
    from gateway.kernel.signing import parse_secret, sign

    return sign([parse_secret(ENVIRON["EVENTS_SECRET"])], "msg_1", now_ms() // 1_000, body)


def _wrong_events() -> dict[str, dict[str, Any]]:
    good = opening("wrong", now_ms())
    return {
        "no id": {name: value for name, value in good.items() if name != "id"},
        "unknown type": {**good, "type": "contact.exploded"},
        "unknown field": {**good, "colour": "red"},
        "unknown word": {**good, "channel": "smoke"},
        "time without zone": {**good, "at": "2026-03-02T09:00:00"},
        "before 2000": {**good, "at": "1999-12-31T23:59:59Z"},
        "far ahead": {**good, "at": "2126-03-02T09:00:00Z"},
        "ref without id": {**good, "ref": {"kind": "ticket", "id": ""}},
        "number too great": {**good, "sequence": 2**70},
    }


@pytest.mark.parametrize("wrong", _wrong_events().keys())
@pytest.mark.parametrize("position", [0, 3, 6])
def test_one_wrong_event_refuses_all(door: Daemon, wrong: str, position: int) -> None:
    """422 with the position of the wrong one, from 0; nothing of the request is stored."""
    before = stored(door)
    events = [opening(f"beside{number}", now_ms()) for number in range(6)]
    events.insert(position, _wrong_events()[wrong])
    body = body_of(events)

    answer = ask(door, "POST", "/in/events", body, signed(body))

    assert (answer.status, answer.json["position"]) == (422, position)
    assert f"event {position}: " in answer.json["error"]
    assert stored(door) == before


def test_the_same_events_again_are_duplicates(door: Daemon) -> None:
    """202 says exactly what became of each event; what came before is not stored again."""
    events = [opening(f"again{number}", now_ms()) for number in range(3)]
    with Sender(door.listen) as sender:
        first = sender.post(*events[:2])
        between = stored(door)
        again = sender.post(*events[:2])
        unchanged = stored(door)
        both = sender.post(*events)

    assert (first.status, first.body) == (202, b'{"accepted":2,"duplicates":0}')
    assert (again.status, again.body) == (202, b'{"accepted":0,"duplicates":2}')
    assert (both.status, both.body) == (202, b'{"accepted":1,"duplicates":2}')
    assert unchanged == between


def test_a_broken_plugin_is_left_out(site: Site) -> None:
    """A plugin that raises at its import is named; `run` goes on with the rest, `check` ends with 78."""
    packages = site.folder / "packages"
    install(packages, "broken", "gateway_broken", 'import os\n\nraise RuntimeError(os.environ["EVENTS_SECRET"])\n')
    site.environ["PYTHONPATH"] = str(packages)
    site.config.write_text(site.config.read_text().replace("endpoints:", "  other: {plugin: broken}\nendpoints:"))

    checked = site.run("check")
    daemon = site.start()
    taken, left_out = (ask(daemon, "POST", path, BODY, signed(BODY)).status for path in ("/in/events", "/in/other"))
    code = daemon.stop()

    assert checked.returncode == 78
    assert "the plugin broken can't be used: RuntimeError" in checked.stderr
    assert "the plugin broken is left out: RuntimeError" in daemon.said()
    assert (taken, left_out, code) == (202, 404, 0)
    assert leaked(checked.stderr + daemon.said(), site.environ) == []


TEN = """\
version: 2
nmae: acme
listen: 8080
database: postgresql://localhost/gateway
policy: missing.yaml
body_limit: 1GB
connectors:
  Zendesk: {plugin: events, secret: {env: EVENTS_SECRET}}
  chat: {plugin: events, secret: {env: NOT_SET}}
endpoints:
  helpdesk: {url: "http://10.0.0.7/hooks", secret: SECRET, notices: []}
"""


@pytest.mark.parametrize("command", ["check", "run"])
def test_ten_mistakes_show_ten(site: Site, command: str) -> None:
    """Each mistake of a configuration shows at its place, all in one go, and the exit code is 78."""
    site.config.write_text(TEN.replace("SECRET, ", f"{ENVIRON['HELPDESK_SECRET']}, "))

    ended = site.run(command)

    found = re.findall(rf"^{re.escape(str(site.config))}:(\d+):(\d+): GW1\d\d: .+$", ended.stderr, re.MULTILINE)
    assert ended.returncode == 78
    assert [(int(line), int(column)) for line, column in found] == [
        (1, 10), (2, 1), (3, 9), (4, 11), (5, 9), (6, 13), (8, 3), (9, 34), (11, 19), (11, 52),
    ]  # fmt: skip
    assert leaked(ended.stderr + ended.stdout, site.environ) == []


def leaked(text: str, environ: dict[str, str]) -> list[str]:
    """The lines in which a secret stands, whole or without its prefix, or what it was made from."""
    secrets = {"canary", *(secret.removeprefix("whsec_") for name, secret in environ.items() if name != "PYTHONPATH")}
    return [line for line in text.splitlines() if any(secret in line for secret in secrets)]


def test_no_secret_is_ever_told(site: Site, receiver: Receiver) -> None:
    """Whatever goes wrong, at whatever log level: no secret stands in a log, an error, a listing or an answer."""
    site.more = "admin_token: {env: ADMIN_TOKEN}\n"
    site.environ["ADMIN_TOKEN"] = token = "canary-of-the-admin-token"
    site.options = ("--log-level", "debug")
    site.write()
    receiver.answer = lambda one: 500
    daemon = site.start()
    secret = ENVIRON["EVENTS_SECRET"]
    confused = {"webhook-id": secret, "webhook-timestamp": "1", "webhook-signature": f"v1,{secret}"}

    with Sender(daemon.listen) as sender:
        answers = [
            sender.post(opening("1", now_ms(), priority="urgent")),
            sender.ask("POST", "/in/events", BODY, confused),
            sender.ask("POST", f"/in/{secret}", BODY, {"authorization": f"Bearer {secret}"}),
            sender.ask("POST", "/in/events", BODY, signed(BODY, secret_of("another"))),
            sender.ask("POST", "/in/events", secret.encode(), signed(secret.encode())),
        ]
    eventually(lambda: receiver.tries, "a notice was refused")
    with Sender(daemon.admin) as sender:
        right = {"authorization": f"Bearer {token}"}
        pages = ["/", "/deliveries", "/inbox", "/api/v1/contacts", "/api/v1/deliveries", "/readyz", "/metrics", "/no"]
        answers += [sender.ask("GET", page, headers=right) for page in pages]
        answers += [sender.ask("GET", page) for page in ("/", f"/?token={secret}", f"/?token={token}")]
    listings = [site.run(words, "--json") for words in ("contacts list", "deliveries list", "check")]
    site.environ["HELPDESK_SECRET"] = "canary that is no key"
    refused = site.run("run")
    code = daemon.stop()

    assert [answer.status for answer in answers[:5]] == [202, 401, 404, 401, 422]
    assert [answer.status for answer in answers[5:]] == [200] * 7 + [404, 303, 303, 303]
    assert [ended.returncode for ended in (*listings, refused)] == [0, 0, 0, 78]
    assert code == 0
    told = [f"{answer.headers}{answer.body.decode()}" for answer in answers]
    told += [f"{ended.stdout}{ended.stderr}" for ended in (*listings, refused)]
    assert leaked("\n".join([*told, daemon.said()]), site.environ) == []


ON_A_SMALL_DISK = """\
disk=$1 copy=$2; shift 2
mount -t tmpfs -o size=3m tmpfs "$disk" || exit 99
trap 'kill -KILL "$gateway"' TERM
"$@" &
gateway=$!
wait "$gateway"; wait "$gateway"
cp "$disk"/gateway.db* "$copy"
"""
"""Runs a command that works on a disk of 3 MiB. At SIGTERM it is killed, and what it left on the disk is copied."""


def _can_mount(folder: Path) -> bool:
    if shutil.which("unshare") is None:
        return False
    command = ["unshare", "-Urm", "mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)]
    return subprocess.run(command, capture_output=True, timeout=DEADLINE_S).returncode == 0


def test_a_full_disk_acknowledges_nothing_that_is_not_on_it(site: Site, receiver: Receiver) -> None:
    """503 with `Retry-After` while the disk is full; what was ever acknowledged is on the disk after a kill, what was
    refused is not, and where there is room again everything is judged."""
    disk, copy = site.folder / "disk", site.folder / "copy"
    disk.mkdir()
    copy.mkdir()
    if not _can_mount(disk):
        pytest.skip("this system lets no user mount a small disk of its own")
    site.database = "disk/gateway.db"
    site.write()
    daemon = site.spawn("unshare", "-Urm", "sh", "-c", ON_A_SMALL_DISK, "sh", str(disk), str(copy))
    try:
        daemon.wait_until_ready()
        acknowledged, full = _fill(daemon)
    finally:
        daemon.stop()
    site.database = "copy/gateway.db"
    site.write()
    left = [str(record.key).rpartition(":")[0] for record in kept(site.database_file).inbox]
    after = site.start()
    wait_for_counts(site.database_file, is_quiet, "everything is judged")
    code = after.stop()

    assert len(full) > 1
    assert {answer.status for answer in full} == {503}
    assert {int(answer.headers["retry-after"]) > 0 for answer in full} == {True}
    assert sorted(left) == sorted(acknowledged)
    assert code == 0
    assert sorted(kept(site.database_file).events) == sorted(acknowledged)


def _fill(daemon: Daemon) -> tuple[list[str], list[Answer]]:
    """Post until the disk has been full for a while; the ids of what was acknowledged, and the other answers."""
    acknowledged: list[str] = []
    refused: list[Answer] = []
    with Sender(daemon.listen) as sender:
        for number in range(1_000):
            at = now_ms()
            events = [opening(f"{number}-{part}", at, fields={"note": "x" * 3_000}) for part in range(10)]
            answer = sender.post(*events)
            if answer.status == 202:
                assert answer.json == {"accepted": 10, "duplicates": 0}
                acknowledged += [str(event["id"]) for event in events]
            else:
                refused.append(answer)
            if len(refused) == 20:
                break
        assert sender.ask("GET", "/healthz").status == 200
    return acknowledged, refused
