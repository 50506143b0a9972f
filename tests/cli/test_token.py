"""`gateway token`: made once, listed without secrets, revoked."""

import json
import re
from pathlib import Path

import pytest

from gateway.daemon.setup import Setup
from gateway.kernel.access import AccessRow, proof_of, proves
from gateway.kernel.store import Store
from gateway.model.instant import DAY_MS, parse_instant
from tests.cli.commands import Ended, gateway
from tests.cli.desk import Desk, set_up


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Desk:
    """A configured gateway that has never run."""
    desk = set_up(tmp_path, monkeypatch)
    capsys.readouterr()
    return desk


def token(desk: Desk, capsys: pytest.CaptureFixture[str], *arguments: str) -> Ended:
    """A command of the family."""
    return gateway(capsys, "token", *arguments, "-c", desk.config)


def kept(desk: Desk) -> list[AccessRow]:
    """Every token in the database."""

    async def work(setup: Setup, store: Store) -> list[AccessRow]:
        return await store.access_tokens(revoked=True)

    return desk.on_store(work)


def test_a_token_is_shown_once(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    """Alone on standard output, before the first start even; the database can prove it, and nothing shows it again."""
    made = token(desk, capsys, "new", "anna", "--role", "operator")
    secret = made.out.strip()

    assert (made.code, made.out) == (0, f"{secret}\n")
    (row,) = kept(desk)
    proof = proof_of(secret)
    assert proof is not None
    assert proves(proof, row)
    assert (row.name, row.role, row.expires_at) == ("anna", "operator", None)
    assert "gateway token new" in row.created_by
    assert "may look, and act" in made.err
    for shown in (token(desk, capsys, "list"), token(desk, capsys, "list", "--json")):
        assert "anna" in shown.out
        assert secret[13:] not in made.err + shown.out + shown.err
    audit = gateway(capsys, "audit", "-c", desk.config).out
    assert "token.created" in audit
    assert secret[13:] not in audit


def test_a_token_may_have_an_end(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    """As data with everything that a script needs."""
    told = json.loads(token(desk, capsys, "new", "ci", "--role", "viewer", "--expires", "90d", "--json").out)
    (row,) = kept(desk)

    assert told.keys() == {"name", "role", "id", "expires_at", "token"}
    assert row.expires_at == row.created_at + 90 * DAY_MS == parse_instant(told["expires_at"])
    assert told["id"] == row.id == told["token"][4:12]


def test_a_revoked_token_is_listed_only_if_asked(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    """Its name is free again."""
    token(desk, capsys, "new", "anna", "--role", "viewer")
    revoked = token(desk, capsys, "revoke", "anna")
    left = token(desk, capsys, "list")
    everyone = [json.loads(line) for line in token(desk, capsys, "list", "--all", "--json").out.splitlines()]

    assert (revoked.code, "within seconds" in revoked.err) == (0, True)
    assert (left.out, "gateway token new" in left.err) == ("", True)
    assert [one["state"] for one in everyone] == ["revoked"]
    assert not any("hash" in key for one in everyone for key in one)
    assert token(desk, capsys, "new", "anna", "--role", "admin").code == 0
    assert re.search(r"^anna +admin +valid +never +never", token(desk, capsys, "list").out, re.MULTILINE)


MISTAKES = (
    (("new", "anna", "--role", "viewer"), 1, "gateway token revoke anna"),
    (("new", "admin", "--role", "viewer"), 2, "choose another name"),
    (("new", "An na\x1b[31m", "--role", "viewer"), 2, "small letters"),
    (("new", "x" * 10_000, "--role", "viewer"), 2, "at most 64"),
    (("new", "ben"), 2, "--role"),
    (("new", "ben", "--role", "boss"), 2, "viewer"),
    (("new", "ben", "--role", "viewer", "--expires", "soon"), 2, "--expires"),
    (("new", "ben", "--role", "viewer", "--expires", "9999999d"), 2, "--expires"),
    (("new", "ben", "--role", "viewer", "--expires", "59s"), 2, "a minute"),
    (("revoke", "ben"), 1, "gateway token list"),
    (("revoke", "admin"), 1, "admin_token"),
)
"""What somebody types, the exit code, and words that they are told."""


def test_what_can_not_be(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    """Each says what to do, keeps nothing and shows no token."""
    token(desk, capsys, "new", "anna", "--role", "viewer")
    for arguments, code, told in MISTAKES:
        ended = token(desk, capsys, *arguments)

        assert (ended.code, ended.out) == (code, ""), arguments
        assert told in " ".join(ended.err.split()), arguments
        assert "\x1b" not in ended.err
        assert len(ended.err) < 1_000
    assert [row.name for row in kept(desk)] == ["anna"]


def test_without_a_database_there_is_nothing_to_list(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    """Nor to revoke; and asking makes none."""
    for arguments in (("list",), ("revoke", "anna")):
        assert token(desk, capsys, *arguments).code == 69
    assert not (desk.folder / "gateway.db").exists()
