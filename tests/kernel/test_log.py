"""Logs: readable, on standard error, and without secrets."""

import json
import logging
from collections.abc import Iterator

import pytest
import structlog
from pydantic import SecretStr

from gateway.kernel.log import configure, hide_secrets
from tests.support.rsa import rsa_pem

CANARIES = ("whsec_c2VjcmV0IGNhbmFyeQ==", "Bearer canary.token-1", "Basic Y2FuYXJ5", "canary", "ogt_canary77_canary")


@pytest.fixture(autouse=True)
def put_back() -> Iterator[None]:
    root = logging.getLogger()
    kept, level = list(root.handlers), root.level
    yield
    structlog.reset_defaults()
    root.handlers[:] = kept
    root.setLevel(level)


@pytest.mark.parametrize("as_json", [True, False])
def test_no_secret_gets_into_a_log(capsys: pytest.CaptureFixture[str], as_json: bool) -> None:
    """By its key, its type, its look, inside text, containers, errors and tracebacks, ours or a library's."""
    configure(json=as_json, level="debug")
    log = structlog.get_logger("test")
    log.info(
        f"sent with {CANARIES[0]}",
        client_secret="canary",
        headers={"Authorization": "canary", "x": ["Bearer canary.token-1", {"apiKey": "canary"}], "Cookie": "canary"},
        settings=SecretStr("canary"),
        listed=[SecretStr("canary"), b"canary"],
        body="canary",
        raw=b"canary",
        note="Basic Y2FuYXJ5",
        told=f"/?{CANARIES[4]} and ogs_canary77_canary",
    )
    try:
        raise ValueError(f"refused {CANARIES[0]} and Bearer canary.token-1")
    except ValueError:
        log.exception("failed")
        logging.getLogger("library").exception("failed with %s", CANARIES[0])
    written = capsys.readouterr()
    assert written.out == ""
    for canary in ("canary", "c2VjcmV0", "Y2FuYXJ5"):
        assert canary not in written.err
    for kept in (
        "sent with whsec_***",
        "Bearer ***",
        "Basic ***",
        "ogt_***",
        "ogs_***",
        "Traceback",
        "failed with whsec_***",
    ):
        assert kept in written.err


def test_private_keys_are_hidden() -> None:
    """With line breaks, or with how `repr` writes them; what stands around them stays."""
    for key in (rsa_pem(), repr(rsa_pem()), rsa_pem().replace("PRIVATE", "ENCRYPTED PRIVATE")):
        shown = hide_secrets(f"before {key}, after")
        assert shown.startswith("before ") and shown.endswith(", after")
        assert len(shown) < 120, "the key's own lines are gone"


def test_json_is_one_object_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    """Level, time and event in each, whatever the values hold; below the level nothing is written."""
    configure(json=True, level="warning")
    log = structlog.get_logger("test")
    log.info("not shown")
    log.warning("line\nbreak", number=3, nothing=None, odd="\x1b[31m\u2028", deep=[[[[[[[[1]]]]]]]], token=None)
    (line,) = capsys.readouterr().err.splitlines()
    read = json.loads(line)
    assert (read["event"], read["level"], read["number"], read["nothing"]) == ("line\nbreak", "warning", 3, None)
    assert "timestamp" in read


def test_an_unknown_level_is_refused() -> None:
    """With the levels that there are."""
    with pytest.raises(ValueError, match="'loud' is no log level: debug, info"):
        configure(json=True, level="loud")
