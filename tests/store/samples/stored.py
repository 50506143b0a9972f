"""The samples as files: one a version and kind, with the bytes, what is read of them, and the shape that they have."""

import difflib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.store.samples.shapes import Shape, only_added

FOLDER = Path(__file__).parent


@dataclass(frozen=True)
class Sample:
    """Bytes as they were written once, and the plain values that are read of them."""

    name: str
    body: bytes
    reads: Any


def versions(kind: str) -> list[int]:
    """The versions of a kind of which there are samples."""
    return sorted(int(file.parent.name.removeprefix("v")) for file in FOLDER.glob(f"v*/{kind}.json"))


def samples(kind: str, version: int) -> list[Sample]:
    """The samples of a version; none where there is no file."""
    found = _read(kind, version)
    return [Sample(one["name"], _bytes(one["bytes"]), one["reads"]) for one in found["samples"]] if found else []


def shape(kind: str, version: int) -> Shape | None:
    """The shape of a version; None where there is no file."""
    found = _read(kind, version)
    return found["shape"] if found else None


def write(kind: str, version: int, kept: list[Sample], shape: Shape) -> None:
    """Write a file."""
    file = FOLDER / f"v{version}" / f"{kind}.json"
    file.parent.mkdir(exist_ok=True)
    listed = [{"name": one.name, "bytes": _text(one.body), "reads": one.reads} for one in kept]
    content = {"shape": shape, "samples": listed}
    file.write_text(json.dumps(content, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def told_of_change(kind: str, version: int, before: Shape, after: Shape) -> str:
    """What to tell of a shape that isn't as it was, and what to do."""
    lines = difflib.unified_diff(_lines(before), _lines(after), f"{kind}, version {version}", "now", lineterm="", n=1)
    if only_added(before, after):
        todo = (
            "Only fields with a default were added, or words: what is kept is read as before. "
            "Note it with `python -m tests.store.samples`."
        )
    else:
        todo = (
            f"Databases hold {kind}s of this version, and these could be misread. Either change it back, or make "
            f"version {version + 1}: add an upcaster, which makes of the plain values of version {version} those of "
            f"{version + 1}, to the Versions of the kind (gateway/store/coding.py, gateway/policy/kept.py), then run "
            "`python -m tests.store.samples`. CONTRIBUTING.md has the details."
        )
    return "\n".join([f"the shape of what is kept as {kind!r} has changed:", *lines, todo])


def _lines(shape: Shape) -> list[str]:
    return [f"{name}: {line}" for name, lines in shape.items() for line in lines]


def _read(kind: str, version: int) -> dict[str, Any] | None:
    file = FOLDER / f"v{version}" / f"{kind}.json"
    return json.loads(file.read_text(encoding="utf-8")) if file.is_file() else None


def _text(body: bytes) -> str:
    """JSON is kept as such, anything else in hexadecimal digits."""
    return body.decode() if body[:1] in (b"{", b"[") else f"hex {body.hex()}"


def _bytes(text: str) -> bytes:
    return bytes.fromhex(text.removeprefix("hex ")) if text.startswith("hex ") else text.encode()
