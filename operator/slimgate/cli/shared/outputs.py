"""Files that commands write: looked at before anything is read, and none that is read itself."""

import errno
import os
import stat
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

from slimgate.core.errors import SettingsError
from slimgate.core.text import printable

_STDIN: Final = "-"
_File = tuple[int, int]
"""A device and a number on it: links of both kinds are the same file."""


def spare(option: str, files: Sequence[str], inputs: Callable[[], Iterable[str]]) -> None:
    """Refuse to write over a file that is read, and two to one file: the first would be lost.

    `inputs` are asked for only if there is a file that they might be.
    """
    written: set[_File | str] = set()
    for file in files:
        place = _file(file) or os.path.realpath(file)
        if place in written and (isinstance(place, str) or Path(file).is_file()):
            raise SettingsError(
                f"{option} {printable(file)}: two reports can't go to one file: name another"
            )
        written.add(place)
    there = {_file(file): file for file in files if Path(file).is_file()}
    for name in inputs() if there else ():
        found = _file(name)
        if found is not None and (spoilt := there.get(found)) is not None:
            raise SettingsError(
                f"{option} {printable(spoilt)}: it is read, and would be overwritten: name another"
            )


def why_not_writable(file: str) -> str | None:
    """Say why a file can't be written; None if it can be, or is a pipe, of which nobody knows.

    Nothing is made: whoever fails later leaves no empty file behind.
    """
    path = Path(os.path.realpath(file))
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        path, mode = path.parent, stat.S_IFREG
        if not path.is_dir():
            return os.strerror(errno.ENOENT)
    except (OSError, ValueError) as error:
        return (isinstance(error, OSError) and error.strerror) or "it is not the name of a file"
    if stat.S_ISDIR(mode):
        return os.strerror(errno.EISDIR)
    writable = not stat.S_ISREG(mode) or os.access(path, os.W_OK)
    return None if writable else os.strerror(errno.EACCES)


def own_inputs(kubeconfig: str | None, config: str | None) -> Iterator[str]:
    """Name the files that any command may read: kubeconfigs, settings, and what these name."""
    yield from filter(None, (kubeconfig, config, os.environ.get("SLIMGATE_CONFIG")))
    yield from filter(None, os.environ.get("KUBECONFIG", "").split(os.pathsep))
    docker = os.environ.get("DOCKER_CONFIG") or str(Path("~/.docker").expanduser())
    yield from (str(Path("~/.kube/config").expanduser()), f"{docker}/config.json")
    from slimgate.settings.files import named_files  # noqa: PLC0415 - help must not wait for it
    from slimgate.settings.sources import read_unchecked  # noqa: PLC0415

    with suppress(SettingsError):  # which ends the command, and writes nothing
        yield from named_files(read_unchecked(config)).values()


def below(folder: str) -> Iterator[str]:
    """Name every file of a folder, or itself if it is none."""
    if not Path(folder).is_dir():
        yield folder
    for at, _, names in os.walk(folder):
        yield from (str(Path(at, name)) for name in names)


def _file(name: str) -> _File | None:
    with suppress(OSError, ValueError):
        found = os.fstat(sys.stdin.fileno()) if name == _STDIN else Path(name).stat()
        return found.st_dev, found.st_ino
    return None
