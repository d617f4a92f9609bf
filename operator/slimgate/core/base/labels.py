"""Distributions whose build systems label their images: the Red Hat family, SUSE, Photon.

Config labels are inherited by children, and overwritten by them. A label that a LABEL step above
the lowest layer sets is the build's own and tells nothing of the base.
"""

import re
import shlex
from collections.abc import Mapping
from typing import Final

from slimgate.core.base.traces import Clue, Traces
from slimgate.core.images.tier import Tier

_UBI: Final = re.compile(r"ubi(?P<major>\d+)(?:/ubi\d*)?(?:-(?P<kind>micro|minimal|init))?")
_UBI_COMPONENT: Final = re.compile(
    r"(?:ubi(?P<major>\d+)(?:-(?P<kind>micro|minimal|init))?|\S+-ubi(?P<child>\d+))-container"
)
_FEDORA: Final = re.compile(r"fedora(-minimal)?")
_SCHEMA: Final = "org.label-schema.name"
_MAX_LABEL_TEXT: Final = 8_192


def labelled(traces: Traces) -> Clue | None:
    """Recognise a distribution by the labels that its own build system writes."""
    labels = _base_labels(traces)
    for rule in (_red_hat, _fedora, _centos, _suse, _photon):
        if clue := rule(labels):
            return clue
    return None


def _base_labels(traces: Traces) -> Mapping[str, str]:
    base = traces.base_steps
    own = {
        key
        for step in traces.steps[len(base) :]
        if step.kind == "LABEL"
        for key in _pairs(step.text)
    }
    found = {key: value for key, value in traces.labels.items() if key not in own}
    for step in base:
        if step.kind == "LABEL":
            found.update(_pairs(step.text))
    return found


def _pairs(text: str) -> Mapping[str, str]:
    try:
        words = shlex.split(text[:_MAX_LABEL_TEXT])
    except ValueError:
        words = text[:_MAX_LABEL_TEXT].split()
    # The classic builder drops the quotes: `LABEL name=CentOS Base Image vendor=CentOS`.
    pairs: dict[str, str] = {}
    key = ""
    for word in words:
        name, equals, value = word.partition("=")
        if equals and re.fullmatch(r"[\w./-]+", name):
            key, pairs[name] = name, value
        elif key:
            pairs[key] += f" {word}"
    return pairs


def _red_hat(labels: Mapping[str, str]) -> Clue | None:
    if "Red Hat" not in labels.get("vendor", "") + labels.get("maintainer", ""):
        return None
    match = _UBI_COMPONENT.fullmatch(labels.get("com.redhat.component", ""))
    if match is None or match["child"] or match["kind"] is None:
        match = _UBI.fullmatch(labels.get("name", "")) or match
    if match is None:
        return None
    if not match["major"]:
        return Clue(family="ubi")
    tier = Tier.MINIMAL if match["kind"] in {"micro", "minimal"} else Tier.FULL
    kind = f"ubi-{match['kind']}" if match["kind"] else "ubi"
    return Clue(name=f"ubi{match['major']}/{kind}", family="ubi", tier=tier)


def _fedora(labels: Mapping[str, str]) -> Clue | None:
    match = _FEDORA.fullmatch(labels.get("name", ""))
    if match is None or labels.get("vendor") != "Fedora Project":
        return None
    version = labels.get("version", "")
    name = f"{match[0]}:{version}" if re.fullmatch(r"\d{2}", version) else None
    return Clue(name=name, family="fedora", tier=Tier.MINIMAL if match[1] else Tier.FULL)


def _centos(labels: Mapping[str, str]) -> Clue | None:
    if labels.get(_SCHEMA) != "CentOS Base Image":
        return None
    return Clue(family="centos", tier=Tier.FULL)


def _suse(labels: Mapping[str, str]) -> Clue | None:
    if not any(key.startswith(("org.opensuse.", "com.suse.")) for key in labels):
        return None
    text = " ".join(labels.values()).lower()
    small = re.search(r"bci[ /-](?:bci-)?(micro|minimal|busybox)", text)
    return Clue(family="suse", tier=Tier.MINIMAL if small else Tier.FULL)


def _photon(labels: Mapping[str, str]) -> Clue | None:
    if not labels.get("name", "").startswith("Photon OS"):
        return None
    return Clue(family="photon", tier=Tier.MINIMAL)
