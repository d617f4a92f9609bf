"""What a zstd frame asks for, by its header: as zstd's own writer means it."""

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slimgate.core.layers.zstd import header_length, window_of
from tests.support import zstd

MIB = 2**20


def head(descriptor: int, rest: bytes) -> bytes:
    """Make a header."""
    return b"\x28\xb5\x2f\xfd" + bytes((descriptor,)) + rest


@pytest.mark.parametrize(
    ("header", "window"),
    [
        (head(0x00, b"\x00"), 1024),
        (head(0x00, b"\x01"), 1152),
        (head(0x00, (17 << 3 | 0).to_bytes(1, "little")), 128 * MIB),
        (head(0x03, b"\x50" + b"dict"), MIB),
        (head(0x80, b"\x50" + b"size"), MIB),
        (head(0x20, b"\x07"), 7),
        (head(0x60, b"\x01\x00"), 257),
        (head(0xA0, (5 * MIB).to_bytes(4, "little")), 5 * MIB),
        (head(0xE3, b"dict" + (2**40).to_bytes(8, "little")), 2**40),
    ],
)
def test_headers(header: bytes, window: int) -> None:
    """The window is a power of two and eighths of it, or the whole content."""
    assert header_length(header + b"more") == len(header)
    assert window_of(header) == window


@pytest.mark.parametrize("log", [10, 17, 23, 27])
def test_what_zstd_writes(log: int) -> None:
    """Its parameter is the window of a frame that tells no length."""
    assert window_of(zstd.compress_wide(b"x", log)) == 2**log


@given(st.binary(max_size=70_000))
def test_one_segment(data: bytes) -> None:
    """What is written at once asks for its own length."""
    frame = zstd.compress(data + os.urandom(1))

    assert window_of(frame) == len(data) + 1


@given(st.binary(min_size=5, max_size=30))
def test_garbage(data: bytes) -> None:
    """Whatever it is, its header has an end and a window."""
    length = header_length(data)

    assert 6 <= length <= 18
    assert window_of(data.ljust(length, b"\0")) >= 0
