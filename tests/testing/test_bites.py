"""The kit notices: a good connector passes every check; one with a thing wrong fails the check that is for it."""

import sys
from dataclasses import replace
from pathlib import Path

import pytest

from gateway.testing import CHECKS, LEVELS, Subject
from gateway.testing.find import in_folder
from gateway.testing.run import in_use, run, run_one
from tests.testing.broken import TABLE as BROKEN
from tests.testing.conftest import BELL, DESK
from tests.testing.deaf import TABLE as DEAF

TABLE = [*BROKEN, *DEAF]
GOOD = in_folder(DESK)
LISTENING = in_folder(BELL)
SAMPLES = DESK / "tests" / "samples"
OF_FILES = {"import-quiet", "import-door", "samples-there", "plugin-packaged"}
"""Checks of what lies on the disk; their tests are below."""


def broken(id: str, kind: type) -> Subject:
    """The subject of a broken connector; what the good one's story brought serves where that can't matter."""
    good = LISTENING if issubclass(kind, LISTENING.kind) else GOOD
    subject = Subject(kind, good.samples, good.folder, seeds=3)
    if not id.startswith("simulator"):
        subject._material = good.material
    return subject


@pytest.mark.parametrize(("id", "kind"), TABLE, ids=[f"{id}-{kind.__name__}" for id, kind in TABLE])
def test_what_is_wrong_is_found(id: str, kind: type) -> None:
    """The check that is for it fails, with words, and the place."""
    result = run_one(broken(id, kind), CHECKS[id])

    assert (result.outcome, result.what != "", result.where != "") == ("failed", True, True)
    assert not result.what.startswith("it raised"), "it failed for another reason"


def test_every_check_has_something_that_it_finds() -> None:
    """No check is there that nothing has ever failed."""
    assert {id for id, _ in TABLE} | OF_FILES == {check.id for check in in_use()}


@pytest.mark.parametrize("id", [check.id for check in in_use() if check.theme != "imports"])
def test_the_good_one_passes(id: str) -> None:
    """What is right passes; a level is not out of reach."""
    good = LISTENING if {"listens", "assembles"} & set(CHECKS[id].needs) else GOOD
    good.seeds = 3

    assert run_one(good, CHECKS[id]).outcome == "passed"
    assert CHECKS[id].level in LEVELS


@pytest.mark.parametrize(
    ("id", "line"),
    [
        ("import-quiet", "import os, threading; os.environ.get('HOME'); threading.Thread(target=print).start()"),
        ("import-door", "from gateway.model.event import Event"),
    ],
)
def test_a_loud_import_is_found(id: str, line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A module that touches the world when it is imported, or goes round the door."""
    name = f"gateway_loud_{abs(hash(line))}"
    package = tmp_path / name
    package.mkdir()
    (package / "__init__.py").write_text(f"from gateway_desk import *\nfrom gateway_desk import Desk\n{line}\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.syspath_prepend(str(DESK))
    kind = type("Loud", (__import__(name).Desk,), {"__module__": name})
    subject = Subject(kind, SAMPLES, DESK)
    subject._material = GOOD.material

    result = run_one(subject, CHECKS[id])

    assert result.outcome == "failed"
    assert f"{name}/__init__.py:3" in result.where
    del sys.modules[name]


def test_samples_that_are_not_there_are_found(tmp_path: Path) -> None:
    """No folder, an empty one, an odd name, and no sample for an ability."""
    (tmp_path / "empty").mkdir()
    (tmp_path / "odd").mkdir()
    (tmp_path / "odd" / "created.json").write_text("{}")
    (tmp_path / "few").mkdir()
    (tmp_path / "few" / "row.json").write_text("{}")

    for folder in (None, tmp_path / "none", tmp_path / "empty", tmp_path / "odd", tmp_path / "few"):
        result = run_one(Subject(GOOD.kind, folder), CHECKS["samples-there"])
        assert result.outcome == "failed", folder


@pytest.mark.parametrize(
    ("was", "now"),
    [
        ('version = "0.1.0"\n', ""),
        ("orion-gateway", "orion-gateway-zendesk"),
        ('desk = "gateway_desk"', 'desk = "gateway_other"'),
        ("[project]", "[project"),
    ],
)
def test_a_distribution_that_lacks_something_is_found(was: str, now: str, tmp_path: Path) -> None:
    """No version, not the gateway but something like it, an entry point elsewhere, a file that can't be read."""
    text = (DESK / "pyproject.toml").read_text()
    assert was in text
    (tmp_path / "pyproject.toml").write_text(text.replace(was, now))

    assert run_one(Subject(GOOD.kind, SAMPLES, tmp_path), CHECKS["plugin-packaged"]).outcome == "failed"


def test_webhooks_without_a_body_have_none_to_change() -> None:
    """A vendor that tells all in the query is asked the other questions."""
    subject = Subject(GOOD.kind, SAMPLES, DESK)
    bare = [replace(request, body=b"") for request in GOOD.material.requests]
    subject._material = replace(GOOD.material, requests=bare)

    assert run_one(subject, CHECKS["webhooks-body"]).outcome == "not applicable"


def test_one_that_only_listens_fails_nothing() -> None:
    """What is asked of others, of webhooks, pulls and credentials, is none of its business."""
    LISTENING.seeds = 3
    results = run(LISTENING, [check.id for check in in_use() if check.id != "import-quiet"]).results

    assert [(result.check.id, result.what) for result in results if result.outcome == "failed"] == []
    assert {"pull-ends", "webhooks-accepted"} <= {one.check.id for one in results if one.outcome == "not applicable"}
