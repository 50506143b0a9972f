"""Every shape of account that can be read."""

from collections.abc import Mapping

from bench.sync import freshdesk, salesforce, zendesk
from bench.sync.shape import Shape

SHAPES: Mapping[str, Shape] = {one.name: one for one in (zendesk.SHAPE, freshdesk.SHAPE, salesforce.SHAPE)}
