"""What came of the checks: a result for each, and the level that follows from them. Nobody can claim a level."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal
from xml.etree import ElementTree

from gateway.testing.check import CHECKS, KIT_VERSION, LEVELS, Check, Level, Sort

Outcome = Literal["passed", "failed", "not applicable", "excused"]
_COUNTS: Final = ("passed", "not applicable")


@dataclass(frozen=True, slots=True)
class Result:
    """What came of one check. `what`: what was seen, or why there was nothing to ask, or the author's excuse."""

    check: Check
    outcome: Outcome
    what: str = ""
    where: str = ""
    mend: str = ""

    def text(self) -> str:
        """A failure in full: what, why, where, how to mend it, and where more is said."""
        lines = [f"{self.check.id}: {self.check.title}", f"  what:  {self.what}"]
        lines += [f"  why:   {self.check.told('why')}"] if self.check.told("why") else []
        lines += [f"  where: {self.where}"] if self.where else []
        lines += [f"  mend:  {self.mend or self.check.told('mend')}", f"  more:  {self.check.page}"]
        return "\n".join(lines)

    def data(self) -> dict[str, Any]:
        """The same for programs."""
        return {
            "id": self.check.id,
            "title": self.check.title,
            "level": self.check.level,
            "outcome": self.outcome,
            "what": self.what,
            "where": self.where,
            "mend": (self.mend or self.check.told("mend")) if self.outcome == "failed" else "",
            "page": self.check.page,
        }


@dataclass(frozen=True, slots=True)
class Report:
    """All results of one run; `whole` unless only some checks were run."""

    name: str
    version: str
    results: Sequence[Result]
    whole: bool = True
    sort: Sort = "connector"

    @property
    def level(self) -> Level | None:
        """The highest level whose checks, and those of the levels below, all passed where they apply; None for none,
        and where not all were run."""
        return level_of(self.results, self.sort) if self.whole else None

    def reaches(self, level: Level) -> bool:
        """Whether the level is this one, or a higher one; of a run of some checks, whether those of them passed."""
        asked = LEVELS[: LEVELS.index(level) + 1]
        return all(result.outcome in _COUNTS for result in self.results if result.check.level in asked)

    def data(self) -> dict[str, Any]:
        """The report for programs."""
        return {
            "kit": KIT_VERSION,
            self.sort: self.name,
            "version": self.version,
            "level": self.level,
            "results": [result.data() for result in self.results],
        }

    def junit(self) -> bytes:
        """The report as JUnit's XML, for servers that show tests."""
        count = {
            outcome: sum(result.outcome == outcome for result in self.results) for outcome in ("failed", "excused")
        }
        skipped = sum(result.outcome in ("not applicable", "excused") for result in self.results)
        suite = ElementTree.Element(
            "testsuite",
            name=f"gateway kit {KIT_VERSION}: {self.name}",
            tests=str(len(self.results)),
            failures=str(count["failed"]),
            skipped=str(skipped),
        )
        for result in self.results:
            case = ElementTree.SubElement(suite, "testcase", classname=result.check.theme, name=result.check.id)
            if result.outcome == "failed":
                ElementTree.SubElement(case, "failure", message=_xml(result.what)).text = _xml(result.text())
            elif result.outcome != "passed":
                ElementTree.SubElement(case, "skipped", message=_xml(f"{result.outcome}: {result.what}"))
        return bytes(ElementTree.tostring(suite, encoding="utf-8", xml_declaration=True))


def level_of(results: Iterable[Result], sort: Sort = "connector") -> Level | None:
    """The level that follows from the results of all checks of this sort."""
    outcomes = {result.check.id: result.outcome for result in results}
    reached: Level | None = None
    for level in LEVELS:
        ours = [check for check in CHECKS.values() if sort in check.of and not check.deprecated]
        due = [check.id for check in ours if check.level == level]
        if not all(outcomes.get(id) in _COUNTS for id in due):
            return reached
        reached = level
    return reached


def _xml(text: str) -> str:
    """Text that XML can hold."""
    return "".join(sign if sign in "\n\t" or sign.isprintable() else "·" for sign in text)
