"""Puts the rules together: what an image's own traces say of its base."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Final

from slimgate.core.base import rootfs, signs
from slimgate.core.base.buildpacks import run_image
from slimgate.core.base.calls import managers_used
from slimgate.core.base.composed import apko, distroless, nix
from slimgate.core.base.labels import hardened, labelled
from slimgate.core.base.listed import listed
from slimgate.core.base.scratch import is_bare, is_proven
from slimgate.core.base.toolchains import makes_builder, toolchains_of
from slimgate.core.base.traces import Clue, Traces
from slimgate.core.base.windows import windows
from slimgate.core.images.tier import Tier

Rule = Callable[[Traces], Clue | None]

_SCRATCH: Final = Clue(name="scratch", family="scratch", tier=Tier.SCRATCH)
_MANAGERS: Final = {
    "apt": frozenset({"debian", "ubuntu", "buildpacks", "alt"}),
    "apk": frozenset({"alpine", "wolfi"}),
    "rpm": frozenset(
        {"ubi", "fedora", "centos", "oraclelinux", "almalinux", "rocky", "amazonlinux", "photon",
         "azurelinux", "mariner", "suse", "rhel", "mageia"}
    ),
    "tdnf": frozenset({"photon", "azurelinux", "mariner"}),
    "zypper": frozenset({"suse"}),
    "pacman": frozenset({"archlinux"}),
}  # fmt: skip
_BY_ROOT: Final = (
    windows,
    rootfs.debuerreotype,
    rootfs.busybox,
    distroless,
    apko,
    nix,
    rootfs.tarball,
    rootfs.ubuntu,
    rootfs.rock,
    rootfs.cirros,
    rootfs.arch,
    signs.maintained,
    signs.azure,
)
_BY_WORDS: Final = (hardened, labelled, run_image, signs.declared, signs.signed)


def infer(traces: Traces) -> Clue:
    """Infer a base; every field is None where nothing says anything sure about it.

    A toolchain left in the image makes the tier a builder's, whatever the base.
    """
    clue = _of_system(traces)
    toolchains, in_doubt = toolchains_of(traces)
    if makes_builder(toolchains):
        return Clue(name=clue.name, family=clue.family, tier=Tier.BUILDER)
    return replace(clue, tier=None) if in_doubt else clue


def _of_system(traces: Traces) -> Clue:
    # A base that is squashed into the image leaves its labels, and no other trace.
    if is_bare(traces) and (is_proven(traces) or labelled(traces) is None):
        return _SCRATCH
    managers = managers_used(traces.runs)
    # How the lowest layer was made tells more than words, which any later step can write.
    told = (
        _first(_BY_ROOT, traces)
        or rootfs.nameless(traces, managers)
        or signs.copied(traces, managers)
        or _first(_BY_WORDS, traces)
        or rootfs.whole(traces, managers)
        or rootfs.small(traces, managers)
    )
    clue = _merge(told, listed(traces))
    if clue.family is not None and _contradicted(clue.family, managers):
        return Clue()
    return clue


def _first(rules: Iterable[Rule], traces: Traces) -> Clue | None:
    return next((clue for rule in rules if (clue := rule(traces))), None)


def _merge(told: Clue | None, seen: Clue | None) -> Clue:
    """Believe what was seen in the layer over what the config tells of it."""
    told, seen = told or Clue(), seen or Clue()
    if seen.family is not None and told.family not in {None, seen.family}:
        return seen
    return Clue(
        name=told.name,
        family=seen.family or told.family,
        tier=told.tier if seen.tier is None else seen.tier,
    )


def _contradicted(family: str, managers: frozenset[str]) -> bool:
    """Whether a package manager was run that this family does not have."""
    families = [_MANAGERS[name] for name in managers if name in _MANAGERS]
    known = frozenset().union(*_MANAGERS.values())
    return bool(families) and family in known and not any(family in each for each in families)
