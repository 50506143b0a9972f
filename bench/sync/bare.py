"""A client that only downloads all tickets, page after page, and looks at nothing: what the account can give."""

import http.client
import sys

from bench.sync.shapes import SHAPES


def main() -> None:
    """Read all pages of an account of this shape, at this port."""
    shape = SHAPES[sys.argv[1]]
    connection = http.client.HTTPConnection("127.0.0.1", int(sys.argv[2]), timeout=30)
    target: str | None = shape.first
    while target is not None:
        connection.request("GET", target)
        answer = connection.getresponse()
        body = answer.read()
        if answer.status != 200:
            raise SystemExit(f"{target} was answered with {answer.status}")
        target = shape.following(target, body, {name.lower(): value for name, value in answer.getheaders()})


if __name__ == "__main__":
    main()
