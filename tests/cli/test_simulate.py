"""`gateway simulate`: settings that work, things that happen, faults that are switched, and an end."""

import json
import os
import signal
from typing import Any

import pytest
from pydantic import BaseModel, SecretStr

from gateway.cli.plugin import chosen
from gateway.cli.simulate.telling import as_configured
from gateway.kernel.document import Document
from gateway.plugin import Ref, Secrets
from tests.cli.commands import Ended, gateway, process

FAST = ("--acts-per-minute", "0", "--for", "1s")


class Settings(BaseModel):
    """Of a vendor that has everything."""

    base_url: str
    token: SecretStr
    webhook_secret: Secrets


class Stand:
    """A simulator that notes what is asked of it."""

    acts = frozenset({"open", "close"})
    faults = frozenset({"lose", "melt"})

    def __init__(self) -> None:
        self.asked: list[Any] = []

    async def start(self, now: Any, push_to: str | None) -> dict[str, Any]:
        self.asked.append(("start", push_to))
        return {
            "base_url": "http://127.0.0.1:1",
            "allow_private": True,
            "token": "a'b",
            "webhook_secret": ["one", "two"],
        }

    def seed(self, count: int, *, since: int) -> None:
        self.asked.append(("seed", count))

    def act(self, name: str) -> Ref | None:
        self.asked.append(("act", name))
        if name == "close":
            raise RuntimeError("whsec_" + "Y2FuYXJ5" * 4)
        return Ref("ticket", "7\x1b")

    def fault(self, name: str, *, on: bool = True) -> None:
        self.asked.append(("fault", name, on))

    async def settled(self) -> None:
        self.asked.append("settled")

    async def stop(self) -> None:
        self.asked.append("stop")


class Kind:
    """A plugin with that simulator."""

    plugin = "my-desk"
    settings_type = Settings
    stand: Stand

    @classmethod
    def simulator(cls, settings: Any, seed: int) -> Stand:
        cls.stand = Stand()
        cls.stand.asked.append(("seed is", seed))
        return cls.stand


@pytest.fixture
def typed(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Somebody who types lines, into a plugin that is there."""
    reading, writing = os.pipe()
    stdin = os.fdopen(reading, "r")
    monkeypatch.setattr("sys.stdin", stdin)
    monkeypatch.setattr(chosen, "the_plugin", lambda what: Kind)

    def types(*lines: str) -> None:
        os.write(writing, "".join(f"{line}\n" for line in lines).encode())

    yield types
    os.close(writing)
    stdin.close()


def simulate(capsys: pytest.CaptureFixture[str], *arguments: str) -> Ended:
    """The command, on that plugin unless it says another."""
    return gateway(capsys, "simulate", *arguments)


def test_the_settings_are_a_part_of_gateway_yaml(typed: Any, capsys: pytest.CaptureFixture[str]) -> None:
    """Secrets stand in the environment; what a shell or a terminal could misread is quoted."""
    typed("q")
    ended = simulate(
        capsys, "desk", "--push-to", "http://127.0.0.1:8080/in/desk", "--objects", "3", "--seed", "9", *FAST
    )
    fragment = ended.out.partition("# In the gateway's")[0]
    part = Document.parse(fragment, "x.yaml").data["connectors"]["my-desk"]

    assert ended.code == 0
    assert part == {
        "plugin": "my-desk",
        "base_url": "http://127.0.0.1:1",
        "allow_private": True,
        "token": {"env": "MY_DESK_TOKEN"},
        "webhook_secret": [{"env": "MY_DESK_WEBHOOK_SECRET"}, {"env": "MY_DESK_WEBHOOK_SECRET_2"}],
    }
    assert """export MY_DESK_TOKEN='a'"'"'b'""" in ended.out
    assert Kind.stand.asked == [
        ("seed is", 9),
        ("start", "http://127.0.0.1:8080/in/desk"),
        ("seed", 3),
        "settled",
        "stop",
    ]


def test_what_is_typed_happens(typed: Any, capsys: pytest.CaptureFixture[str]) -> None:
    """An act, a fault on and off, and a word that is neither; nothing of a simulator's steers the terminal."""
    typed("open", "lose", "lose", "opne", "", "quit")
    ended = simulate(capsys, "desk", "--fault", "melt", *FAST)
    lines = [line.partition("  ")[2] for line in ended.out.splitlines() if line[2:3] == ":"]

    assert lines == ["melt is on", "open  ticket 7·", "lose is on: webhooks never arrive", "lose is off"]
    assert "did you mean 'open'?" in ended.err
    assert [asked for asked in Kind.stand.asked if asked[0] in ("act", "fault")] == [
        ("fault", "melt", True),
        ("act", "open"),
        ("fault", "lose", True),
        ("fault", "lose", False),
    ]


def test_many_names_fit_the_terminal(
    typed: Any, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A vendor has dozens of acts: no name is torn apart by the edge, and none is left out."""
    names = frozenset(f"act_number_{number}" for number in range(20))
    monkeypatch.setattr(Stand, "acts", names)
    monkeypatch.setenv("COLUMNS", "40")
    typed("q")
    told = simulate(capsys, "desk", *FAST).err.partition("acts: ")[2].partition("; faults")[0]

    assert max(map(len, told.splitlines())) <= 40
    assert {name.strip() for name in told.split(",")} == names


def test_it_is_told_as_data_too(typed: Any, capsys: pytest.CaptureFixture[str]) -> None:
    """The settings first, then a line for whatever happens."""
    typed("open", "q")
    first, second = (json.loads(line) for line in simulate(capsys, "desk", "--json", *FAST).out.splitlines())

    assert first["started"]["environment"]["MY_DESK_TOKEN"] == "a'b"
    assert (first["acts"], first["faults"]) == (["close", "open"], ["lose", "melt"])
    assert (second["act"], second["ref"]) == ("open", {"kind": "ticket", "id": "7\x1b"})


def test_a_simulator_that_raises_is_named(typed: Any, capsys: pytest.CaptureFixture[str]) -> None:
    """In one line without secrets; it is stopped all the same."""
    typed("close")
    ended = simulate(capsys, "desk", *FAST)

    assert ended.code == 1
    assert "the simulator of my-desk raised RuntimeError: whsec_***" in ended.err
    assert Kind.stand.asked[-1] == "stop"


def test_things_happen_by_themselves(
    typed: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """At the rate that is asked for, the same for the same seed."""
    monkeypatch.setattr(Stand, "acts", frozenset({"open"}))
    ended = simulate(capsys, "desk", "--acts-per-minute", "6000", "--for", "1s")

    assert ended.out.count("open  ticket") > 3


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["desk", "--fault", "lsoe"], "did you mean 'lose'?"),
        (["desk", "--push-to", "ftp://canary/"], "--push-to"),
        (["desk", "--push-to", "http://canary:canary@a.example/"], "--push-to"),
        (["desk", "--for", "soon"], "--for"),
        (["desk", "--objects", "-1"], "--objects"),
        (["desk", "--acts-per-minute", "1e9"], "--acts-per-minute"),
    ],
)
def test_what_can_not_be_is_a_wrong_command(
    arguments: list[str], told: str, typed: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    """Told before anything starts."""
    ended = simulate(capsys, *arguments)

    assert ended.code == 2
    assert told in ended.err
    assert "canary" not in ended.err


@pytest.mark.parametrize(
    ("plugin", "told"),
    [
        ("zendsek", "did you mean 'zendesk'?"),
        ("events", "brings no simulator"),
        ("./nowhere", "pyproject.toml"),
        ("\x1b[31m", "no connector"),
    ],
)
def test_a_plugin_that_is_not_there_is_told(plugin: str, told: str, capsys: pytest.CaptureFixture[str]) -> None:
    """By name or by path; or one that has no simulator."""
    ended = simulate(capsys, plugin, *FAST)

    assert ended.code == 2
    assert told in ended.err
    assert "\x1b" not in ended.err


def test_a_secret_among_settings_is_found_whatever_its_name() -> None:
    """By its type, never by its name."""
    part, environ = as_configured(Kind, {"base_url": "http://127.0.0.1:1", "token": "x", "webhook_secret": "y"})

    assert part["token"] == {"env": "MY_DESK_TOKEN"}
    assert environ == {"MY_DESK_TOKEN": "x", "MY_DESK_WEBHOOK_SECRET": "y"}


def test_what_listens_is_to_be_started_first(
    typed: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nobody repeats what is sent before; a section of the settings is one line, and there is no environment to set."""

    async def start(self: Stand, now: Any, push_to: str | None) -> dict[str, Any]:
        return {"hep": {"udp": "127.0.0.1:9", "allow": ["127.0.0.1/32"]}}

    monkeypatch.setattr(Stand, "start", start)
    monkeypatch.setattr(Kind, "listen", None, raising=False)
    typed("q")
    ended = simulate(capsys, "desk", *FAST)

    assert '    hep: {udp: "127.0.0.1:9", allow: ["127.0.0.1/32"]}' in ended.out.splitlines()
    assert "environment" not in ended.out
    assert "start the gateway with these settings" in ended.err
    assert "webhooks" not in ended.err


@pytest.mark.parametrize("plugin", ["stripe", "zendesk"])
def test_it_ends_at_ctrl_c(plugin: str) -> None:
    """With 0: the simulator of a plugin of ours in a process of its own."""
    running = process("simulate", plugin, "--json", "--acts-per-minute", "0")
    assert running.stdout is not None
    first = json.loads(running.stdout.readline())
    running.send_signal(signal.SIGINT)
    out, _ = running.communicate(timeout=30)

    assert first["started"]["settings"]["plugin"] == plugin
    assert (running.returncode, out) == (0, b"")
