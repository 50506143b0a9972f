"""Where a policy's tests stand: in the file itself and in files beside it, each name once."""

from pathlib import Path

import pytest

from gateway.kernel.problems import Problems
from gateway.policy.load import load_policy
from gateway.policy.rehearsal import files
from tests.policy.examples.play import CHAT, POLICY, file_of
from tests.support.told import told

OWN = POLICY + file_of(CHAT, "{severity: 3}", name="own").removeprefix("version: 1\n")


def put(folder: Path, **texts: str) -> Path:
    """Files in a folder, `__` for a dot in their names; the policy's path."""
    for name, text in texts.items():
        (folder / name.replace("__", ".")).write_text(text, encoding="utf-8")
    return folder / "policy.yaml"


def test_files_beside_a_policy(tmp_path: Path) -> None:
    """Its own name before `.tests.yaml`, or before `.` and anything and that; of others nothing is read."""
    one = file_of(CHAT, "{severity: 3}", name="one")
    two = file_of(CHAT, "{severity: 3}", name="two")
    policy = put(
        tmp_path,
        policy__yaml=OWN,
        policy__tests__yaml=one,
        policy__chats__tests__yaml=two,
        policy2__tests__yaml="5",
        tests__yaml="5",
        policy__test__yaml="5",
        mypolicy__tests__yaml="5",
        policy__tests__yml="5",
    )
    loaded = load_policy(OWN, str(policy))

    assert [path.name for path in files.beside(policy)] == ["policy.chats.tests.yaml", "policy.tests.yaml"]
    assert [test.name for test in files.tests_of(loaded)] == ["own", "two", "one"]
    assert [test.name for test in files.tests_in(loaded, [tmp_path / "policy.tests.yaml"])] == ["one"]


def test_another_policy_has_tests_of_its_own(tmp_path: Path) -> None:
    """Whose name begins like this one's: what is beside it isn't beside this one."""
    one = file_of(CHAT, "{severity: 3}", name="one")
    policy = put(
        tmp_path, policy__yaml=OWN, policy__eu__yaml=OWN, policy__eu__tests__yaml=one, policy__eu__a__tests__yaml=one
    )

    assert files.beside(policy) == []
    assert [path.name for path in files.beside(tmp_path / "policy.eu.yaml")] == [
        "policy.eu.a.tests.yaml",
        "policy.eu.tests.yaml",
    ]


def test_a_policy_that_is_nowhere_has_no_files_beside_it(tmp_path: Path) -> None:
    """Such as one that was kept under its hash."""
    assert files.beside(tmp_path / "none" / "policy.yaml") == []
    assert files.tests_of(load_policy(POLICY, str(tmp_path / "none" / "policy.yaml"))) == []


def test_the_mistakes_of_all_files_at_once(tmp_path: Path) -> None:
    """Each in its own file, and names that stand twice wherever they do; the policy itself is whole."""
    policy = put(
        tmp_path,
        policy__yaml=OWN,
        policy__a__tests__yaml=file_of(CHAT, "{queue: nowhere}"),
        policy__b__tests__yaml=file_of(CHAT, "{queue: no}", name="own"),
        policy__c__tests__yaml="tests: [",
    )
    (tmp_path / "policy.d.tests.yaml").mkdir()
    (tmp_path / "policy.e.tests.yaml").write_bytes(b"\xff")
    problems = files.check_tests(load_policy(OWN, str(policy)))

    assert [told(problem).removeprefix(f"{tmp_path}/").split(": ")[:2] for problem in problems] == [
        ["policy.a.tests.yaml:5:21", "unknown-queue"],
        ["policy.b.tests.yaml:3:11", "duplicate-name"],
        ["policy.b.tests.yaml:5:21", "unknown-queue"],
        ["policy.c.tests.yaml:1:9", "yaml-syntax"],
        ["policy.d.tests.yaml:1:1", "unreadable"],
        ["policy.e.tests.yaml:1:1", "unreadable"],
    ]
    assert problems[1].message.endswith(f"the first is at {policy}:{OWN.splitlines().index('  - name: own') + 1}")


def test_nothing_is_wrong(tmp_path: Path) -> None:
    """Then there is nothing to tell."""
    policy = put(tmp_path, policy__yaml=OWN, policy__tests__yaml=file_of(CHAT, "{}"))

    assert files.check_tests(load_policy(OWN, str(policy))) == []


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    """It is said, beside what is wrong with the others."""
    with pytest.raises(Problems, match=r"none\.yaml:1:1: GW101: the file of tests can't be read"):
        files.tests_in(load_policy(OWN, "policy.yaml"), [tmp_path / "none.yaml"])
