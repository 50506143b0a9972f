"""The tests of a policy wherever they stand: in the file itself, and in files beside it.

For `policy.yaml` those are `policy.tests.yaml` and `policy.*.tests.yaml` in its folder, for a preset the file that
comes with it. A name stands once in all of them.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from gateway.kernel.document import Document, Problem, Problems, read_text
from gateway.policy.examples.names import Names, names_of
from gateway.policy.examples.reading import Example, read_examples
from gateway.policy.examples.references import check_tests as check_names
from gateway.policy.examples.shape import TestsDocument
from gateway.policy.load import Loaded
from gateway.policy.presets import preset_tests

PRESET: Final = "preset:"
ENDING: Final = ".tests.yaml"


@dataclass(frozen=True, slots=True)
class _Named:
    """A test's name, and where it stands."""

    name: str
    file: str
    line: int
    column: int


def beside(policy: Path) -> list[Path]:
    """The files of tests beside a policy, by name; not those of another policy whose name begins like its own."""
    stem = policy.name.removesuffix(".yaml").removesuffix(".yml")
    try:
        names = {path.name for path in policy.parent.iterdir()}
    except OSError:
        return []
    return [policy.parent / name for name in sorted(names) if _belongs(name, stem, names)]


def read_tests(loaded: Loaded, text: str, file: str) -> list[Example]:
    """The tests in a file's text, by the names of the policy. Raises Problems with everything that is wrong."""
    return _together(loaded, [(file, text)], own=False)


def tests_of(loaded: Loaded) -> list[Example]:
    """The tests in the policy's own file, and in those beside it. Raises Problems."""
    if not loaded.file.startswith(PRESET):
        return tests_in(loaded, beside(Path(loaded.file)), own=True)
    text = preset_tests(loaded.file.removeprefix(PRESET))
    return _together(loaded, [(f"{loaded.file}.tests", text)], own=True)


def tests_in(loaded: Loaded, files: Sequence[Path], *, own: bool = False) -> list[Example]:
    """The tests in these files, and with `own` in the policy's too. Raises Problems: those of all files at once."""
    texts: list[tuple[str, str]] = []
    problems: list[Problem] = []
    for path in files:
        try:
            texts.append((str(path), read_text(path, "file of tests")))
        except Problems as found:
            problems += found.problems
    return _together(loaded, texts, problems, own=own)


def check_tests(loaded: Loaded) -> list[Problem]:
    """What is wrong with the files of tests beside a policy: it doesn't keep the policy from coming into force."""
    try:
        tests_of(loaded)
    except Problems as found:
        return list(found.problems)
    return []


def _together(
    loaded: Loaded, texts: Iterable[tuple[str, str]], problems: Sequence[Problem] = (), *, own: bool
) -> list[Example]:
    tests = list(loaded.tests) if own else []
    named = [_Named(test.name, test.file, test.line, test.column) for test in tests]
    found = list(problems)
    names = names_of(loaded.source.data if loaded.source else loaded.document.model_dump(by_alias=True))
    for file, text in texts:
        try:
            source = Document.parse(text, file)
            named += _named(source)
            tests += _read(source, names)
        except Problems as wrong:
            found += wrong.problems
    found += _twice(named)
    if found:
        raise Problems(found)
    return tests


def _read(source: Document, names: Names) -> list[Example]:
    examples, problems = read_examples(source)
    problems += check_names(source, names)
    try:
        source.validate(TestsDocument)
    except Problems as wrong:
        problems += wrong.problems
    if problems:
        raise Problems(problems)
    return examples


def _named(source: Document) -> Iterator[_Named]:
    """The names of a file's tests, right or wrong."""
    raw = source.data.get("tests") if isinstance(source.data, dict) else None
    for index, test in enumerate(raw if isinstance(raw, list) else []):
        if isinstance(test, dict) and isinstance(test.get("name"), str):
            yield _Named(test["name"], source.file, *source.place(("tests", index, "name")))


def _twice(tests: Sequence[_Named]) -> Iterator[Problem]:
    first: dict[str, _Named] = {}
    for test in tests:
        known = first.setdefault(test.name, test)
        if known is not test:
            where = f"{known.line}:{known.column}" if known.file == test.file else f"{known.file}:{known.line}"
            message = f"the name {test.name[:100]!r} stands twice; the first is at {where}"
            yield Problem(test.file, test.line, test.column, "duplicate-name", message)


def _belongs(name: str, stem: str, names: Collection[str]) -> bool:
    if not (name.startswith(f"{stem}.") and name.endswith(ENDING)) or len(name) < len(stem) + len(ENDING):
        return False
    between = name[len(stem) : -len(ENDING)].split(".")[1:]
    longer = (".".join([stem, *between[: count + 1]]) for count in range(len(between)))
    return not any(f"{other}.yaml" in names for other in longer)
