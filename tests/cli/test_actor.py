"""Who is noted in the audit."""

import os
import pwd

import pytest

from gateway.cli.actor import actor


def test_the_system_says_who_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not the environment, but for who came by sudo; a user without a name has a number."""
    name = pwd.getpwuid(os.getuid()).pw_name
    monkeypatch.setenv("LOGNAME", "somebody-else")
    monkeypatch.delenv("SUDO_USER", raising=False)
    plain = actor("gateway x")
    monkeypatch.setenv("SUDO_USER", "ada")
    by_sudo = actor("gateway x")
    monkeypatch.delenv("SUDO_USER")
    monkeypatch.setattr(os, "getuid", lambda: 4_000_000_000)

    assert plain == f"{name} (gateway x)"
    assert by_sudo == f"ada as {name} (gateway x)"
    assert actor("gateway x") == "user 4000000000 (gateway x)"
