"""gateway.yaml: what stands where, read once at the start, checked as a whole, frozen.

Laws: every mistake at once, each with its place; a secret is only ever named by where it is kept, and never shown.
"""

from gateway.config.config import Config, ConnectorConfig, EndpointConfig, EnricherConfig
from gateway.config.load import load_config
from gateway.config.values import Address, Preset

__all__ = [
    "Address",
    "Config",
    "ConnectorConfig",
    "EndpointConfig",
    "EnricherConfig",
    "Preset",
    "load_config",
]
