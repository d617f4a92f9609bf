"""Kinds of images that the corpus lacks: their base is told right, or not at all."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from slimgate.core.base import find_base
from slimgate.core.images.facts import Platform
from slimgate.core.images.oci import ImageConfig
from tests.core.base.make import MB, config

_TABLE = yaml.safe_load(Path(__file__).with_name("kinds.yaml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("row", _TABLE["images"], ids=lambda row: row["id"])
def test_a_kind_of_image(row: dict[str, Any]) -> None:
    """The family and the tier are the true ones where there is evidence, and unknown elsewhere."""
    base = find_base(
        _config(row),
        annotations={},
        layer_sizes=tuple(int(size * MB) for size in row["mb"]),
        unpacked_sizes=(),
    )

    expected = [None if what in row.get("open", ()) else row[what] for what in ("family", "tier")]
    assert expected == [base.family, None if base.tier is None else base.tier.label]


def _config(row: dict[str, Any]) -> ImageConfig:
    lines = (
        part
        for line in row["history"]
        for part in _TABLE["roots"].get(line.removeprefix("$"), (line,))
    )
    made = config(
        *lines,
        env=tuple(row.get("env", ())),
        labels=row.get("labels"),
        platform=Platform(row.get("os", "linux"), "amd64"),
        entrypoint=tuple(row.get("entrypoint", ())),
        user=row.get("user", ""),
    )
    created = row.get("when")
    return replace(made, history=tuple(replace(entry, created=created) for entry in made.history))
