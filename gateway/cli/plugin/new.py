"""`gateway plugin new NAME`: the skeleton of a connector or an enricher that works at once, to be made one's own.

The skeletons are plugins themselves, in the folders `template` and `template_enricher`: what is written is one of them
under another name.
"""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Final

import typer

from gateway.cli import output
from gateway.cli.failures import FOUND, UNAVAILABLE, USAGE, Failed

NAME_MAX: Final = 40
TEMPLATE: Final = Path(__file__).parent / "template"
ENRICHER: Final = Path(__file__).parent / "template_enricher"

_NAME = re.compile(r"[a-z][a-z0-9]*(?:[_-][a-z0-9]+)*", re.ASCII)
_HIDDEN: Final = {"gitignore": ".gitignore"}
"""Files that would do their work in the template already, if they had their own names there."""

_NEXT = """
Next, in {folder}:
  python -m pip install -e '.[dev]'
{commands}
Then make it yours: gateway_{module}/__init__.py first,
then {what} after the vendor's documentation."""


def new(
    name: Annotated[str, typer.Argument(metavar="NAME", help="The vendor, in lower case: `freshdesk`.")],
    folder: Annotated[
        Path | None, typer.Option("--dir", metavar="DIR", help="Where to; a folder of its name unless given.")
    ] = None,
    enricher: Annotated[bool, typer.Option("--enricher", help="An enricher, not a connector.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Write over what is there.")] = False,
) -> None:
    """Write a connector, or an enricher, with a stand-in for its vendor and tests that pass at once."""
    import os

    _check(name, enricher=enricher, force=force)
    target = folder if folder is not None else Path(name)
    files = {target / path: content for path, content in written(name, enricher=enricher).items()}
    there = [str(path.relative_to(target)) for path in files if os.path.lexists(path)]
    if there and not force:
        what = f"{', '.join(there[:3])}{', …' if len(there) > 3 else ''} in {target}: already there"
        raise Failed(FOUND, f"{what}; nothing was written", "--dir chooses another folder, --force writes over it")
    try:
        for path, content in files.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content, encoding="utf-8")
            output.say(f"wrote {path}")
    except OSError as error:
        raise Failed(UNAVAILABLE, f"{error.filename or target}: {error.strerror or 'it cannot be written'}") from None
    what, module = "the stand-in" if enricher else "the simulator", name.replace("-", "_")
    output.say(_NEXT.format(folder=target, commands=_commands(name, enricher), module=module, what=what))


def _commands(name: str, enricher: bool) -> str:
    """What to do next, and what for, in two columns."""
    told = {
        "python -m pytest": "the kit's checks, and a test of its own",
        "gateway plugin check .": "the same with a level: bronze, silver or gold",
    }
    if not enricher:
        told[f"gateway simulate {name}"] = "its simulator, with settings for gateway.yaml"
    width = max(map(len, told))
    return "\n".join(f"  {command:<{width}}  # {use}" for command, use in told.items())


def written(name: str, *, enricher: bool = False) -> Mapping[Path, str]:
    """The files of a connector or an enricher of that name, by their paths within its folder."""
    above = ENRICHER if enricher else TEMPLATE
    return {_named(path.relative_to(above), name): _renamed(path.read_text("utf-8"), name) for path in _sources(above)}


def _sources(above: Path) -> Iterator[Path]:
    for path in sorted(above.rglob("*")):
        if path.is_file() and "__pycache__" not in path.parts:
            yield path


def _named(path: Path, name: str) -> Path:
    return Path(_renamed(str(path.with_name(_HIDDEN.get(path.name, path.name))), name))


def _renamed(text: str, name: str) -> str:
    module = name.replace("-", "_")
    words = {
        "gateway-yourvendor": f"gateway-{name.replace('_', '-')}",
        "gateway_yourvendor": f"gateway_{module}",
        "test_yourvendor": f"test_{module}",
        "yourvendor_here": module,
        "YOURVENDOR": module.upper(),
        "Yourvendor": "".join(part.capitalize() for part in module.split("_")),
        "yourvendor.example": f"{name.replace('_', '-')}.example",
        "yourvendor": name,
    }
    for word, new in words.items():
        for placeholder in (word, word.replace("vendor", "system").replace("VENDOR", "SYSTEM")):
            text = text.replace(placeholder, new)
    return text


def _check(name: str, *, enricher: bool, force: bool) -> None:
    """Raise Failed for a name that can't be a plugin's, or is one's already."""
    if len(name) > NAME_MAX or _NAME.fullmatch(name) is None:
        hint = f"small letters and digits, parts joined by - or _, at most {NAME_MAX} in all: `freshdesk`, `my-desk`"
        raise Failed(USAGE, f"{name[:60]!r} can't be the name of a plugin", hint)
    from gateway.daemon.setup import plugins_here

    found = plugins_here()
    taken = found.enrichers if enricher else found.connectors
    if not force and (name in taken or name in {broken.name for broken in found.broken}):
        raise Failed(
            FOUND, f"a plugin {name!r} is installed already", "choose another name; --force takes it all the same"
        )
