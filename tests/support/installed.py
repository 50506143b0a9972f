"""A plugin that is installed: a folder that is one, once it is on the path of Python."""

from pathlib import Path


def install(folder: Path, name: str, module: str, code: str | None = None) -> None:
    """Make the folder hold a distribution whose entry point `name` is `module`, with this code, if any is given."""
    info = folder / f"{name}-1.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1\n")
    (info / "entry_points.txt").write_text(f"[gateway]\n{name} = {module}\n")
    if code is not None:
        (folder / f"{module}.py").write_text(code)
