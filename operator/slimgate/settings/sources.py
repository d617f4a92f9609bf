"""Where settings come from: a configuration file, which is opened here, and the environment."""

import os
from pathlib import Path

from slimgate.core.errors import SettingsError
from slimgate.core.text import printable
from slimgate.settings import CONFIG, MAX_FILE_BYTES, File, Settings, read


def read_settings(config: str | None = None) -> Settings:
    """Read a configuration file, else SLIMGATE_CONFIG's, and variables; SettingsError if wrong."""
    name = config or os.environ.get(CONFIG)
    return read(os.environ, _file(name) if name else None)


def _file(name: str) -> File:
    try:
        with Path(name).open("rb") as opened:
            return File(name, opened.read(MAX_FILE_BYTES + 1))
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not the name of a file"
        raise SettingsError(
            f"the configuration file {printable(name, 128)} can't be read: {why}"
        ) from error
