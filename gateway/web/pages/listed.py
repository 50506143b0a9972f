"""What the pages of deliveries and of the inbox ask for in their addresses, and how they lead on from page to page."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlencode

from aiohttp import web

from gateway.web.asked import BadQuestion, limit_of, number_of, only, word_of
from gateway.web.pages.deeds import DID

TEXT_MAX: Final = 200
"""Characters of a word that a listing is narrowed by."""


@dataclass(frozen=True, slots=True)
class Listing:
    """Which rows of a listing are wanted: `narrowed` by words that aren't empty, behind the row with the id `after`."""

    path: str
    narrowed: Mapping[str, str]
    limit: int
    after: int | None

    def word(self, name: str) -> str:
        """The word by which it is narrowed; empty where it isn't."""
        return self.narrowed.get(name, "")

    def where(self) -> dict[str, Any]:
        """The same as the store's listings ask for it."""
        return {**self.narrowed, "limit": self.limit, "after": self.after}

    def href(self, path: str = "", **changed: object) -> str:
        """The address of the same listing, on a page that is given or its own, with some words changed; an empty one
        is left out."""
        words = {**self.narrowed, "limit": self.limit if self.limit != 100 else "", **changed}
        query = urlencode({name: word for name, word in words.items() if word not in ("", None)})
        return f"{path or self.path}?{query}" if query else path or self.path

    def following(self, ids: Sequence[int]) -> int | None:
        """Where the next page begins; None behind the last."""
        return ids[-1] if len(ids) == self.limit else None


def listing(request: web.Request, path: str, states: Sequence[str], *names: str) -> Listing:
    """What a request asks for: a `state` of these, and words of these names. Raises BadQuestion."""
    only(request, "limit", "state", "after", *names, *DID)
    narrowed = {"state": word_of(request, "state", ["", *states]) or ""}
    for name in names:
        texts = request.query.getall(name, [""])
        if len(texts) != 1 or len(texts[0]) > TEXT_MAX:
            raise BadQuestion(f"{name} is one text of at most {TEXT_MAX} characters")
        narrowed[name] = texts[0].strip()
    after = number_of(request, "after") if request.query.get("after") else None
    kept = {name: word for name, word in narrowed.items() if word}
    return Listing(path, kept, limit_of(request), after)
