"""What a restart remembers: it comes back as it was, names nothing, and is not just believed."""

import json
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slimgate.core.errors import InvalidFactsError
from slimgate.core.image import Digest, Platform
from slimgate.core.memory import Memory, answer_key, from_json, place_key, to_json
from slimgate.core.oci import OCI_INDEX, OCI_MANIFEST, Descriptor, Index
from slimgate.core.reference import Reference
from tests.core.make import AMD64, SHA, digest, json_of

keys = st.text("0123456789abcdef", min_size=32, max_size=32)
digests = st.integers(0, 99).map(digest)
words = st.text(min_size=1, max_size=8)
descriptors = st.builds(
    Descriptor,
    digest=digests,
    media_type=words,
    size=st.integers(0, 2**63 - 1),
    platform=st.none() | st.builds(Platform, words, words, st.none() | words),
).filter(lambda entry: not entry.is_attestation)
indexes = st.builds(
    Index,
    media_type=words,
    manifests=st.lists(descriptors, max_size=3).map(tuple),
    annotations=st.just({}),
)
memories = st.builds(
    Memory,
    answers=st.dictionaries(keys, digests, max_size=4),
    indexes=st.dictionaries(digests, indexes, max_size=3),
    shown=st.lists(keys, max_size=4, unique=True).map(sorted).map(tuple),
)


@given(memories)
def test_round_trip(memory: Memory) -> None:
    """What is written is read back the same, and written again as the same bytes."""
    assert from_json(to_json(memory)) == memory
    assert to_json(from_json(to_json(memory))) == to_json(memory)


def test_attestations_are_left_out() -> None:
    """What is no image is never chosen, so it need not be remembered."""
    entries = (
        Descriptor(media_type=OCI_MANIFEST, digest=digest(1), size=1, platform=AMD64),
        Descriptor(
            media_type=OCI_MANIFEST,
            digest=digest(2),
            size=1,
            platform=Platform("unknown", "unknown"),
        ),
    )
    index = Index(media_type=OCI_INDEX, manifests=entries, annotations={"a": "b"})
    (found,) = from_json(to_json(Memory(indexes={digest(3): index}))).indexes.values()

    assert found.manifests == entries[:1]


def test_the_newest_is_kept() -> None:
    """Of too much, what was learned last is kept."""
    answers = {f"{number:032x}": digest(number) for number in range(8_010)}
    found = from_json(to_json(Memory(answers=answers))).answers

    assert len(found) == 8_000
    assert list(answers)[-1] in found
    assert next(iter(answers)) not in found


def test_keys_name_nothing() -> None:
    """Keys tell neither reference nor identity, and any difference in either is another key."""
    reference = Reference.parse("registry.example.com/secret/app:1")
    key = answer_key(reference, "alice")

    assert "secret" not in key
    assert key == answer_key(reference, "alice")
    assert key != answer_key(reference, "bob")
    assert key != answer_key(Reference.parse("registry.example.com/secret/app:2"), "alice")
    assert place_key("r.io", Digest(SHA)) != place_key("s.io", Digest(SHA))
    assert place_key("r.io", Digest(SHA)) != place_key("r.io", digest(1))


EMPTY: dict[str, object] = {"answers": {}, "indexes": {}, "shown": []}
ENTRY = [SHA, OCI_MANIFEST, 5, "linux", "amd64", None]


def index(*entries: object) -> dict[str, object]:
    """Make what is kept of one index."""
    return {**EMPTY, "indexes": {SHA: {"mediaType": OCI_INDEX, "manifests": list(entries)}}}


BROKEN: list[object] = [
    [],
    {},
    None,
    {**EMPTY, "answers": []},
    {**EMPTY, "answers": {"k": "no digest"}},
    {**EMPTY, "answers": {"k": None}},
    {**EMPTY, "indexes": {"no digest": {}}},
    {**EMPTY, "indexes": {SHA: {}}},
    {**EMPTY, "indexes": {SHA: 5}},
    {**EMPTY, "shown": 5},
    index("text"),
    index(ENTRY[:5]),
    index(["x", *ENTRY[1:]]),
    index([*ENTRY[:2], -1, *ENTRY[3:]]),
    index([*ENTRY[:2], True, *ENTRY[3:]]),
    index([*ENTRY[:2], "5", *ENTRY[3:]]),
]


@pytest.mark.parametrize("root", BROKEN, ids=json.dumps)
def test_broken(root: object) -> None:
    """What was edited into another form is not believed."""
    with pytest.raises(InvalidFactsError, match="what an earlier run remembered can't be read"):
        from_json(json.dumps(root).encode())


@pytest.mark.parametrize("body", [b"", b"\xff", b"{", b"[" * 100_000])
def test_no_json(body: bytes) -> None:
    """Nor is what is no JSON at all."""
    with pytest.raises(InvalidFactsError):
        from_json(body)


def test_what_is_well_formed() -> None:
    """The tables above fail for what was changed in them."""
    assert from_json(json.dumps(index(ENTRY)).encode()).indexes[Digest(SHA)].manifests[0].size == 5


@given(json_of("answers", "indexes", "shown", "mediaType", "manifests", SHA, leaves=st.just(SHA)))
def test_only_one_kind_of_error(root: object) -> None:
    """Whatever was kept, it is read or it is an InvalidFactsError."""
    whole = {**EMPTY, **root} if isinstance(root, dict) else root
    with suppress(InvalidFactsError):
        from_json(json.dumps(whole).encode())
