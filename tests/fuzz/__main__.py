"""Whoever knows nothing but the API's document calls all that it declares: `make test-api`.

A gateway with a story in it is served on a free port of this machine; schemathesis reads its document there, makes up
questions that keep to it and questions that don't, and holds each answer against it: no failure of ours, no status, no
header and no field that isn't declared. The document itself is held against what the OpenAPI Initiative publishes.
"""

import argparse
import asyncio
import sys
from collections.abc import Sequence
from pathlib import Path

from openapi_spec_validator import validate

from gateway.web.admin import admin_app
from tests.web.api.calling import told
from tests.web.api.test_conforms import much
from tests.web.raw import served
from tests.web.worlds import TOKEN, Whole, make

EXCLUDED = {
    # What is declared of a body is less than what is proved of it: a name of spaces is none, a time has a zone.
    "positive_data_acceptance",
    # HEAD is answered wherever GET is, by HTTP itself.
    "unsupported_method",
}
LEFT_OUT = (
    "/api/v1/stream",  # doesn't end by itself
    "/readyz",  # says 503, and rightly: no loop of this gateway runs, so that nothing happens by itself
)
PROGRAM = Path(sys.executable).parent / "schemathesis"


async def fuzzed(examples: int, seed: int) -> int:
    """Serve the gateway, and let it be called; the exit code of whoever called."""
    whole = await make()
    try:
        await much(whole)
        async with served(admin_app(whole.gateway, whole.clock, TOKEN)) as port:
            code = await called(f"http://127.0.0.1:{port}", examples, seed)
        return code or failed(whole)
    finally:
        await whole.close()


async def called(address: str, examples: int, seed: int) -> int:
    """Call everything that isn't left out."""
    process = await asyncio.create_subprocess_exec(
        str(PROGRAM), "run", f"{address}/api/v1/openapi.json",
        "--header", f"Authorization: Bearer {TOKEN}",
        *(word for path in LEFT_OUT for word in ("--exclude-path", path)),
        "--exclude-checks", ",".join(sorted(EXCLUDED)),
        "--max-examples", str(examples), "--seed", str(seed), "--phases", "examples,coverage,fuzzing",
        "--request-timeout", "20", "--generation-database", "none", "--no-color",
    )  # fmt: skip
    return await process.wait()


def failed(whole: Whole) -> int:
    """1, with its log, where the gateway itself says that it failed."""
    lines = [line for line in whole.logged.getvalue().splitlines() if "request_failed" in line]
    print("\n".join(lines[:5]), file=sys.stderr, end="")
    return 1 if lines else 0


def main(arguments: Sequence[str] | None = None) -> int:
    """Returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--examples", type=int, default=15, help="made-up questions for each operation")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args(arguments)
    validate(told())
    return asyncio.run(fuzzed(options.examples, options.seed))


if __name__ == "__main__":
    sys.exit(main())
