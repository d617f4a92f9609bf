"""How a port is served over HTTP, for the webhook and for health alike."""

import logging
from collections.abc import Awaitable, Callable
from typing import Final

from aiohttp.http_exceptions import HttpProcessingError
from aiohttp.web import BaseRequest, Response, Server, ServerRunner

# Longer than the 90 s for which an API server keeps an idle connection, so that it is never this
# side that closes one just as a request is on its way.
KEEPALIVE_SECONDS: Final = 120.0
_LINGERING_SECONDS: Final = 2.0
_MAX_HEADERS: Final = 32
_MAX_HEADER_BYTES: Final = 4096
"""A head is held until it is whole; API servers send ten headers, of which a token is longest."""


def make_runner(
    handler: Callable[[BaseRequest], Awaitable[Response]], shutdown_seconds: float
) -> ServerRunner:
    """Make a server of one handler, which may be given so long for what is in flight at its end."""
    server = Server(
        handler,
        logger=_quiet_logger(),
        access_log=None,
        auto_decompress=False,
        keepalive_timeout=KEEPALIVE_SECONDS,
        lingering_time=_LINGERING_SECONDS,
        max_headers=_MAX_HEADERS,
        max_field_size=_MAX_HEADER_BYTES,
    )
    return ServerRunner(server, shutdown_timeout=shutdown_seconds)


def _quiet_logger() -> logging.Logger:
    """Leave out what is no HTTP, and who is gone: aiohttp logs a traceback for each of them."""
    logger = logging.getLogger(__name__)
    logger.addFilter(_is_no_peers_fault)
    return logger


def _is_no_peers_fault(record: logging.LogRecord) -> bool:
    error = record.exc_info[1] if record.exc_info else None
    return not isinstance(error, HttpProcessingError | ConnectionError)
