"""Who is noted in the audit: the system's user, and the command that was given."""

import os
import pwd


def actor(command: str) -> str:
    """The user as the system knows it, whatever the environment says, with who became that user by sudo."""
    number = os.getuid()
    try:
        name = pwd.getpwuid(number).pw_name
    except KeyError:  # a container may have no name for its user
        name = f"user {number}"
    before = os.environ.get("SUDO_USER", "")
    return f"{f'{before} as {name}' if before else name} ({command})"
