"""The page at which a person's browser lands after the vendor has asked for consent: on this machine only, and short.

Nothing of what came is shown or logged.
"""

from collections.abc import Callable

from aiohttp import hdrs, web

from gateway.kernel.consent import NotGranted

PATH = "/callback"
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}
_PAGE = "<!doctype html><html lang=en><meta charset=utf-8><title>Orion Gateway</title><h1>{}</h1><p>{}</p></html>"


def landing_app(landed: Callable[[str], None]) -> web.Application:
    """Hands each address that a browser lands at to `landed`, which raises NotGranted for what is no good."""

    async def land(request: web.Request) -> web.Response:
        try:
            landed(str(request.rel_url))
        except NotGranted as error:
            return _page(400, "This did not work", f"{error}.")
        return _page(200, "That is all", "The gateway goes on from here; this window can be closed.")

    app = web.Application()
    app.router.add_get(PATH, land, allow_head=False)
    return app


def _page(status: int, head: str, words: str) -> web.Response:
    headers = {**_HEADERS, hdrs.CONNECTION: "close"}
    return web.Response(status=status, text=_PAGE.format(head, words), content_type="text/html", headers=headers)
