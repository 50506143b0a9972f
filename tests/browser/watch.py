"""What a page must not do, noticed while a test looks at something else: ask another machine, fail, or open a dialog.

A broken rule of the content security policy is an error on the console, and so is a request that failed.
"""

import re
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from playwright.sync_api import BrowserContext, ConsoleMessage, Dialog, Request, WebError

INSIDE = ("data", "about", "blob")
"""Schemes for which nobody is asked."""


@dataclass
class Watch:
    """`origins` may be asked, `problems` is what happened, `excused` are patterns of what a test does on purpose."""

    origins: set[str]
    problems: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)
    excused: list[str] = field(default_factory=list)

    def over(self, context: BrowserContext) -> None:
        """Look at every page of a context from now on."""
        context.on("request", self._asks)
        context.on("console", self._says)
        context.on("weberror", self._fails)
        context.on("dialog", self._interrupts)

    def excuse(self, *patterns: str) -> None:
        """What a test brings about on purpose."""
        self.excused += patterns

    def found(self) -> list[str]:
        """The problems that nobody has excused."""
        return [problem for problem in self.problems if not any(re.search(one, problem) for one in self.excused)]

    def _asks(self, request: Request) -> None:
        self.requests.append(request.url)
        parts = urlsplit(request.url)
        if parts.scheme not in INSIDE and f"{parts.scheme}://{parts.netloc}" not in self.origins:
            self.problems.append(f"a request leaves: {request.url[:200]}")

    def _says(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning", "assert"):
            self.problems.append(f"console {message.type}: {message.text[:500]} ({message.location.get('url', '')})")

    def _fails(self, error: WebError) -> None:
        self.problems.append(f"page error: {error.error.message[:500]}")

    def _interrupts(self, dialog: Dialog) -> None:
        self.problems.append(f"a dialog: {dialog.type} {dialog.message[:200]}")
        dialog.dismiss()
