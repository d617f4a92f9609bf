"""Has the C library give memory back that is free again."""

import ctypes
from contextlib import suppress
from typing import Final

_KNOBS: Final = {
    -3: 64 * 2**10,  # M_MMAP_THRESHOLD
    -1: 128 * 2**10,  # M_TRIM_THRESHOLD
    -8: 2,  # M_ARENA_MAX
}


def give_memory_back() -> None:
    """Map each large block by itself, so that it is unmapped when it is freed.

    As it is, glibc raises that threshold to the largest block that was ever freed, up to 32 MiB,
    and bodies of megabytes leave holes between what is kept: a webhook stayed at 410 MB.
    https://man7.org/linux/man-pages/man3/mallopt.3.html
    """
    # Other C libraries have no such knobs.
    with suppress(OSError, AttributeError):
        mallopt = ctypes.CDLL(None).mallopt
        for knob, value in _KNOBS.items():
            mallopt(knob, value)
