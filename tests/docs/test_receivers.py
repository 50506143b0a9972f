"""The receivers in the documentation, Python's and Node's, verify what the gateway signs and nothing else."""

import base64
import json
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event, Thread
from typing import Any
from urllib.error import HTTPError
from urllib.parse import parse_qs, urlsplit
from urllib.request import Request, urlopen

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gateway.kernel.signing import new_secret, parse_secret, sign
from tests.support.pages import blocks, page

NOW_S = 1_772_442_000
BODY = b'{"type": "sla.breached",  "data": {}}'
OLD, NEW, OTHER = (new_secret(f"a {word} key that only tests have".encode()) for word in ("first", "second", "third"))
SEED = b"a seed of 32 bytes for the tests"
PRIVATE = "whsk_" + base64.b64encode(SEED).decode()
PUBLIC = "whpk_" + base64.b64encode(Ed25519PrivateKey.from_private_bytes(SEED).public_key().public_bytes_raw()).decode()
STRANGE = (
    "whpk_"
    + base64.b64encode(Ed25519PrivateKey.from_private_bytes(SEED[::-1]).public_key().public_bytes_raw()).decode()
)

PYTHON = """
import base64, json, sys
from verify import NotProved, verify
from verify_public import verify_public
for case in map(json.loads, sys.stdin):
    proves = verify_public if case["key"].startswith("whpk_") else verify
    try:
        print(json.dumps(proves(case["key"], case["headers"], base64.b64decode(case["body"]), case["now"])))
    except NotProved:
        print("null")
"""
NODE = """
import readline from "node:readline";
import { NotProved, verify } from "./verify.mjs";
import { verifyPublic } from "./verify-public.mjs";
for await (const line of readline.createInterface({ input: process.stdin })) {
  const { key, headers, body, now } = JSON.parse(line);
  const proves = key.startsWith("whpk_") ? verifyPublic : verify;
  try {
    console.log(JSON.stringify(proves(key, headers, Buffer.from(body, "base64"), now)));
  } catch (error) {
    if (!(error instanceof NotProved)) throw error;
    console.log("null");
  }
}
"""
LANGUAGES = ("python", "js")


def headers(*secrets: str, **changed: str) -> dict[str, str]:
    """What the gateway sends with BODY, signed by each secret; some of it changed."""
    signed = sign([parse_secret(secret) for secret in secrets], "msg_1", NOW_S, BODY)
    return {
        name: text for name, text in {**signed, **{f"webhook-{of}": to for of, to in changed.items()}}.items() if text
    }


def case(key: str, sent: Mapping[str, str], body: bytes = BODY, later_s: int = 0) -> dict[str, Any]:
    """One question to a verifier that has a key, so many seconds after the signing."""
    return {"key": key, "headers": sent, "body": base64.b64encode(body).decode(), "now": NOW_S + later_s}


GOOD = {
    "one secret": case(OLD, headers(OLD)),
    "changing over, still the old one": case(OLD, headers(NEW, OLD)),
    "changing over, already the new one": case(NEW, headers(NEW, OLD)),
    "a public key": case(PUBLIC, headers(PRIVATE)),
    "changing over to a public key": case(PUBLIC, headers(PRIVATE, OLD)),
    "changing over from a shared secret": case(OLD, headers(PRIVATE, OLD)),
    "five minutes late": case(OLD, headers(OLD), later_s=300),
    "five minutes early": case(OLD, headers(OLD), later_s=-300),
    "kinds of a later time": case(OLD, headers(OLD, signature=f"v9,??? {headers(OLD)['webhook-signature']} x")),
}
BAD = {
    "tampered": case(OLD, headers(OLD), BODY.replace(b"breached", b"met")),
    "parsed and written again": case(OLD, headers(OLD), json.dumps(json.loads(BODY)).encode()),
    "too old": case(OLD, headers(OLD), later_s=301),
    "from the future": case(OLD, headers(OLD), later_s=-301),
    "another time": case(OLD, headers(OLD, timestamp=str(NOW_S + 1))),
    "another id": case(OLD, headers(OLD, id="msg_2")),
    "not ours": case(OLD, headers(OTHER)),
    "after the change": case(OLD, headers(NEW)),
    "public, not ours": case(STRANGE, headers(PRIVATE)),
    "public, tampered": case(PUBLIC, headers(PRIVATE), BODY + b" "),
    "public, too old": case(PUBLIC, headers(PRIVATE), later_s=301),
    "public, only a shared secret": case(PUBLIC, headers(OLD)),
    "shared, only a public key": case(OLD, headers(PRIVATE)),
    "a public signature called a shared one": case(
        OLD, headers(PRIVATE, signature=headers(PRIVATE)["webhook-signature"].replace("v1a", "v1"))
    ),
    "a shared signature called a public one": case(
        PUBLIC, headers(OLD, signature=headers(OLD)["webhook-signature"].replace("v1", "v1a"))
    ),
    "no id": case(OLD, headers(OLD, id="")),
    "no timestamp": case(OLD, headers(OLD, timestamp="")),
    "no signature": case(OLD, headers(OLD, signature="")),
    "no number": case(OLD, headers(OLD, timestamp=f"{NOW_S}.0")),
    "a number without end": case(OLD, headers(OLD, timestamp="1" * 5_000)),
    "no base64": case(OLD, headers(OLD, signature="v1,%%%")),
    "half a signature": case(OLD, headers(OLD, signature=headers(OLD)["webhook-signature"][:12])),
    "nothing but commas": case(OLD, headers(OLD, signature="v1, v1,, ,v1 v1a,")),
    "public, nothing but commas": case(PUBLIC, headers(OLD, signature="v1, v1a,, ,v1 v1a,AAAA")),
}


def command(language: str) -> list[str]:
    """What runs a language here."""
    if language == "python":
        return [sys.executable]
    node = shutil.which("node")
    if node is None:
        pytest.skip("there is no node here: the examples in JavaScript are not run")
    return [node]


def written(language: str, folder: Path) -> None:
    """Put the page's examples into files that are called as their first line says."""
    for code in blocks(page("how-to/receive-notices.md"), language):
        name = code.splitlines()[0].removeprefix("# ").removeprefix("// ")
        (folder / name).write_text(code, encoding="utf-8")


@pytest.fixture(scope="module", params=LANGUAGES)
def verdicts(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str | None]:
    """What a language's verifiers say of every case: the id that is proved, or nothing."""
    language, folder = request.param, tmp_path_factory.mktemp("receiver")
    run = command(language)
    written(language, folder)
    driver = folder / ("driver.py" if language == "python" else "driver.mjs")
    driver.write_text(PYTHON if language == "python" else NODE, encoding="utf-8")
    cases = {**GOOD, **BAD}
    asked = "".join(json.dumps(one) + "\n" for one in cases.values())
    ended = subprocess.run([*run, driver], cwd=folder, input=asked, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    return dict(zip(cases, map(json.loads, ended.stdout.splitlines()), strict=True))


@pytest.mark.parametrize("what", GOOD)
def test_what_the_gateway_signs_is_proved(verdicts: dict[str, str | None], what: str) -> None:
    """By whichever of the secrets the receiver has."""
    assert verdicts[what] == "msg_1"


@pytest.mark.parametrize("what", BAD)
def test_all_else_is_refused(verdicts: dict[str, str | None], what: str) -> None:
    """With the one declared error, whatever the headers hold."""
    assert verdicts[what] is None


class Asked(ThreadingHTTPServer):
    """What stands in for the gateway that is asked for missed notices: two of those `kept` in each answer."""

    def __init__(self, kept: list[dict[str, Any]]) -> None:
        super().__init__(("127.0.0.1", 0), _Answer)
        self.kept, self.works = kept, Event()
        self.works.set()


class _Answer(BaseHTTPRequestHandler):
    server: Asked

    def do_GET(self) -> None:
        """As the gateway: whatever is behind `after`, in order, to whoever has the token."""
        query = {name: values[0] for name, values in parse_qs(urlsplit(self.path).query).items()}
        behind = [one for one in self.server.kept if int(one["sequence"]) > int(query["after"])]
        shown = behind[:2]
        known = self.headers["authorization"] == "Bearer a-token" and query["endpoint"] == "helpdesk"
        self.send_response(200 if known and self.server.works.is_set() else 503)
        self.end_headers()
        last = int(shown[-1]["sequence"]) if shown else int(query["after"])
        told = {"notices": shown, "last": last, "oldest": 1, "more": len(behind) > 2}
        self.wfile.write(json.dumps(told).encode())

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def notice(number: int, contact: str) -> dict[str, Any]:
    """A notice as an endpoint gets it."""
    return {"sequence": f"{number:012}", "id": f"msg_{number}", "type": "sla.warned", "subject": contact}


def post(port: int, sent: dict[str, Any], secret: str = OLD) -> int:
    """Send a notice as the gateway does; the receiver's status."""
    body = json.dumps(sent).encode()
    signed = sign([parse_secret(secret)], sent["id"], int(time.time()), body)
    try:
        with urlopen(Request(f"http://127.0.0.1:{port}/", data=body, headers=signed), timeout=10) as answer:
            return int(answer.status)
    except HTTPError as error:
        return error.code


@contextmanager
def receiver(language: str, folder: Path, gateway: str) -> Iterator[tuple[int, Iterator[str]]]:
    """A running receiver: its port, and what it acts on, line by line."""
    script = "receiver.py" if language == "python" else "main.mjs"
    environ = {
        "HELPDESK_SECRET": OLD,
        "HELPDESK_TOKEN": "a-token",
        "GATEWAY": gateway,
        "PORT": "0",
        "ASK_EVERY_S": "0.05",
    }
    process = subprocess.Popen(
        [*command(language), script],
        cwd=folder,
        env=environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert process.stdout is not None
    try:
        port = int(process.stdout.readline().removeprefix("listening on"))
        yield port, (line.strip() for line in process.stdout if not line.startswith("asked in vain"))
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


@pytest.fixture
def asked() -> Iterator[Asked]:
    """A gateway that has three notices of two contacts."""
    server = Asked([notice(1, "con_a"), notice(2, "con_b"), notice(3, "con_a")])
    Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_receiver_takes_each_notice_once_and_asks_for_what_it_missed(
    language: str, tmp_path: Path, asked: Asked
) -> None:
    """What came before its start, what comes twice, what isn't proved, and what is missing."""
    written(language, tmp_path)
    with receiver(language, tmp_path, f"http://127.0.0.1:{asked.server_port}") as (port, acts):
        before = [next(acts) for _ in range(3)]
        asked.works.clear()
        asked.kept += [notice(4, "con_a"), notice(5, "con_a")]
        statuses = [
            post(port, notice(5, "con_a")),
            post(port, notice(5, "con_a")),
            post(port, notice(6, "con_b"), OTHER),
        ]
        fifth = next(acts)
        asked.works.set()
        fourth = next(acts)
        test = {"id": "msg_test_1", "type": "endpoint.test", "subject": "helpdesk"}
        statuses += [post(port, test), post(port, notice(6, "con_b"))]
        sixth = next(acts)

    assert before == [f"{number:012} sla.warned con_{of}" for number, of in ((1, "a"), (2, "b"), (3, "a"))]
    assert (fifth, fourth) == ("000000000005 sla.warned con_a", "000000000004 sla.warned con_a late")
    assert sixth == "000000000006 sla.warned con_b"
    assert statuses == [204, 204, 401, 204, 204]


def test_what_was_answered_is_there_after_a_crash(tmp_path: Path, asked: Asked) -> None:
    """The receiver in Python keeps notices in a file: a new process acts on what the old one didn't, and on no more."""
    written("python", tmp_path)
    asked.kept.clear()
    gateway = f"http://127.0.0.1:{asked.server_port}"
    with receiver("python", tmp_path, gateway) as (port, acts):
        assert [post(port, notice(number, "con_a")) for number in (1, 2)] == [204, 204]
        assert [next(acts) for _ in range(2)] == [f"{number:012} sla.warned con_a" for number in (1, 2)]
    with receiver("python", tmp_path, gateway) as (port, acts):
        assert [post(port, notice(number, "con_a")) for number in (1, 3)] == [204, 204]
        # The second may have been killed between the act and the note of it: then it is acted on again.
        acted = (line for line in acts if not line.startswith("000000000002"))
        assert next(acted) == "000000000003 sla.warned con_a"
