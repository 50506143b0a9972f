"""The small connectors lie in folders of their own, as plugins do."""

import sys
from pathlib import Path

DESK = Path(__file__).parent / "desk"
BELL = Path(__file__).parent / "bell"
for folder in (DESK, BELL):
    if str(folder) not in sys.path:
        sys.path.insert(0, str(folder))
