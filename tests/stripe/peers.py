"""Where Stripe's own client and localstripe are: `python -m tests.stripe.peers` names them, and installs them first.

Needs nothing but the standard library and pip. Both go into the environment of the Python that runs this, in the
versions of requirements/stripe.txt, which agree with all others. Exits 69 where they can't be had.
"""

import socket
import subprocess
import sys
from collections.abc import Callable
from importlib import metadata
from pathlib import Path

UNAVAILABLE = 69
PINS = Path(__file__).parents[2] / "requirements" / "stripe.txt"
PEERS = ("stripe", "localstripe")
"""The packages. localstripe is never imported, here or anywhere: its licence is the GPL."""

WANTED = "no Stripe peers: pip can't install requirements/stripe.txt"
NO_IPV6 = "no Stripe peers: localstripe listens by IPv6, and there is none here"

Installed = Callable[[str], str]


def pinned(text: str) -> dict[str, str]:
    """The version of each peer, as requirements say it."""
    pins = dict(line.split("==") for line in text.splitlines() if "==" in line and not line.startswith("#"))
    return {name: pins[name] for name in PEERS}


def missing(pins: dict[str, str], version: Installed = metadata.version) -> list[str]:
    """The peers that aren't installed in the version that is pinned."""
    return [name for name, wanted in pins.items() if _version(name, version) != wanted]


def _version(name: str, version: Installed) -> str | None:
    try:
        return version(name)
    except metadata.PackageNotFoundError:
        return None


def has_ipv6() -> bool:
    """Whether somebody can listen by it."""
    try:
        with socket.socket(socket.AF_INET6, socket.SOCK_STREAM) as probe:
            probe.bind(("::1", 0))
    except OSError:
        return False
    return True


def localstripe() -> Path:
    """The program, beside the Python that runs this."""
    return Path(sys.executable).with_name("localstripe")


def main() -> int:
    """Print what is there, or was installed; the exit code."""
    pins = pinned(PINS.read_text(encoding="utf-8"))
    if missing(pins):
        print(f"Stripe's peers are not all here: installing {' and '.join(pins)}", file=sys.stderr)
        command = [sys.executable, "-m", "pip", "install", "-qq", "--disable-pip-version-check", "-r", str(PINS)]
        subprocess.run(command, stdout=sys.stderr, check=False)
    if missing(pins) or not localstripe().is_file():
        print(WANTED, file=sys.stderr)
        return UNAVAILABLE
    if not has_ipv6():
        print(NO_IPV6, file=sys.stderr)
        return UNAVAILABLE
    print("\n".join(f"{name} {version}" for name, version in pins.items()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
