"""Claims are validated before anything could look them up."""

import json
from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slimgate.core.base import Claim, claims_of
from slimgate.core.images.facts import Digest
from slimgate.core.images.reference import Reference

NAME = "org.opencontainers.image.base.name"
DIGEST = "org.opencontainers.image.base.digest"
LIFECYCLE = "io.buildpacks.lifecycle.metadata"
HASH = Digest(f"sha256:{'a' * 64}")


@pytest.mark.parametrize(
    ("annotations", "labels", "expected"),
    [
        pytest.param(
            {NAME: "docker.io/library/debian:bookworm-slim", DIGEST: HASH},
            {},
            [("docker.io/library/debian:bookworm-slim", HASH, "annotation")],
            id="buildah-and-official-images",
        ),
        pytest.param(
            {},
            {NAME: "mcr.microsoft.com/dotnet/runtime:9.0", DIGEST: HASH},
            [("mcr.microsoft.com/dotnet/runtime:9.0", HASH, "label")],
            id="dotnet-sdk",
        ),
        pytest.param(
            {NAME: "alpine:3.22"}, {NAME: "docker.io/library/alpine:3.22"},
            [("alpine:3.22", None, "annotation")],
            id="said-twice",
        ),
        pytest.param(
            {},
            {LIFECYCLE: json.dumps({"runImage": {"reference": f"index.docker.io/p/run@{HASH}"}})},
            [(f"index.docker.io/p/run@{HASH}", HASH, "label")],
            id="buildpacks-run-image",
        ),
        pytest.param(
            {},
            {LIFECYCLE: json.dumps({"stack": {"runImage": {"image": "heroku/heroku:24"}}})},
            [("heroku/heroku:24", None, "label")],
            id="buildpacks-stack",
        ),
        pytest.param(
            {}, {LIFECYCLE: json.dumps({"runImage": {"reference": HASH, "image": "p/run:1"}})},
            [("p/run:1", None, "label")],
            id="buildpacks-engine-image-id",
        ),
        pytest.param({NAME: "alpine", DIGEST: "sha256:../.."}, {},
                     [("alpine", None, "annotation")], id="digest-is-none"),
        pytest.param({NAME: "scratch"}, {}, [], id="scratch-has-no-registry"),
        pytest.param({NAME: "http://169.254.169.254/latest"}, {}, [], id="a-url"),
        pytest.param({NAME: "evil\x1b[2J"}, {}, [], id="terminal-escape"),
        pytest.param({NAME: "a" * 5_000}, {}, [], id="too-long"),
        pytest.param({NAME: ""}, {DIGEST: HASH}, [], id="digest-alone"),
        pytest.param({}, {LIFECYCLE: "[" * 100_000}, [], id="deep-json"),
        pytest.param({}, {LIFECYCLE: '{"runImage": ["x"]}'}, [], id="other-shape"),
    ],
)  # fmt: skip
def test_claims_are_read_from_where_builders_write_them(
    annotations: Mapping[str, str],
    labels: Mapping[str, str],
    expected: list[tuple[str, Digest | None, str]],
) -> None:
    """Every builder's claim is found, once, and what is no reference is dropped."""
    claims = claims_of(annotations, labels)

    assert expected == [(claim.name, claim.digest, claim.origin) for claim in claims]


def test_a_claim_is_looked_up_by_its_digest() -> None:
    """The digest says which base it was; the tag may have moved since."""
    claim = Claim(name="alpine:3.22", digest=HASH, origin="annotation")

    assert f"docker.io/library/alpine@{HASH}" == str(claim.reference)


@pytest.mark.parametrize(
    ("name", "digest", "expected"),
    [
        ("alpine:3.22", HASH, f"docker.io/library/alpine:3.22@{HASH}"),
        ("alpine:3.22", None, "docker.io/library/alpine:3.22"),
        ("alpine", HASH, f"docker.io/library/alpine@{HASH}"),
        ("alpine", None, "docker.io/library/alpine:latest"),
        (f"alpine@{HASH}", HASH, f"docker.io/library/alpine@{HASH}"),
    ],
)
def test_a_claim_in_full(name: str, digest: Digest | None, expected: str) -> None:
    """All that it says of the base: a tag that it does not give is not made up beside a digest."""
    assert Claim(name=name, digest=digest, origin="label").text == expected


@given(st.dictionaries(st.sampled_from([NAME, DIGEST, LIFECYCLE]), st.text()))
def test_any_text_is_a_valid_claim_or_none(labels: Mapping[str, str]) -> None:
    """Whatever a label holds, a claim that comes out can be looked up."""
    for claim in claims_of(labels, labels):
        assert claim.reference.name.isprintable()
        assert Reference.parse(claim.text).name == claim.reference.name
