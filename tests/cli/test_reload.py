"""`gateway reload`: with a gateway as a process of its own, and where there is none that answers."""

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gateway.cli.reloading import Answer
from gateway.cli.work import on_store
from gateway.config import Config
from gateway.daemon.reload import Reloaded
from gateway.engine.policies import Policies
from gateway.engine.standing import standing
from gateway.kernel.clock import SystemClock
from gateway.kernel.spawn import InlineSpawn
from gateway.kernel.store import Store
from tests.cli.commands import Ended, gateway, process
from tests.cli.desk import Desk, set_up
from tests.cli.test_processes import grave_contact, said, stopped

OTHER = """\
version: 1
name: other
sla:
  - {id: quick, metric: first_reply, within: 2h}
"""
NEW_ENDPOINT = """\
version: 1
name: calling
roles:
  lead: {endpoints: [pager]}
"""
PAGER = """
  pager:
    url: http://127.0.0.1:9999/
    secret: {env: HELPDESK_SECRET}
    allow_private: true
"""


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """A desk on any free ports."""
    desk = set_up(tmp_path, monkeypatch)
    text = desk.config.read_text().replace("127.0.0.1:8080", "127.0.0.1:0").replace("127.0.0.1:8081", "127.0.0.1:0")
    desk.config.write_text(text)
    return desk


@pytest.fixture
def daemon(desk: Desk) -> "Iterator[subprocess.Popen[bytes]]":
    """A gateway that runs on the desk; `desk.environ["LISTEN"]` is where it listens."""
    child = process("run", "-c", desk.config)
    desk.environ["LISTEN"] = said(child, r"listening on (http://\S+)")[1]
    said(child, r"/\?token=")
    yield child
    if child.poll() is None:
        child.kill()
    child.communicate()


def test_a_changed_policy_comes_into_force_and_a_broken_one_does_not(
    desk: Desk, daemon: "subprocess.Popen[bytes]", capsys: pytest.CaptureFixture[str]
) -> None:
    """Changed: in force at once, and open contacts follow. Broken: told with its line, nothing is sent. Naming an
    endpoint that only the files have: the gateway refuses it, and the old policy goes on."""
    file = desk.folder / "policy.yaml"

    def told(*arguments: str | Path) -> tuple[Ended, Any]:
        ended = gateway(capsys, *arguments, "--json", "-c", desk.config)
        return ended, json.loads(ended.out)

    assert grave_contact(desk, desk.environ["LISTEN"])[0] == 202
    while not gateway(capsys, "contacts", "list", "--json", "-c", desk.config).out:
        pass
    same, _ = gateway(capsys, "reload", "-c", desk.config), file.write_text(OTHER)
    changed, answer = told("reload")
    while told("status")[1]["left"]:
        pass
    clocks = told("contacts", "show", "events:ticket:7")[1]["clocks"]
    file.write_text(OTHER.replace("first_reply", "first_replay"))
    broken = gateway(capsys, "reload", "-c", desk.config)
    _, broken_values = told("reload")
    file.write_text(NEW_ENDPOINT)
    desk.config.write_text(desk.config.read_text().replace("\n  helpdesk:\n", f"{PAGER}  helpdesk:\n"))
    refused = gateway(capsys, "reload", "-c", desk.config)
    _, status = told("status")
    _, shown = told("policy", "show")

    assert same.code == 0
    assert same.err.startswith("nothing has changed: orion (")
    assert changed.code == 0
    assert (answer["outcome"], answer["policy"]["name"], answer["problems"]) == ("in force", "other", [])
    assert [clock["target_s"] for clock in clocks if clock["rule"] == "quick"] == [7200]
    assert (broken.code, broken.out) == (78, "")
    assert "policy.yaml:4:25: " in broken.err
    assert "^^^" in broken.err
    assert "nothing was sent" in broken.err
    assert (broken_values["outcome"], len(broken_values["problems"])) == ("refused", 1)
    assert refused.code == 78
    assert "GW155: the role lead calls the endpoint 'pager'" in refused.err
    assert "the gateway refused it; other (" in refused.err
    assert (status["pid"], status["last_reading"]["outcome"]) == (daemon.pid, "refused")
    assert shown["in_force"] == status["in_force"] == answer["policy"]
    assert stopped(daemon)[0] == 0


def test_a_storm_of_signals_ends_in_one_state(
    desk: Desk, daemon: "subprocess.Popen[bytes]", capsys: pytest.CaptureFixture[str]
) -> None:
    """However often it is asked, a changed policy comes into force once, and the gateway lives."""
    (desk.folder / "policy.yaml").write_text(OTHER)
    for _ in range(20):
        daemon.send_signal(signal.SIGHUP)
    answer = gateway(capsys, "reload", "-c", desk.config)
    history = json.loads(gateway(capsys, "policy", "show", "--all", "--json", "-c", desk.config).out)["policies"]

    assert answer.code == 0
    assert [policy["name"] for policy in history] == ["orion", "other"]
    assert "gateway    running, process " in gateway(capsys, "status", "-c", desk.config).out
    assert stopped(daemon)[0] == 0


def test_where_none_runs_there_is_none_to_tell(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    """69, with what to do, and no database is made by asking."""
    ended = gateway(capsys, "reload", "-c", desk.config)

    assert (ended.code, ended.out) == (69, "")
    assert "no gateway runs" in ended.err and "`gateway run`" in ended.err
    assert not (desk.folder / "gateway.db").exists()


@pytest.mark.parametrize(
    ("terminal", "options", "words"),
    [
        (True, [], "\r\x1b[K1 open contact is still to be judged by it\r\x1b[K1 open contact is being judged again"),
        (True, ["--no-wait"], "(now)\n1 open contact is being judged again; `gateway status` shows how far that is\n"),
        (False, [], "(now)\n1 open contact is being judged again; `gateway status` shows how far that is\n"),
    ],
)
def test_a_person_may_watch_contacts_follow(
    desk: Desk,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    terminal: bool,
    options: list[str],
    words: str,
) -> None:
    """On a terminal the number that is left goes down in one line, until nobody judges; elsewhere it is said once."""
    desk.follow(OTHER)
    desk.receive(desk.opened("1", 10))
    desk.judge()
    desk.follow(OTHER.replace("2h", "3h"))

    async def answered(config: Config, process: int, seconds: float) -> Answer:
        return await on_store(config, _stands)

    async def _stands(store: Store) -> Answer:
        policies, now = await Policies.open(store, InlineSpawn()), SystemClock().now()
        row = policies.rows[-1]
        told = Reloaded(at=now, began=now, outcome="in force", policy=row.name, hash=row.hash, since=row.since)
        return Answer(told, row, await standing(policies, store, now), row.since)

    monkeypatch.setattr("gateway.cli.reloading.the_process", lambda config: 1)
    monkeypatch.setattr("gateway.cli.reloading.ask", answered)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: terminal)

    ended = gateway(capsys, "reload", *options, "-c", desk.config)

    assert (ended.code, ended.out) == (0, "")
    assert words in ended.err


DEAF = "import signal; signal.signal(signal.SIGHUP, signal.SIG_IGN); print('deaf', flush=True); signal.pause()"


def test_no_answer_in_time_is_told(
    desk: Desk, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A process that doesn't answer: 75. One that is gone before it answers: 75 too, at once. A bad time: 2."""
    desk.follow(OTHER)
    child = subprocess.Popen([sys.executable, "-c", DEAF], stdout=subprocess.PIPE)
    assert child.stdout is not None and child.stdout.readline() == b"deaf\n"
    seen: list[int | None] = [child.pid, child.pid, child.pid, None]
    monkeypatch.setattr("gateway.cli.reloading.running_daemon", lambda config: seen.pop(0))
    try:
        deaf = gateway(capsys, "reload", "--timeout", "0s", "-c", desk.config)
        gone = gateway(capsys, "reload", "--timeout", "60s", "-c", desk.config)
    finally:
        child.kill()
        child.communicate()
    seen[:] = [child.pid]
    dead = gateway(capsys, "reload", "-c", desk.config)

    assert (deaf.code, gone.code, dead.code) == (75, 75, 69)
    assert f"the gateway (process {child.pid}) did not answer in 0 s" in deaf.err
    assert "has stopped, and did not answer" in gone.err
    assert "is not to be found from here" in dead.err
    assert gateway(capsys, "reload", "--timeout", "soon", "-c", desk.config).code == 2
