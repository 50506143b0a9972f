"""`gateway plugin try` of an enricher: its facts are told, with what they took; nothing is stored."""

import asyncio
import json
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import pytest

from gateway.cli.plugin.new import written
from gateway.kernel.clock import SystemClock
from gateway.testing.find import in_folder
from tests.cli.commands import gateway


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """An enricher that isn't installed, and a gateway.yaml that points it at its stand-in."""
    folder, path, bytecode = tmp_path_factory.mktemp("shop"), sys.path[:], sys.dont_write_bytecode
    for name, content in written("tryshop", enricher=True).items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(content)
    sys.dont_write_bytecode = True
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()

    def on_loop(work: Any) -> Any:
        future: Future[Any] = asyncio.run_coroutine_threadsafe(work, loop)
        return future.result(20)

    stand_in = in_folder(folder).kind.simulator(None, 1)
    values = on_loop(stand_in.start(SystemClock().now, None))
    own = f"plugin: tryshop, base_url: '{values['base_url']}', allow_private: true, token: {{env: SHOP_TOKEN}}"
    (folder / "gateway.yaml").write_text(f"version: 1\npolicy: preset:orion\nenrichers: {{shop: {{{own}}}}}\n")
    yield folder
    on_loop(stand_in.stop())
    loop.call_soon_threadsafe(loop.stop)
    thread.join(20)
    loop.close()
    sys.path[:], sys.dont_write_bytecode = path, bytecode


@pytest.fixture(autouse=True)
def token(monkeypatch: pytest.MonkeyPatch) -> None:
    """The stand-in's own."""
    monkeypatch.setenv("SHOP_TOKEN", "stand-in-token")


def test_what_is_known_of_somebody_is_told(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The check, then a line for each fact; as data an object of them. The database isn't made."""
    asks = ("plugin", "try", shop, "-c", shop / "gateway.yaml")
    told = gateway(capsys, *asks, "--email", "ada@customer.example")
    data = gateway(capsys, *asks, "--phone", "+442071838750", "--json")
    steps = [json.loads(line) for line in data.out.splitlines()]

    assert (told.code, told.err) == (0, "")
    assert "ok  we are Gateway" in told.out
    assert "look-up: 1 request, " in told.out
    assert "  known = true\n" in told.out and '  customer_id = "c1001"\n' in told.out
    assert [step["step"] for step in steps] == ["check", "look-up"]
    assert (steps[1]["facts"]["orders"], steps[1]["failed"]) == (12, None)
    assert not (shop / "gateway.db").exists()


def test_somebody_unknown_is_an_answer(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """No failure, and no guess."""
    ended = gateway(capsys, "plugin", "try", shop, "-c", shop / "gateway.yaml", "--id", "nobody")

    assert (ended.code, "  known = false\n" in ended.out) == (0, True)


def test_a_failure_is_told_and_ends_with_1(
    shop: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As the reason of `unavailable` would say it; the key isn't shown."""
    monkeypatch.setenv("SHOP_TOKEN", "a-wrong-token-0123456789")
    ended = gateway(capsys, "plugin", "try", shop, "-c", shop / "gateway.yaml", "--email", "ada@customer.example")

    assert ended.code == 1
    assert "failed: GET /people: the vendor answered 401" in ended.out
    assert "a-wrong-token" not in ended.out + ended.err


def test_what_is_for_connectors_is_refused(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit 2, with words."""
    config = ("-c", shop / "gateway.yaml", "--email", "ada@customer.example")

    assert gateway(capsys, "plugin", "try", shop, *config, "--fetch", "ticket:1").code == 2
    nobody = gateway(capsys, "plugin", "try", "nobody", *config)
    assert (nobody.code, "no enricher 'nobody' is there" in nobody.err) == (2, True)


def test_a_misspelt_name_gets_the_one_of_the_configuration(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Not only the names of plugins, which nobody has typed."""
    ended = gateway(capsys, "plugin", "try", "shpo", "-c", shop / "gateway.yaml", "--id", "c1001")

    assert (ended.code, "did you mean 'shop'?" in ended.err) == (2, True)
