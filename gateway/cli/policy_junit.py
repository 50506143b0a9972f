"""The results of a policy's tests as JUnit's XML, for servers that show tests: a suite for each file."""

from itertools import groupby
from xml.etree import ElementTree

from gateway.cli.policy_tested import told, when
from gateway.policy.rehearsal.report import Outcome, Report


def junit(report: Report) -> bytes:
    """The whole file. What XML can't hold becomes `·`."""
    root = ElementTree.Element("testsuites", tests=str(len(report.outcomes)), failures=str(report.failed))
    by_file = sorted(report.outcomes, key=lambda outcome: outcome.example.file)
    for file, outcomes in groupby(by_file, key=lambda outcome: outcome.example.file):
        cases = list(outcomes)
        failures = sum(not outcome.passed for outcome in cases)
        suite = ElementTree.SubElement(
            root, "testsuite", name=_xml(file), tests=str(len(cases)), failures=str(failures), errors="0", skipped="0"
        )
        for outcome in cases:
            _case(suite, file, outcome)
    return bytes(ElementTree.tostring(root, encoding="utf-8", xml_declaration=True))


def _case(suite: ElementTree.Element, file: str, outcome: Outcome) -> None:
    example = outcome.example
    case = ElementTree.SubElement(
        suite, "testcase", classname=_xml(file), name=_xml(example.name), file=_xml(file), line=str(example.line)
    )
    if outcome.passed:
        return
    first = outcome.missed[0]
    message = f"{when(first)}: {', '.join(difference.path for difference in first.differences)}"
    text = "\n".join([f"{file}:{first.line}", *told(outcome)])
    ElementTree.SubElement(case, "failure", message=_xml(message), type="expectation").text = _xml(text)


def _xml(text: str) -> str:
    return "".join(sign if sign in "\n\t" or sign.isprintable() else "·" for sign in text)
