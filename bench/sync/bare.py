"""A client that only downloads the export, page after page, and looks at nothing: what the server can give."""

import http.client
import re
import sys
from urllib.parse import quote

from bench.sync.export import CURSOR

_AFTER = re.compile(rb'"after_cursor": "([^"]+)"')


def main() -> None:
    """Read all pages."""
    connection = http.client.HTTPConnection("127.0.0.1", int(sys.argv[1]), timeout=30)
    asked = "start_time=0"
    while True:
        connection.request("GET", f"{CURSOR}?include=users&{asked}")
        body = connection.getresponse().read()
        after = _AFTER.search(body, len(body) - 1_000)
        if after is None:
            raise SystemExit("a page without a cursor")
        if body.endswith(b'"end_of_stream": true}'):
            return
        asked = f"cursor={quote(after[1].decode())}"


if __name__ == "__main__":
    main()
