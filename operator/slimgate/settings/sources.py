"""Where settings come from: a configuration file, which is opened here, and the environment."""

import os
import stat
from pathlib import Path
from typing import Final

from slimgate.core.errors import SettingsError
from slimgate.core.text import printable
from slimgate.settings import CONFIG, MAX_FILE_BYTES, File, Settings, read
from slimgate.settings.files import check_files

_OPEN: Final = ("/dev/fd/", "/proc/self/fd/", "/dev/stdin")
"""What a shell's <(…) is called: somebody writes it, and a named pipe may wait for ever."""


def read_settings(config: str | None = None, *own: str) -> Settings:
    """Read settings, and see that the files which they name can be read; SettingsError if not.

    `own` are the keys of files that only the caller's role reads.
    """
    settings = read_unchecked(config)
    check_files(settings, own)
    return settings


def read_unchecked(config: str | None = None) -> Settings:
    """Read a configuration file, else SLIMGATE_CONFIG's, and variables; SettingsError if wrong."""
    name = config or os.environ.get(CONFIG)
    return read(os.environ, _file(name) if name else None)


def _file(name: str) -> File:
    if "://" in name:
        raise _unreadable(name, "slimgate does not fetch URLs")
    try:
        if not name.startswith(_OPEN) and stat.S_ISFIFO(Path(name).stat().st_mode):
            raise _unreadable(name, "it is a named pipe")
        with Path(name).open("rb") as opened:
            return File(name, opened.read(MAX_FILE_BYTES + 1))
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not the name of a file"
        raise _unreadable(name, why) from error


def _unreadable(name: str, why: str | None) -> SettingsError:
    return SettingsError(f"the configuration file {printable(name, 128)} can't be read: {why}")
