"""Reads a base off the paths of its lowest layer, where that layer was small enough to list."""

from typing import Final

from slimgate.core.base.scratch import has_shell
from slimgate.core.base.traces import Clue, Traces
from slimgate.core.images.tier import Tier

_APK: Final = ("lib/apk/db/installed", "usr/lib/apk/db/installed")

_CHISEL: Final = "var/lib/chisel/manifest.wall"
"""What chisel writes of the slices of Ubuntu's packages that it cut."""


def listed(traces: Traces) -> Clue | None:
    """Tell alpine, busybox and shell-less package sets by what the lowest layer holds."""
    layer = traces.contents[0] if traces.contents else None
    if layer is None or not layer.complete:
        return None
    paths = layer.paths
    shell = any(has_shell(path) for path in paths)
    if "etc/alpine-release" in paths and shell:
        return Clue(family="alpine", tier=Tier.MINIMAL)
    if any(path in paths for path in _APK):
        # Whoever copies a root together by hand keeps the database, too.
        return Clue(tier=_tier(traces, shell=shell) if shell or _by_apko(traces) else None)
    if _CHISEL in paths or _is_distroless(paths):
        return Clue(family="ubuntu" if _CHISEL in paths else None, tier=_tier(traces, shell=shell))
    if "bin/busybox" in paths and "etc/os-release" not in paths:
        return Clue(family="busybox", tier=Tier.MINIMAL)
    return None


def _by_apko(traces: Traces) -> bool:
    return traces.root_step.text == "apko" or not traces.steps


def _is_distroless(paths: frozenset[str]) -> bool:
    return any(path.startswith("var/lib/dpkg/status.d/") for path in paths)


def _tier(traces: Traces, *, shell: bool) -> Tier | None:
    if shell or traces.runs_shell:
        return Tier.MINIMAL
    # A shell may still come with a later layer of the same base.
    whole = all(layer and layer.complete for layer in traces.contents)
    return Tier.DISTROLESS if whole else None
