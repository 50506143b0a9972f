"""What a bare aiohttp server can do here: it reads a body and sends it back. Prints its port; serves until killed."""

import asyncio
import sys

from aiohttp import web


async def echo(request: web.Request) -> web.Response:
    """Answer with the body."""
    return web.Response(body=await request.read(), content_type="application/json")


async def serve() -> None:
    """Serve on a free port of the loopback."""
    app = web.Application()
    app.router.add_post("/in/{connector}", echo)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    print(runner.addresses[0][1], flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    sys.exit(asyncio.run(serve()))
