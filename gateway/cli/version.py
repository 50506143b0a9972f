"""`gateway version`."""

from gateway import __version__
from gateway.cli import output


def version() -> None:
    """Say which version this is."""
    output.line(f"orion-gateway {__version__}")
