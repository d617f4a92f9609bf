"""How a base is written wherever users read of one."""

from dataclasses import replace

from slimgate.core.images.facts import Base
from slimgate.core.images.tier import Evidence
from slimgate.core.text import printable


def base_text(base: Base) -> str:
    """Write a base with its tier and evidence: `golang:1.26 (Builder, Proven)`.

    Of a proven base whose tier is not, each has its own: `debian:13 (Proven), Builder (Inferred)`.
    """
    if base.tier_inferred and base.tier is not None:
        shown = base_text(replace(base, tier=None, tier_inferred=False))
        return f"{shown}, {base.tier.label} ({Evidence.INFERRED.value})"
    name = base.name or base.family or "unknown"
    tier = None if base.tier is None else base.tier.label
    evidence = None if base.evidence is None else base.evidence.value
    marks = [mark for mark in (tier, evidence) if mark is not None and mark.lower() != name]
    return printable(name, 128) + (f" ({', '.join(marks)})" if marks else "")
