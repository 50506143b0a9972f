"""Where Kamailio and SIPp are: `python -m tests.sip.peers` names them, having installed them where that can be done.

Needs nothing but the standard library. Exits 69 where one of them is missing and can't be had. No service is left
running: the tests start a Kamailio of their own, on loopback, and end it.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

UNAVAILABLE = 69
PACKAGES = {"kamailio": "kamailio", "sipp": "sip-tester"}
"""The programs, and Debian's packages that have them."""

WANTED = "no SIP peers: install Kamailio and SIPp (Debian, as root: apt-get install kamailio sip-tester)"
WHERE = os.pathsep.join((os.environ.get("PATH", os.defpath), "/usr/sbin", "/usr/local/sbin"))
"""Kamailio lies where only root's PATH looks."""

# Kept from starting where init scripts start services, and where systemd does.
QUIET = {"DEBIAN_FRONTEND": "noninteractive", "RUN_KAMAILIO": "no"}
SYSTEMD = Path("/run/systemd/system")
BEFORE = (("systemctl", "--runtime", "mask", "kamailio.service"),)
AFTER = (("systemctl", "--runtime", "unmask", "kamailio.service"), ("systemctl", "disable", "kamailio.service"))

Command = Sequence[str]
Which = Callable[[str], str | None]


@dataclass(frozen=True)
class Peers:
    """The two programs."""

    kamailio: str
    sipp: str


def which(program: str) -> str | None:
    """The path of a program, as root would find it."""
    return shutil.which(program, path=WHERE)


def missing(which: Which = which) -> list[str]:
    """The packages of what isn't there."""
    return [package for program, package in PACKAGES.items() if which(program) is None]


def found(which: Which = which) -> Peers | None:
    """Both, or nothing."""
    kamailio, sipp = which("kamailio"), which("sipp")
    return Peers(kamailio, sipp) if kamailio and sipp else None


def may_install(user: int, which: Which = which) -> bool:
    """Whether this process can: as root, by apt-get."""
    return user == 0 and which("apt-get") is not None


def installing(packages: Sequence[str], systemd: bool) -> list[Command]:
    """What installs them. Of a Kamailio that wasn't there, no service may start now or later."""
    commands: list[Command] = [
        ("apt-get", "-q", "update"),
        ("apt-get", "-q", "-y", "--no-install-recommends", "install", *packages),
    ]
    kept_still = systemd and PACKAGES["kamailio"] in packages
    return [*BEFORE, *commands, *AFTER] if kept_still else commands


def install(commands: Sequence[Command], run: Callable[[Command], int]) -> bool:
    """Install them; whether all commands of that succeeded."""
    return all(run(command) == 0 for command in commands)


def main() -> int:
    """Print the paths of both, if they are there or were installed; the exit code."""
    if (packages := missing()) and may_install(os.geteuid()):
        print(f"no SIP peers are here: installing Debian's {' and '.join(packages)}", file=sys.stderr)
        install(installing(packages, SYSTEMD.is_dir()), _quietly)
    peers = found()
    print(f"{peers.kamailio}\n{peers.sipp}" if peers else WANTED, file=sys.stdout if peers else sys.stderr)
    return 0 if peers else UNAVAILABLE


def _quietly(command: Command) -> int:
    environ: Mapping[str, str] = {**os.environ, **QUIET}
    return subprocess.run(command, env=environ, stdout=sys.stderr, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
