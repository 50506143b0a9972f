"""The peers of some targets are taken in the pinned versions, and one of them is never part of this program."""

import re
from importlib import metadata

import pytest

from tests.clients import peers as clients
from tests.stripe import peers as stripe
from tests.support.peers import missing, pinned
from tests.support.source import ROOT, relative, written


def test_all_are_pinned() -> None:
    """And nothing else is taken for them."""
    for target in (clients, stripe):
        assert set(pinned(target.PINS.read_text(encoding="utf-8"), target.PEERS)) == set(target.PEERS)


def test_another_version_is_missing() -> None:
    """As is what isn't there."""

    def version(name: str) -> str:
        if name == "stripe":
            return "1.0"
        raise metadata.PackageNotFoundError(name)

    assert missing({"stripe": "1.0", "localstripe": "2.0"}, version) == ["localstripe"]
    assert missing({"stripe": "1.1"}, version) == ["stripe"]


def test_what_is_under_the_gpl_is_never_imported() -> None:
    """It is a process that tests talk to."""
    imports = re.compile(r"^\s*(import|from)\s+localstripe\b", re.MULTILINE)

    assert imports.search("x = 1\nfrom localstripe import server\n")
    assert [relative(path) for path in written(".py") if imports.search(path.read_text(encoding="utf-8"))] == []


@pytest.mark.parametrize("name", ["run", "dev", "build"])
def test_what_is_under_the_gpl_is_for_one_target_alone(name: str) -> None:
    """Neither who runs nor who develops the gateway installs it."""
    assert "localstripe" not in (ROOT / "requirements" / f"{name}.txt").read_text(encoding="utf-8")
