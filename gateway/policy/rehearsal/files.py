"""The tests of a policy wherever they stand: in the file itself, and in files beside it.

For `policy.yaml` those are `policy.tests.yaml` and `policy.*.tests.yaml` in its folder, for a preset the file that
comes with it. A name stands once in all of them.
"""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

from gateway.kernel.document import Document, Problem, Problems, read_text
from gateway.policy.examples.names import names_of
from gateway.policy.examples.reading import Example, read_examples
from gateway.policy.examples.references import check_tests as check_names
from gateway.policy.examples.shape import TestsDocument
from gateway.policy.load import Loaded
from gateway.policy.presets import preset_tests

PRESET: Final = "preset:"
ENDING: Final = ".tests.yaml"


def beside(policy: Path) -> list[Path]:
    """The files of tests beside a policy, by name."""
    stem = policy.name.removesuffix(".yaml").removesuffix(".yml")
    try:
        there = [path for path in policy.parent.iterdir() if _belongs(path.name, stem)]
    except OSError:
        return []
    return sorted(path for path in there if path.name != policy.name)


def read_tests(loaded: Loaded, text: str, file: str) -> list[Example]:
    """The tests in a file's text, by the names of the policy. Raises Problems with everything that is wrong."""
    return _read(loaded, Document.parse(text, file))


def tests_of(loaded: Loaded) -> list[Example]:
    """The tests in the policy's own file, and in those beside it. Raises Problems."""
    if loaded.file.startswith(PRESET):
        return _together(loaded, [(_preset_file(loaded.file), preset_tests(loaded.file.removeprefix(PRESET)))])
    return tests_in(loaded, beside(Path(loaded.file)), own=True)


def tests_in(loaded: Loaded, files: Sequence[Path], *, own: bool = False) -> list[Example]:
    """The tests in these files, and with `own` in the policy's too. Raises Problems: those of all files at once."""
    texts: list[tuple[str, str]] = []
    problems: list[Problem] = []
    for path in files:
        try:
            texts.append((str(path), read_text(path, "file of tests")))
        except Problems as found:
            problems += found.problems
    try:
        return _together(loaded, texts, problems, own=own)
    except Problems as found:
        raise Problems([*problems, *found.problems]) from None


def check_tests(loaded: Loaded) -> list[Problem]:
    """What is wrong with the files of tests beside a policy: it doesn't keep the policy from coming into force."""
    try:
        tests_of(loaded)
    except Problems as found:
        return list(found.problems)
    return []


def _together(
    loaded: Loaded, texts: Iterable[tuple[str, str]], problems: Sequence[Problem] = (), *, own: bool = True
) -> list[Example]:
    tests = list(loaded.tests) if own else []
    found = list(problems)
    for file, text in texts:
        try:
            tests += read_tests(loaded, text, file)
        except Problems as wrong:
            found += wrong.problems
    found += _twice(tests)
    if found:
        raise Problems(found)
    return tests


def _read(loaded: Loaded, source: Document) -> list[Example]:
    problems: list[Problem] = []
    try:
        source.validate(TestsDocument)
    except Problems as wrong:
        problems += wrong.problems
    examples, wrongs = read_examples(source)
    problems += wrongs
    policy = loaded.source.data if loaded.source is not None else loaded.document.model_dump(by_alias=True)
    problems += check_names(source, names_of(policy))
    if problems:
        raise Problems(problems)
    return examples


def _twice(tests: Sequence[Example]) -> list[Problem]:
    first: dict[str, Example] = {}
    problems = []
    for test in tests:
        known = first.setdefault(test.name, test)
        if known is not test:
            where = f"{known.line}:{known.column}" if known.file == test.file else f"{known.file}:{known.line}"
            message = f"the name {test.name[:100]!r} stands twice; the first is at {where}"
            problems.append(Problem(test.file, test.line, test.column, "duplicate-name", message))
    return problems


def _belongs(name: str, stem: str) -> bool:
    return name == f"{stem}{ENDING}" or (name.startswith(f"{stem}.") and name.endswith(ENDING))


def _preset_file(policy: str) -> str:
    return f"{policy}{ENDING.removesuffix('.yaml')}"
