"""Write the pictures, and the parts of the page that go with them: `python -m docs.drawing`."""

from pathlib import Path

from docs.drawing import explaining
from docs.drawing.page import pictures, renewed

DOCS = Path(__file__).resolve().parents[1]
PAGE = DOCS / "explanation" / "how-sla-clocks-count.md"


def main() -> None:
    """Draw everything and write what has changed; files of pictures that are gone are removed."""
    drawn = pictures()
    folder = DOCS / "pictures"
    folder.mkdir(exist_ok=True)
    wanted = {f"{picture.name}.svg": picture.svg for picture in drawn}
    for path in folder.glob("*.svg"):
        if path.name not in wanted:
            path.unlink()
    changed = [(folder / name, svg) for name, svg in wanted.items()]
    changed.append((PAGE, explaining.renewed(renewed(PAGE.read_text(encoding="utf-8"), drawn))))
    for path, text in changed:
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")
            print(f"written: {path.relative_to(DOCS.parent)}")


if __name__ == "__main__":
    main()
