"""Files as other programs want them named: relative to the folder where the check ran."""

import os
from pathlib import Path


def relative(file: str) -> str:
    """Write a path below the working folder relative to it, with slashes; others whole."""
    path = Path(os.path.normpath(file))
    if path.is_absolute() and path.is_relative_to(Path.cwd()):
        path = path.relative_to(Path.cwd())
    return path.as_posix()
