"""Sparse files of tars, which runtimes write out, wherever Go's archive/tar finds one."""

import pytest

from slimgate.core.layers.sparse import SparseCounter
from tests.core.layers.tars import file_of, header, pax

END = bytes(1024)
HOLE = 10**9
MAP = b"0\n".ljust(512, b"\0")
NEW = {"GNU.sparse.major": "1", "GNU.sparse.minor": "0", "GNU.sparse.realsize": str(HOLE)}
OLD = {"GNU.sparse.map": "0,0", "GNU.sparse.size": str(HOLE)}
MORE = HOLE - 512


FILE = file_of(MAP)
SPARSE = pax(NEW) + FILE
LONG = pax({"comment": "c" * 70_000})
ROWS = [
    ("none", FILE, 0),
    ("format 1.0", SPARSE, MORE),
    ("format 0.1", pax(OLD) + FILE, MORE),
    ("two", SPARSE + SPARSE, 2 * MORE),
    ("behind what names very much", b"".join([header()] * 30_000) + SPARSE, MORE),
    ("behind a long comment", LONG + FILE + SPARSE, MORE),
    ("lengths with zeros in front", pax(NEW, pad="0000") + FILE, MORE),
    ("a size with a sign", pax({**NEW, "GNU.sparse.realsize": f"+{HOLE}"}) + FILE, MORE),
    ("records that others replace", pax({"size": "1024"}) + SPARSE, MORE),
    ("records for all", pax(NEW) + pax({"a": "b"}, b"g") + FILE, 0),
    ("a folder of old", header(b"\0", 1024, "d/") + SPARSE, MORE),
    ("a link with a size", header(b"1", 1024) + SPARSE, MORE),
    ("a size that ends early", header(size=b"1000\0999999\0") + MAP + SPARSE, MORE),
    ("a size with a record", pax({"size": "512"}) + header(size=0) + MAP + SPARSE, MORE),
    ("an empty record", pax({"size": ""}) + FILE + SPARSE, MORE),
    ("a link of a negative size", header(b"1", b"\xff" * 12) + SPARSE, MORE),
    ("a folder of a negative record", pax({"size": "-1"}) + header(b"5") + SPARSE, MORE),
    ("no map, so no size", pax({"GNU.sparse.size": "x"}) + FILE + SPARSE, MORE),
    ("a file of a negative size", header(b"0", b"\xff" * 12) + SPARSE, 0),
    ("a size beyond all in a link", header(b"1", b"\xbf" + b"\xff" * 11) + SPARSE, 0),
    ("the end", END + SPARSE, 0),
    ("no header", b"x" * 512 + SPARSE, 0),
    ("one zero block", bytes(512) + SPARSE, 0),
    ("a negative size", pax({"size": "-1"}) + FILE + SPARSE, 0),
    ("no size", pax({"size": "x"}) + FILE + SPARSE, 0),
    ("a size beyond all", pax({"size": "9" * 19}) + FILE + SPARSE, 0),
    ("a type of its own, which no runtime takes", header(b"S", b"x" * 12) + SPARSE, 0),
    ("another type of its own", header(b"S") + SPARSE, 0),
    ("an extension of megabytes", header(b"x", 2**21) + bytes(2**21) + SPARSE, 0),
    ("records that are none", header(b"x", 6) + b"size=x".ljust(512, b"\0") + SPARSE, 0),
    ("a long name", header(b"L", 3) + b"d/".ljust(512, b"\0") + header(b"\0", 1024) + SPARSE, MORE),
    ("an empty header", header(b"x") + SPARSE, MORE),
]


@pytest.mark.parametrize(("tar", "expected"), [row[1:] for row in ROWS], ids=[r[0] for r in ROWS])
@pytest.mark.parametrize("step", [511, 2**20])
def test_holes(tar: bytes, expected: int, step: int) -> None:
    """They are counted wherever Go finds them, and nowhere else."""
    counter, whole = SparseCounter(), tar + END
    for start in range(0, len(whole), step):
        counter.feed(whole[start : start + step])

    assert counter.more == expected
