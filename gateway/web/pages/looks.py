"""Templates and static files: loaded once, escaped always, each static file under a name that says its content.

Static files are ours in `static/`, and libraries, whole and unchanged, in `vendor/`.
"""

import hashlib
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from gateway.kernel.board import RISK_MIN
from gateway.kernel.values import told_since
from gateway.model.instant import format_instant, length_words
from gateway.web import viewer, words
from gateway.web.pages.filters import BREACHED, ESCALATED

_HERE = Path(__file__).parent
_TYPES = {".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8"}


class Looks:
    """The pages' outside."""

    def __init__(self) -> None:
        self._files = {
            path.name: (path.read_bytes(), _TYPES[path.suffix])
            for path in sorted([*(_HERE / "static").iterdir(), *(_HERE / "vendor").glob("*/*")])
            if path.suffix in _TYPES
        }
        self._environment = Environment(
            loader=FileSystemLoader(_HERE / "templates"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._environment.globals["static"] = self.address
        self._environment.globals["risk_min"] = RISK_MIN
        self._environment.globals["breached_words_of"] = BREACHED
        self._environment.globals["escalated_words_of"] = ESCALATED
        for function in (
            words.clean,
            words.span_words,
            length_words,
            words.due_words,
            words.breached_words,
            words.left_words,
            words.over_words,
            words.for_words,
            words.share_words,
            words.plain_words,
            words.clock_face,
            words.name_words,
            words.way_words,
            words.title_words,
            words.field_label,
            words.field_words,
            words.web_address,
            told_since,
            format_instant,
            viewer.wall_words,
            viewer.wall_time,
            viewer.wall_day,
            viewer.offset_words,
        ):
            self._environment.filters[function.__name__] = function

    def page(self, template: str, **values: Any) -> str:
        """The template with its values."""
        return self._environment.get_template(template).render(values)

    def address(self, name: str) -> str:
        """Where a static file is: another address for another content."""
        return f"/static/{hashlib.sha256(self._files[name][0]).hexdigest()[:12]}/{name}"

    def file(self, name: str) -> tuple[bytes, str] | None:
        """A static file's content and type; None where there is none of that name."""
        return self._files.get(name)


@cache
def the_looks() -> Looks:
    """The same for every app of a process: nothing in it changes, and compiling the templates takes its time."""
    return Looks()
