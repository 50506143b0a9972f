"""Where Stripe's own client and localstripe are: `python -m tests.stripe.peers` names them, and installs them first.

Needs nothing but the standard library and pip. Both go into the environment of the Python that runs this, in the
versions of requirements/stripe.txt, which agree with all others. Exits 69 where they can't be had.
"""

import socket
import sys
from pathlib import Path

from tests.support.peers import UNAVAILABLE, install, pinned, told

PINS = Path(__file__).parents[2] / "requirements" / "stripe.txt"
PEERS = ("stripe", "localstripe")
"""The packages. localstripe is never imported, here or anywhere: its licence is the GPL."""

WANTED = "no Stripe peers: pip can't install requirements/stripe.txt"
NO_IPV6 = "no Stripe peers: localstripe listens by IPv6, and there is none here"


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
    pins = pinned(PINS.read_text(encoding="utf-8"), PEERS)
    if not install(PINS, pins) or not localstripe().is_file():
        print(WANTED, file=sys.stderr)
        return UNAVAILABLE
    if not has_ipv6():
        print(NO_IPV6, file=sys.stderr)
        return UNAVAILABLE
    print(told(pins))
    return 0


if __name__ == "__main__":
    sys.exit(main())
