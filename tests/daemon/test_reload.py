"""A running gateway reads its policy again: in force, unchanged, refused or failed, and always told."""

import asyncio
import os
import signal
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from gateway.daemon.daemon import Daemon, run_daemon
from gateway.daemon.reload import PROBLEMS_MAX, Reloaded, last_reload
from gateway.daemon.setup import running_daemon
from gateway.kernel.store import PolicyRow, StoreUnusable
from tests.daemon.test_daemon import POLICY, TEXT, Receiver, post, run, setup_in

CHANGED = POLICY.replace("name: at-once", "name: changed")
PAGING = POLICY.replace("endpoints: [helpdesk]", "endpoints: [helpdesk, pager]")
SECOND_ENDPOINT = """\
  pager:
    url: http://127.0.0.1:9999/
    secret: {env: SECRET}
    allow_private: true
"""


@pytest.fixture(autouse=True)
def _secret(monkeypatch: pytest.MonkeyPatch) -> None:
    """A reload reads the process's environment."""
    monkeypatch.setenv("SECRET", TEXT)


def tell(folder: Path, work: Callable[[Daemon], Awaitable[None]]) -> None:
    """Run `work` on a daemon that has started in a folder."""

    async def story(kept: Receiver) -> None:
        daemon = Daemon(setup_in(folder, kept.url))
        await daemon.start()
        try:
            await work(daemon)
        finally:
            await daemon.stop()

    run(story)


async def reloaded(daemon: Daemon) -> Reloaded:
    """Reload; what is kept of it."""
    await daemon.reload()
    told = await last_reload(daemon.store)
    assert told is not None
    assert told.began <= told.at
    return told


def test_the_start_is_told_like_a_reload(tmp_path: Path) -> None:
    """Who asks later finds what became of the file at the start: a refusal of before is over."""

    async def work(daemon: Daemon) -> None:
        told = await last_reload(daemon.store)
        (row,) = await daemon.store.policies()

        assert told is not None
        assert (told.outcome, told.policy, told.hash, told.since) == ("in force", "at-once", row.hash, 0)
        assert running_daemon(daemon.setup.config) == os.getpid()

    tell(tmp_path, work)


def test_a_changed_policy_is_in_force_from_now(tmp_path: Path) -> None:
    """It takes over where it was read, once; the same file again changes nothing, nor do its comments."""

    async def work(daemon: Daemon) -> None:
        (tmp_path / "policy.yaml").write_text(CHANGED)
        changed = await reloaded(daemon)
        (tmp_path / "policy.yaml").write_text(f"# the same\n{CHANGED}")
        again = await reloaded(daemon)
        rows = await daemon.store.policies()

        assert (changed.outcome, changed.policy, changed.since) == ("in force", "changed", rows[1].since)
        assert (again.outcome, again.hash, again.since) == ("unchanged", changed.hash, changed.since)
        assert [row.name for row in rows] == ["at-once", "changed"]
        assert [row.since for row in daemon.gateway.bench.policies.rows] == [row.since for row in rows]
        assert daemon.setup.policy.policy.name == "changed"

    tell(tmp_path, work)


def test_a_wrong_file_changes_nothing(tmp_path: Path) -> None:
    """Every mistake is kept for who asked, up to a limit; the policy in force judges on, and a mended file comes in."""

    async def work(daemon: Daemon) -> None:
        severity = "".join(
            f"  - {{id: s{number}, when: nonsense, severity: 1}}\n" for number in range(PROBLEMS_MAX + 9)
        )
        (tmp_path / "policy.yaml").write_text(f"{CHANGED}severity:\n{severity}")
        refused = await reloaded(daemon)
        in_force = [row.name for row in await daemon.store.policies()]
        assert (await post(daemon))[0] == 202
        (tmp_path / "gateway.yaml").rename(tmp_path / "elsewhere.yaml")
        missing = await reloaded(daemon)
        (tmp_path / "elsewhere.yaml").rename(tmp_path / "gateway.yaml")
        (tmp_path / "policy.yaml").write_text(CHANGED)
        mended = await reloaded(daemon)

        assert (refused.outcome, refused.policy, refused.since) == ("refused", "", None)
        assert len(refused.problems) == PROBLEMS_MAX
        assert refused.problems[0].startswith(str(tmp_path / "policy.yaml"))
        assert in_force == ["at-once"]
        assert (missing.outcome, len(missing.problems)) == ("refused", 1)
        assert mended.outcome == "in force"

    tell(tmp_path, work)


def test_an_endpoint_of_its_own_needs_a_restart(tmp_path: Path) -> None:
    """A policy that calls an endpoint which only the files have would call nobody: it is refused by name."""

    async def work(daemon: Daemon) -> None:
        config = tmp_path / "gateway.yaml"
        config.write_text(config.read_text() + SECOND_ENDPOINT)
        (tmp_path / "policy.yaml").write_text(PAGING)
        told = await reloaded(daemon)

        assert told.outcome == "refused"
        (problem,) = told.problems
        assert "needs-restart" in problem
        assert "'pager'" in problem
        assert len(await daemon.store.policies()) == 1

    tell(tmp_path, work)


def test_a_policy_that_cannot_be_kept_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The files are right, but the database refuses: told as failed, without secrets; the old one goes on."""

    async def work(daemon: Daemon) -> None:
        async def refuse(row: PolicyRow) -> None:
            raise StoreUnusable(f"no luck with {TEXT}")

        (tmp_path / "policy.yaml").write_text(CHANGED)
        with monkeypatch.context() as patched:
            patched.setattr(daemon.store, "put_in_force", refuse)
            with pytest.raises(StoreUnusable):
                await daemon.reload()
        failed = await last_reload(daemon.store)
        mended = await reloaded(daemon)

        assert failed is not None
        assert (failed.outcome, failed.problems) == ("failed", ("StoreUnusable: no luck with whsec_***",))
        assert (mended.outcome, mended.policy) == ("in force", "changed")

    tell(tmp_path, work)


def test_signals_while_one_is_read_are_one_more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """SIGHUP during a reload asks for one more, however often; one that fails keeps nobody from the next."""

    async def story(kept: Receiver) -> None:
        daemon = Daemon(setup_in(tmp_path, kept.url))
        await daemon.start()
        begun, may_end, counted = asyncio.Event(), asyncio.Event(), 0

        async def counting(self: Daemon) -> None:
            nonlocal counted
            counted += 1
            begun.set()
            await may_end.wait()
            if counted == 1:
                raise RuntimeError("this one fails")

        monkeypatch.setattr(Daemon, "reload", counting)
        running = asyncio.ensure_future(run_daemon(daemon))
        await asyncio.sleep(0)
        os.kill(os.getpid(), signal.SIGHUP)
        await begun.wait()
        for _ in range(20):
            os.kill(os.getpid(), signal.SIGHUP)
        # A signal reaches its handler in the loop's next turns.
        for _ in range(5):
            await asyncio.sleep(0)
        begun.clear()
        may_end.set()
        await begun.wait()
        os.kill(os.getpid(), signal.SIGTERM)
        await running

        assert counted == 2

    run(story)
