"""The search for garbage in a process that runs for long."""

import subprocess
import sys

_CHECK = """
import gc
from gateway.kernel.memory import NEW_MAX, settle

class Cycle:
    ended = 0
    def __init__(self):
        self.itself = self
    def __del__(self):
        Cycle.ended += 1

settle()
before = gc.get_freeze_count()
cycles = [Cycle() for _ in range(10)]
del cycles
kept = [[] for _ in range(NEW_MAX + 1)]
print(before > 1_000, Cycle.ended)
"""


def test_what_was_there_is_left_alone_and_new_cycles_are_found() -> None:
    """Everything of the start is out of the search; what comes later and forms a cycle is let go of all the same."""
    done = subprocess.run([sys.executable, "-c", _CHECK], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["True", "10"]
