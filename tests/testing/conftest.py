"""The small desk lies in a folder of its own, as a plugin does."""

import sys
from pathlib import Path

DESK = Path(__file__).parent / "desk"
if str(DESK) not in sys.path:
    sys.path.insert(0, str(DESK))
