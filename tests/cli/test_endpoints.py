"""`gateway endpoints`: how receivers stand, trying one, enabling one, and changing the key that signs."""

import asyncio
import json
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from gateway.cli import rotating, rotation
from gateway.cli.failures import Failed
from gateway.daemon.setup import Setup
from gateway.kernel.clock import SystemClock
from gateway.kernel.signing import parse_secret, verify
from gateway.kernel.store import EndpointState, Performed, Store
from gateway.rules.breaker import Health
from tests.cli.commands import Ended, gateway
from tests.cli.desk import Desk, set_up, unguessable

OLD = "whsec_" + "b2xkLWtleS1vbGQta2V5LW9sZC1rZXktb2xkLWtleS0="


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Desk:
    """A configured gateway whose endpoint's key lies in a file, and that has judged a contact."""
    desk = set_up(tmp_path, monkeypatch)
    (tmp_path / "desk.key").write_text(f"{OLD}\n")
    (tmp_path / "desk.key").chmod(0o644)
    text = desk.config.read_text().replace("secret: {env: HELPDESK_SECRET}", "secret: {file: desk.key}")
    desk.config.write_text(text)
    desk.receive(desk.opened("1", 1))
    desk.judge()
    capsys.readouterr()
    return desk


def endpoints(desk: Desk, capsys: pytest.CaptureFixture[str], *arguments: str) -> Ended:
    """A command of the family."""
    return gateway(capsys, "endpoints", *arguments, "-c", desk.config)


def stands(desk: Desk, health: Health) -> None:
    """Let the endpoint stand like this."""

    async def put(setup: Setup, store: Store) -> None:
        state = (await store.register_endpoints(["helpdesk"]))["helpdesk"]
        changed = EndpointState(name="helpdesk", version=state.version, health=health)
        await store.finish_deliveries(Performed(endpoints=(changed,), now=desk.now))

    desk.on_store(put)


def audited(desk: Desk, capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    """What people have done."""
    return [json.loads(line) for line in gateway(capsys, "audit", "--json", "-c", desk.config).out.splitlines()]


@contextmanager
def receiver(status: int, body: bytes = b"") -> Iterator[tuple[str, list[tuple[dict[str, str], bytes]]]]:
    """Somebody who answers every POST like this, with what came."""
    came: list[tuple[dict[str, str], bytes]] = []

    class Answer(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            content = self.rfile.read(int(self.headers["content-length"]))
            came.append(({name.lower(): value for name, value in self.headers.items()}, content))
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/", came
    finally:
        server.shutdown()
        server.server_close()


def test_endpoints_are_listed_with_how_they_stand(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    """State, what waits, failing since, last success, and what to do; as data too."""
    fresh = json.loads(endpoints(desk, capsys, "list", "--json").out)
    stands(desk, Health(disabled_at=desk.now, disabled_why="five days of nothing but failures", failing_since=desk.now))
    words = endpoints(desk, capsys, "list")
    told = json.loads(endpoints(desk, capsys, "list", "--json").out)

    assert (fresh["name"], fresh["state"], fresh["configured"]) == ("helpdesk", "ok", True)
    assert words.out.splitlines()[0].split()[:3] == ["ENDPOINT", "STATE", "WAITING"]
    assert "disabled" in words.out
    assert (told["state"], told["why"]) == ("disabled", "five days of nothing but failures")


def test_an_endpoint_is_enabled_and_it_is_noted_who_did_it(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    """One that isn't there ends with 1, and nothing is noted."""
    stands(desk, Health(disabled_at=desk.now, disabled_why="gone"))
    enabled = endpoints(desk, capsys, "enable", "helpdesk")
    missing = endpoints(desk, capsys, "enable", "nobody\x1b")
    (entry,) = audited(desk, capsys)

    assert (enabled.code, missing.code) == (0, 1)
    assert json.loads(endpoints(desk, capsys, "list", "--json").out)["state"] == "ok"
    assert (entry["action"], entry["object"], entry["detail"]) == ("endpoint.enable", "helpdesk", "gone")
    assert entry["actor"].endswith("(gateway endpoints enable)")
    assert "endpoint.enable" in gateway(capsys, "audit", "-c", desk.config).out


def test_a_test_notice_is_signed_and_told(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    """It goes the way of every notice; what the receiver answers is shown nowhere, and nothing of it is stored."""
    text = desk.config.read_text()
    with receiver(200, b"canary-answer") as (url, came):
        desk.config.write_text(text.replace("http://127.0.0.1:9000/", url))
        words, data = endpoints(desk, capsys, "test", "helpdesk"), endpoints(desk, capsys, "test", "helpdesk", "--json")
    headers, body = came[0]
    notice, told = json.loads(body), json.loads(data.out)

    assert verify([parse_secret(OLD)], headers, body, SystemClock().now()) == notice["id"]
    assert (notice["type"], notice["subject"]) == ("endpoint.test", "helpdesk")
    assert (words.code, words.out) == (0, "")
    assert words.err.startswith("helpdesk answered 200 after ")
    assert (told["ok"], told["status"], told["error"]) == (True, 200, None)
    assert "canary-answer" not in words.err + data.out + data.err


@pytest.mark.parametrize(("status", "code"), [(500, 1), (301, 1), (410, 1), (204, 0)])
def test_the_status_tells_how_a_test_ends(
    status: int, code: int, desk: Desk, capsys: pytest.CaptureFixture[str]
) -> None:
    """A 2xx is well, everything else is 1; a redirect is not followed."""
    with receiver(status) as (url, came):
        desk.config.write_text(desk.config.read_text().replace("http://127.0.0.1:9000/", url))
        ended = endpoints(desk, capsys, "test", "helpdesk")

    assert (ended.code, len(came)) == (code, 1)
    assert f"answered {status}" in ended.err


def test_nobody_there_is_69(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    """Told why, without the URL; an endpoint that isn't configured is a wrong command."""
    text = desk.config.read_text()
    desk.config.write_text(text.replace("http://127.0.0.1:9000/", "https://nobody.invalid/canary"))
    ended, unknown = endpoints(desk, capsys, "test", "helpdesk"), endpoints(desk, capsys, "test", "helpdeks")

    assert (ended.code, unknown.code) == (69, 2)
    assert "gave no answer" in ended.err
    assert "canary" not in ended.err
    assert "did you mean 'helpdesk'?" in unknown.err


def test_a_key_is_changed_in_two_steps(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    """A new one in front, shown once; both sign; then it alone. The file is its owner's, and all of it is noted."""
    file = desk.folder / "desk.key"
    started = endpoints(desk, capsys, "rotate", "helpdesk")
    both = file.read_text().splitlines()
    with receiver(200) as (url, came):
        desk.config.write_text(desk.config.read_text().replace("http://127.0.0.1:9000/", url))
        endpoints(desk, capsys, "test", "helpdesk")
    finished = endpoints(desk, capsys, "rotate", "helpdesk", "--finish")
    again = endpoints(desk, capsys, "rotate", "helpdesk", "--finish")
    new = started.out.strip()
    headers, body = came[0]

    assert (started.code, finished.code, again.code) == (0, 0, 1)
    assert both == [new, OLD]
    assert new.startswith("whsec_")
    assert new not in started.err + finished.out + finished.err
    for key in (new, OLD):
        assert verify([parse_secret(key)], headers, body, SystemClock().now())
    assert file.read_text() == f"{new}\n"
    assert file.stat().st_mode & 0o777 == 0o600
    assert [entry["action"] for entry in audited(desk, capsys)] == ["endpoint.keys_removed", "endpoint.key_added"]
    assert not any(hidden in json.dumps(audited(desk, capsys)) for hidden in (new[6:], OLD[6:]))
    assert sorted(path.name for path in desk.folder.glob(".*.new")) == []


def test_a_pair_of_keys_shows_its_public_half(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    """The receiver verifies with it; the private half stays in the file. The next one is of the same kind."""
    told = json.loads(endpoints(desk, capsys, "rotate", "helpdesk", "--kind", "ed25519", "--json").out)
    second = endpoints(desk, capsys, "rotate", "helpdesk").out.strip()
    keys = (desk.folder / "desk.key").read_text().splitlines()
    signature = parse_secret(keys[1]).sign(b"content")

    assert (told["kind"], told["told"], "secret" in told) == ("ed25519", False, False)
    assert parse_secret(told["public_key"]).proves(b"content", signature)
    assert [key[:6] for key in keys] == ["whsk_" + keys[0][5], "whsk_" + keys[1][5], "whsec_"]
    assert second.startswith("whpk_")


def test_what_stands_in_the_environment_is_only_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The variable to set and the lines of gateway.yaml; nothing is changed."""
    desk = set_up(tmp_path, monkeypatch)
    before = desk.config.read_text()
    told = endpoints(desk, capsys, "rotate", "helpdesk")
    data = json.loads(endpoints(desk, capsys, "rotate", "helpdesk", "--json").out)
    finish = endpoints(desk, capsys, "rotate", "helpdesk", "--finish")

    assert (told.code, finish.code) == (0, 1)
    assert told.out.startswith("HELPDESK_SECRET_2=whsec_")
    assert "secret: [{env: HELPDESK_SECRET_2}, {env: HELPDESK_SECRET}]" in told.err
    assert "nothing was changed" in told.err
    assert data["variable"] == "HELPDESK_SECRET_2"
    assert desk.config.read_text() == before
    assert not any(hidden in told.out + told.err for hidden in unguessable(desk.environ))


def test_there_are_never_more_keys_than_a_list_may_have(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    """The ninth is refused, and the file stays as it was."""
    for _ in range(7):
        assert endpoints(desk, capsys, "rotate", "helpdesk").code == 0
    before = (desk.folder / "desk.key").read_text()
    ended = endpoints(desk, capsys, "rotate", "helpdesk")

    assert (ended.code, ended.out) == (1, "")
    assert "--finish" in ended.err
    assert (desk.folder / "desk.key").read_text() == before


def test_a_key_that_others_use_too_is_not_changed(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    """A file that a connector names as well: its sender doesn't know the new key."""
    desk.config.write_text(desk.config.read_text().replace("{env: EVENTS_SECRET}", "{file: ./desk.key}"))
    ended = endpoints(desk, capsys, "rotate", "helpdesk")

    assert ended.code == 1
    assert "also that of connectors.events.secret" in ended.err
    assert (desk.folder / "desk.key").read_text() == f"{OLD}\n"


def test_a_link_stays_and_what_it_leads_to_is_replaced(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    """Secrets are often mounted so."""
    file, behind = desk.folder / "desk.key", desk.folder / "behind.key"
    file.rename(behind)
    file.symlink_to(behind)

    assert endpoints(desk, capsys, "rotate", "helpdesk").code == 0
    assert file.is_symlink()
    assert len(behind.read_text().splitlines()) == 2


def test_two_at_once_are_one_too_many(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    """The second is told to come again: neither key gets lost."""
    (desk.folder / ".desk.key.new").touch()
    ended = endpoints(desk, capsys, "rotate", "helpdesk")

    assert (ended.code, ended.out) == (75, "")
    assert (desk.folder / "desk.key").read_text() == f"{OLD}\n"


def test_a_gateway_that_refuses_leaves_the_file_as_it_was(
    desk: Desk, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whether it doesn't answer or can't use what it reads: the key isn't shown, and signs nothing."""

    async def silent(*_: object) -> None:
        raise Failed(75, "the gateway (process 1) did not answer in 30 s")

    monkeypatch.setattr(rotating, "running_daemon", lambda config: os.getpid())
    monkeypatch.setattr(rotating, "ask", silent)
    ended = endpoints(desk, capsys, "rotate", "helpdesk")

    assert (ended.code, ended.out) == (75, "")
    assert "the secret's file is as it was" in ended.err
    assert (desk.folder / "desk.key").read_text() == f"{OLD}\n"


def test_a_disk_that_refuses_leaves_the_file_as_it_was(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is half written, and no other file is left behind."""
    file = rotation.key_file(desk.config, "helpdesk")
    assert file is not None

    def fails(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", fails)
    with pytest.raises(Failed) as failed:
        rotation.replaced(file, ["whsec_x"])

    assert failed.value.code == 69
    assert file.path.read_text() == f"{OLD}\n"
    assert list(desk.folder.glob(".*.new")) == []


def test_no_secret_shows_in_a_repr(desk: Desk) -> None:
    """Keys and files of keys are told by anything but their content."""
    file = rotation.key_file(desk.config, "helpdesk")
    key = rotation.new_key("hmac", b"x" * 32)

    assert OLD[6:] not in repr(file)
    assert key.secret[6:] not in repr(key)


def test_the_new_key_signs_in_a_running_gateway(desk: Desk) -> None:
    """A lane at work is given the new keys whole; those of endpoints that didn't change stay."""
    from gateway.daemon.daemon import Daemon
    from gateway.daemon.reload import last_reload
    from gateway.daemon.setup import load_setup

    text = desk.config.read_text().replace("127.0.0.1:8080", "127.0.0.1:0").replace("127.0.0.1:8081", "127.0.0.1:0")
    desk.config.write_text(text)

    async def work() -> None:
        daemon = Daemon(load_setup(desk.config, desk.environ))
        await daemon.start()
        try:
            before = daemon.gateway.endpoints["helpdesk"]
            await daemon.reload()
            same = daemon.gateway.endpoints["helpdesk"]
            (desk.folder / "desk.key").write_text(f"{'whsec_' + 'bmV3' * 8}\n{OLD}\n")
            await daemon.reload()
            told = await last_reload(daemon.store)
            both = daemon.gateway.endpoints["helpdesk"].secrets
            (desk.folder / "desk.key").write_text("whsec_not base64!\n")
            await daemon.reload()
            wrong = await last_reload(daemon.store)

            assert same is before
            assert told is not None and (told.outcome, told.secrets) == ("unchanged", ("helpdesk",))
            assert len(both) == 2
            assert wrong is not None and wrong.outcome == "refused"
            assert daemon.gateway.endpoints["helpdesk"].secrets == both
        finally:
            await daemon.stop()

    asyncio.run(work())
