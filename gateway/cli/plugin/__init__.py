"""`gateway plugin`: what is installed, and what the author of a connector needs."""

from gateway.cli.options import family
from gateway.cli.plugin import check, listing, new, try_

commands = family("Connectors: what is installed, and help for who writes one.")
commands.command("list")(listing.list_)
commands.command("new")(new.new)
commands.command("check")(check.check)
commands.command("try")(try_.try_)
