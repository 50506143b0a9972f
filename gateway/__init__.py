"""Orion Gateway: every customer contact, whichever vendor it came from, under one true clock.

The folders are floors; a module imports only from floors below its own, and siblings don't see each other:

    cli         what people type
    daemon      the composition root: the only floor that names SQLite
    web         the doors for vendors and for people
    engine      load, call one pure function, save
    connectors  the built-in connector `events`, through the door only
    store | plugin | config   what is kept; the door for connectors; gateway.yaml
    policy      the policy document: load, check, compile
    kernel      the five ports and what stands next to the outside: signing, addresses, log
    rules       pure: what events and time imply
    model       frozen values
"""

__version__ = "0.1.0"
