"""Manifests as users keep them: files, folders and standard input, read with their lines."""

from typing import Final

STDIN: Final = "-"
STDIN_NAME: Final = "<stdin>"
SUFFIXES: Final = (".yaml", ".yml", ".json")
