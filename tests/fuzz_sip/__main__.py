"""Read many spoilt packets of SIP and HEPv3: more than a test has time for.

`python -m tests.fuzz_sip --packets 1000000 --from-seed 0`. A packet's number is its seed; where GATEWAY_FIXTURES names
a folder of published messages, those are spoilt too, and the same number is another packet.

Prints what raised what it should not, or took too long, and ends with 1 if anything did.
"""

import argparse
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence

from tests.fuzz_sip.packets import bombs, packet, published, seeds
from tests.fuzz_sip.reading import read_all

FAILURES_MAX = 5
"""After so many it is enough."""

SLOW_S = 1.0
"""Processor time that no packet may take; the largest take some tens of milliseconds."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Read the packets of the command line; 1 if one of them fails."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz_sip", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--packets", type=int, default=100_000, help="how many (100000)")
    parser.add_argument("--from-seed", type=int, default=0, help="the number of the first (0)")
    asked = parser.parse_args(arguments)
    good, great = seeds(published()), bombs()
    became: Counter[str] = Counter()
    failed = 0
    slowest = (0.0, "")

    def read(name: str, make: Callable[[], bytes]) -> None:
        nonlocal failed, slowest
        data = make()
        began = time.process_time()
        try:
            became[read_all(data)] += 1
        except Exception as error:
            failed += 1
            print(f"{name}: {type(error).__name__}: {error}\n  {data[:300]!r}", file=sys.stderr)
        took = time.process_time() - began
        slowest = max(slowest, (took, name))
        if took > SLOW_S:
            failed += 1
            print(f"{name}: {took:.1f} s\n  {data[:100]!r}", file=sys.stderr)

    for number, data in enumerate(great):
        read(f"bomb {number}", lambda data=data: data)  # type: ignore[misc]
    for number in range(asked.from_seed, asked.from_seed + asked.packets):
        if failed >= FAILURES_MAX:
            break
        read(f"packet {number}", lambda number=number: packet(number, good))  # type: ignore[misc]
    told = ", ".join(f"{count} {word}" for word, count in became.most_common())
    print(f"{told}; the slowest took {slowest[0] * 1000:.0f} ms ({slowest[1]}); {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
