"""Read many spoilt packets of SIP and HEPv3: more than a test has time for.

`python -m tests.fuzz_sip --packets 1000000 --from-seed 0`. A packet's number is its seed, and every sixteenth is
that of a story too, a call in sixteen packets. Where GATEWAY_FIXTURES names a folder of published messages, those are
spoilt too, and the same number is another packet.

Prints what raised what it should not, or took too long, and ends with 1 if anything did.
"""

import argparse
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from functools import partial

from tests.fuzz_sip.packets import bombs, packet, published, seeds
from tests.fuzz_sip.reading import read_all
from tests.fuzz_sip.telling import STORY, tell_story

FAILURES_MAX = 5
"""After so many it is enough."""

SLOW_S = 1.0
"""Processor time that no packet may take; the largest take some tens of milliseconds."""


class Run:
    """What became of all packets so far."""

    def __init__(self) -> None:
        self.became: Counter[str] = Counter()
        self.failed = 0
        self.slowest = (0.0, "")

    def of(self, name: str, read: Callable[[], str]) -> None:
        """Read one more, and keep what comes of it."""
        began = time.process_time()
        try:
            self.became[read()] += 1
        except Exception as error:
            self._fails(f"{name}: {type(error).__name__}: {error}")
        took = time.process_time() - began
        self.slowest = max(self.slowest, (took, name))
        if took > SLOW_S:
            self._fails(f"{name}: {took:.1f} s")

    def _fails(self, words: str) -> None:
        self.failed += 1
        print(words, file=sys.stderr)

    def __str__(self) -> str:
        told = ", ".join(f"{count} {word}" for word, count in self.became.most_common())
        return f"{told}; the slowest took {self.slowest[0] * 1000:.0f} ms ({self.slowest[1]}); {self.failed} failed"


def main(arguments: Sequence[str] | None = None) -> int:
    """Read the packets of the command line; 1 if one of them fails."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz_sip", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--packets", type=int, default=100_000, help="how many (100000)")
    parser.add_argument("--from-seed", type=int, default=0, help="the number of the first (0)")
    asked = parser.parse_args(arguments)
    good, run = seeds(published()), Run()
    for name, read in _all(good, range(asked.from_seed, asked.from_seed + asked.packets)):
        run.of(name, read)
        if run.failed >= FAILURES_MAX:
            break
    print(run)
    return 1 if run.failed else 0


def _all(good: Sequence[bytes], numbers: range) -> Iterator[tuple[str, Callable[[], str]]]:
    for number, data in enumerate(bombs()):
        yield f"bomb {number}", partial(read_all, data)
    for number in numbers:
        yield f"packet {number}", partial(read_all, packet(number, good))
        if number % STORY == 0:
            yield f"story {number}", partial(tell_story, number, good)


if __name__ == "__main__":
    sys.exit(main())
