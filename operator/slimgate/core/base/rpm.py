"""Distributions of RPM packages that leave no labels, recognised by what only they have.

A package's release carries the distribution's dist tag, and the key that a RUN imports from
/etc/pki lies there because the distribution ships it.
"""

import re
from typing import Final

from slimgate.core.base.sizes import LayerSize
from slimgate.core.base.traces import Clue, Traces
from slimgate.core.images.tier import Tier

_SIGNS: Final = (
    ("amazonlinux", re.compile(r"\.amzn(?:2|2023)\b|file:/+etc/pki/rpm-gpg/RPM-GPG-KEY-amazon")),
    ("fedora", re.compile(r"\S\.fc\d\d\b|file:/+etc/pki/rpm-gpg/RPM-GPG-KEY-fedora")),
    ("azurelinux", re.compile(r"\S\.azl3\b")),
    ("mariner", re.compile(r"\S\.cm[12]\b")),
    ("rocky", re.compile(r"file:/+etc/pki/rpm-gpg/RPM-GPG-KEY-[Rr]ocky")),
    ("almalinux", re.compile(r"file:/+etc/pki/rpm-gpg/RPM-GPG-KEY-AlmaLinux")),
)
_ORACLE: Final = "Oracle Linux Product Team"


def oracle(traces: Traces) -> Clue | None:
    """Oracle signs its images as maintainer; the size tells the slim variant from the full one."""
    if not any(s.kind == "MAINTAINER" and s.text.startswith(_ORACLE) for s in traces.base_steps):
        return None
    return Clue(family="oraclelinux", tier=_oracle_tier(traces.root_size))


def _oracle_tier(size: LayerSize) -> Tier | None:
    if size.within((25, 55), (75, 150)):
        return Tier.SLIM
    return Tier.FULL if size.within((65, 250), (180, 500)) else None


def signed(traces: Traces) -> Clue | None:
    """Read a family off the packages that are installed by their full release."""
    runs = [step.text for step in traces.steps if step.kind == "RUN"]
    found = {name for name, sign in _SIGNS if any(sign.search(text) for text in runs)}
    if len(found) != 1:
        return None
    family = found.pop()
    # Amazon's minimal variant has less than 40 MB to pull; the others' do not tell by size.
    full = family == "amazonlinux" and traces.root_size.within((48, 110), (130, 300))
    return Clue(family=family, tier=Tier.FULL if full else None)
