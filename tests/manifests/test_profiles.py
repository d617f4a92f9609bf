"""What the API server makes of ImageProfiles, and what kubectl shows of them."""

import json
import re
from collections.abc import Mapping

import pytest

from slimgate.core.images.facts import Base, DiffID, Digest, ImageFacts, Layer, Platform, Size
from slimgate.core.images.profile import to_profile
from slimgate.core.images.tier import Evidence, Tier
from tests.lab.kubectl import Kubectl
from tests.manifests.resources import Try, profile

pytestmark = pytest.mark.lab

_DIGEST = "sha256:" + "4f" * 32
_NAME = _DIGEST.replace(":", "-")


def test_profile_is_stored_as_it_is_written(create: Try) -> None:
    """The largest profile that slimgate writes passes whole, and is far from what etcd takes."""
    text = "\N{PILE OF POO}<&" * 500
    lost = Size.unknown(text, at_least=2**41 + 2**32)
    layer = Layer(
        digest=Digest(_DIGEST),
        diff_id=DiffID(_DIGEST),
        media_type=text,
        pull=Size.known(2**40),
        unpacked=lost,
        created_by=text,
    )
    facts = ImageFacts(
        digest=Digest(_DIGEST),
        media_type=text,
        platform=Platform("linux", "arm64", "v8"),
        layers=(layer,) * 1024,
        base=Base(name=text, tier=Tier.SCRATCH, evidence=Evidence.INFERRED, contradiction=text),
        toolchains=(text,) * 100,
        created=text,
        estimated_by=text,
    )
    written = to_profile(facts, text)

    answer = create(profile(_NAME, written))

    assert answer.accepted, answer.text
    stored = json.loads(answer.text)
    assert {key: stored[key] for key in written} == written
    assert len(answer.text.encode()) < 256 * 2**10


@pytest.mark.usefixtures("crds")
def test_profile_columns(kubectl: Kubectl) -> None:
    """A profile shows the image by name and its sizes as people write them."""
    layer = Layer(
        digest=Digest(_DIGEST),
        diff_id=None,
        media_type="x",
        pull=Size.known(148 * 2**20),
        unpacked=Size.estimated(452 * 2**20),
    )
    facts = ImageFacts(
        digest=Digest(_DIGEST),
        media_type="x",
        platform=Platform("linux", "arm64"),
        layers=(layer,),
        base=Base(name="golang:1.26", tier=Tier.BUILDER, evidence=Evidence.PROVEN),
        created="2001-01-01T00:00:00Z",
    )
    kubectl("delete", "imageprofile", _NAME, "--ignore-not-found")
    try:
        kubectl("create", "-f", "-", stdin=json.dumps(profile(_NAME, to_profile(facts, "shop:1"))))
        header, row = kubectl("get", "imageprofiles", _NAME, "-o", "wide").splitlines()
        category = kubectl("get", "slimgate", "-o", "name")
    finally:
        kubectl("delete", "imageprofile", _NAME)

    assert header.split() == [
        "NAME", "IMAGE", "PULL", "UNPACKED", "LAYERS", "BASE", "TIER", "AGE",
        "EVIDENCE", "ARCHITECTURE", "BUILT",
    ]  # fmt: skip
    *cells, built = row.split()
    del cells[7]
    assert cells == [
        _NAME, "shop:1", "148Mi", "452Mi", "1", "golang:1.26", "Builder", "Proven", "arm64",
    ]  # fmt: skip
    assert re.fullmatch(r"\d+y", built)
    assert _NAME in category


@pytest.mark.parametrize(
    ("name", "facts", "path", "says"),
    [
        ("web", {"digest": _DIGEST}, "metadata.name", "must be facts.digest"),
        (_NAME, {"digest": "latest"}, "facts.digest", "should match"),
        (_NAME, {"digest": _DIGEST, "pullBytes": -1}, "facts.pullBytes", "or equal to 0"),
        (_NAME, {"digest": _DIGEST, "reference": "a/b"}, "facts.reference", "unknown field"),
    ],
)
def test_bad_profile_is_refused(
    create: Try, name: str, facts: Mapping[str, object], path: str, says: str
) -> None:
    """A profile is named by its digest, and has no room for who runs the image."""
    answer = create(profile(name, {"facts": {"mediaType": "x", **facts}}))

    assert not answer.accepted
    assert path in answer.text
    assert says in answer.text
