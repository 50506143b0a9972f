"""The kit: checks that a connector or an enricher does what it must, offline, and the level that follows.

`gateway plugin check` runs them, and so does pytest:

    class TestMine(ConnectorSuite):
        connector = Mine
        samples = Path(__file__).parent / "samples"

    class TestOurs(EnricherSuite):
        enricher = Ours
"""

from gateway.testing.check import CHECKS, KIT_VERSION, LEVELS, Check, Level, Sort
from gateway.testing.report import Report, Result
from gateway.testing.run import run
from gateway.testing.subject import Subject
from gateway.testing.suite import ConnectorSuite, EnricherSuite

__all__ = [
    "CHECKS",
    "KIT_VERSION",
    "LEVELS",
    "Check",
    "ConnectorSuite",
    "EnricherSuite",
    "Level",
    "Report",
    "Result",
    "Sort",
    "Subject",
    "run",
]
