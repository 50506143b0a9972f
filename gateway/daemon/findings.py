"""Everything that can be told of a configuration and its policy: what keeps them from being used, and what they mean
that nobody can have meant.

Law: each file speaks for itself. A wrong gateway.yaml hides nothing of the policy, and a secret in a file is told
whatever else is wrong there.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from gateway.kernel.allowances import apply
from gateway.kernel.document import read_text
from gateway.kernel.likely_secrets import likely_secrets
from gateway.kernel.problems import Problem, Problems
from gateway.policy.lint import findings
from gateway.policy.lint.values import secrets_in
from gateway.policy.load import Loaded, load_policy
from gateway.policy.presets import preset_text
from gateway.policy.rehearsal.files import beside, check_tests

if TYPE_CHECKING:
    from gateway.config import Config
    from gateway.daemon.setup import Seen
    from gateway.plugin.manager import Plugins

PRESET: Final = "preset:"

LOOKED_AT_MAX: Final = 32 * 1024
"""Characters of a policy in which a start looks for findings: some 300 rules, a third of a second."""


@dataclass(frozen=True, slots=True)
class Told:
    """Every problem and finding, by file, the configuration first, and place; and what was read, for words about it."""

    problems: tuple[Problem, ...]
    config: "Config | None"
    policy: Loaded | None


def look_closely(path: Path, environ: Mapping[str, str], plugins: "Plugins") -> Told:
    """All that is wrong with a configuration and what it refers to, and all that is found in them."""
    # Here, for a policy alone needs neither connectors nor a database, and importing them takes longest.
    from gateway.daemon.setup import look

    seen = look(path, environ, plugins)
    left_out = (*seen.left_out, *seen.enrichers_left_out)
    wrong = [*seen.problems, *left_out, *_broken(path, plugins, left_out)]
    problems = [one for one in wrong if one.file != str(path)]
    problems += _of_configuration(path, seen, [one for one in wrong if one.file == str(path)])
    if seen.policy is not None:
        problems += of_policy(seen.policy, [one for one in wrong if one.file == seen.policy.file])
    return Told(tuple(sorted(set(problems), key=lambda one: (one.file != str(path), one))), seen.config, seen.policy)


def look_at_policy(name: str) -> Told:
    """The same for a policy alone: the file of that name, or `preset:NAME`. Raises KeyError for an unknown preset."""
    try:
        text = preset_text(name.removeprefix(PRESET)) if name.startswith(PRESET) else read_text(Path(name), "policy")
        loaded = load_policy(text, name)
    except Problems as found:
        return Told(found.problems, None, None)
    return Told(tuple(sorted(set(of_policy(loaded)))), None, loaded)


def of_policy(loaded: Loaded, wrong: Iterable[Problem] = ()) -> list[Problem]:
    """What is found in a policy that can be used and isn't allowed there, and all that is wrong with the tests beside
    it. `wrong`: what keeps it from being used with its configuration."""
    kept, idle = apply(loaded.file, loaded.text, [*wrong, *findings(loaded)])
    return [*kept, *idle, *_of_tests(loaded)]


def _of_tests(loaded: Loaded) -> list[Problem]:
    """What is wrong with the tests beside a policy, and what is found in them and isn't allowed there."""
    told = check_tests(loaded)
    if loaded.file.startswith(PRESET):
        return told
    for path in beside(Path(loaded.file)):
        try:
            text = read_text(path, "file of tests")
        except Problems:
            continue
        wrong = [one for one in told if one.file == str(path)]
        kept, idle = apply(str(path), text, [*wrong, *secrets_in(str(path), text)])
        told = [*(one for one in told if one.file != str(path)), *kept, *idle]
    return told


def warnings_in_words(loaded: Loaded) -> str:
    """That a policy which can be used has warnings, for who puts it in force; empty if it has none, or is so long that
    looking for them would be felt."""
    if len(loaded.text) > LOOKED_AT_MAX:
        return ""
    kept, idle = apply(loaded.file, loaded.text, findings(loaded))
    number = sum(one.kind.level == "warning" for one in (*kept, *idle))
    told = "1 warning" if number == 1 else f"{number} warnings"
    return f"{loaded.file} has {told}: `gateway check` shows {'it' if number == 1 else 'them'}" if number else ""


def _of_configuration(path: Path, seen: "Seen", wrong: Iterable[Problem]) -> list[Problem]:
    """What is wrong with gateway.yaml, and what is found in it and isn't allowed there."""
    told = list(wrong)
    try:
        text = read_text(path, "configuration").removeprefix("\ufeff")
    except Problems:
        return told
    kept, idle = apply(str(path), text, [*told, *_unused_endpoints(seen), *_secrets(str(path), text, told)])
    return [*kept, *idle]


def _unused_endpoints(seen: "Seen") -> Iterator[Problem]:
    """Endpoints that nothing is sent to, where that can be known."""
    if seen.config is None or seen.policy is None:
        return
    called = {endpoint for endpoints in seen.policy.policy.roles.values() for endpoint in endpoints}
    for name, endpoint in seen.config.endpoints.items():
        if name not in called and not endpoint.notices:
            message = (
                f"the endpoint {name!r} gets no notice: no role of the policy names it, and it asks for none itself; "
                "name it in a role, or give it `notices`"
            )
            yield seen.config.problem(("endpoints", name), "unused-endpoint", message, key=True)


def _secrets(file: str, text: str, told: Iterable[Problem]) -> Iterator[Problem]:
    """Texts that look like secrets, in whatever place, comments included, but for lines with an error of their own."""
    wrong = {problem.line for problem in told if problem.file == file}
    for likely in likely_secrets(text):
        if likely.line not in wrong:
            message = (
                f"this looks like {likely.what}, and everybody who reads the file has it: keep it elsewhere, as "
                "{env: NAME} or {file: PATH}, and let whoever gave it out put another in its place"
            )
            yield Problem(file, likely.line, likely.column, "secret-in-file", message)


def _broken(path: Path, plugins: "Plugins", left_out: Iterable[Problem]) -> Iterator[Problem]:
    """The plugins that can't be used and that nothing in the file names: no line of the file is about them."""
    told = "\n".join(problem.message for problem in left_out)
    for plugin in plugins.broken:
        if f"the plugin {plugin.name} " not in told:
            message = f"the plugin {plugin.name} is installed and can't be used: {plugin.reason}"
            yield Problem(str(path), 1, 1, "broken-plugin", message)
