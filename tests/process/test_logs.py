"""Logs: one line a record, with a time that needs no guessing."""

import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta

CODE = """
import logging, sys
from slimgate.process.logs import configure
from slimgate.settings import LogFormat
configure(LogFormat(sys.argv[1]))
logging.getLogger("slimgate.x").warning("two\\nlines of %s", "text")
logging.getLogger("kopf").info("noise")
"""


def logged(log_format: str) -> str:
    """Log in a process of its own, in a zone that is not UTC."""
    done = subprocess.run(
        [sys.executable, "-c", CODE, log_format],
        capture_output=True,
        text=True,
        check=True,
        env={"TZ": "Asia/Tokyo", "PYTHONPATH": "operator"},
    )
    assert done.stdout == ""
    return done.stderr


def recent(text: str) -> bool:
    """Whether a time is of the last minute, and says itself of which zone it is."""
    when = datetime.fromisoformat(text)
    return when.tzinfo is not None and abs(datetime.now(UTC) - when) < timedelta(minutes=1)


def test_json() -> None:
    """An object with time, level, logger and message."""
    (line,) = logged("JSON").splitlines()
    found = json.loads(line)

    assert recent(found.pop("time"))
    assert found == {"level": "WARNING", "logger": "slimgate.x", "message": "two\nlines of text"}


def test_text() -> None:
    """The same as people read it, without what libraries say of their everyday life."""
    said = logged("Text")
    time, _, rest = said.partition(" ")

    assert recent(time)
    assert rest == "WARNING slimgate.x: two\nlines of text\n"
