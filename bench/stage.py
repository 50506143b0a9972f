"""A gateway beside very many stored contacts: what several parts of the bench share."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench import server
from bench.options import Options
from bench.receiver import Received, receiver


@contextmanager
def contacts_held(options: Options) -> Iterator[Path]:
    """The database with the contacts, made if it wasn't given; kept in the options for the parts that follow."""
    if options.held is not None:
        yield options.held
        return
    with tempfile.TemporaryDirectory(prefix="bench-held-") as folder:
        path = Path(folder, "held.db")
        options.tell(f"storing {options.contacts:,} contacts")
        server.run_in(
            options.tree, "bench.held", str(path), "--contacts", str(options.contacts), "--tree", str(options.tree)
        )
        options.held = path
        try:
            yield path
        finally:
            options.held = None


@contextmanager
def beside_contacts(options: Options) -> Iterator[tuple[server.Server, Received]]:
    """A gateway on a copy of that database, and the receiver of its notices, for as long as the block lasts."""
    with (
        contacts_held(options) as path,
        receiver() as received,
        server.workplace(path, received.port) as folder,
        server.gateway(options.tree, folder) as running,
    ):
        yield running, received
