"""A policy's tests, run in virtual time by the rules that the daemon judges by, and what they say of the policy."""

from gateway.policy.rehearsal.report import Outcome, Report
from gateway.policy.rehearsal.running import run

__all__ = ["Outcome", "Report", "run"]
