"""Clients of Freshdesk and Salesforce that others wrote: `python -m tests.clients.peers` names them, and installs them.

Needs nothing but the standard library and pip. Both go into the environment of the Python that runs this, in the
versions of requirements/clients.txt, which agree with all others. Exits 69 where they can't be had.
"""

import sys
from pathlib import Path

from tests.support.peers import UNAVAILABLE, install, pinned, told

PINS = Path(__file__).parents[2] / "requirements" / "clients.txt"
PEERS = ("python-freshdesk", "simple-salesforce")
WANTED = "no clients: pip can't install requirements/clients.txt"


def main() -> int:
    """Print what is there, or was installed; the exit code."""
    pins = pinned(PINS.read_text(encoding="utf-8"), PEERS)
    if not install(PINS, pins):
        print(WANTED, file=sys.stderr)
        return UNAVAILABLE
    print(told(pins))
    return 0


if __name__ == "__main__":
    sys.exit(main())
