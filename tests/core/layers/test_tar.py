"""Listing a tar that arrives in pieces: what tarfile writes is listed, garbage never raises."""

import io
import posixpath
import tarfile
from collections.abc import Callable, Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slimgate.core.images.facts import LayerContents
from slimgate.core.layers.tar import MAX_ENTRIES, MAX_NAMES, TarLister, _folders, is_header
from tests.support.calls import Calls

FORMATS = [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT]
END = bytes(1024)


def entry(
    name: str, kind: bytes = tarfile.REGTYPE, body: bytes = b"", link: str = ""
) -> tarfile.TarInfo:
    """Make one entry."""
    info = tarfile.TarInfo(name)
    info.type, info.size, info.linkname = kind, len(body), link
    return info


def tar_of(*entries: tarfile.TarInfo, form: int = tarfile.PAX_FORMAT) -> bytes:
    """Make a tar whose files are zeros of their entry's size."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=form) as tar:
        for info in entries:
            tar.addfile(info, io.BytesIO(bytes(info.size)))
    return out.getvalue()


def header(change: Callable[[bytearray], object], name: str = "a", size: int = 0) -> bytes:
    """Make a block that is an entry's header, changed, with a checksum that holds."""
    info = tarfile.TarInfo(name)
    info.size = size
    block = bytearray(info.tobuf(tarfile.USTAR_FORMAT))
    change(block)
    block[148:156] = b" " * 8
    block[148:156] = b"%06o\0 " % sum(block)
    return bytes(block)


def put(at: int, data: bytes) -> Callable[[bytearray], object]:
    """Make a change of a header."""

    def change(block: bytearray) -> None:
        block[at : at + len(data)] = data

    return change


def listing(data: bytes, step: int = 2**20) -> LayerContents:
    """List a tar that arrives in pieces."""
    return lister(data, step).contents()


def lister(data: bytes, step: int = 2**20) -> TarLister:
    """Feed a tar in pieces."""
    made = TarLister()
    for start in range(0, len(data), step):
        made.feed(data[start : start + step])
    return made


def complete(*paths: str) -> LayerContents:
    """Make what a whole tar gives."""
    return LayerContents(paths=frozenset(paths))


def cut(*paths: str) -> LayerContents:
    """Make what a tar gives that was not listed to its end."""
    return LayerContents(paths=frozenset(paths), complete=False)


@pytest.mark.parametrize("form", FORMATS, ids=["ustar", "gnu", "pax"])
@pytest.mark.parametrize("step", [1, 511, 512, 513, 10_240])
def test_formats(form: int, step: int) -> None:
    """All formats are listed alike, whatever the pieces: the names, not the contents."""
    deep = "/".join(["a" * 60] * 3)
    tar = tar_of(
        entry("./", tarfile.DIRTYPE),
        entry("./bin/sh", body=bytes(700)),
        entry("/etc/passwd", body=bytes(512)),
        entry("empty"),
        entry(deep),
        entry("dev/null", tarfile.CHRTYPE),
        entry("hard", tarfile.LNKTYPE, link="empty"),
        entry("soft", tarfile.SYMTYPE, link="../../etc"),
        form=form,
    )

    assert listing(tar, step) == complete(
        "bin/sh", "etc/passwd", "empty", deep, "dev/null", "hard", "soft"
    )


@pytest.mark.parametrize("form", FORMATS[1:], ids=["gnu", "pax"])
def test_long_names_and_links(form: int) -> None:
    """Names beyond 100 bytes stand before their entry; long link targets are no names."""
    name, target = "n" * 300, "t" * 300

    tar = tar_of(entry(name, tarfile.SYMTYPE, link=target), entry("after"), form=form)

    assert listing(tar) == complete(name, "after")


def test_names_that_are_no_ascii() -> None:
    """Names are text where they are UTF-8, and escaped where they are not."""
    tar = tar_of(entry("größe/大"))
    raw = header(put(0, b"\xff\xfe")) + END

    assert listing(tar) == complete("größe/大")
    assert listing(raw) == complete("\\xff\\xfe")


def test_size_of_a_pax_record() -> None:
    """A pax record's size wins over the header's, as for files of more than 8 GiB."""
    info = entry("big", body=bytes(2000))
    info.pax_headers = {"size": "2000"}
    lying = bytearray(tar_of(info, entry("after")))
    at = lying.index(b"big\0", 1024)
    block = header(put(0, b"big"), size=0)
    lying[at : at + 512] = block

    assert listing(bytes(lying)) == complete("big", "after")


def test_base_256_sizes() -> None:
    """GNU writes large sizes in binary."""
    block = header(put(124, b"\x80" + (600).to_bytes(11, "big")), "big")

    assert listing(block + bytes(1024) + header(put(0, b"z")) + END) == complete("big", "z")


def test_empty_tars() -> None:
    """No bytes, and the two blocks that end every tar, are empty tars; one block is cut short."""
    assert listing(b"") == complete()
    assert listing(END) == complete()
    assert listing(END + b"whatever follows") == complete()
    assert lister(END).is_tar


@pytest.mark.parametrize("kept", [1, 100, 513, 1_030])
def test_cut_short(kept: int) -> None:
    """A tar that ends within an entry is not complete."""
    tar = tar_of(entry("a", body=bytes(600)), entry("b" * 200), form=tarfile.GNU_FORMAT)

    assert not listing(tar[:kept]).complete


def test_cut_between_entries() -> None:
    """A tar that lacks only its end is complete: some builders leave it out."""
    tar = tar_of(entry("a", body=bytes(600)))

    assert listing(tar[: 512 + 1024]) == complete("a")


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"\x7fELF" + bytes(600), cut()),
        (header(put(0, b"a")) + bytes(512) + header(put(0, b"b")), cut("a")),
        (header(put(0, b"a")) + b"x" * 512, cut("a")),
        (header(put(156, b"S")), cut()),
        (header(put(124, b"-1")), cut()),
        (header(put(124, b"99")), cut()),
        (header(put(124, b"\xff" * 12)), cut()),
    ],
    ids=["no tar", "one zero block", "no header", "sparse", "negative", "no octal", "huge"],
)
def test_given_up(data: bytes, expected: LayerContents) -> None:
    """What can't be read ends the list, which is then not complete."""
    assert listing(data) == expected


def test_what_is_no_tar_says_so() -> None:
    """The first block tells whether this is a tar at all."""
    assert lister(b"x" * 512).is_tar is False
    assert lister(b"x" * 511).is_tar is True
    assert lister(header(put(0, b"a")) + b"x" * 512).is_tar is True


def test_blank_size() -> None:
    """A size of blanks is none, as old tars write it for folders."""
    assert listing(header(put(124, b" " * 12)) + END) == complete("a")


def pax(records: bytes, kind: bytes = b"x", size: int | None = None) -> bytes:
    """Make a pax header of records, an entry after it, and the end."""
    length = len(records) if size is None else size
    padded = records + bytes(-len(records) % 512)
    return header(put(156, kind), "pax", length) + padded + header(put(0, b"a")) + END


PAX = [
    ("a path", b"11 path=bc\n", b"x", complete("bc")),
    ("two records", b"11 path=bc\n12 mtime=1.\n", b"x", complete("bc")),
    ("no path", b"12 mtime=1.\n", b"x", complete("a")),
    ("an empty path", b"8 path=\n", b"x", complete("a")),
    ("nothing", b"", b"x", complete("a")),
    ("a path that leads out", b"18 path=../../etc\n", b"x", complete("etc")),
    ("a wrong length", b"99 path=bc\n", b"x", cut()),
    ("no length", b"path=bc\n", b"x", cut()),
    ("length nought", b"0 path=bc\n", b"x", cut()),
    ("a length that ends too early", b"4 path=bc\n", b"x", cut()),
    ("no line", b"11 path=bcd", b"x", cut()),
    ("no value", b"7 path\n", b"x", cut()),
    ("a huge length", b"99999999999999999999 path=bc\n", b"x", cut()),
    ("no size", b"10 size=x\n", b"x", cut()),
    ("a negative size", b"11 size=-1\n", b"x", cut()),
    ("a size in other digits", "12 size=\N{ARABIC-INDIC DIGIT ONE}\n".encode(), b"x", cut()),
    ("a huge size", b"25 size=" + b"9" * 16 + b"\n", b"x", cut("a")),
    ("a size beyond all", b"28 size=" + b"9" * 19 + b"\n", b"x", cut()),
    ("sparse", b"22 GNU.sparse.major=1\n", b"x", cut()),
    ("a comment for all", b"13 comment=x\n", b"g", complete("a")),
    ("a path for all, which Go does not read", b"11 path=bc\n", b"g", complete("a")),
    ("a size for all", b"10 size=9\n", b"g", complete("a")),
    ("nonsense for all", b"nonsense", b"g", cut()),
]  # fmt: skip


@pytest.mark.parametrize(
    ("records", "kind", "expected"), [case[1:] for case in PAX], ids=[case[0] for case in PAX]
)
def test_pax_records(records: bytes, kind: bytes, expected: LayerContents) -> None:
    """Records are read by their lengths; what is malformed or would mislead ends the list."""
    assert listing(pax(records, kind)) == expected


def named(name: str, *changes: tuple[int, bytes], size: int = 0) -> bytes:
    """Make a header of a name in which other bytes are changed."""

    def change(block: bytearray) -> None:
        for at, found in changes:
            put(at, found)(block)

    return header(change, name, size)


def long_name(name: bytes) -> bytes:
    """Make GNU's header of a long name."""
    return header(put(156, b"L"), size=len(name)) + name.ljust(512, b"\0")


LIKE = b"var/lib/dpkg/status.d"
HIDES = named("bin/sh")
NAMES = [
    ("a prefix", named("x", (345, LIKE)), complete("var/lib/dpkg/status.d/x")),
    (
        "a prefix of star",
        named("x", (345, b"p" * 140), (508, b"tar\0")),
        complete("p" * 131 + "/x"),
    ),
    ("no prefix of GNU", named("x", (257, b"ustar  \0"), (345, b"\0" + LIKE)), complete("x")),
    ("times of GNU", named("x", (257, b"ustar  \0"), (345, b"00000000001\0")), complete("x")),
    (
        "what was no time",
        named("x", (257, b"ustar  \0"), (345, LIKE)),
        complete("var/lib/dpkg/status.d/x"),
    ),
    ("no prefix of old", named("x", (257, b"\0" * 8), (345, LIKE)), complete("x")),
    ("both long names", long_name(b"long") + pax(b"11 path=bc\n"), complete("long")),
    ("the last long name", long_name(b"long") + long_name(b"l") + named("x"), complete("l")),
    ("no long name", long_name(b"long") + header(put(156, b"L")) + named("x"), complete("x")),
    (
        "the last records",
        pax(b"11 path=bc\n")[:1024] + pax(b"12 mtime=1.\n")[:1024] + named("x"),
        complete("x"),
    ),
    (
        "records before those for all",
        pax(b"11 path=bc\n")[:1024] + pax(b"13 comment=x\n", b"g")[:1024] + named("x"),
        complete("x"),
    ),
    (
        "a folder of old that says how long it is",
        named("d/", (156, b"\0"), size=512) + HIDES,
        complete("d", "bin/sh"),
    ),
]


@pytest.mark.parametrize(("tar", "expected"), [r[1:] for r in NAMES], ids=[r[0] for r in NAMES])
def test_names_are_what_runtimes_read(tar: bytes, expected: LayerContents) -> None:
    """A layer can't have what it holds listed under other names than Go's archive/tar reads."""
    assert listing(tar + END) == expected


@pytest.mark.parametrize("kind", [b"x", b"g", b"L", b"K"])
def test_long_extensions(kind: bytes) -> None:
    """Who announces a name of megabytes is not waited for."""
    assert listing(pax(b"", kind, size=2**30)) == cut()


def test_many_entries() -> None:
    """So many names are kept and no more."""
    block = header(put(0, b"a"))
    names = [header(put(0, b"%07d" % number)) for number in range(MAX_ENTRIES)]

    assert listing(b"".join(names) + END).complete
    assert listing(b"".join([*names, block])).complete is False
    assert len(listing(b"".join([*names, block])).paths) == MAX_ENTRIES


def test_long_names_in_all() -> None:
    """All names together are bounded too."""
    count = MAX_NAMES // 4_000 + 1
    tar = tar_of(*(entry(f"{number:07}" + "n" * 4_000) for number in range(count)))

    assert not listing(tar).complete


SAME = header(put(0, b"a"))
ROOT = header(put(0, b"./"), "./")
COMMENT = pax(b"6 a=b\n" * 10_000)[:-1536]
MUCH = [
    ("one file", SAME),
    ("one folder", ROOT),
    ("records for all", header(put(156, b"g"), "pax")),
    ("headers of records", COMMENT),
]


@pytest.mark.parametrize("again", [case[1] for case in MUCH], ids=[case[0] for case in MUCH])
def test_what_names_nothing_new(again: bytes) -> None:
    """Whatever a tar repeats for ever is read so often and no more."""
    made, piece = TarLister(), again * (2**22 // len(again))
    with Calls(is_header) as headers:
        for _ in range(13):
            made.feed(piece)

    assert not made.contents().complete
    assert headers.count <= 5 * MAX_ENTRIES + 2


def test_all_that_is_usual() -> None:
    """As many entries as are kept are read whole though each has a long name and records."""
    records = b"".join(b"30 SCHILY.xattr.user.name%d=xy\n" % number for number in range(7))
    made = [pax(b"121 path=%0111d\n" % n + records)[:-1024] for n in range(MAX_ENTRIES)]

    assert listing(b"".join([*made, END])).complete


@pytest.mark.parametrize(
    ("name", "is_kept"),
    [
        ("n" * 4_096, True),
        ("n" * 4_097, False),
        ("a/" * 256 + "a", True),
        ("a/" * 257 + "a", False),
        ("a/" * 32_000 + "a", False),
    ],
    ids=["PATH_MAX", "longer", "deep", "deeper", "as long as an extension may be"],
)
def test_long_paths(name: str, *, is_kept: bool) -> None:
    """What no file system takes ends the list, and its folders are not looked for among links."""
    with Calls(_folders) as looked_for:
        found = listing(tar_of(entry("link", tarfile.SYMTYPE, link="x"), entry(name)))

    assert found == (complete("link", name) if is_kept else cut("link"))
    assert looked_for.count <= 257


@pytest.mark.parametrize(
    ("entries", "expected"),
    [
        (["lib -> usr/lib", "lib/a"], cut("lib", "lib/a")),
        (["lib -> usr/lib", "lib/a/b"], cut("lib", "lib/a/b")),
        (["lib -> usr/lib", "usr/lib/a"], complete("lib", "usr/lib/a")),
        (["lib/a", "lib -> usr/lib"], complete("lib", "lib/a")),
        (["lib -> usr/lib", "lib"], complete("lib")),
    ],
    ids=["below", "deep below", "beside", "before", "instead"],
)
def test_files_behind_links(entries: Iterable[str], expected: LayerContents) -> None:
    """What lies behind a link of the same layer lands elsewhere, so the list is not the truth."""
    infos = []
    for text in entries:
        name, arrow, target = text.partition(" -> ")
        infos.append(entry(name, tarfile.SYMTYPE if arrow else tarfile.REGTYPE, link=target))

    assert listing(tar_of(*infos)) == expected


parts = st.text(st.characters(codec="utf-8", exclude_characters="/\0"), min_size=1, max_size=40)
names = st.lists(parts, min_size=1, max_size=6).map("/".join)
files = st.lists(st.tuples(names, st.integers(0, 1500)), max_size=5)


@given(files, st.sampled_from(FORMATS[1:]), st.integers(1, 3000))
def test_lists_what_tarfile_writes(
    given_files: list[tuple[str, int]], form: int, step: int
) -> None:
    """Any tar lists the names that tarfile lists, in whatever pieces it comes."""
    tar = tar_of(*(entry(name, body=bytes(size)) for name, size in given_files), form=form)
    with tarfile.open(fileobj=io.BytesIO(tar)) as again:
        expected = {posixpath.normpath(f"/{name}").lstrip("/") for name in again.getnames()}

    assert listing(tar, step) == complete(*(expected - {""}))


@given(st.lists(st.binary(max_size=700), max_size=5))
def test_garbage(pieces: list[bytes]) -> None:
    """Whatever arrives, nothing raises."""
    made = TarLister()
    for piece in pieces:
        made.feed(piece)

    assert all(not path.startswith("/") for path in made.contents().paths)


@given(
    st.lists(
        st.tuples(st.integers(0, 511), st.binary(min_size=1, max_size=20)), min_size=1, max_size=3
    ),
    st.binary(max_size=1500),
    st.integers(1, 600),
)
def test_garbage_with_a_checksum(changes: list[tuple[int, bytes]], body: bytes, step: int) -> None:
    """Headers whose checksum holds, and nothing else, raise nothing, in whatever pieces."""

    def change(block: bytearray) -> None:
        for at, data in changes:
            put(at, data[: 512 - at])(block)

    data = header(change, size=100) + body

    assert listing(data, step) == listing(data)


BLOCKS = [
    # entries, blocks of 4 KiB besides that of the layer's own folder
    ([], 0),
    ([entry("a")], 0),
    ([entry("a", body=b"1")], 1),
    ([entry("a", body=bytes(4096)), entry("b", body=bytes(4097))], 1 + 2),
    ([entry("./", tarfile.DIRTYPE), entry("d/", tarfile.DIRTYPE)], 1),
    # The ways to a file are folders, too, each once, listed or not.
    ([entry("d/e/f", body=b"1"), entry("d/e/g", body=b"1")], 2 + 2),
    ([entry("d", tarfile.DIRTYPE), entry("d/e/f", body=b"1")], 2 + 1),
    ([entry("a", body=b"1"), entry("b", tarfile.LNKTYPE, link="a")], 1),
    ([entry("b", tarfile.SYMTYPE, link="a"), entry("c", tarfile.FIFOTYPE)], 0),
]


@pytest.mark.parametrize(("entries", "blocks"), BLOCKS)
def test_blocks_on_a_disk(entries: list[tarfile.TarInfo], blocks: int) -> None:
    """Files and folders take whole blocks, and links none."""
    for form in FORMATS:
        assert lister(tar_of(*entries, form=form), 700).on_disk == (blocks + 1) * 4096


def test_blocks_of_what_was_not_listed() -> None:
    """Where the list is not whole, or has folders without end, nobody knows how many there are."""
    deep = ["/".join([f"{n}", *"x" * 255, "f"]) for n in range(MAX_ENTRIES // 256 + 1)]

    assert lister(tar_of(entry("a", body=bytes(5000)))[:4096]).on_disk is None
    assert lister(tar_of(*map(entry, deep))).on_disk is None
    assert lister(tar_of(*map(entry, deep[:9]))).on_disk == (9 * 256 + 1) * 4096
