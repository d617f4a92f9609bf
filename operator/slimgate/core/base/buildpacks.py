"""Images made by Cloud Native Buildpacks: the run image is the base.

Spec: https://github.com/buildpacks/spec/blob/main/platform.md (labels of run images and apps).
"""

import re
from typing import Final

from slimgate.core.base.traces import Clue, Traces
from slimgate.core.images.tier import Tier

_LABELS: Final = (
    "io.buildpacks.stack.id",
    "io.buildpacks.base.id",
    "io.buildpacks.lifecycle.metadata",
    "io.buildpacks.base.distro.name",
    "io.buildpacks.stack.distro.name",
)
_LAYERS: Final = re.compile(
    r"Buildpacks (?:Application )?Launcher|Buildpacks Launcher Config"
    r"|Layer: '.*', Created by buildpack: \S+|Application Slice: \d+"
)
_DISTROS: Final = frozenset({"ubuntu", "debian", "alpine", "wolfi", "amazonlinux", "ubi"})
_WITHOUT_SHELL: Final = re.compile(r"(?:^|[./-])(?:tiny|static)(?:[./:@-]|$)")
_WITH_SYSTEM: Final = re.compile(
    r"io\.buildpacks\.stacks\.(?:bionic|jammy|noble)|heroku-\d\d|io\.buildpacks\.stacks\.jammy\.full"
)


def run_image(traces: Traces) -> Clue | None:
    """Recognise a run image by the platform's labels, or the lifecycle's layers."""
    present = any(traces.labels.get(label) for label in _LABELS)
    signed = any(
        _LAYERS.match(text) for step in traces.layer_steps for text in (step.text, step.comment)
    )
    if not (present or signed):
        return None
    distro = _distro(traces)
    return Clue(family=distro or "buildpacks", tier=_tier(traces, distro))


def _distro(traces: Traces) -> str | None:
    labels = traces.labels
    name = labels.get("io.buildpacks.base.distro.name") or labels.get(
        "io.buildpacks.stack.distro.name", ""
    )
    return name.lower() if name.lower() in _DISTROS else None


def _tier(traces: Traces, distro: str | None) -> Tier | None:
    labels = traces.labels
    stack = labels.get("io.buildpacks.stack.id") or labels.get("io.buildpacks.base.id", "")
    if _WITHOUT_SHELL.search(stack):
        return Tier.MINIMAL if traces.runs_shell else Tier.DISTROLESS
    if _WITH_SYSTEM.fullmatch(stack):
        return Tier.FULL
    # Run images of later releases carry no stack; a tiny one has the same distro labels.
    full = distro == "ubuntu" and traces.root_size.within((24, 80), (60, 220))
    return Tier.FULL if full else None
