"""What the enricher of payments says, as a table: made of its facts type, and what stands behind each field."""

from gateway_payments.purse import Purse, Sums
from msgspec.structs import fields

from gateway.kernel.json_schema import attribute_texts


def purse() -> str:
    """A row for every fact, those of the amounts first."""
    texts = attribute_texts(Purse)
    lines = ["| fact | default | is |", "|---|---|---|"]
    for field in fields(Purse):
        text = " ".join(texts[field.name].split()).rstrip(".")
        lines.append(f"| `{field.name}` | {_shown(field.default)} | {text[:1].lower()}{text[1:]} |")
    lines.append("")
    lines.append(f"Each of `others` has {', '.join(f'`{field.name}`' for field in fields(Sums))}.")
    return "\n".join(lines)


def _shown(default: object) -> str:
    if isinstance(default, str | tuple):
        return "empty"
    return f"`{str(default).lower()}`"
