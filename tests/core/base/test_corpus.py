"""Real public images with their true base: right or honestly unknown, and none wrong.

The labelled metadata lies beside the checkout and is not ours to copy; without it this is skipped.
"""

import json
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from slimgate.core.base import find_base
from slimgate.core.images.facts import Base
from slimgate.core.images.oci import ImageConfig, parse_config

_IMAGES = Path(__file__).resolve().parents[4] / "shared" / "images"
pytestmark = pytest.mark.skipif(
    not _IMAGES.is_dir(), reason="shared/images, the labelled corpus, is not beside the checkout"
)

# What the corpus calls a family, and what we call it; the rest have one name in both.
_FAMILIES = {
    "debian-slim": {"debian"},
    "jib-on-distroless": {"distroless"},
    "chainguard/wolfi": {"wolfi"},
    "mariner/azurelinux": {"azurelinux", "mariner"},
    "oracle": {"oraclelinux"},
    "other": {"apko"},
}
_FAMILIES_RIGHT_AT_LEAST = 69
_TIERS_RIGHT_AT_LEAST = 70


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One labelled image and what find_base made of it."""

    file: str
    family: set[str]
    tier: str
    found: Base

    @property
    def family_mark(self) -> str:
        """Whether the family is right, unknown or wrong."""
        return _mark(self.found.family, self.family)

    @property
    def tier_mark(self) -> str:
        """Whether the tier is right, unknown or wrong."""
        tier = self.found.tier
        return _mark(None if tier is None else tier.label, {self.tier})


def test_nothing_of_the_corpus_is_wrong() -> None:
    """Every family and tier found is the true one, and enough of them are found."""
    samples = _samples()

    assert [s.file for s in samples if "wrong" in {s.family_mark, s.tier_mark}] == []
    assert Counter(s.family_mark for s in samples)["right"] >= _FAMILIES_RIGHT_AT_LEAST
    assert Counter(s.tier_mark for s in samples)["right"] >= _TIERS_RIGHT_AT_LEAST


def _samples() -> list[Sample]:
    return [_sample(file) for file in sorted(_IMAGES.glob("*.json"))]


def _sample(file: Path) -> Sample:
    record = json.loads(file.read_text(encoding="utf-8"))
    label = record["base"]
    short = label["family"].partition(" (")[0]
    family = {label["family"].partition(" (")[2].rstrip(")")} if short == "rhel-like" else {short}
    return Sample(
        file=file.name,
        family=_FAMILIES.get(short, family),
        tier=label["tier"].capitalize(),
        found=_find(record),
    )


def _find(record: dict[str, Any]) -> Base:
    manifest = record.get("manifest") or {}
    pulls = tuple(layer.get("size") for layer in manifest.get("layers", ()))
    return find_base(
        _config(record),
        annotations=manifest.get("annotations") or {},
        layer_sizes=pulls,
        unpacked_sizes=_unpacked(record),
    )


def _config(record: dict[str, Any]) -> ImageConfig:
    return parse_config(json.dumps(record.get("config") or {}).encode())


def _unpacked(record: dict[str, Any]) -> tuple[int | None, ...]:
    extra = record.get("extra") or {}
    layers = extra.get("layers_uncompressed") or ()
    diff_ids = (record.get("config") or {}).get("rootfs", {}).get("diff_ids") or ()
    if not layers and len(diff_ids) == 1:
        return (extra.get("Size"),)  # an image of one layer has that layer's size
    return tuple(layer.get("size") or layer.get("Size") for layer in layers)


def _mark(found: str | None, true: set[str]) -> str:
    if found is None:
        return "unknown"
    return "right" if found in true else "wrong"
