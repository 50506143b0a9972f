"""The kit notices what is wrong with an enricher: the template passes, and each broken one fails the check for it."""

from dataclasses import replace
from pathlib import Path

import pytest

from gateway.testing import CHECKS, EnricherSuite, Report, Result, Subject
from gateway.testing.report import level_of
from gateway.testing.run import in_use, run, run_one
from tests.testing.asked import GOOD, SHOP, TABLE, Shop

OF_FILES = {"import-quiet", "import-door", "plugin-packaged"}
"""Checks of what lies on the disk, which the tests of connectors make fail."""


@pytest.mark.parametrize(("id", "kind"), TABLE, ids=[f"{id}-{number}" for number, (id, _) in enumerate(TABLE)])
def test_what_is_wrong_is_found(id: str, kind: type) -> None:
    """The check that is for it fails, with words, and the place."""
    result = run_one(Subject(kind, None, SHOP), CHECKS[id])

    assert (result.outcome, result.what != "", result.where != "") == ("failed", True, True), result
    assert not result.what.startswith("it raised"), result.what


def test_every_check_has_something_that_it_finds() -> None:
    """No check of enrichers is there that nothing has ever failed."""
    assert {id for id, _ in TABLE} | OF_FILES == {check.id for check in in_use(sort="enricher")}


def test_the_template_reaches_gold() -> None:
    """All that is asked, it does."""
    report = run(GOOD)

    assert [result.text() for result in report.results if result.outcome != "passed"] == []
    assert (report.level, report.data()["enricher"]) == ("gold", "yoursystem")


def test_the_level_is_of_its_own_checks() -> None:
    """What is asked of connectors isn't asked of it."""
    passed = [Result(check, "passed") for check in in_use(sort="enricher")]

    assert level_of(passed, "enricher") == "gold"
    assert level_of(passed) is None
    failed = [replace(one, outcome="failed") if one.check.id == "lookup-pure" else one for one in passed]
    assert Report("x", "1", failed, sort="enricher").level == "bronze"


class TestShop(EnricherSuite):
    """The suite as an author writes it."""

    enricher = Shop
    folder = SHOP
    only = ("plugin-named", "facts-typed", "lookup-known")


def test_an_empty_suite_says_so() -> None:
    """Which class is lacking."""

    class Empty(EnricherSuite):
        folder = Path()

    with pytest.raises(TypeError, match="set `enricher` to its class"):
        Empty().test_check("plugin-named")
