"""Heads of gzip members that Go reads and zlib refuses."""

import gzip
import zlib

import pytest

from slimgate.core.layers.gzip import size_from_tail
from slimgate.core.layers.members import KNOWN_BY, MalformedMemberError, is_odd, without_flags
from slimgate.engine.unpack import Unpacker, UnpackLimits
from tests.core.layers.tars import flagged, named
from tests.core.layers.test_gzip import HEX, SEVERAL

TAR = named(b"a", b"text")
ODD = [flags | odd for odd in (0x20, 0x40, 0x80, 0xE0) for flags in (0, 2, 4, 8, 16, 1 + 30)]


@pytest.mark.parametrize("flags", ODD, ids=hex)
def test_odd_flags(flags: int) -> None:
    """A head is as long as its flags say, and stands for one without any."""
    member = flagged(TAR, flags)
    short = [without_flags(member[:end]) for end in range(10, len(member) - len(TAR))]
    found = without_flags(member)

    assert is_odd(member)
    assert found is not None
    assert gzip.decompress(found) == TAR
    assert all(one is None or found.startswith(one) for one in short)


def test_usual_heads() -> None:
    """What zlib reads is left to it, and so is what is no gzip or too short to tell."""
    odd = flagged(TAR, 0x80)

    assert not any(is_odd(flagged(TAR, flags)) for flags in range(32))
    assert not is_odd(odd[: KNOWN_BY - 1])
    assert not is_odd(b"\x1f\x8b\x07" + odd[3:])


@pytest.mark.parametrize(
    "head",
    [
        b"\x1f\x8b\x08\x82".ljust(10, b"\0") + b"no",
        b"\x1f\x8b\x08\x88".ljust(2**17 + 1, b"n"),
    ],
    ids=["a wrong checksum", "a name without end"],
)
def test_heads_that_are_none(head: bytes) -> None:
    """They are refused, as by runtimes."""
    with pytest.raises(MalformedMemberError):
        without_flags(head)


@pytest.mark.parametrize("step", [1, 3, 10, 4096])
def test_members_in_pieces(step: int) -> None:
    """They are measured however they come, odd ones and others in turn."""
    parts = [TAR[:700], b"", TAR[700:900], TAR[900:]]
    blob = b"".join(map(flagged, parts, (0x9E, 0x80, 0, 0xE0)))
    unpacker = Unpacker(UnpackLimits())
    for at in range(0, len(blob), step):
        unpacker.feed(blob[at : at + step])
    found = unpacker.finish()

    assert found.unpacked.bytes == len(TAR)
    assert found.contents is not None
    assert found.contents.paths == {"a"}


def test_a_head_that_is_cut_short() -> None:
    """A layer that ends in one is cut short, too."""
    unpacker = Unpacker(UnpackLimits())
    unpacker.feed(gzip.compress(TAR, mtime=0) + flagged(TAR, 0x88)[:12])

    assert unpacker.finish().unpacked.reason == "the layer's compressed form is cut short"


def test_the_end_of_a_layer_that_has_an_odd_member() -> None:
    """Its trailer is not believed, since it tells of that member alone."""
    last = flagged(HEX[: 20 * 512], 0x80)
    blob = zlib.compress(b"") + gzip.compress(HEX[: 10 * 512], mtime=0) + last

    assert size_from_tail(blob, len(blob)).reason == SEVERAL
