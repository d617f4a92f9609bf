"""Named pipes, such as a shell's <(helm template CHART): read whole, not waited for in vain."""

import os
import select
import stat
from pathlib import Path
from typing import Final

from slimgate.cli.manifests.errors import InputError

SILENCE: Final = 30.0
"""Seconds without a byte: a chart may have to be fetched first; a guess."""
_CHUNK: Final = 65536
_OWN: Final = ("/dev/fd/", "/proc/self/fd/")
_STANDARD: Final = "/dev/stdin"


def is_pipe(path: Path) -> bool:
    """Tell pipes from files; InputError for what is neither, as a device or a socket is."""
    mode = path.stat().st_mode
    if not (stat.S_ISFIFO(mode) or stat.S_ISREG(mode)):
        kind = "a device" if stat.S_ISCHR(mode) or stat.S_ISBLK(mode) else "a socket"
        raise InputError(str(path), None, f"it is {kind}, not a file")
    return stat.S_ISFIFO(mode)


def read_pipe(file: str, limit: int, *, silence: float = SILENCE) -> bytes:
    """Read until everybody has stopped writing, or `limit` bytes; OSError if it can't be opened."""
    descriptor = _open(file)
    try:
        return _read(descriptor, file, limit, silence)
    finally:
        os.close(descriptor)


def _open(file: str) -> int:
    # Opened anew, a pipe forgets that its writers have gone already, and would be waited for.
    for prefix in _OWN:
        if file.startswith(prefix) and file.removeprefix(prefix).isdecimal():
            return os.dup(int(file.removeprefix(prefix)))
    if file == _STANDARD:
        return os.dup(0)
    return os.open(file, os.O_RDONLY | os.O_NONBLOCK)


def _read(descriptor: int, file: str, limit: int, silence: float) -> bytes:
    waiting = select.poll()
    waiting.register(descriptor, select.POLLIN)
    body = bytearray()
    while len(body) < limit:
        if not waiting.poll(silence * 1000):
            raise InputError(file, None, f"nothing was written to this pipe for {silence:g} s")
        chunk = os.read(descriptor, min(_CHUNK, limit - len(body)))
        if not chunk:
            break
        body += chunk
    return bytes(body)
