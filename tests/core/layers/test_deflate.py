"""What the end of a gzip blob shows of its length, and that nothing else passes for one."""

import gzip
import random
import zlib
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slimgate.core.layers.deflate import least_length
from tests.support import zstd

TAIL = 64 * 2**10
RANDOM = random.Random(7)  # noqa: S311 - the same in every run
NOISE = RANDOM.randbytes(512 * 600)
HEX = NOISE.hex().encode()
WORDS = b"".join(RANDOM.choice([b"alpha ", b"beta ", b"gamma\n", b"delta"]) for _ in range(400_000))
WORDS += bytes(-len(WORDS) % 512)
ZEROS = bytes(16 * 2**20)
MIXED = b"".join(
    NOISE[at : at + 20_000] + HEX[at : at + 20_000] for at in range(0, 300_000, 20_000)
)
MIXED += bytes(-len(MIXED) % 512)
CONTENTS = {"noise": NOISE, "hex": HEX, "words": WORDS, "zeros": ZEROS, "mixed": MIXED}


def packed(data: bytes, level: int = 6, strategy: int = 0, memory: int = 8) -> bytes:
    """Pack as one gzip member."""
    packer = zlib.compressobj(level, zlib.DEFLATED, 16 + zlib.MAX_WBITS, memory, strategy)
    return packer.compress(data) + packer.flush()


def flushed(data: bytes) -> bytes:
    """Pack piecewise, with an empty stored block after each piece, as parallel packers do."""
    packer = zlib.compressobj(6, zlib.DEFLATED, 16 + zlib.MAX_WBITS)
    parts = (data[at : at + 9_999] for at in range(0, len(data), 9_999))
    return (
        b"".join(packer.compress(part) + packer.flush(zlib.Z_SYNC_FLUSH) for part in parts)
        + packer.flush()
    )


def with_trailer(blob: bytes, length: int) -> bytes:
    """Let a blob say that it is of another length."""
    return blob[:-4] + length.to_bytes(4, "little")


@pytest.mark.parametrize("content", CONTENTS)
@pytest.mark.parametrize(
    "pack",
    [
        lambda data: packed(data, 1),
        lambda data: packed(data, 6),
        lambda data: packed(data, 9),
        lambda data: packed(data, 6, zlib.Z_HUFFMAN_ONLY),
        lambda data: packed(data, 6, memory=4),
        flushed,
    ],
    ids=["fast", "usual", "best", "no copies", "small blocks", "flushed"],
)
def test_single_members(content: str, pack: Callable[[bytes], bytes]) -> None:
    """However a blob was packed, its end is recognised, and is as long as its trailer tells."""
    data = CONTENTS[content]
    blob = pack(data)

    assert least_length(blob[-TAIL:]) == len(data)
    assert least_length(with_trailer(blob, 3 * 2**30)[-TAIL:]) in {0, 3 * 2**30}


def test_what_began_before_the_tail_is_told_by_its_trailer() -> None:
    """Whatever it says: only what unpacks it whole can compare checksums."""
    blob = packed(HEX)

    assert least_length(with_trailer(blob, 3 * 2**30)[-TAIL:]) == 3 * 2**30


def test_a_trailer_that_tells_less_than_is_seen() -> None:
    """It has wrapped at 4 GiB, so what was unpacked of the tail is what counts."""
    found = least_length(with_trailer(packed(ZEROS), 512)[-12_000:])

    assert 7 * 2**20 < found < len(ZEROS)


MEMBERS = [
    ("all in the tail", [HEX[:3_000], HEX[:500], HEX[:1_111]], 0, 4_611),
    ("all but the first's head", [HEX[:3_072], HEX[:500], HEX[:1_111]], 1, 4_683),
    ("the last in the tail", [HEX, HEX[:3_001]], None, len(HEX) + 3_001),
    ("only the last one's end", [HEX[:3_000], HEX], None, len(HEX)),
    ("empty ones last", [HEX, b"", b"", b""], None, len(HEX)),
    ("a first that is no multiple of 512", [HEX[:-1], HEX[:70]], None, len(HEX) + 69),
    ("a last that is none", [HEX, HEX[:-1]], None, 0),
]


@pytest.mark.parametrize(
    ("parts", "start", "expected"),
    [case[1:] for case in MEMBERS],
    ids=[case[0] for case in MEMBERS],
)
def test_several_members(parts: list[bytes], start: int | None, expected: int) -> None:
    """All that are seen count, and the one that ends in the tail by its trailer."""
    blob = b"".join(gzip.compress(part, mtime=0) for part in parts)

    assert least_length(blob[-TAIL:] if start is None else blob[start:]) == expected


def test_the_first_start_counts() -> None:
    """A later one would show less, also where that begins with a byte and the first within one."""
    first = packed(HEX[:2_560], memory=2)
    others = [gzip.compress(HEX[at : at + 900], mtime=0) for at in (0, 900)]

    assert least_length(first[1_200:] + b"".join(others)) == 2_560 + 1_800


@pytest.mark.parametrize("position", [0, 1, 4_085, 4_094, 4_095, 4_096, 8_191])
def test_starts_anywhere(position: int) -> None:
    """Wherever the only start in a tail is, it is found."""
    assert least_length(bytes(position) + gzip.compress(HEX[:999], mtime=0)) == 999


def test_stored_blocks() -> None:
    """A blob that packs nothing is recognised where two blocks or more begin in its tail."""
    whole = packed(NOISE, 0)
    packer = zlib.compressobj(0, zlib.DEFLATED, 16 + zlib.MAX_WBITS)
    parts = [NOISE[at : at + 30_000] for at in range(0, len(NOISE), 30_000)]
    blocks = [packer.compress(part) + packer.flush(zlib.Z_FULL_FLUSH) for part in parts]

    assert least_length((b"".join(blocks) + packer.flush())[-TAIL:]) == len(NOISE)
    assert least_length(whole[-20_000:]) == 0


BLOB = packed(HEX)
NO_GZIP = {
    "nothing": b"",
    "a byte": b"\x1f",
    "a trailer": (512).to_bytes(8, "big"),
    "zstd": zstd.compress_checked(HEX),
    "zstd of noise": zstd.compress_checked(MIXED),
    "a tar": HEX + bytes(1024),
    "zeros": bytes(TAIL),
    "cut short": BLOB[:-1],
    "without a trailer": BLOB[:-8],
    "with a byte more": BLOB + b"\0",
    "with a tar's end more": BLOB + bytes(1024),
    "with half a member more": BLOB + gzip.compress(HEX[:999], mtime=0)[:-1],
    "with a broken member more": BLOB + gzip.compress(HEX[:999], mtime=0)[:-5] + b"12345",
    "a gzip file in a tar": BLOB + bytes(-len(BLOB) % 512 + 1024),
    "deflate alone": zlib.compress(HEX, wbits=-15) + b"\0",
    "zlib": zlib.compress(HEX),
}


@pytest.mark.parametrize("name", NO_GZIP)
def test_what_is_no_gzip(name: str) -> None:
    """Nothing is known of a blob that does not end as gzip does, whatever its last bytes are."""
    assert least_length(NO_GZIP[name][-TAIL:]) == 0


@pytest.mark.parametrize("seed", range(30))
def test_noise_that_ends_in_a_plausible_length(seed: int) -> None:
    """Random bytes are not taken for gzip, though their last 4 tell a tar's length."""
    noise = random.Random(seed).randbytes(TAIL)  # noqa: S311 - the same in every run

    assert least_length(with_trailer(noise, 2**30)) == 0


def test_a_tail_full_of_starts() -> None:
    """Who has much unpacked in vain, from block after block, gets no answer, if there is one."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    endless = packer.compress(bytes(80 * 2**20)) + packer.flush(zlib.Z_SYNC_FLUSH)
    end = gzip.compress(HEX[:999], mtime=0)

    assert least_length(endless[1_000:4_000] + end) == 999
    assert least_length(endless[1_000 : 1_000 + TAIL] + end) == 0


@given(
    st.lists(st.binary(max_size=3_000), min_size=1, max_size=4),
    st.integers(0, 9),
    st.sampled_from([zlib.Z_DEFAULT_STRATEGY, zlib.Z_HUFFMAN_ONLY, zlib.Z_FIXED, zlib.Z_RLE]),
    st.integers(1, 9),
    st.integers(0, 5_000),
)
def test_never_more_than_there_is(
    parts: list[bytes], level: int, strategy: int, memory: int, cut: int
) -> None:
    """Wherever the tail begins, no more is found than the blob unpacks to."""
    blob = b"".join(packed(part * 3, level, strategy, memory) for part in parts)

    assert least_length(blob[min(cut, len(blob)) :]) <= 3 * sum(map(len, parts))


@given(st.binary(max_size=3_000))
def test_garbage(tail: bytes) -> None:
    """Whatever stands at the end, there is an answer."""
    assert least_length(tail) >= 0
