"""Sourced references: the prefixes, the names and digests behind a path, and what is refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slimgate.core.errors import ImageError, InvalidReferenceError
from slimgate.core.images.reference import Reference
from slimgate.core.images.source import SourcedReference, SourceKind, parse_source

SHA = f"sha256:{'a' * 64}"

ACCEPTED = [
    ("docker://alpine", SourceKind.ENGINE, "alpine", None, None),
    ("docker://r.io:5000/a/b:1", SourceKind.ENGINE, "r.io:5000/a/b:1", None, None),
    (f"docker://{SHA}", SourceKind.ENGINE, SHA, None, None),
    ("docker://0123456789ab", SourceKind.ENGINE, "0123456789ab", None, None),
    ("oci:layout", SourceKind.OCI_LAYOUT, "layout", None, None),
    ("oci:/a b/layout:1.2", SourceKind.OCI_LAYOUT, "/a b/layout", "1.2", None),
    (f"oci:./layout@{SHA}", SourceKind.OCI_LAYOUT, "./layout", None, SHA),
    (f"oci:layout:v1@{SHA}", SourceKind.OCI_LAYOUT, "layout", "v1", SHA),
    ("oci-archive:x.tar", SourceKind.OCI_ARCHIVE, "x.tar", None, None),
    ("oci-archive:a@b/x.tar:r.io/a/b:1", SourceKind.OCI_ARCHIVE, "a@b/x.tar", "r.io/a/b:1", None),
    ("docker-archive:x.tar.gz", SourceKind.DOCKER_ARCHIVE, "x.tar.gz", None, None),
    ("docker-archive:/x.tar:shop:1", SourceKind.DOCKER_ARCHIVE, "/x.tar", "shop:1", None),
]  # fmt: skip

REFUSED = [
    ("oci-layout:build:1", "write oci:build:1"),
    ("containers-storage:[x]y", "slimgate does not read containers-storage's images"),
    ("nerdctl://x", "slimgate does not read nerdctl's images"),
    ("", "empty"),
    ("docker://", "by name:tag or by ID"),
    ("docker://-v", "by name:tag or by ID"),
    ("docker://a b", "by name:tag or by ID"),
    ("docker://../etc", "by name:tag or by ID"),
    ("oci:", "write oci:PATH"),
    ("oci:layout:", "write oci:PATH"),
    ("oci::tag", "write oci:PATH"),
    ("oci:layout@sha256:12", "not a sha256 digest"),
    (f"docker-archive:x.tar@{SHA}", "can't be chosen by digest"),
    ("oci:a\x00b", "control characters"),
    ("oci:a\u202eb", "control characters"),
    (f"oci:{'a' * 5000}", "too long"),
    ("https://r.example.com/a", "leave 'https://' out"),
    ("containers-storage:alpine", "slimgate does not read containers-storage's images"),
    ("dir:/tmp/a", "slimgate does not read dir's images"),
    ("docker-daemon:alpine", "write docker://alpine"),
    ("Docker://alpine", "leave 'Docker://' out"),
    ("r.example.com/UPPER", "lower case"),
]


@pytest.mark.parametrize(("text", "kind", "location", "name", "digest"), ACCEPTED)
def test_prefixes(
    text: str, kind: SourceKind, location: str, name: str | None, digest: str | None
) -> None:
    """A prefix says where the image lies; what follows is split into path, name and digest."""
    found = parse_source(text)

    assert (kind, location, name, text) == (found.kind, found.location, found.name, found.text)
    assert digest == found.reference.digest
    assert found.kind.is_local


@pytest.mark.parametrize("text", ["alpine", "oci", "docker-archive", "docker.io/library/oci:1"])
def test_registry_references(text: str) -> None:
    """Without a prefix it is a reference to a registry."""
    expected = SourcedReference(
        kind=SourceKind.REGISTRY,
        text=text,
        location=text,
        name=None,
        reference=Reference.parse(text),
    )

    assert expected == parse_source(text)
    assert not parse_source(text).kind.is_local


@pytest.mark.parametrize(("text", "message"), REFUSED)
def test_refused(text: str, message: str) -> None:
    """What names no image is refused in a sentence that says why."""
    with pytest.raises(InvalidReferenceError) as caught:
        parse_source(text)

    assert message in str(caught.value)
    assert str(caught.value).isprintable()


@given(st.sampled_from([kind.value for kind in SourceKind]), st.text(max_size=60))
def test_any_text(prefix: str, rest: str) -> None:
    """Any text is parsed, with all of it accounted for, or refused as an image error."""
    text = prefix + rest
    try:
        found = parse_source(text)
    except ImageError:
        return
    name = f":{found.name}" if found.name else ""
    digest = f"@{found.reference.digest}" if found.kind.is_local and found.reference.digest else ""

    assert text == f"{found.kind.value}{found.location}{name}{digest}"
