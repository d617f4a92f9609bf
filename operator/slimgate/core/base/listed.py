"""Reads a base off the paths of its lowest layer, where that layer was small enough to list."""

from typing import Final

from slimgate.core.base.scratch import has_shell
from slimgate.core.base.traces import Clue, Traces
from slimgate.core.images.tier import Tier

_APK: Final = ("lib/apk/db/installed", "usr/lib/apk/db/installed")
_CHISEL: Final = "var/lib/chisel/manifest.wall"
"""What chisel writes of the slices of Ubuntu's packages that it cut."""
_PACKAGED: Final = (_CHISEL, "var/lib/dpkg/status.d/", "var/lib/rpmmanifest/")
"""Where what is known of packages is kept in images that have no package manager."""
_RELEASES: Final = (
    (_CHISEL, "ubuntu"), ("etc/azurelinux-release", "azurelinux"),
    ("etc/mariner-release", "mariner"),
    ("etc/apk/keys/wolfi-signing.rsa.pub", "wolfi"),
)  # fmt: skip


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
        made = shell or _by_apko(traces)
        return Clue(family=_family(paths), tier=_tier(traces, shell=shell)) if made else Clue()
    if any(path.startswith(_PACKAGED) for path in paths):
        return Clue(family=_family(paths), tier=_tier(traces, shell=shell))
    if "bin/busybox" in paths and "etc/os-release" not in paths:
        return Clue(family="busybox", tier=Tier.MINIMAL)
    return None


def _by_apko(traces: Traces) -> bool:
    return traces.root_step.text == "apko" or not traces.steps


def _family(paths: frozenset[str]) -> str | None:
    return next((family for path, family in _RELEASES if path in paths), None)


def _tier(traces: Traces, *, shell: bool) -> Tier | None:
    if shell or traces.runs_shell:
        return Tier.MINIMAL
    # A shell may come with a later layer of the same base, but all that chisel cuts comes at once.
    first = traces.contents[0]
    at_once = first is not None and _CHISEL in first.paths
    whole = at_once or all(layer and layer.complete for layer in traces.contents)
    return Tier.DISTROLESS if whole else None
