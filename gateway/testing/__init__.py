"""The kit: checks that a connector does what it must, offline and within a minute, and the level that follows.

`gateway plugin check` runs them, and so does pytest:

    class TestMine(ConnectorSuite):
        connector = Mine
        samples = Path(__file__).parent / "samples"
"""

from gateway.testing.check import CHECKS, KIT_VERSION, LEVELS, Check, Level
from gateway.testing.report import Report, Result
from gateway.testing.run import run
from gateway.testing.subject import Subject
from gateway.testing.suite import ConnectorSuite

__all__ = ["CHECKS", "KIT_VERSION", "LEVELS", "Check", "ConnectorSuite", "Level", "Report", "Result", "Subject", "run"]
