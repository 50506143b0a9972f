"""`python -m gateway` is the command `gateway`."""

import sys

from gateway.cli.app import main

if __name__ == "__main__":
    sys.exit(main())
