"""`gateway init`: a configuration, a policy with its tests, the secrets that they name, and schemas for editors."""

import os
from pathlib import Path
from typing import Annotated

import typer

from gateway.cli import output
from gateway.cli.failures import FOUND, UNAVAILABLE, Failed

_PRIVATE = 0o600
_SECRET_BYTES = 32


def init(
    preset: Annotated[
        str, typer.Option(metavar="NAME", help="The policy to start from: orion or orion-stars.")
    ] = "orion",
    folder: Annotated[Path, typer.Option("--dir", metavar="DIR", help="Where to; made if it isn't there.")] = Path("."),
    force: Annotated[bool, typer.Option("--force", help="Write over what is there.")] = False,
) -> None:
    """Write a configuration. gateway.yaml, policy.yaml with its tests, and .env.example go together."""
    from gateway.cli import skeleton
    from gateway.cli.schema import schema_text
    from gateway.policy.presets import preset_tests, preset_text

    try:
        policy, tests = preset_text(preset), preset_tests(preset)
    except KeyError as error:
        raise typer.BadParameter(error.args[0], param_hint="--preset") from None
    files = {
        "gateway.yaml": skeleton.configuration(preset),
        "policy.yaml": policy,
        "policy.tests.yaml": tests,
        ".env.example": skeleton.environment(_new_secret(), _new_secret()),
        "gateway.schema.json": schema_text("config"),
        "policy.schema.json": schema_text("policy"),
        "policy-tests.schema.json": schema_text("policy-tests"),
    }
    there = [name for name in files if os.path.lexists(folder / name)]
    ignored = folder / ".gitignore"
    if there and not force:
        raise Failed(
            FOUND, f"{', '.join(there)} in {folder}: already there; nothing was written", "--force writes over it"
        )
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in files.items():
            _write(folder / name, text, private=name.startswith(".env"))
            output.say(f"wrote {folder / name}")
        _write_key(folder / "gateway.key")
        if os.path.lexists(ignored):
            output.say(f"{ignored} is there already: see that it has {', '.join(skeleton.IGNORED)}")
        else:
            _write(ignored, skeleton.ignore(), private=False)
            output.say(f"wrote {ignored}")
    except OSError as error:
        raise Failed(UNAVAILABLE, f"{error.filename or folder}: {error.strerror or 'it cannot be written'}") from None
    output.say("\n" + skeleton.NEXT.format(folder=folder))


def _new_secret() -> str:
    from gateway.kernel.rng import SystemRng
    from gateway.kernel.signing import new_secret

    return new_secret(SystemRng().token(_SECRET_BYTES))


def _write_key(path: Path) -> None:
    """Make the key that seals tokens; one that is there is kept, whatever was forced: tokens may be sealed with it."""
    from gateway.kernel.rng import SystemRng
    from gateway.kernel.sealing import make_key_file

    try:
        make_key_file(path, SystemRng())
        output.say(f"wrote {path}")
    except FileExistsError:
        output.say(f"kept {path}")


def _write(path: Path, text: str, *, private: bool) -> None:
    """Write a file whole; one that holds secrets is its owner's alone, whatever stood there before."""
    if private:
        path.unlink(missing_ok=True)
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, _PRIVATE if private else 0o666)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)
