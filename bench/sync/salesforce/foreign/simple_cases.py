"""Run with simple-salesforce's own interpreter: all rows of a query, each a line of JSON on standard output."""

import json
import sys

from simple_salesforce import Salesforce  # type: ignore[import-not-found]


def main(query: str) -> None:
    """Read them."""
    org = Salesforce(instance="bench.my.salesforce.com", session_id="bench", version="66.0")
    for row in org.query_all_iter(query):
        print(json.dumps(row))


if __name__ == "__main__":
    main(*sys.argv[1:])
