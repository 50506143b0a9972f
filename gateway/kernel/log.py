"""Logs: to standard error, for people on a terminal and as JSON lines elsewhere.

Secrets and bodies never get into them."""

import logging
import re
import sys
from collections.abc import Mapping
from typing import Any

import structlog
from pydantic import SecretBytes, SecretStr
from structlog.typing import EventDict, Processor, WrappedLogger

from gateway.kernel.cards import hide_cards_in_words

HIDDEN = "***"
_DEPTH_MAX = 6
_SECRET_KEY = re.compile(
    r"secret|token|passw|passphrase|authori[sz]ation|api_?key|private_?key|signature|cookie|credential", re.IGNORECASE
)
_BODY_KEY = re.compile(r"(^|_)(body|payload|content)$", re.IGNORECASE)
_SECRET_TEXT = re.compile(
    r"(?P<kind>wh(?:sec|sk|pk)_|gwkey[0-9]_|og[ts]_|\b[rs]k_(?:live|test)_)[A-Za-z0-9+/=_-]+|(?P<scheme>\b(?:bearer|basic)\s+)[A-Za-z0-9+/=._~:-]+"
    r"|(?P<pem>-----BEGIN [A-Z ]{0,30}PRIVATE KEY-----)(?:[A-Za-z0-9+/=\s]|\\[nr])*",
    re.IGNORECASE,
)


def redacted(key: str, value: Any, depth: int = 0) -> Any:
    """The value as a log may hold it under this key."""
    if isinstance(value, SecretStr | SecretBytes) or (_SECRET_KEY.search(key) and not isinstance(value, bool)):
        return HIDDEN if value is not None else None
    if isinstance(value, bytes | bytearray | memoryview):
        return f"<{len(value)} bytes>"
    if isinstance(value, str):
        if _BODY_KEY.search(key):
            return f"<{len(value)} characters>"
        return hide_secrets(value)
    if isinstance(value, bool | int | float) or value is None:
        return value
    if depth >= _DEPTH_MAX:
        return f"<{type(value).__name__}>"
    if isinstance(value, Mapping):
        return {hide_secrets(str(name)): redacted(str(name), inner, depth + 1) for name, inner in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [redacted(key, inner, depth + 1) for inner in value]
    return hide_secrets(repr(value))


def hide_secrets(text: str) -> str:
    """The text with webhook secrets, keys and tokens of ours, Stripe's keys, private keys, bearer tokens, basic
    credentials and cards replaced."""
    return hide_cards_in_words(
        _SECRET_TEXT.sub(lambda match: (match["kind"] or match["scheme"] or match["pem"]) + HIDDEN, text)
    )


def redact(logger: WrappedLogger, method: str, event_dict: EventDict) -> EventDict:
    """The processor that stands last before a line is written: it sees tracebacks as text."""
    return {key: value if key[:1] == "_" else redacted(key, value) for key, value in event_dict.items()}


def configure(json: bool | None = None, level: str = "info") -> None:
    """Set up logging for the process: `json` None means JSON unless standard error is a terminal.

    Libraries that use the standard library's logging pass through the same redaction, from WARNING up.
    Raises ValueError for a level that doesn't exist.
    """
    least = logging.getLevelNamesMapping().get(level.upper())
    if least is None:
        raise ValueError(f"{level!r} is no log level: debug, info, warning, error or critical")
    as_json = not sys.stderr.isatty() if json is None else json
    first: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
    ]
    renderer: Processor = (
        structlog.processors.JSONRenderer() if as_json else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    )
    structlog.configure(
        processors=[*first, redact, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(least),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=first,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, redact, renderer],
        )
    )
    logging.basicConfig(handlers=[handler], level=max(least, logging.WARNING), force=True)
