"""`gateway schema`: the JSON Schemas of what people write, for their editors, and of what comes in and goes out."""

from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from gateway.cli import output
from gateway.cli.failures import UNAVAILABLE, Failed

Named = Literal["policy", "policy-tests", "config", "event", "notice"]


def schema(
    what: Annotated[
        Named, typer.Argument(help="policy, policy-tests and config are files; event comes in, notice goes out.")
    ],
    out: Annotated[Path | None, typer.Option(metavar="FILE", help="Write it there, over what is there.")] = None,
) -> None:
    """Print a JSON Schema (draft 2020-12), for editors and for whoever sends events or receives notices."""
    text = schema_text(what)
    if out is None:
        output.data(text.encode())
        return
    try:
        out.write_text(text, encoding="utf-8")
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else "this is no path"
        raise Failed(UNAVAILABLE, f"{out}: {reason}") from None
    output.say(f"wrote {out}")


def schema_text(what: Named) -> str:
    """The text of a schema, as a file has it. The configuration's knows the plugins of this installation."""
    import json

    return json.dumps(_schema(what), indent=2, ensure_ascii=False) + "\n"


def _schema(what: Named) -> dict[str, Any]:
    if what == "policy":
        from gateway.policy.schema import policy_schema

        return policy_schema()
    if what == "policy-tests":
        from gateway.policy.schema import tests_schema

        return tests_schema()
    if what == "config":
        from gateway.config.schema import config_schema
        from gateway.daemon.setup import plugins_here

        found = plugins_here()
        return config_schema(
            {name: kind.settings_type for name, kind in found.connectors.items()},
            {name: kind.settings_type for name, kind in found.enrichers.items()},
        )
    from gateway.kernel.published import event_schema, notice_schema

    return event_schema() if what == "event" else notice_schema()
