"""Trying an endpoint from a command: with a network client of this process."""

from gateway.cli.rotation import the_endpoint
from gateway.config import Config
from gateway.daemon.reload import signing_keys
from gateway.engine.attempt import Endpoint
from gateway.engine.trial import Tried, try_endpoint
from gateway.kernel.clock import SystemClock
from gateway.kernel.net import AiohttpNet
from gateway.kernel.rng import SystemRng


async def try_now(config: Config, name: str) -> Tried:
    """Try the endpoint of that name. Raises Failed if there is none."""
    settled = the_endpoint(config, name)
    endpoint = Endpoint(
        name=name,
        url=settled.url,
        secrets=signing_keys(settled),
        notices=settled.notices,
        reach=settled.reach,
    )
    net = AiohttpNet()
    try:
        return await try_endpoint(net, SystemClock(), SystemRng(), endpoint, config.name)
    finally:
        await net.close()
