"""The commands that stay: `run` and `listen` as real processes, and the others beside them."""

import json
import re
import signal
import subprocess
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from gateway.kernel.clock import SystemClock
from gateway.kernel.signing import parse_secret, sign
from tests.cli.commands import gateway, process
from tests.cli.desk import Desk, set_up, unguessable

Start = Callable[..., "subprocess.Popen[bytes]"]


@pytest.fixture
def start() -> Iterator[Start]:
    """Starts commands as processes, and kills at the end what a failed test left behind."""
    started: list[subprocess.Popen[bytes]] = []

    def start(*arguments: str | Path) -> "subprocess.Popen[bytes]":
        started.append(process(*arguments))
        return started[-1]

    yield start
    for child in started:
        if child.poll() is None:
            child.kill()
        child.communicate()


def said(child: "subprocess.Popen[bytes]", pattern: str) -> re.Match[str]:
    """Read the child's words until a line matches."""
    assert child.stderr is not None
    lines = []
    for line in child.stderr:
        lines.append(line.decode())
        if match := re.search(pattern, lines[-1]):
            return match
    raise AssertionError(f"{pattern!r} was never said, but: {''.join(lines)}")


def post(url: str, secret: str, id: str, body: Any) -> tuple[int, Any]:
    """POST a signed message; status and answer."""
    content = json.dumps(body).encode()
    headers = sign([parse_secret(secret)], id, SystemClock().now() // 1_000, content)
    request = urllib.request.Request(url, content, {"content-type": "application/json", **headers})
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status, json.loads(answer.read() or b"null")
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.loads(error.read())


def grave_contact(desk: Desk, listen: str) -> tuple[int, Any]:
    """Post the opening of a contact of severity 1, which happens now: what lies before the first start stays silent."""
    desk.now = SystemClock().now()
    opening = desk.opened("7", 0, priority="urgent")
    return post(f"{listen}/in/events", desk.environ["EVENTS_SECRET"], "m1", {"events": [opening]})


def stopped(child: "subprocess.Popen[bytes]", number: signal.Signals = signal.SIGTERM) -> tuple[int, str]:
    """Send a signal; the exit code and the rest of the words."""
    child.send_signal(number)
    _, words = child.communicate()
    return child.returncode, words.decode()


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """A desk on any free ports."""
    desk = set_up(tmp_path, monkeypatch)
    text = desk.config.read_text().replace("127.0.0.1:8080", "127.0.0.1:0").replace("127.0.0.1:8081", "127.0.0.1:0")
    desk.config.write_text(text)
    return desk


def test_an_event_in_and_a_verified_escalation_out(
    desk: Desk, start: Start, capsys: pytest.CaptureFixture[str]
) -> None:
    """The whole way through real processes, with listing and acknowledging beside the daemon."""
    listener = start("listen", "--port", "0", "--secret", "HELPDESK_SECRET", "--json")
    address = said(listener, r"listening on (http://\S+)")[1]
    desk.config.write_text(desk.config.read_text().replace("http://127.0.0.1:9000/", address))
    daemon = start("run", "--config", desk.config, "--log-format", "json")
    listen = said(daemon, r"listening on (http://\S+)")[1]
    admin = said(daemon, r"(http://\S+/\?token=\S+)")[1]

    answer = grave_contact(desk, listen)
    assert listener.stdout is not None
    came = json.loads(next(line for line in listener.stdout if b"escalation.raised" in line))
    rows = [
        json.loads(line) for line in gateway(capsys, "contacts", "list", "--json", "-c", desk.config).out.splitlines()
    ]
    acknowledged = gateway(capsys, "contact", "ack", "events:ticket:7", "--by", "Ada", "-c", desk.config)
    gone = json.loads(next(line for line in listener.stdout if b"escalation.acknowledged" in line))
    browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor())
    with browser.open(admin, timeout=30) as page:
        status = page.status
    second = gateway(capsys, "run", "--config", desk.config)
    ended = stopped(daemon)

    assert answer == (202, {"accepted": 1, "duplicates": 0})
    assert (came["verified"], came["duplicate"], came["notice"]["subject"]) == (True, False, rows[0]["id"])
    assert (acknowledged.code, gone["verified"]) == (0, True)
    assert status == 200
    assert second.code == 75
    assert "another daemon" in second.err
    assert ended[0] == 0
    assert [secret for secret in unguessable(desk.environ) if secret in ended[1]] == []
    assert stopped(listener)[0] == 0


def test_a_dry_run_says_so_and_sends_nothing(desk: Desk, start: Start, capsys: pytest.CaptureFixture[str]) -> None:
    """Real data comes in and is judged; no delivery is made. Ctrl-C ends the daemon well."""
    daemon = start("run", "--dry-run", "-c", desk.config)
    listen = said(daemon, r"listening on (http://\S+) \(dry run")[1]

    grave_contact(desk, listen)
    while not (out := gateway(capsys, "contacts", "list", "--json", "-c", desk.config).out):
        pass
    deliveries = gateway(capsys, "deliveries", "list", "-c", desk.config)

    assert json.loads(out)["escalations"][0]["state"] == "active"
    assert deliveries.err == "no deliveries\n"
    assert stopped(daemon, signal.SIGINT)[0] == 0


def test_a_port_that_is_taken_ends_with_69(desk: Desk, start: Start, capsys: pytest.CaptureFixture[str]) -> None:
    """`run` and `listen` say which address is in use."""
    holder = start("listen", "--port", "0")
    port = said(holder, r"listening on http://127\.0\.0\.1:(\d+)/")[1]
    desk.config.write_text(desk.config.read_text().replace("listen: 127.0.0.1:0", f"listen: 127.0.0.1:{port}"))

    run = gateway(capsys, "run", "-c", desk.config)
    listen = gateway(capsys, "listen", "--port", port)

    assert (run.code, listen.code) == (69, 69)
    assert f"127.0.0.1:{port} is in use" in run.err
    assert f"127.0.0.1:{port} is in use" in listen.err


def test_a_receiver_proves_each_notice(start: Start) -> None:
    """A fresh secret is told once; what is signed by it is verified, again it is a duplicate, else it is refused."""
    listener = start("listen", "--port", "0", "--for", "5m")
    secret = said(listener, r"(whsec_\S+)")[1]
    address = said(listener, r"listening on (http://\S+)")[1]
    notice = {"type": "sla.breached", "subject": "con_1\x1b", "data": {"reason": "too late"}}
    other = "whsec_" + "b" * 44

    statuses = [post(address, key, "msg_1", notice)[0] for key in (secret, secret, other)]
    assert listener.stdout is not None
    lines = [listener.stdout.readline().decode().split() for _ in statuses]

    assert statuses == [204, 204, 401]
    assert [line[0] for line in lines] == ["verified", "duplicate", "REFUSED"]
    assert lines[0][1:3] == ["sla.breached", "con_1·"]
    assert stopped(listener, signal.SIGINT)[0] == 130


def test_a_receiver_fails_when_asked_to(start: Start) -> None:
    """`--fail 503` answers it to what is proved, so that a sender tries again."""
    listener = start("listen", "--port", "0", "--fail", "503", "--json")
    secret = said(listener, r"(whsec_\S+)")[1]
    address = said(listener, r"listening on (http://\S+)")[1]

    status, _ = post(address, secret, "msg_1", {"type": "sla.met"})

    assert status == 503
    assert listener.stdout is not None
    assert json.loads(listener.stdout.readline())["verified"] is True
    assert stopped(listener)[0] == 0


def test_the_demo_ends_when_nobody_watches(start: Start) -> None:
    """Its reader goes (`gateway demo | head -1`): it ends with 141 at its next line, and leaves no folder behind."""
    child = start("demo")
    assert child.stdout is not None
    child.stdout.readline()
    child.stdout.close()

    assert child.wait(60) == 141


def test_a_receiver_ends_in_time(capsys: pytest.CaptureFixture[str]) -> None:
    """`--for` ends it with 0, whether anything came or not."""
    assert gateway(capsys, "listen", "--port", "0", "--for", "0s").code == 0


@pytest.mark.parametrize(
    "options",
    [["--for", "soon"], ["--secret", "NOWHERE_SET"], ["--secret", "whsec_!"], ["--fail", "200"], ["--port", "70000"]],
    ids=" ".join,
)
def test_a_receiver_is_asked_rightly(options: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """A duration, a secret, a status or a port that is none: exit 2."""
    ended = gateway(capsys, "listen", *options)

    assert (ended.code, ended.out) == (2, "")
    assert options[0] in ended.err
