"""The options that commands share, and what was chosen for the whole process."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import typer

LIMIT_MAX = 100_000

LogLevel = Literal["debug", "info", "warning", "error"]
LogFormat = Literal["text", "json"]
EndedState = Literal["dead", "delivered", "any"]

ConfigFile = Annotated[Path, typer.Option("--config", "-c", metavar="FILE", help="The configuration.")]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON object a line on standard output.")]
Limit = Annotated[int, typer.Option("--limit", "-n", min=1, max=LIMIT_MAX, help="At most so many.")]

CONFIG = Path("gateway.yaml")


@dataclass(slots=True)
class Choices:
    """What the options before the command said."""

    log_level: LogLevel | None = None


choices = Choices()


def family(help: str) -> typer.Typer:
    """A family of commands; alone, it says which there are."""
    return typer.Typer(help=help, no_args_is_help=True, add_completion=False, rich_markup_mode=None)
