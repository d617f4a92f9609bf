"""Logging: one JSON object a line in a cluster, plain text for people; times are UTC."""

import logging
from datetime import UTC, datetime
from typing import Final

from pythonjsonlogger.json import JsonFormatter

from slimgate.settings import LogFormat

_TEXT: Final = "%(asctime)s %(levelname)-7s %(name)s: %(message)s"
_FIELDS: Final = "%(asctime)s %(levelname)s %(name)s %(message)s"
_QUIET: Final = ("aiohttp.access", "kopf", "kubernetes", "asyncio")


class _Utc(logging.Formatter):
    def formatTime(  # noqa: N802 - the library's name
        self, record: logging.LogRecord, datefmt: str | None = None
    ) -> str:
        del datefmt
        when = datetime.fromtimestamp(record.created, UTC)
        return when.isoformat(timespec="milliseconds").replace("+00:00", "Z")


class _Json(_Utc, JsonFormatter):
    pass


def configure(log_format: LogFormat) -> None:
    """Send all logs to standard error."""
    handler = logging.StreamHandler()
    if log_format is LogFormat.JSON:
        renames = {"asctime": "time", "levelname": "level", "name": "logger"}
        handler.setFormatter(_Json(_FIELDS, rename_fields=renames))
    else:
        handler.setFormatter(_Utc(_TEXT))
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
    for name in _QUIET:
        # kopf logs every event of every object at INFO, whole bodies at DEBUG.
        logging.getLogger(name).setLevel(logging.WARNING)
