"""What a restart remembers: written and read, and nothing given away by it."""

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from slimgate.core.errors import InvalidFactsError
from slimgate.core.images.choosing import choose
from slimgate.core.images.facts import Platform
from slimgate.core.images.memory import Memory, answer_key, from_json, place_key, to_json
from slimgate.core.images.oci import OCI_INDEX, OCI_MANIFEST, Descriptor, Index
from slimgate.core.images.reference import Reference
from tests.core.make import AMD64, ARM64, digest

REFERENCE = Reference.parse("registry.example.com/secret/app:1")


def entry(number: int, platform: Platform | None, **annotations: str) -> Descriptor:
    """Make an entry of an index."""
    return Descriptor(
        media_type=OCI_MANIFEST,
        digest=digest(number),
        size=number,
        platform=platform,
        annotations={key.replace("_", "."): text for key, text in annotations.items()},
    )


def index(*entries: Descriptor) -> Index:
    """Make an index."""
    return Index(media_type=OCI_INDEX, manifests=entries, annotations={})


WHOLE = Memory(
    answers={"b": digest(1), "a": digest(2)},
    seen={"b": 1_800_000_000, "a": 1_800_000_100},
    indexes={
        digest(3): index(entry(4, AMD64), entry(5, Platform("linux", "arm", "v7")), entry(6, None)),
        digest(7): index(),
    },
    shown=("1", "2"),
)

WORDS = st.text(max_size=5)
PLATFORMS: SearchStrategy[Platform | None] = st.none() | st.builds(
    Platform, st.text(min_size=1), st.text(min_size=1), st.none() | st.text(min_size=1)
)
ENTRIES = st.builds(
    lambda one, version, features: replace(one, os_version=version, os_features=features),
    st.builds(entry, st.integers(0, 2**63), PLATFORMS),
    st.none() | st.text(min_size=1),
    st.booleans(),
)
INDEXES = st.lists(ENTRIES).map(lambda entries: index(*entries))
MEMORIES = st.builds(
    Memory,
    answers=st.dictionaries(WORDS, st.integers(0, 99).map(digest)),
    indexes=st.dictionaries(st.integers(0, 99).map(digest), INDEXES),
    shown=st.lists(WORDS, unique=True).map(tuple),
)


@given(MEMORIES)
def test_what_is_written_is_read(memory: Memory) -> None:
    """Every part of it, apart from attestations, which are never chosen."""
    found = from_json(to_json(memory))

    assert (found.answers, found.shown) == (memory.answers, memory.shown)
    assert found.indexes.keys() == memory.indexes.keys()
    for key, held in memory.indexes.items():
        images = tuple(one for one in held.manifests if not one.is_attestation)
        assert found.indexes[key].manifests == images


def test_equal_memories() -> None:
    """Two hold the same whatever the order that things were used in; that order is written."""
    turned = Memory(
        seen=WHOLE.seen,
        answers=dict(list(WHOLE.answers.items())[::-1]),
        indexes=dict(list(WHOLE.indexes.items())[::-1]),
        shown=WHOLE.shown[::-1],
    )
    found = from_json(to_json(turned))

    assert turned.holds_the_same(WHOLE)
    assert found == turned
    for name in ("answers", "indexes"):
        assert list(getattr(found, name)) == list(getattr(turned, name))
    for other in (Memory(), replace(WHOLE, answers={}), replace(WHOLE, shown=("1",))):
        assert not other.holds_the_same(WHOLE)


def test_what_is_chosen_stays_the_same() -> None:
    """What tells attestations from images is written, and what is for no machine is not."""
    unknown = Platform("unknown", "unknown")
    bare = Descriptor(
        media_type=OCI_MANIFEST,
        digest=digest(3),
        size=3,
        annotations={"vnd.docker.reference.type": "attestation-manifest"},
    )
    held = index(entry(1, AMD64), entry(2, unknown), entry(4, Platform("", "arm64")), bare)

    (found,) = from_json(to_json(Memory(indexes={digest(9): held}))).indexes.values()

    for wanted in (None, AMD64, ARM64):
        expected = [one.digest for one in choose(held, wanted)]
        assert [one.digest for one in choose(found, wanted)] == expected


def test_the_newest_is_kept() -> None:
    """There is room for so much only: what comes last was used last."""
    memory = Memory(
        answers={f"{number:05}": digest(1) for number in range(9_000)},
        indexes={digest(number): index() for number in range(3_000)},
        shown=tuple(f"{number:05}" for number in range(20_000)),
    )

    found = from_json(to_json(memory))

    assert (len(found.answers), len(found.indexes), len(found.shown)) == (8_000, 2_000, 16_000)
    assert (min(found.answers), min(found.shown)) == ("01000", "04000")
    assert digest(2_999) in found.indexes


def test_a_share_of_it_is_the_newest() -> None:
    """Where room is short, as much is left out of each part, the oldest first."""
    memory = Memory(
        answers={str(number): digest(1) for number in range(10)},
        indexes={digest(number): index() for number in range(9)},
        shown=tuple(map(str, range(20_000))),
    )

    half = from_json(to_json(memory, 0.5))

    assert list(half.answers) == ["5", "6", "7", "8", "9"]
    assert list(half.indexes) == [digest(number) for number in range(5, 9)]
    assert half.shown == tuple(map(str, range(12_000, 20_000)))
    assert from_json(to_json(memory, 0.0)) == Memory()


def test_keys_give_nothing_away() -> None:
    """Neither the reference nor the identity can be read from a key, nor one without the other."""
    keys = {
        answer_key(REFERENCE, ""),
        answer_key(REFERENCE, "alice"),
        answer_key(REFERENCE.at(digest(1)), ""),
        place_key("registry.example.com", digest(1)),
        place_key("elsewhere.example.com", digest(1)),
    }

    assert len(keys) == 5
    assert all(len(key) == 32 and "secret" not in key for key in keys)


def changed(path: list[object], value: object) -> bytes:
    """Write a memory of one index with something changed in it."""
    root = json.loads(to_json(Memory(indexes={digest(3): index(entry(4, AMD64))})))
    place = root
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    return json.dumps(root).encode()


ENTRY: list[object] = ["indexes", digest(3), "manifests", 0]
BROKEN = [
    b"",
    b"[]",
    b"{}",
    b"[" * 100_000,
    b'{"answers": {}, "indexes": {}}',
    b'{"answers": [], "indexes": {}, "shown": []}',
    b'{"answers": {"a": "sha256:1"}, "indexes": {}, "shown": []}',
    b'{"answers": {"a": []}, "indexes": {}, "shown": []}',
    changed(["answers", "a"], [digest(1)]),
    changed(["answers", "a"], ["sha256:x", 1]),
    changed(["answers", "a"], "../etc"),
    b'{"answers": {}, "indexes": {"a": {}}, "shown": []}',
    changed(["shown"], None),
    changed(["indexes", digest(3), "manifests"], 7),
    changed(ENTRY, []),
    changed([*ENTRY, 0], "sha256:x"),
    changed([*ENTRY, 2], "4"),
    changed([*ENTRY, 2], True),
    changed([*ENTRY, 2], -1),
]


@pytest.mark.parametrize("body", BROKEN, ids=range(len(BROKEN)))
def test_what_was_not_written_by_slimgate_is_refused(body: bytes) -> None:
    """A Secret can be edited by hand: nothing odd is taken over."""
    with pytest.raises(InvalidFactsError, match="the saved state of the previous run can't be"):
        from_json(body)
    assert from_json(changed(["answers", "a"], digest(5))).answers == {"a": digest(5)}
