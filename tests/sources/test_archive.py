"""Hostile and damaged archives: none is followed, none takes memory or time without end."""

import asyncio
import gzip
import io
import lzma
import tarfile
import threading
import zlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slimgate.core.errors import ImageError, TooLargeError, UnsupportedError
from slimgate.sources.archive import read_archive
from slimgate.sources.once import Once
from slimgate.sources.packed import unpacked
from slimgate.sources.stream import CHUNK, AbandonedError, Watch
from tests.sources.images import refusal, tar_of
from tests.support import zstd

IMAGE = tar_of({"manifest.json": b"[]", "a/layer.tar": tar_of({"app": b"x" * 700})})


def _header(name: str, size: int, kind: bytes = tarfile.REGTYPE) -> bytes:
    member = tarfile.TarInfo(name)
    member.size = size
    member.type = kind
    return member.tobuf(tarfile.GNU_FORMAT)


def _pax(**headers: str) -> bytes:
    member = tarfile.TarInfo("a")
    member.pax_headers = headers
    return member.tobuf(tarfile.PAX_FORMAT)


def _with_dictionary(code: int) -> bytes:
    """Have an xz archive ask for a dictionary: 39 stands for 3 GiB.

    https://tukaani.org/xz/xz-file-format.txt, sections 3.1 and 5.3.1
    """
    made = bytearray(lzma.compress(IMAGE))
    end = 12 + 4 * made[12]
    made[16] = code
    made[end : end + 4] = zlib.crc32(made[12:end]).to_bytes(4, "little")
    return bytes(made)


DAMAGED = {
    "empty": b"",
    "text": b"this is no archive" * 100,
    "cut header": IMAGE[:100],
    "cut document": IMAGE[:512] + b"[",
    "cut layer": IMAGE[:2100],
    "cut gzip": gzip.compress(IMAGE)[:-100],
    "wrong gzip": gzip.compress(IMAGE)[:20] + b"\xff" * 100,
    "cut xz": lzma.compress(IMAGE)[:-50],
    "cut zstd": zstd.compress(IMAGE)[:-50],
    "wrong zstd": bytes.fromhex("28b52ffd") + b"\0" * 10,
    "size without end": _header("a", 2**60),
    "negative size": _header("a", 0)[:124] + b"\xff" * 12 + _header("a", 0)[136:],
    "long name without end": _header("a", 2**40, tarfile.GNUTYPE_LONGNAME) + b"a" * 2**23,
    "extended headers without end": _header("a", 512, tarfile.XHDTYPE) * 5000,
    "sparse": _pax(**{"GNU.sparse.major": "1", "GNU.sparse.minor": "0"}) + b"1\n0\n1\n",
    "sparse map": _pax(**{"GNU.sparse.map": "0,1,9,9", "GNU.sparse.size": str(2**60)}),
    "many members": _header("a", 0) * 20_001,
    "many documents": (_header("a", 2**22) + b"[" + b" " * (2**22 - 1)) * 17,
}


@pytest.mark.parametrize("body", DAMAGED.values(), ids=DAMAGED.keys())
@pytest.mark.parametrize("kind", ["oci-archive", "docker-archive"])
async def test_damaged(tmp_path: Path, kind: str, body: bytes) -> None:
    """Whatever is wrong with an archive, it is one sentence."""
    path = tmp_path / "image.tar"
    path.write_bytes(body)

    assert isinstance(await refusal(f"{kind}:{path}"), UnsupportedError | TooLargeError)


async def test_a_huge_dictionary(tmp_path: Path) -> None:
    """An archive of some KB can't have gigabytes of memory taken, and what to do is said."""
    path = tmp_path / "image.tar"
    path.write_bytes(_with_dictionary(39))

    assert "takes more than 128 MiB of memory; compress it again with" in str(
        await refusal(f"docker-archive:{path}")
    )


async def test_xz_streams_one_after_another(tmp_path: Path) -> None:
    """As `xz` writes them with several threads or files, with zeros between and after them."""
    path, half = tmp_path / "image.tar", len(IMAGE) // 2
    parts = [lzma.compress(IMAGE[:half]), bytes(8), lzma.compress(IMAGE[half:]), bytes(4)]
    path.write_bytes(b"".join(parts))

    with path.open("rb") as file:
        assert b"".join(unpacked(file)) == IMAGE


@given(st.lists(st.tuples(st.integers(0, len(IMAGE) - 1), st.integers(0, 255)), max_size=20))
def test_flipped_bytes(changes: list[tuple[int, int]]) -> None:
    """An archive with any bytes changed is read, or refused as an image error."""
    body = bytearray(IMAGE)
    for place, value in changes:
        body[place] = value
    try:
        files = read_archive([bytes(body)])
    except ImageError:
        return

    assert not any(name.startswith(("/", "../..")) for name in files.blobs if name != "..")


def test_chunks_do_not_matter() -> None:
    """An archive is the same however its bytes arrive."""
    whole = read_archive([IMAGE])

    assert whole == read_archive(bytes([byte]) for byte in IMAGE)
    assert {"manifest.json"} == set(whole.documents)
    assert {"a/layer.tar"} == set(whole.blobs)


def test_names_stay_inside(tmp_path: Path) -> None:
    """Names that lead out of the archive are only names; nothing is written anywhere."""
    body = tar_of({"/etc/x": b"1", "../../y": b"2", "a/../b": b"3"})
    before = sorted(tmp_path.parent.rglob("*"))
    files = read_archive([body])

    assert {"etc/x", "../../y", "b"} == set(files.blobs)
    assert before == sorted(tmp_path.parent.rglob("*"))


def test_last_member_wins() -> None:
    """Of two members of one name the later one counts, as when an archive is unpacked."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for body in (b"{}", b"[]"):
            member = tarfile.TarInfo("x")
            member.size = len(body)
            archive.addfile(member, io.BytesIO(body))

    assert read_archive([buffer.getvalue()]).documents == {"x": b"[]"}


def test_progress() -> None:
    """Whoever watches a reading is told of every chunk."""
    told: list[tuple[int, int | None]] = []
    watch = Watch(lambda done, total: told.append((done, total)))
    list(watch.over([b"ab", b"c"], 3))

    assert told == [(2, 3), (3, 3)]


async def test_cancelled_readings_stop() -> None:
    """A reading that nobody waits for ends at its next chunk, so that a program can end."""
    started, stopped = threading.Event(), threading.Event()

    def endless() -> Iterator[bytes]:
        while True:
            started.set()
            yield b"\0" * CHUNK

    def load(watch: Watch) -> None:
        try:
            for _ in watch.over(endless(), None):
                pass
        except AbandonedError:
            stopped.set()

    task = asyncio.create_task(Once(load).get())
    await asyncio.to_thread(started.wait, 10)
    task.cancel()

    assert await asyncio.to_thread(stopped.wait, 10)


async def test_failures_are_not_kept() -> None:
    """A reading that failed is tried again by the next who asks; one that worked is kept."""
    failures = [ImageError("busy")]

    def load(_: Watch) -> str:
        if failures:
            raise failures.pop()
        return "ready"

    once = Once(load)
    with pytest.raises(ImageError):
        await once.get()

    assert await once.get() == await once.get() == "ready"
