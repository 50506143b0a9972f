"""How to write an enricher, done as the page says: its commands are run, its files written and changed."""

import asyncio
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
from tests.docs.reader import Reader, told

PAGE = "how-to/write-an-enricher.md"
NAME = "magpie"
METADATA = f"Metadata-Version: 2.1\nName: gateway-{NAME}\nVersion: 0.1.0\n"


class Integrator(Reader):
    """Who writes an enricher: its system is the stand-in, and to install it is to let it be found."""

    url = ""

    def runs(self, words: list[str]) -> tuple[int, str]:
        """Run a program: its exit code, and what it shows."""
        if words[0] == "python":
            found = self.folder / f"gateway_{NAME}-0.1.0.dist-info"
            found.mkdir()
            (found / "METADATA").write_text(METADATA)
            (found / "entry_points.txt").write_text(f"[gateway]\n{NAME} = gateway_{NAME}\n")
            return 0, ""
        forget()
        return super().runs(words)

    def writes(self, text: str) -> None:
        """Write a file; the system's address is the stand-in's."""
        vendor, here = "https://api.magpie.example", f"{self.url}\n    allow_private: true"
        super().writes(text.replace(vendor, here))


def forget() -> None:
    """Leave what was imported of the plugin, as a process of its own would begin without it."""
    for name in [name for name in sys.modules if name.partition(".")[0] == f"gateway_{NAME}"]:
        del sys.modules[name]


@pytest.fixture
def reader(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Integrator]:
    """A reader in a folder of their own, with a stand-in that listens; what was imported is forgotten afterwards."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", sys.path[:])
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()

    def on_loop(work: Any) -> Any:
        future: Future[Any] = asyncio.run_coroutine_threadsafe(work, loop)
        return future.result(20)

    apart = tmp_path / "apart"
    for name, content in written(NAME, enricher=True).items():
        (apart / name).parent.mkdir(parents=True, exist_ok=True)
        (apart / name).write_text(content)
    stand_in = in_folder(apart).kind.simulator(None, 1)
    sys.path.remove(str(apart))
    values = on_loop(stand_in.start(SystemClock().now, None))
    found = Integrator(tmp_path, monkeypatch, capsys)
    found.url = values["base_url"]
    yield found
    on_loop(stand_in.stop())
    loop.call_soon_threadsafe(loop.stop)
    thread.join(20)
    loop.close()
    forget()


@pytest.mark.timeout(240)
def test_the_page_can_be_followed(reader: Integrator) -> None:
    """From the first command to the last: each shows what the page says, and ends as it should."""
    reader.follows(PAGE)

    failed = [command for command, code in reader.ended if code]
    assert failed == ["gateway plugin check . --only lookup-shapes", "gateway check"]
    assert len(reader.ended) == 8


def test_the_code_on_the_page_is_that_of_the_skeleton() -> None:
    """Each piece stands in the file that `plugin new --enricher` writes."""
    file = written(NAME, enricher=True)[Path(f"gateway_{NAME}/__init__.py")]
    pieces = [code for language, code in told(PAGE) if language == "python"]

    assert len(pieces) == 3
    assert [piece for piece in pieces if piece not in file] == []
