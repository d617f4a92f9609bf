"""Distributions whose build systems label their images: the Red Hat family, SUSE, Photon.

Config labels are inherited by children, and overwritten by them. A label that a LABEL step above
the lowest layer sets is the build's own and tells nothing of the base.
"""

import re
import shlex
from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from slimgate.core.base.signs import WHOLE
from slimgate.core.base.traces import Clue, Traces
from slimgate.core.images.tier import Tier

_UBI: Final = re.compile(r"ubi(?P<major>\d+)(?:/ubi\d*)?(?:-(?P<kind>micro|minimal|init))?")
_UBI_COMPONENT: Final = re.compile(
    r"(?:ubi(?P<major>\d+)(?:-(?P<kind>micro|minimal|init))?|\S+-ubi(?P<child>\d+))-container"
)
_FEDORA: Final = re.compile(r"fedora(-minimal)?")
_UBI_TITLE: Final = re.compile(
    r"(?:Red Hat )?Universal Base Image (?P<major>\d+)(?: (?P<kind>Micro|Minimal|Init))?"
    r"|Ubi(?P<short>\d+)-(?P<small>micro|minimal|init)"
)
_UBI_TAGS: Final = re.compile(r"(?P<kind>minimal) rhel(?P<major>\d+)")
_UBI_BASE: Final = re.compile(r"base rhel\d+")
_UBI_TERMS: Final = re.compile(r"https://www\.redhat\.com/\S{1,80}#UBI")
_CATALOGUE: Final = re.compile(r"(?:ubi|rhel)\d+/[\w.-]+")
_SMALL_UBI: Final = (28, 50), (80, 135)
"""MB to pull and unpacked of its minimal variant."""
_RHEL: Final = re.compile(
    r"rhel-server-container|rhel(?P<major>\d+)(?:-(?P<small>atomic))?(?:-container)?"
)
_RHEL_TITLE: Final = re.compile(r"Red Hat Enterprise Linux (\d+)")
_STREAM: Final = re.compile(r"CentOS Stream (?P<major>\d+)(?: (?P<kind>Minimal))?")
_HARDENED: Final = "com.docker.dhi."
_HARDENED_DISTRO: Final = re.compile(r"(debian|alpine)-\d[\d.]*")
_SCHEMA: Final = "org.label-schema.name"
_MAX_LABEL_TEXT: Final = 8_192


def labelled(traces: Traces) -> Clue | None:
    """Recognise a distribution by the labels that its own build system writes."""
    labels = _base_labels(traces)
    for rule in (_red_hat, _fedora, _centos, _suse, _photon):
        if clue := rule(labels):
            return _sized(clue, traces)
    return None


def _sized(clue: Clue, traces: Traces) -> Clue:
    """Tell a variant of UBI by its layer where a child has overwritten what names it."""
    if clue.family != "ubi" or clue.tier is not None or traces.layer_count == 1:
        return clue
    size = traces.root_size
    tier = Tier.MINIMAL if size.within(*_SMALL_UBI) else None
    return replace(clue, tier=Tier.FULL if size.within(*WHOLE) else tier)


def hardened(traces: Traces) -> Clue | None:
    """Recognise Docker's Hardened Images, whose labels say whether there is a shell.

    https://docs.docker.com/dhi/core-concepts/hardening/
    """
    labels = _base_labels(traces)
    told = {key: labels.get(f"{_HARDENED}{key}") for key in ("name", "distro", "shell", "variant")}
    match = _HARDENED_DISTRO.fullmatch(told["distro"] or "")
    if match is None or re.fullmatch(r"dhi/[a-z0-9._-]{1,60}", told["name"] or "") is None:
        return None
    if traces.root_step.kind == "ADD":
        return None  # of packages are all of theirs
    # What is meant to build with has compilers in some of them.
    tier = None if told["shell"] is None or told["variant"] != "runtime" else Tier.MINIMAL
    if tier is not None and not told["shell"] and not traces.runs_shell:
        tier = Tier.DISTROLESS
    return Clue(name=told["name"], family=match[1], tier=tier)


def _base_labels(traces: Traces) -> Mapping[str, str]:
    base = traces.base_steps
    own = {
        key
        for step in traces.steps[len(base) :]
        if step.kind == "LABEL"
        for key in _pairs(step.text)
    }
    found = {key: value for key, value in traces.labels.items() if key not in own}
    # The first to set a label is the base; a later one may be the build's, which overwrites it.
    first: dict[str, str] = {}
    for step in base:
        if step.kind == "LABEL":
            first = {**_pairs(step.text), **first}
    return {**found, **first}


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
    component = labels.get("com.redhat.component", "")
    match = _UBI_COMPONENT.fullmatch(component)
    if "Red Hat" not in labels.get("vendor", "") + labels.get("maintainer", ""):
        # Others put their name there, and leave what Red Hat's build writes beside it.
        return _ubi(match) if match else _retitled(labels) or _rhel(labels) or _licensed(labels)
    if match is None or match["child"] or match["kind"] is None:
        match = _UBI.fullmatch(labels.get("name", "")) or match
    return _ubi(match) if match else _rhel(labels) or _licensed(labels)


def _ubi(match: re.Match[str]) -> Clue:
    if not match["major"]:
        return Clue(family="ubi")
    return _ubi_of(match["major"], match["kind"])


def _ubi_of(major: str, kind: str | None) -> Clue:
    tier = Tier.MINIMAL if kind in {"micro", "minimal"} else Tier.FULL
    name = f"ubi-{kind}" if kind else "ubi"
    return Clue(name=f"ubi{major}/{name}", family="ubi", tier=tier)


def _retitled(labels: Mapping[str, str]) -> Clue | None:
    if match := _UBI_TITLE.fullmatch(labels.get("io.k8s.display-name", "")):
        kind = (match["kind"] or match["small"] or "").lower()
        return _ubi_of(match["major"] or match["short"], kind or None)
    if match := _UBI_TAGS.fullmatch(_tags(labels)):
        return _ubi_of(match["major"], match["kind"])
    # `base rhel9` is on micro, too.
    return Clue(family="ubi") if _UBI_BASE.fullmatch(_tags(labels)) else None


def _licensed(labels: Mapping[str, str]) -> Clue | None:
    """Read whose terms hold, and in whose catalogue an image stands that renames all else.

    The same recipes make images of CentOS and Fedora under these terms, with other names.
    """
    terms, name = labels.get("com.redhat.license_terms", ""), labels.get("name", "")
    licensed = _UBI_TERMS.fullmatch(terms) and _CATALOGUE.fullmatch(name)
    return Clue(family="ubi") if licensed else None


def _tags(labels: Mapping[str, str]) -> str:
    return labels.get("io.openshift.tags", "")


def _rhel(labels: Mapping[str, str]) -> Clue | None:
    title = _RHEL_TITLE.fullmatch(labels.get("io.k8s.display-name", ""))
    texts = (labels.get("com.redhat.component", ""), labels.get("name", ""))
    match = next((found for text in texts if (found := _RHEL.fullmatch(text))), None)
    if title is None and (match is None or "com.redhat.component" not in labels):
        return None
    small = match is not None and match["small"]
    major = title[1] if title else match["major"] if match else None
    return Clue(
        name=f"rhel{major}" if major else None,
        family="rhel",
        tier=Tier.MINIMAL if small else Tier.FULL,
    )


def _fedora(labels: Mapping[str, str]) -> Clue | None:
    told = next(
        (
            {key: labels.get(f"{start}{key}", "") for key in ("name", "vendor", "version")}
            for start in ("", "org.opencontainers.image.")
            if labels.get(f"{start}vendor") == "Fedora Project"
        ),
        {},
    )
    match = _FEDORA.fullmatch(told.get("name", ""))
    if match is None:
        return None
    version = told["version"]
    name = f"{match[0]}:{version}" if re.fullmatch(r"\d{2}", version) else None
    return Clue(name=name, family="fedora", tier=Tier.MINIMAL if match[1] else Tier.FULL)


def _centos(labels: Mapping[str, str]) -> Clue | None:
    if labels.get(_SCHEMA) == "CentOS Base Image":
        return Clue(family="centos", tier=Tier.FULL)
    # Red Hat's build system makes Stream, and calls Red Hat its vendor.
    if match := _STREAM.fullmatch(labels.get("io.k8s.display-name", "")):
        small = match["kind"] is not None
        tier = Tier.MINIMAL if small else Tier.FULL
        return Clue(name=f"centos:stream{match['major']}", family="centos", tier=tier)
    named = labels.get("com.redhat.component") == "centos-stream-container"
    return Clue(family="centos") if named else None


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
