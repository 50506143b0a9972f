"""How to enrich with payments, done as the page says, against the simulated Stripe."""

import asyncio
import threading
from collections.abc import Iterator
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import pytest
from gateway_payments.stripe.simulator.patron import Patron

from gateway.kernel.clock import SystemClock
from tests.docs.reader import Reader

PAGE = "how-to/enrich-with-payments.md"


class Merchant(Reader):
    """Who has a Stripe account: a simulated one."""

    url = ""

    def writes(self, text: str) -> None:
        """Write a file; Stripe's address is the simulator's."""
        here = f"plugin: stripe\n    base_url: {self.url}\n    allow_private: true"
        super().writes(text.replace("plugin: stripe", here))


@pytest.fixture
def merchant(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Merchant]:
    """A merchant in a folder of their own, and the account of their one customer."""
    monkeypatch.chdir(tmp_path)
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()

    def on_loop(work: Any) -> Any:
        future: Future[Any] = asyncio.run_coroutine_threadsafe(work, loop)
        return future.result(20)

    patron = Patron(1)
    values = on_loop(patron.start(SystemClock().now, None))
    found = Merchant(tmp_path, monkeypatch, capsys)
    found.url = values["base_url"]
    patron.stripe.api.restricted_key = "rk_live_0123456789abcdef"
    yield found
    on_loop(patron.stop())
    loop.call_soon_threadsafe(loop.stop)
    thread.join(20)
    loop.close()


def test_the_page_can_be_followed(merchant: Merchant) -> None:
    """The policy loads with the types of the facts, and the look-up says what the page says."""
    merchant.follows(PAGE)

    assert [code for _, code in merchant.ended] == [0, 0]
