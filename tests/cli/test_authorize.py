"""`gateway authorize`: a person's consent, from the link to the tokens that a connector is read with."""

import io
import json
import os
import re
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.parse import parse_qs, urlsplit
from urllib.request import urlopen

import pytest

from gateway.cli import granting
from gateway.daemon.setup import Setup
from gateway.kernel.store import Store
from gateway.kernel.tokens import TokenRow
from tests.cli.commands import Ended, gateway
from tests.cli.desk import Desk, set_up
from tests.support.consent import CLIENT_SECRET, ConsentVendor, consent_vendor
from tests.support.installed import install

PLUGIN = '''
from pydantic import BaseModel

from gateway.plugin import AuthorizationCode, Finding, NoAuth, Page, Stream, hookimpl


class Settings(BaseModel):
    base_url: str
    allow_private: bool = False
    client_secret: str = "canary-client-secret"
    asks_nobody: bool = False


class Guarded:
    """Reads one page behind OAuth."""

    plugin = "guarded"
    settings_type = Settings
    streams = (Stream("things"),)

    @classmethod
    def auth(cls, settings):
        if settings.asks_nobody:
            return NoAuth()
        return AuthorizationCode(
            f"{settings.base_url}/oauth/authorizations/new", f"{settings.base_url}/oauth/tokens", "desk",
            settings.client_secret, "read",
        )

    def __init__(self, name, settings, context):
        self.http = context.http

    def normalize(self, record):
        yield from ()

    async def check(self):
        await self.http.get("/me")
        return [Finding(True, "lets us in", "")]

    async def pull(self, stream, cursor, now):
        await self.http.get("/things")
        return Page([], "end", False)


@hookimpl
def gateway_connectors(register):
    register(Guarded)
'''.replace("settings.client_secret, ", "SecretStr(settings.client_secret), ").replace(
    "import BaseModel", "import BaseModel, SecretStr"
)


@dataclass
class Place:
    """A desk whose connector `spring` needs consent, its vendor, and who sits before the browser."""

    desk: Desk
    vendor: ConsentVendor
    capsys: pytest.CaptureFixture[str]
    monkeypatch: pytest.MonkeyPatch

    def authorize(self, *more: str, name: str = "spring") -> Ended:
        """The command."""
        return gateway(self.capsys, "authorize", name, "-c", self.desk.config, "--port", "0", *more)

    def with_browser(self, visit: Any = None) -> list[str]:
        """A browser that goes where it is sent, and then where the vendor sends it; the addresses it has seen."""
        seen: list[str] = []

        def opened(link: str) -> bool:
            seen.append(link)
            if visit is not None:
                visit(link)
            try:
                with urlopen(link, timeout=10) as page:
                    seen.append(page.geturl())
            except HTTPError as error:
                seen.append(f"{error.code} {error.read().decode()}")
            return True

        self.monkeypatch.setenv("DISPLAY", ":0")
        self.monkeypatch.setattr(granting.webbrowser, "open", opened)
        return seen

    def kept(self) -> TokenRow | None:
        """What the database has."""

        async def read(setup: Setup, store: Store) -> TokenRow | None:
            return await store.tokens("spring")

        return self.desk.on_store(read)

    def configure(self, settings: str = "") -> None:
        """Let the connector have these settings beside its address."""
        lines = [line for line in self.desk.config.read_text().splitlines() if not line.startswith("  spring:")]
        place = lines.index(next(line for line in lines if line.startswith("endpoints:")))
        base = f"base_url: '{self.vendor.base}', allow_private: true"
        lines.insert(place, f"  spring: {{plugin: guarded, {base}{settings}}}")
        self.desk.config.write_text("\n".join(lines))


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Place]:
    """A place where nobody has authorized anything yet."""
    install(tmp_path, "guarded", "guarded_plugin", PLUGIN)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    with consent_vendor() as vendor:
        place = Place(set_up(tmp_path, monkeypatch), vendor, capsys, monkeypatch)
        place.configure()
        yield place
    sys.modules.pop("guarded_plugin", None)


def asked_elsewhere(here: Place) -> str:
    """A question that is asked, whose answer the browser of another machine has got; nobody waits for it any more."""
    ended = here.authorize("--json", "--wait", "0s")
    assert (ended.code, "nobody has granted access in time" in ended.err) == (69, True)
    query = {name: values[0] for name, values in parse_qs(urlsplit(json.loads(ended.out)["link"]).query).items()}
    assert query["code_challenge_method"] == "S256"
    return here.vendor.consent(query)


def test_from_the_link_to_the_data(here: Place) -> None:
    """The browser opens, the person agrees, the tokens are stored; what was got is told, and a pull is let in. No
    secret is shown or lies on the disk, and the audit knows who it was."""
    seen = here.with_browser()
    before = gateway(here.capsys, "sync", "spring", "--once", "-c", here.desk.config)
    granted = here.authorize()
    after = gateway(here.capsys, "sync", "spring", "--once", "-c", here.desk.config)
    audit = gateway(here.capsys, "audit", "--json", "-c", here.desk.config)

    assert (before.code, "`gateway authorize spring`" in before.err) == (69, True)
    assert (granted.code, after.code) == (0, 0), granted.err
    assert granted.out.strip() == seen[0]
    assert re.search("spring is authorized; scope: read; its access token: ends in (30|29) min", granted.err)
    assert set(here.vendor.asked) == {here.vendor.access}
    assert [json.loads(line)["action"] for line in audit.out.splitlines()] == ["authorize"]
    everything = [*(ended.out + ended.err for ended in (before, granted, after, audit)), seen[1].partition("?")[0]]
    assert "canary" not in "".join(everything)
    for file in here.desk.folder.glob("gateway.*"):
        assert re.search(rb"canary-(access|refresh|code)", file.read_bytes()) is None, file


def test_the_answer_of_a_browser_elsewhere(here: Place) -> None:
    """Its address is handed in by a second command; it is good once, and another question's is refused."""
    early = here.authorize("--code", "http://127.0.0.1/callback?code=x&state=y")
    address = asked_elsewhere(here)
    wrong = here.authorize("--code", address.replace("state=", "state=x"))
    nothing = here.authorize("--code", "canary-code-0")
    granted = here.authorize("--json", "--code", address)
    again = here.authorize("--code", address)

    assert (early.code, "nobody has been asked" in early.err) == (2, True)
    assert (wrong.code, "another question" in wrong.err) == (2, True)
    assert (nothing.code, "the whole address" in nothing.err) == (2, True)
    told = json.loads(granted.out)
    assert (granted.code, told["scope"], told["renewable"]) == (0, "read", True)
    assert (again.code, "nobody has been asked" in again.err) == (2, True)
    row = here.kept()
    assert row is not None
    assert row.generation == 1
    assert "canary" not in "".join(ended.out + ended.err for ended in (early, wrong, nothing, granted, again))


def test_the_address_may_be_read(here: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """From standard input, where no history keeps it."""
    monkeypatch.setattr(sys, "stdin", io.StringIO(asked_elsewhere(here) + "\n"))
    assert here.authorize("--code", "-").code == 0


def test_the_address_may_be_pasted_where_the_command_waits(here: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a terminal: what is no answer is told, and the waiting goes on."""
    master, slave = os.openpty()

    def paste(link: str) -> None:
        query = {name: values[0] for name, values in parse_qs(urlsplit(link).query).items()}
        os.write(master, b"\nhelp\n" + here.vendor.consent(query).encode() + b"\n")
        raise OSError("the browser is elsewhere")

    here.with_browser(paste)
    with os.fdopen(slave) as terminal:
        monkeypatch.setattr(sys, "stdin", terminal)
        ended = here.authorize()
    os.close(master)
    assert (ended.code, "give the whole address" in ended.err) == (0, True)


def test_an_answer_by_another_command_ends_the_waiting(here: Place) -> None:
    """Who waits for a browser that never comes sees that the tokens are there."""
    here.with_browser(lambda link: elsewhere(link))

    def elsewhere(link: str) -> None:
        async def keep(setup: Setup, store: Store) -> None:
            await store.keep_tokens("spring", b"sealed", 1)

        thread = threading.Thread(target=lambda: here.desk.on_store(keep))
        thread.start()
        thread.join()
        raise OSError("no browser after all")

    ended = here.authorize()
    assert (ended.code, "authorized by another command" in ended.err) == (0, True)


def test_what_is_not_granted(here: Place) -> None:
    """A person who says no, a client that the vendor doesn't know, a code that is used up: each in words, and nothing
    is kept. Whoever knocks without the state is sent away, and the waiting goes on."""
    here.vendor.grants = False
    seen = here.with_browser()
    denied = here.authorize()
    here.vendor.grants = True
    here.configure(", client_secret: wrong")
    unknown = here.authorize()
    here.configure()
    here.vendor.answers = [(400, {}, b'{"error":"invalid_grant","error_description":"canary"}')]
    used = here.authorize()

    assert (denied.code, "access was not granted: access_denied" in denied.err) == (1, True)
    assert seen[1].startswith("400 <!doctype html>")
    assert (unknown.code, "see the client's id and secret" in unknown.err) == (1, True)
    assert (used.code, "asks again" in used.err) == (1, True)
    assert here.kept() is None
    assert "canary" not in "".join(ended.out + ended.err for ended in (denied, unknown, used))

    def knock(link: str) -> None:
        back = parse_qs(urlsplit(link).query)["redirect_uri"][0]
        for address in (f"{back}?code=a&state=b", f"{back}?error=access_denied", back, back.replace("callback", "x")):
            with pytest.raises(HTTPError) as refused:
                urlopen(address, timeout=10)
            assert refused.value.code in (400, 404)
            refused.value.close()

    here.with_browser(knock)
    assert here.authorize().code == 0


def test_the_key(here: Place) -> None:
    """The first connector gets one if there is none; one that is lost is not replaced unless that is meant, and one
    that others may open is refused."""
    key = here.desk.folder / "gateway.key"
    key.unlink()
    here.with_browser()
    first = here.authorize()
    key.chmod(0o644)
    opened = here.authorize()
    key.unlink()
    lost = here.authorize()
    anew = here.authorize("--new-key")

    assert (first.code, "made the key file" in first.err, key.stat().st_mode & 0o777) == (0, True, 0o600)
    assert (opened.code, "chmod 600" in opened.err) == (78, True)
    assert (lost.code, "--new-key" in lost.err) == (78, True)
    assert "authorize anew: spring" in lost.err
    assert anew.code == 0
    assert key.read_text().strip() not in "".join(ended.out + ended.err for ended in (first, opened, lost, anew))


def test_what_can_not_be_authorized(here: Place) -> None:
    """A connector that isn't there or needs nobody, a port that is taken, a wait that is no length."""
    typo = here.authorize(name="sprang")
    port = urlsplit(here.vendor.base).port
    taken = gateway(here.capsys, "authorize", "spring", "-c", here.desk.config, "--port", str(port))
    soon = here.authorize("--wait", "soon")
    here.configure(", asks_nobody: true")
    nobody = here.authorize()

    assert (typo.code, "did you mean 'spring'?" in typo.err) == (2, True)
    assert (taken.code, "--port chooses another one" in taken.err) == (69, True)
    assert (soon.code, "--wait" in soon.err) == (2, True)
    assert (nobody.code, "needs nobody's consent" in nobody.err) == (2, True)


def test_the_doctor_tells_how_it_stands(here: Place) -> None:
    """Before, after, with a renewal that was refused, with another key and none."""

    def told() -> list[tuple[str, str]]:
        ended = gateway(here.capsys, "doctor", "--json", "-c", here.desk.config)
        rows = [json.loads(line) for line in ended.out.splitlines()]
        return [(row["level"], row["what"]) for row in rows if row["area"] in ("key", "connector spring")]

    before = told()
    here.with_browser()
    assert here.authorize().code == 0
    after = told()
    key = here.desk.folder / "gateway.key"
    mine = key.read_text()
    key.unlink()
    none = told()
    key.write_text(mine.swapcase().replace("GWKEY1_", "gwkey1_"))
    key.chmod(0o600)
    wrong = told()
    key.write_text(mine)

    async def refuse(setup: Setup, store: Store) -> None:
        row = await store.tokens("spring")
        assert row is not None
        assert await store.lease_tokens("spring", row.generation, now=1, until=2)
        await store.release_tokens("spring", row.generation, 2, "invalid_grant")

    here.desk.on_store(refuse)
    refused = told()

    assert ("bad", "nobody has authorized it yet") in before
    assert [level for level, _ in after] == ["ok"] * 3
    assert any("authorized, scope read" in what for _, what in after)
    assert ("ok", "lets us in") in after
    assert none[0][0] == wrong[0][0] == "bad"
    assert "there is no key file" in none[0][1]
    assert any("another key" in what for _, what in wrong)
    assert ("bad", "the vendor renews its tokens no more (invalid_grant)") in refused
    assert CLIENT_SECRET not in str([before, after, none, wrong, refused])
