"""localstripe as a process of its own: somebody else's stand-in for Stripe, asked and told what to do over HTTP.

It listens on a port of all interfaces, keeps its state in one file for all processes of a machine, and signs webhooks
with the second of the event, sending each once and a second later.
"""

import base64
import http.client
import json
import socket
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlencode

from tests.acceptance.process import DEADLINE_S, eventually
from tests.stripe.peers import localstripe

HOST: Final = "127.0.0.1"
KEY: Final = "sk_test_anything"
STATE: Final = Path("/tmp/localstripe.pickle")  # its own name for it; nobody can give it another
DECLINED: Final = "4000000000000341"
"""The number of a test card that can be kept and isn't charged."""

GOOD: Final = "4242424242424242"


class Localstripe:
    """One process, from scratch."""

    def __init__(self, folder: Path) -> None:
        self._log = folder / "localstripe.log"
        self._had_state = STATE.exists()
        self.port = _free_port()

    @property
    def url(self) -> str:
        """Where its API is."""
        return f"http://{HOST}:{self.port}"

    def start(self) -> None:
        """Returns when it answers."""
        command = [str(localstripe()), "--from-scratch", "--port", str(self.port)]
        with self._log.open("wb") as log:
            self._child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        eventually(self._answers, f"localstripe answers: {self._log}")

    def stop(self) -> None:
        """End it, and take away what it wrote, unless it was there before."""
        self._child.terminate()
        self._child.wait(DEADLINE_S)
        if not self._had_state:
            STATE.unlink(missing_ok=True)

    def ask(self, path: str, form: Mapping[str, Any] | None = None) -> tuple[int, Any]:
        """The status and content of an answer; with a `form`, something is made."""
        body = None if form is None else urlencode(form)
        proof = base64.b64encode(f"{KEY}:".encode()).decode()
        headers = {"Authorization": f"Basic {proof}", "Content-Type": "application/x-www-form-urlencoded"}
        return self._request("GET" if form is None else "POST", f"/v1/{path}", body, headers)

    def made(self, path: str, **form: Any) -> Any:
        """What was made; a test fails where it wasn't."""
        status, content = self.ask(path, form)
        assert status == 200, content
        return content

    def said(self) -> str:
        """Its log."""
        return self._log.read_text(encoding="utf-8")

    def push_to(self, url: str, secret: str, name: str = "gateway") -> None:
        """Send webhooks there; those of one name go to one address."""
        body = json.dumps({"url": url, "secret": secret})
        status, _ = self._request("POST", f"/_config/webhooks/{name}", body, {"Content-Type": "application/json"})
        assert status == 200

    def customer(self, card: str = GOOD, **more: str) -> Any:
        """Somebody with a card."""
        customer = self.made("customers", **more)
        number = {"card[number]": card, "card[exp_month]": 12, "card[exp_year]": 2040, "card[cvc]": 123}
        method = self.made("payment_methods", type="card", **number)
        self.made(f"payment_methods/{method['id']}/attach", customer=customer["id"])
        return {**customer, "card": method["id"]}

    def pay(self, customer: Any, amount: int) -> tuple[int, Any]:
        """They pay, or their card is declined."""
        wish = {"customer": customer["id"], "payment_method": customer["card"], "confirm": "true"}
        return self.ask("payment_intents", {"amount": amount, "currency": "eur", **wish})

    def _answers(self) -> bool:
        assert self._child.poll() is None, self.said()
        try:
            return self.ask("balance")[0] == 200
        except OSError:
            return False

    def _request(self, method: str, path: str, body: str | None, headers: Mapping[str, str]) -> tuple[int, Any]:
        connection = http.client.HTTPConnection(HOST, self.port, timeout=DEADLINE_S)
        try:
            connection.request(method, path, body, dict(headers))
            answer = connection.getresponse()
            content = answer.read()
            return answer.status, json.loads(content) if content else None
        finally:
            connection.close()


def _free_port() -> int:
    """A TCP port that was free a moment ago, by both protocols."""
    with socket.socket(socket.AF_INET6, socket.SOCK_STREAM) as probe:
        probe.bind(("::", 0))
        return int(probe.getsockname()[1])
