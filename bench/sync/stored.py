"""What a gateway has in its database after reading: run with the code of the checkout that has written it."""

import json
import sys
from collections.abc import Iterator
from dataclasses import asdict

from bench.sync.truth import Row, found
from gateway.store.coding import decode_strands, states
from gateway.store.library import driver


def rows(path: str) -> Iterator[Row]:
    """Each contact as the ticket that it is; one that is several, or holds nothing, under an id of nobody's."""
    connection = driver().connect(f"file:{path}?mode=ro", uri=True)
    for id, strands, state in connection.execute("SELECT id, strands, state FROM contacts"):
        (strand, *more) = decode_strands(strands, id)
        contact = None if state is None else states.decode(state, id).contact
        if more or strand.kind not in ("ticket", "case") or contact is None:
            yield Row("", id, "")
        else:
            yield Row(strand.id, contact.subject or "", contact.status)


if __name__ == "__main__":
    print(json.dumps(asdict(found(rows(sys.argv[1])))))
