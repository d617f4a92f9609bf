"""OCI and Docker documents: what is read, what is refused by name, what a stranger can't do."""

import json
import math
import re
import time
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slimgate.core.errors import ImageError, TooLargeError, UnsupportedError
from slimgate.core.images.facts import Platform
from slimgate.core.images.oci import (
    ACCEPTED,
    DOCKER_CONFIG,
    DOCKER_INDEX,
    DOCKER_MANIFEST,
    MAX_DOCUMENT,
    MAX_ENTRIES,
    MAX_VALUES,
    OCI_CONFIG,
    OCI_INDEX,
    OCI_MANIFEST,
    HistoryEntry,
    Index,
    Manifest,
    parse_config,
    parse_document,
)
from slimgate.core.nesting import values_in
from tests.core.make import SHA, json_of

SCHEMA1 = "application/vnd.docker.distribution.manifest.v1+prettyjws"
GZIP = "application/vnd.oci.image.layer.v1.tar+gzip"
CONFIG = {"mediaType": OCI_CONFIG, "digest": SHA, "size": 7}
LAYER = {"mediaType": GZIP, "digest": SHA, "size": 10}
MANIFEST = {"schemaVersion": 2, "mediaType": OCI_MANIFEST, "config": CONFIG, "layers": [LAYER]}
ENTRY = {**LAYER, "mediaType": OCI_MANIFEST, "platform": {"os": "linux", "architecture": "arm64"}}
INDEX = {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": [ENTRY]}


def read(document: object, content_type: str | None = None) -> Index | Manifest:
    """Read a document given as an object."""
    return parse_document(json.dumps(document).encode(), content_type)


def manifest(**fields: object) -> Manifest:
    """Read a manifest with some fields set otherwise."""
    found = read({**MANIFEST, **fields})
    assert isinstance(found, Manifest)
    return found


def index(*entries: object) -> Index:
    """Read an index of some entries."""
    found = read({**INDEX, "manifests": entries})
    assert isinstance(found, Index)
    return found


def test_manifest() -> None:
    """A manifest gives its config, its layers base first, and annotations by case."""
    annotations = {"a": "b", "A": "c", "c": 1}
    found = manifest(layers=[LAYER, {**LAYER, "size": 20}], annotations=annotations)

    assert (found.config.digest, found.config.size) == (SHA, 7)
    assert [(layer.media_type, layer.size) for layer in found.layers] == [(GZIP, 10), (GZIP, 20)]
    assert found.annotations == {"a": "b", "A": "c"}
    assert found.may_run


@pytest.mark.parametrize(
    ("urls", "expected"), [(None, False), ([], False), (["https://a.test/b"], True)]
)
def test_layers_elsewhere(urls: object, *, expected: bool) -> None:
    """A layer with addresses need not be in the registry."""
    (layer,) = manifest(layers=[{**LAYER, "urls": urls}]).layers

    assert layer.elsewhere is expected


def test_index() -> None:
    """An index gives a descriptor for each platform."""
    arm = {"os": "linux", "architecture": "arm", "variant": "v7"}
    found = index(ENTRY, {**ENTRY, "platform": arm}, {**ENTRY, "platform": {}}, LAYER)

    assert [entry.platform for entry in found.manifests] == [
        Platform("linux", "arm64"),
        Platform("linux", "arm", "v7"),
        Platform("unknown", "unknown"),
        None,
    ]


DECLARED = [
    (MANIFEST, None, OCI_MANIFEST),
    (MANIFEST, OCI_MANIFEST, OCI_MANIFEST),
    (MANIFEST, f"{OCI_MANIFEST.upper()}; charset=utf-8", OCI_MANIFEST),
    (MANIFEST, "application/json", OCI_MANIFEST),
    (MANIFEST, "text/plain", OCI_MANIFEST),
    ({**MANIFEST, "mediaType": None}, None, OCI_MANIFEST),
    ({**MANIFEST, "mediaType": None}, DOCKER_MANIFEST, DOCKER_MANIFEST),
    ({**MANIFEST, "mediaType": DOCKER_MANIFEST}, None, DOCKER_MANIFEST),
    (INDEX, None, OCI_INDEX),
    (INDEX, OCI_INDEX, OCI_INDEX),
    ({**INDEX, "mediaType": None}, None, OCI_INDEX),
    ({**INDEX, "mediaType": None}, DOCKER_INDEX, DOCKER_INDEX),
    ({**INDEX, "mediaType": DOCKER_INDEX}, "", DOCKER_INDEX),
    ({"mediaType": OCI_INDEX}, OCI_INDEX, OCI_INDEX),
]


@pytest.mark.parametrize(("document", "header", "expected"), DECLARED)
def test_media_type(document: object, header: str | None, expected: str) -> None:
    """The header says what a document is, else its own word, else its shape."""
    found = read(document, header)

    assert found.media_type == expected
    assert isinstance(found, Index) == (expected in {OCI_INDEX, DOCKER_INDEX})


def test_accepted_types_are_those_that_are_read() -> None:
    """What requests ask for is what can be read."""
    assert set(ACCEPTED) == {OCI_INDEX, DOCKER_INDEX, OCI_MANIFEST, DOCKER_MANIFEST}


ATTESTATIONS = [
    ({}, False),
    ({"platform": {"os": "unknown", "architecture": "unknown"}}, True),
    ({"annotations": {"vnd.docker.reference.type": "attestation-manifest"}}, False),
    ({"annotations": {"vnd.docker.reference.type": "a"}, "platform": None}, True),
    ({"annotations": {"org.opencontainers.image.ref.name": "1"}}, False),
]


@pytest.mark.parametrize(("fields", "expected"), ATTESTATIONS)
def test_attestations(fields: dict[str, object], *, expected: bool) -> None:
    """BuildKit's attestations in an index are told from images."""
    (entry,) = index({**ENTRY, **fields}).manifests

    assert entry.is_attestation is expected


CHART = "application/vnd.cncf.helm.chart.content.v1.tar+gzip"
SIGNATURE = "application/vnd.dev.cosign.simplesigning.v1+json"
KINDS = [
    (OCI_CONFIG, None, GZIP, True),
    (DOCKER_CONFIG, None, GZIP, True),
    (OCI_CONFIG, "application/vnd.example.sbom", GZIP, True),
    ("application/octet-stream", None, GZIP, True),
    ("", None, GZIP, True),
    (OCI_CONFIG, None, "application/vnd.docker.image.rootfs.diff.tar.zstd", True),
    (OCI_CONFIG, None, "application/octet-stream", True),
    ("", None, "application/octet-stream", False),
    # Only its bytes tell what it is.
    (OCI_CONFIG, None, SIGNATURE, True),
    ("application/vnd.cncf.helm.config.v1+json", None, CHART, False),
    ("application/vnd.oci.empty.v1+json", "application/vnd.example.model", CHART, False),
]


@pytest.mark.parametrize(("config", "artifact", "layer", "expected"), KINDS)
def test_artifacts(config: str, artifact: str | None, layer: str, *, expected: bool) -> None:
    """Charts, models and signatures are artifacts; what runtimes would run is not."""
    found = manifest(
        config={**CONFIG, "mediaType": config},
        layers=[{**LAYER, "mediaType": layer}],
        artifactType=artifact,
    )

    assert found.may_run is expected
    assert found.artifact_type == artifact


REFUSED = [
    ("[]", "document is not an object"),
    ("", "the document is not JSON"),
    ("{", "the document is not JSON"),
    ("{} {}", "the document is not JSON"),
    (b"\xff", "the document is not JSON"),
    (b"\xef\xbb\xbf[", "the document is not JSON"),
    (b'{"a": \x00}', "the document is not JSON"),
    (b'{"a": 1' + b"0" * 5000, "the document is not JSON"),
    # What begins with a mark of its encoding is none that a runtime reads.
    *[
        (json.dumps(MANIFEST).encode(encoding), "the document is not JSON")
        for encoding in ("utf-8-sig", "utf-16", "utf-32")
    ],
    ('{"schemaVersion": 2}', "has no config or no layers, so it is not an image"),
    ('{"config": {}}', "has no config or no layers"),
    ('{"schemaVersion": 1}', "of the old Docker schema 1"),
    ('{"fsLayers": []}', "of the old Docker schema 1"),
    (json.dumps({"mediaType": SCHEMA1}), "push the image again with a current tool"),
    ('{"mediaType": "application/vnd.oci.artifact"}', "is not an image manifest or index"),
    ('{"mediaType": "\\u001b[2J"}', "'\\\\x1b[2J' is not an image manifest or index"),
    ('{"config": 1, "layers": []}', "config is not an object"),
    (
        '{"config": {"digest": "x", "size": 1}, "layers": []}',
        "config.digest is not a sha256 or sha512 digest",
    ),
    (
        f'{{"config": {{"digest": "sha384:{96 * "a"}", "size": 1}}, "layers": []}}',
        "config.digest is not a sha256 or sha512 digest",
    ),
    ('{"config": {"size": 1}, "layers": []}', "config.digest is not a digest"),
    (json.dumps({**MANIFEST, "layers": {}}), "layers is not a list"),
    (json.dumps({**MANIFEST, "layers": [1]}), "layers[0] is not an object"),
    (json.dumps({**INDEX, "manifests": 1}), "manifests is not a list"),
    (json.dumps({**INDEX, "manifests": [1]}), "manifests[0] is not an object"),
    (
        json.dumps({**INDEX, "manifests": [{"size": "1"}]}),
        "manifests[0].size is not a number of bytes",
    ),
    (json.dumps({**INDEX, "manifests": [{**LAYER, "platform": 1}]}), "].platform is not an object"),
    # What runtimes refuse for being two things.
    (json.dumps({**MANIFEST, "manifests": []}), "an index and a manifest at once"),
    (json.dumps({**INDEX, "layers": []}), "an index and a manifest at once"),
    (json.dumps({**INDEX, "config": {}}), "an index and a manifest at once"),
]


@pytest.mark.parametrize(("body", "message"), REFUSED, ids=lambda value: repr(value)[:30])
def test_refused(body: str | bytes, message: str) -> None:
    """What is no JSON, or breaks the spec, is refused, and the field at fault is named."""
    with pytest.raises(UnsupportedError) as caught:
        parse_document(body if isinstance(body, bytes) else body.encode(), None)

    assert message in str(caught.value)


def test_text_that_is_no_text() -> None:
    """Runtimes read past bytes that are no UTF-8, so none of them keeps an image unseen."""
    body = json.dumps({**MANIFEST, "annotations": {"a": "?"}}).encode().replace(b"?", b"\xff")
    config = b'{"architecture": "arm64", "config": {"Labels": {"a": "\xff"}}}'

    assert isinstance(parse_document(body, None), Manifest)
    assert parse_config(config).labels == {"a": "\ufffd"}


@pytest.mark.parametrize(
    "size",
    [
        *("null", '"10"', "1.0", "true", "-1", str(2**63), f"1{'0' * 400}"),
        *("1" * 30, "-" + "1" * 30, "1e3", "NaN"),
    ],
)
def test_sizes_are_counts(size: str) -> None:
    """A layer's size is a whole number that Go can hold, or the image is not judged at all."""
    body = json.dumps({**MANIFEST, "layers": [{**LAYER, "size": "SIZE"}]})

    with pytest.raises(UnsupportedError, match=r"layers\[0\].size is not a number of bytes"):
        parse_document(body.replace('"SIZE"', size).encode(), None)
    assert manifest(layers=[{**LAYER, "size": 2**63 - 1}]).layers[0].size == 2**63 - 1


@pytest.mark.parametrize(
    ("document", "header", "message"),
    [
        (MANIFEST, OCI_INDEX, f"calls the document {re.escape(OCI_INDEX)} but"),
        (INDEX, OCI_MANIFEST, f"calls the document {re.escape(OCI_MANIFEST)} but"),
        ({"name": "a"}, SCHEMA1, "of the old Docker schema 1"),
    ],
    ids=["index", "manifest", "schema 1"],
)
def test_contradicting_types(document: object, header: str, message: str) -> None:
    """A document must be what its registry says it is, and that must be one that is read."""
    with pytest.raises(UnsupportedError, match=message):
        read(document, header)


def test_the_case_of_fields() -> None:
    """Go takes `Platform` for `platform`, and so must who wants to know what runs."""
    odd = {key.title(): value for key, value in ENTRY.items() if key != "platform"}
    (entry,) = index({**odd, "Platform": {"OS": "linux", "Architecture": "arm64"}}).manifests

    assert (entry.digest, entry.platform) == (SHA, Platform("linux", "arm64"))


@pytest.mark.parametrize("said", [{"schemaVersion": 1}, {"mediaType": "application/x"}])
def test_what_runtimes_do_not_ask_for(said: dict[str, object]) -> None:
    """A manifest of an odd version or type is one if it is made like one."""
    assert manifest(**said).may_run


def test_what_is_null_is_not_there() -> None:
    """CRI-O reads such documents, so they are no way round a policy."""
    nothing = {"fsLayers": None}

    assert isinstance(read({**MANIFEST, "manifests": None, **nothing}), Manifest)
    assert isinstance(read({**INDEX, "layers": None, "config": None, **nothing}), Index)


def sized(*sizes: int | None, name: str = "layers") -> str:
    """Write a field of layers of which some tell no size, and only those that do a digest."""
    told = [{} if size is None else {"digest": SHA, "size": size} for size in sizes]
    return f'"{name}": {json.dumps(told)}'


# What Go 1.26 makes of them.
MERGED = [
    ([sized(1, 2), sized(10**9)], [10**9]),
    ([sized(1), sized(10**9, name="Layers")], [10**9]),
    ([sized(10**9, name="LAYERS"), sized(1)], [1]),
    ([sized(1), sized(10**9, name="layer\u017f")], [10**9]),
    ([sized(1), sized(10**9, name="layer\u00df")], [1]),
    ([sized(1, 2), sized(None), sized(None, None)], [1, 2]),
    ([sized(1, 2), '"layers": [null, {}]'], [1, 2]),
    ([sized(1, 2), '"layers": []', sized(3)], [3]),
    ([sized(1, 2), '"layers": null', sized(3)], [3]),
    ([f'"layers": [{{"size": 1, "SIZE": 9, "digest": "{SHA}", "size": null}}]'], [9]),
    ([f'"layers": [{{"size": 9, "digest": "1", "Digest": "{SHA}"}}]'], [9]),
    ([sized(1), '"x": [[[1]]], "x": [[[2]]], "annotations": {"a": "1", "a": "2"}'], [1]),
]


@pytest.mark.parametrize(("fields", "expected"), MERGED)
def test_what_is_there_several_times(fields: list[str], expected: list[int]) -> None:
    """Runtimes read all of it into one place, so that is what they pull."""
    config = json.dumps({"config": CONFIG})
    found = parse_document(f"{config[:-1]}, {', '.join(fields)}}}".encode(), OCI_MANIFEST)

    assert isinstance(found, Manifest)
    assert [layer.size for layer in found.layers] == expected


def test_platforms_and_configs_that_are_there_several_times() -> None:
    """Objects that must be there are kept where null follows, and others are not."""
    platforms = (
        '{"os": "a"}, "platform": null, "Platform": {"architecture": "b"}, "platform": {"OS": "c"}'
    )
    entry = f'{{"digest": "{SHA}", "size": 1, "platform": {platforms}}}'
    config = (
        b'{"config": {"Env": ["A=1"], "Labels": {"a": "1"}}, "config": null,'
        b'"Config": {"Cmd": ["c"], "labels": {"b": "2"}, "env": [null, "B=2"]},'
        b'"rootfs": {"diff_ids": ["%b"]}, "rootfs": {}}'
    ) % SHA.encode()
    index, found = (
        parse_document(f'{{"manifests": [{entry}]}}'.encode(), None),
        parse_config(config),
    )

    assert isinstance(index, Index)
    assert index.manifests[0].platform == Platform("c", "b")
    assert (found.env, found.cmd, found.labels) == (("A=1", "B=2"), ("c",), {"a": "1", "b": "2"})
    assert found.diff_ids == (SHA,)


def test_limits() -> None:
    """Beyond its limits of length, number and depth nothing is read; up to them all is."""
    too_many = {**MANIFEST, "layers": [LAYER] * (MAX_ENTRIES + 1)}

    assert len(manifest(layers=[LAYER] * MAX_ENTRIES).layers) == MAX_ENTRIES
    with pytest.raises(TooLargeError, match=f"larger than {MAX_DOCUMENT} bytes"):
        parse_document(b" " * (MAX_DOCUMENT + 1), None)
    with pytest.raises(
        TooLargeError, match=f"layers has more than the {MAX_ENTRIES:,} entries that"
    ):
        read(too_many)
    with pytest.raises(TooLargeError, match="nested too deeply"):
        parse_document(b"[" * MAX_VALUES, None)
    with pytest.raises(TooLargeError, match="nested too deeply"):
        parse_config(b'{"a":' * MAX_VALUES)
    with pytest.raises(TooLargeError, match="more than 32,768 values"):
        parse_config(b'{"a":' * (MAX_VALUES + 1))


HEAVY = {
    "lists": b"[],",
    "objects": b"{},",
    "fields": b'{"a":{}},',
    "nested lists": b"[" * 30 + b"0" + b"]" * 30 + b",",
    "nested objects": b'{"a":' * 60 + b"0" + b"}" * 60 + b",",
    "numbers": b"1,",
    "long numbers": b"9" * 4_300 + b",",
    "fractions": b"1." + b"7" * 60 + b"e-300,",
    "texts": b'"",',
    "long texts": b'"' + b"\\u00e9" * 10_000 + b'",',
}


@pytest.mark.parametrize("unit", HEAVY.values(), ids=HEAVY)
@pytest.mark.parametrize("most", [MAX_VALUES - 100, math.inf])
def test_no_document_takes_long(unit: bytes, most: float) -> None:
    """Whatever it holds: Python's parser gives nobody else a turn meanwhile."""
    units = min(MAX_DOCUMENT // len(unit) - 1, most // values_in(unit))
    body = b'{"x":[' + unit * int(units) + b"0]}"
    taken: list[float] = []

    for _ in range(3):
        began = time.thread_time()
        with suppress(TooLargeError, UnsupportedError):
            parse_document(body, None)
        taken.append(time.thread_time() - began)

    # Now and then the garbage of other tests is collected meanwhile.
    assert min(taken) < 0.3


def test_config() -> None:
    """A config gives its platform, layers, history and what the image runs."""
    found = parse_config(
        json.dumps(
            {
                "os": "linux", "architecture": "arm", "variant": "v7", "os.version": "10.0",
                "created": "2026-01-01T00:00:00Z", "author": "me",
                "rootfs": {"type": "layers", "diff_ids": [SHA]},
                "history": [
                    {"created_by": "COPY a /", "comment": "buildkit", "created": "2026"},
                    {"empty_layer": True},
                ],
                "config": {
                    "Env": ["A=b"], "Labels": {"a": "b", "A": "c"}, "Entrypoint": ["/app"],
                    "Cmd": ["-v"], "User": "65532", "WorkingDir": "/w", "Shell": ["/bin/sh", "-c"],
                },
            }
        ).encode()
    )  # fmt: skip

    assert found.platform == Platform("linux", "arm", "v7")
    assert found.diff_ids == (SHA,)
    assert found.history == (
        HistoryEntry(created_by="COPY a /", comment="buildkit", created="2026"),
        HistoryEntry(empty_layer=True),
    )
    assert (found.env, found.labels) == (("A=b",), {"a": "b", "A": "c"})
    assert (found.entrypoint, found.cmd, found.shell) == (("/app",), ("-v",), ("/bin/sh", "-c"))
    assert found.user == "65532"
    assert found.created == "2026-01-01T00:00:00Z"


@pytest.mark.parametrize(
    "body",
    [
        b"{}",
        b'{"config": null, "rootfs": null, "history": null}',
        b'{"config": [], "rootfs": ""}',
        b'{"config": {"Env": null, "Labels": null, "User": null}, "os": ""}',
        b'{"config": {"Env": [1], "Labels": {"a": 1}, "User": 1}, "created": 5}',
    ],
)
def test_bare_config(body: bytes) -> None:
    """What is left out, null or a text of a wrong type counts as absent."""
    found = parse_config(body)

    assert found.platform == Platform("linux", "unknown")
    assert (found.env, found.labels, found.user, found.created) == ((), {}, "", None)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"[]", "document is not an object"),
        (b'{"config": [1]}', "config is not an object"),
        (b'{"rootfs": 1}', "rootfs is not an object"),
        (b'{"rootfs": {"diff_ids": {}}}', "rootfs.diff_ids is not a list"),
        (b'{"rootfs": {"diff_ids": [1]}}', r"rootfs.diff_ids\[0\] is not a digest"),
        (b'{"rootfs": {"diff_ids": ["sha256:1"]}}', r"rootfs.diff_ids\[0\] is not a sha256 or"),
        (b'{"history": {}}', "history is not a list"),
        (b'{"history": [1]}', r"history\[0\] is not an object"),
        (b'{"config": {"Env": "A=b"}}', "config.Env is not a list"),
    ],
)  # fmt: skip
def test_broken_config(body: bytes, message: str) -> None:
    """Objects and lists of a wrong type are refused, and the field at fault is named."""
    with pytest.raises(UnsupportedError, match=message):
        parse_config(body)


FIELDS = (
    "schemaVersion", "mediaType", "config", "layers", "manifests", "digest", "size", "platform",
    "annotations", "artifactType", "os", "architecture", "variant", "rootfs", "diff_ids",
    "history", "created_by", "Env", "Labels", "Cmd", "Layers",
)  # fmt: skip
LEAVES = st.sampled_from([SHA, 1, 2, 10, OCI_MANIFEST, OCI_INDEX, OCI_CONFIG, "linux", "amd64"])
TEXTS = json_of(*FIELDS, leaves=LEAVES).map(json.dumps)
TWICE = st.tuples(TEXTS, TEXTS).map(lambda two: two[0].rstrip("}") + ", " + two[1].lstrip("{"))
documents = (TEXTS | TWICE).map(str.encode) | st.binary(max_size=50)


@given(documents, st.none() | st.sampled_from(ACCEPTED) | st.text(max_size=20))
def test_only_one_kind_of_error(body: bytes, content_type: str | None) -> None:
    """Whatever a registry serves is a document, a config, or an ImageError."""
    with suppress(ImageError):
        parse_document(body, content_type)
    with suppress(ImageError):
        parse_config(body)


@given(
    st.lists(st.fixed_dictionaries({"digest": st.just(SHA), "size": st.integers(0, 2**63 - 1)})),
    st.sampled_from([OCI_MANIFEST, DOCKER_MANIFEST]),
)
def test_what_is_well_formed_is_read(layers: list[dict[str, object]], kind: str) -> None:
    """Every well-formed manifest is read, and no layer's size is changed on the way."""
    found = manifest(layers=layers, mediaType=kind)

    assert [layer.size for layer in found.layers] == [layer["size"] for layer in layers]


def test_long_texts_are_cut() -> None:
    """No text of an image takes memory, or time to understand, beyond what real ones have."""
    long = "a" * 300_000
    config = parse_config(
        json.dumps(
            {
                "history": [{"created_by": long, "comment": "a" * 2_000}] * 10,
                "config": {"Env": ["a=b", long], "Labels": {"a": "b", "c": long}, "User": long},
            }
        ).encode()
    )

    assert sum(len(step.created_by) for step in config.history) == 32 * 2**10
    assert max(len(step.created_by) for step in config.history) == 16 * 2**10
    assert {len(step.comment) for step in config.history} == {1_024}
    assert (config.env, config.labels, len(config.user)) == (("a=b",), {"a": "b"}, 1_024)
