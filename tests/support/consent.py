"""A vendor with OAuth on a loopback port: it asks for consent, and renewing takes the old tokens back."""

import base64
import hashlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

import msgspec
from pydantic import SecretStr

from gateway.plugin import AuthorizationCode

CLIENT_ID, CLIENT_SECRET = "desk", "canary-client-secret"
PARAMETERS = {"expires_in": 1_800, "refresh_token_expires_in": 2_592_000}


class ConsentVendor:
    """`forms` are the bodies of requests for tokens, `asked` the access tokens that came with requests to its API."""

    def __init__(self, server: ThreadingHTTPServer) -> None:
        self.base = f"http://127.0.0.1:{server.server_address[1]}"
        self.forms: list[dict[str, str]] = []
        self.asked: list[str] = []
        self.log: list[str] = []
        self.grants = True
        self.loses = False
        """Do what is asked at the token endpoint, and hang up."""

        self.arrived, self.go_on = threading.Event(), threading.Event()
        self.go_on.set()
        """Set when somebody asks for tokens; and while it answers them."""

        self.refuses_all = False
        self.answers: list[tuple[int, dict[str, str], bytes]] = []
        """What the token endpoint answers next, whatever is asked."""

        self.more: dict[str, Any] = {"expires_in": 1_800}
        self.access = self.refresh = ""
        self._turn = 0
        self._codes: dict[str, dict[str, str]] = {}
        self._lock = threading.Lock()

    @property
    def renewals(self) -> int:
        """How often it was asked to renew."""
        return sum(form.get("grant_type") == "refresh_token" for form in self.forms)

    def auth(self, *, secret: bool = True, **parameters: str | int) -> AuthorizationCode:
        """How an account here is proved."""
        return AuthorizationCode(
            authorize_url=f"{self.base}/oauth/authorizations/new",
            token_url=f"{self.base}/oauth/tokens",
            client_id=CLIENT_ID,
            client_secret=SecretStr(CLIENT_SECRET) if secret else None,
            scope="read",
            parameters=parameters,
        )

    def pair(self) -> tuple[str, str]:
        """New tokens, in place of the old ones."""
        self._turn += 1
        self.access, self.refresh = f"canary-access-{self._turn}", f"canary-refresh-{self._turn}"
        return self.access, self.refresh

    def consent(self, query: dict[str, str]) -> str:
        """Where the browser goes after a person has decided."""
        if not self.grants:
            answer = {"error": "access_denied", "state": query["state"]}
        else:
            code = f"canary-code-{len(self._codes)}"
            self._codes[code] = query
            answer = {"code": code, "state": query["state"]}
        return f"{query['redirect_uri']}?{urlencode(answer)}"

    def token(self, form: dict[str, str]) -> tuple[int, dict[str, str], bytes] | None:
        """The answer of the token endpoint; None: it hangs up."""
        self.arrived.set()
        self.go_on.wait(20)
        with self._lock:
            self.forms.append(form)
            self.log.append(form.get("grant_type", ""))
            if self.answers:
                return self.answers.pop(0)
            error = self._error(form)
            if error:
                return _json(400, {"error": error, "error_description": "canary-description"})
            access, refresh = self.pair()
            told = {"access_token": access, "refresh_token": refresh, "token_type": "bearer", "scope": "read"}
            return None if self.loses else _json(201, {**told, **self.more})

    def _error(self, form: dict[str, str]) -> str:
        if form.get("client_id") != CLIENT_ID or form.get("client_secret", CLIENT_SECRET) != CLIENT_SECRET:
            return "invalid_client"
        if form.get("grant_type") == "refresh_token":
            return "" if form.get("refresh_token") == self.refresh else "invalid_grant"
        asked = self._codes.pop(form.get("code", ""), None)
        hashed = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        challenge = base64.urlsafe_b64encode(hashed).rstrip(b"=").decode()
        good = asked is not None and (asked["code_challenge"], asked["redirect_uri"]) == (
            challenge,
            form.get("redirect_uri"),
        )
        return "" if good else "invalid_grant"


def _json(status: int, value: object) -> tuple[int, dict[str, str], bytes]:
    return status, {"Content-Type": "application/json"}, msgspec.json.encode(value)


class _Handler(BaseHTTPRequestHandler):
    vendor: ConsentVendor

    def do_GET(self) -> None:
        """The page for consent, and the API."""
        url = urlsplit(self.path)
        if url.path == "/oauth/authorizations/new":
            query = {name: values[0] for name, values in parse_qs(url.query).items()}
            self._answer(302, {"Location": self.vendor.consent(query)}, b"")
            return
        token = self.headers.get("Authorization", "").removeprefix("Bearer ")
        self.vendor.asked.append(token)
        self.vendor.log.append(f"GET {token}")
        good = token == self.vendor.access and not self.vendor.refuses_all
        self._answer(200 if good else 401, {}, b"{}")

    def do_POST(self) -> None:
        """The token endpoint."""
        body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        answer = self.vendor.token(dict(parse_qsl(body)))
        if answer is None:
            self.close_connection = True
            return
        self._answer(*answer)

    def _answer(self, status: int, headers: dict[str, str], body: bytes) -> None:
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Nothing."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64  # with five, the sixth connection at a time is made a second later


@contextmanager
def consent_vendor() -> Iterator[ConsentVendor]:
    """The vendor, on any free port."""
    server = _Server(("127.0.0.1", 0), _Handler)
    server.RequestHandlerClass = type("_Bound", (_Handler,), {"vendor": ConsentVendor(server)})
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield server.RequestHandlerClass.vendor
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
