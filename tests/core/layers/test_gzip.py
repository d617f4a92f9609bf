"""What a gzip layer's end tells of its tar, and when it is not believed."""

import gzip
import io
import random
import tarfile
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slimgate.core.images.facts import Size
from slimgate.core.layers.gzip import MAX_RATIO, TAIL, size_from_tail
from tests.support import zstd

SEVERAL = "the layer has several gzip members, and its trailer covers only the last"
MANY = "the layer has many gzip members, and its trailer covers only the last"
WRAPS = "the gzip trailer holds the length modulo 4 GiB, and several lengths are plausible"
LESS = "the length in the gzip trailer is below the layer's compressed size"
REPETITIVE = "the layer's end is so repetitive that its trailer may have wrapped at 4 GiB"
UNREAD = "the end of the layer could not be read"
NO_TAR = "the length in the gzip trailer is not one that a tar can have"
NO_GZIP = "nothing at the layer's end shows that it is gzip"
TOO_MANY = "the layer's end looks like the start of too many gzip members"

NOISE = random.Random(1).randbytes(300 * 2**10)  # noqa: S311 - the same in every run
HEX = NOISE.hex().encode()


def tar_of(*bodies: bytes) -> bytes:
    """Make a tar of files."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        for number, body in enumerate(bodies):
            info = tarfile.TarInfo(f"file-{number}")
            info.size = len(body)
            tar.addfile(info, io.BytesIO(body))
    return out.getvalue()


def tail_of(blob: bytes) -> Size:
    """Ask with the last 64 KiB."""
    return size_from_tail(blob[-TAIL:], len(blob))


def ending(length: int, body: bytes = NOISE) -> bytes:
    """Make the end of a layer whose trailer tells a length."""
    return body[: TAIL - 4] + length.to_bytes(4, "little")


MAGIC = b"\x1f\x8b\x08"
TRAILER = 8
DENSE = tar_of(HEX)


@pytest.mark.parametrize("level", [0, 1, 6, 9])
@pytest.mark.parametrize("files", [[NOISE], [HEX], [HEX[:9000]], [NOISE[:20_000], HEX, NOISE]])
def test_single_members(files: list[bytes], level: int) -> None:
    """A layer as builders write it: its tar's length to the byte, or honestly unknown."""
    tar = tar_of(*files)
    found = tail_of(gzip.compress(tar, level, mtime=0))

    assert found in {
        Size.estimated(len(tar)),
        Size.unknown(REPETITIVE),
        Size.unknown(REPETITIVE, at_least=len(tar)),
    }
    assert level in {0, 1} or len(tar) < 30_000 or found == Size.estimated(len(tar))


def test_whole_layer_at_hand() -> None:
    """A small layer is judged like a large one, though its own start is in its tail."""
    tar = tar_of(HEX[:40_000])
    blob = gzip.compress(tar, mtime=0)

    assert len(blob) < TAIL
    assert size_from_tail(blob, len(blob)) == Size.estimated(len(tar))


def test_longer_tails_are_as_good() -> None:
    """More than 64 KiB of the end tells the same."""
    blob = gzip.compress(DENSE, mtime=0)

    assert size_from_tail(blob[-2 * TAIL :], len(blob)) == Size.estimated(len(DENSE))


@pytest.mark.parametrize(
    ("tail", "compressed"),
    [(b"", 0), (b"", 10), (b"1234567", 7), (ending(512)[1:], 10**6), (b"x" * 10, 11)],
    ids=["empty", "nothing", "shorter than a trailer", "one byte short", "not all of it"],
)
def test_too_little(tail: bytes, compressed: int) -> None:
    """Less than the end of a layer tells nothing."""
    assert size_from_tail(tail, compressed) == Size.unknown(UNREAD)


def test_several_members() -> None:
    """A whole member in the tail shows that the trailer tells only of that one."""
    first, last = tar_of(b"a"), tar_of(HEX[:100_000])
    blob = gzip.compress(first, mtime=0) + gzip.compress(last, mtime=0)

    assert len(last) > len(blob)
    assert tail_of(blob) == Size.unknown(SEVERAL, at_least=len(first) + len(last))


def test_three_members() -> None:
    """So do two: what counts is that members end where the layer does."""
    parts = [tar_of(b"a"), tar_of(b"b"), tar_of(HEX[:100_000])]

    assert tail_of(b"".join(map(gzip.compress, parts))) == Size.unknown(
        SEVERAL, at_least=sum(map(len, parts))
    )


STARGZ = (
    bytes.fromhex("1f8b0804000000000000ff1a00534716") + b"0" * 16 + b"STARGZ" + b"\x01" + b"\0" * 12
)
STARGZ_EXTERNAL = STARGZ.replace(b"STARGZ", b"STARGZEXTERNALTOC")
BGZF = bytes.fromhex("1f8b08040000000000ff0600424302001b0003000000000000000000")


@pytest.mark.parametrize("footer", [STARGZ, STARGZ_EXTERNAL, BGZF], ids=["stargz", "toc", "bgzf"])
def test_footers(footer: bytes) -> None:
    """Formats that are known to be of many members say so in their last bytes."""
    found = tail_of(gzip.compress(DENSE, mtime=0) + footer)

    # The first two are no members as they stand here, so nothing speaks for gzip.
    assert found == Size.unknown(MANY, at_least=len(DENSE) if footer == BGZF else 0)


GIB = 2**30
PLAUSIBILITY = [
    ("exactly dense", 100_352, 50_000, None),
    ("stored", 100_352, 100_352 + 500, None),
    ("at the ratio", 16 * 65_536, 65_536, None),
    ("above the ratio", 16 * 65_536 + 512, 65_536, WRAPS),
    ("less than compressed", 512 * 100, 100_000, LESS),
    ("wrapped to little", 512, 2 * GIB, LESS),
    ("wrapped to nothing", 0, 300 * 2**20, LESS),
    ("wrapped, and plausible", GIB, GIB // 2, WRAPS),
    (
        "largest that can't have wrapped",
        512 * 2**20,
        (4 * GIB + 512 * 2**20) // MAX_RATIO - 1,
        None,
    ),
    ("smallest that can have", 512 * 2**20, (4 * GIB + 512 * 2**20) // MAX_RATIO, WRAPS),
    ("no multiple of 512", 100_353, 50_000 + TAIL, NO_TAR),
]


@pytest.mark.parametrize(
    ("length", "compressed", "reason"),
    [case[1:] for case in PLAUSIBILITY],
    ids=[case[0] for case in PLAUSIBILITY],
)
def test_plausibility(length: int, compressed: int, reason: str | None) -> None:
    """A length is believed where no other one, 4 GiB more, would be as plausible."""
    blob = gzip.compress(DENSE, mtime=0)[:-4] + length.to_bytes(4, "little")
    found = size_from_tail(blob[-min(TAIL, compressed) :], compressed)

    assert (found.bytes, found.reason) == (None if reason else length, reason)
    assert reason == NO_TAR or found.least >= length


@pytest.mark.parametrize("blob", [zstd.compress(HEX), NOISE, HEX], ids=["zstd", "noise", "text"])
def test_no_size_of_what_only_says_that_it_is_gzip(blob: bytes) -> None:
    """Its last bytes may happen to be as plausible, but are of something else."""
    tail = blob[-TAIL:-4] + (2 * len(blob) // 512 * 512).to_bytes(4, "little")

    assert size_from_tail(tail, len(blob)).reason in {NO_GZIP, REPETITIVE}


BIG = 600 * 2**20
"""As stored; a layer of this size may be 4 GiB longer than its end says."""


@pytest.mark.parametrize("length", [len(DENSE), 3 * GIB, 4 * GIB - 512])
def test_a_layer_that_may_have_wrapped_is_as_long_at_least(length: int) -> None:
    """The largest layers have no size to estimate, but the rest modulo 4 GiB is certain."""
    blob = gzip.compress(DENSE, mtime=0)[:-4] + length.to_bytes(4, "little")
    reason = LESS if length < BIG else WRAPS

    assert size_from_tail(blob[-TAIL:], BIG) == Size.unknown(reason, at_least=length)


def test_no_bound_of_what_only_says_that_it_is_gzip() -> None:
    """Runtimes unpack zstd that is called gzip, and the last bytes of that tell nothing."""
    blob = zstd.compress(tar_of(NOISE, HEX))
    tail = blob[-TAIL:-4] + (3 * GIB).to_bytes(4, "little")

    assert size_from_tail(tail, BIG) == Size.unknown(WRAPS)


def test_no_bound_that_deflate_can_not_reach() -> None:
    """A layer can't unpack to more than 1032 times its size."""
    blob, size = gzip.compress(DENSE, mtime=0), len(DENSE) * 2
    densest = size * 1032 - size * 1032 % 512
    ends = [blob[:-4] + length.to_bytes(4, "little") for length in (densest, densest + 512)]
    found = [size_from_tail(end[-TAIL:], size) for end in ends]

    assert found == [Size.unknown(WRAPS, at_least=densest), Size.unknown(WRAPS)]


def test_sparse_layers() -> None:
    """Zeros deflate a thousandfold, so a sparse file may be of any length."""
    tar = tar_of(bytes(20 * 2**20))
    blob = gzip.compress(tar, mtime=0)
    hidden = gzip.compress(tar_of(NOISE, bytes(40 * 2**20)), mtime=0)

    assert tail_of(blob) == Size.unknown(WRAPS, at_least=len(tar))
    assert tail_of(hidden).reason in {WRAPS, REPETITIVE}
    assert tail_of(hidden).at_least > 40 * 2**20


def test_two_members_that_deceive() -> None:
    """What no tail can show: a first member, and a last one longer than all of the layer."""
    last = tar_of(HEX)
    blob = gzip.compress(tar_of(NOISE[:20_000]), mtime=0) + gzip.compress(last, mtime=0)

    assert tail_of(blob) == Size.estimated(len(last))


def test_a_wrapped_length_that_deceives() -> None:
    """Nor that over 4 GiB of zeros stand before dense files, where the rest is plausible."""
    chunk, count, files = bytes(16 * 2**20), 4 * GIB // (16 * 2**20) + 2, tar_of(HEX)
    zeros = len(zlib.compress(chunk, 9)) * count
    length = len(chunk) * count + len(files)
    end = gzip.compress(files, mtime=0)[:-4] + (length % 2**32).to_bytes(4, "little")

    assert length > 2**32
    assert size_from_tail(end[-TAIL:], zeros + len(end)) == Size.estimated(length - 2**32)


def planted(*positions: int, data: bytes = MAGIC) -> bytes:
    """Make a layer of what does not pack, so that what is planted in its end stands there."""
    body = bytearray(NOISE[: 512 * 391])
    for position in positions:
        at = len(body) + TRAILER - TAIL + position
        body[at : at + len(data)] = data
    return gzip.compress(body, mtime=0)


@pytest.mark.parametrize(
    "blob",
    [
        planted(*range(1_000, 31_000, 1_000)),
        planted(TAIL - 18, data=MAGIC + bytes(7)),
        planted(TAIL - 38, data=MAGIC + bytes(7)),
        planted(20_000, data=gzip.compress(b"whole", mtime=0)),
    ],
    ids=["magic numbers", "a header", "a start", "a member"],
)
def test_bytes_that_only_look_like_members(blob: bytes) -> None:
    """A member that does not end where the layer does is only data."""
    assert blob[-TAIL:].count(MAGIC) > 0
    assert tail_of(blob) == Size.estimated(512 * 391)


def test_too_many_candidates() -> None:
    """Who plants the magic number everywhere gets no answer, and costs little."""
    assert tail_of(planted(*range(1_000, 35_000, 1_000))).reason == TOO_MANY


def test_bombs_in_the_tail() -> None:
    """Many headers that lead to one bomb are given up once they have unpacked to 64 MiB."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    bomb = packer.compress(bytes(5_600_000)) + packer.flush()
    headers = [
        MAGIC + b"\x04" + bytes(6) + (12 * after).to_bytes(2, "little") for after in range(14)
    ]
    body = bytearray(NOISE)
    planted = b"".join(reversed(headers)) + bomb
    body[20_000 : 20_000 + len(planted)] = planted

    assert size_from_tail(ending(200_192, bytes(body)), 190_000).reason == TOO_MANY


@given(st.binary(max_size=200), st.integers(0, 2**40))
def test_garbage(tail: bytes, compressed: int) -> None:
    """Whatever stands at the end, the answer is a tar's length or a reason."""
    found = size_from_tail(tail, compressed)

    assert (found.bytes is None) == (found.reason is not None)
    assert found.least <= compressed * 1032
    assert found.bytes is None or found.bytes % 512 == 0


@given(
    st.lists(st.binary(max_size=30_000), max_size=3),
    st.integers(0, 9),
    st.sampled_from([zlib.Z_DEFAULT_STRATEGY, zlib.Z_HUFFMAN_ONLY, zlib.Z_FIXED]),
)
def test_never_wrong(bodies: list[bytes], level: int, strategy: int) -> None:
    """However a layer was packed, what is estimated is true."""
    tar = tar_of(*bodies)
    packer = zlib.compressobj(level, zlib.DEFLATED, 16 + zlib.MAX_WBITS, strategy=strategy)
    found = tail_of(packer.compress(tar) + packer.flush())

    assert found.bytes in {None, len(tar)}
    assert found.least in {0, len(tar)}
