"""Distributions that are added onto scratch as a root filesystem, and what their recipes write.

The classic builder hides the file's name (`ADD file:… in /`); then the CMD that follows and the
layer's size carry the evidence, and only both together. BuildKit and kaniko keep the name that
the distribution gives its own tarball.
"""

import re
from typing import Final

from slimgate.core.base.signs import WHOLE, apt_family
from slimgate.core.base.sizes import (
    debian_tier,
    is_alpine,
    is_busybox,
    is_ubuntu,
    looks_like_ubuntu,
)
from slimgate.core.base.traces import Clue, Traces
from slimgate.core.images.tier import Tier

_TARBALLS: Final = (
    (r"alpine-minirootfs-(\d+\.\d+(?:\.\d+)?)\S*-\w+\.tar\.gz", "alpine", Tier.MINIMAL),
    (r"alpine-minirootfs\S*\.tar\.gz()", "alpine", Tier.MINIMAL),
    (r"busybox()(?:-\S*)?\.tar(?:\.[gx]z)?", "busybox", Tier.MINIMAL),
    (r"oraclelinux-(\d+-slim)-\S*rootfs\.tar\.xz", "oraclelinux", Tier.SLIM),
    (r"oraclelinux-(\d+)-\S*rootfs\.tar\.xz", "oraclelinux", Tier.FULL),
    (r"photon-rootfs-(\d+\.\d+)\S*\.tar\.gz", "photon", Tier.MINIMAL),
    (r"ubuntu-()[a-z]+-\S*(?:root|cloudimg|core)\S*\.tar\.[gx]z", "ubuntu", Tier.FULL),
    (r"amzn(\d+)-container-raw-\S*\.tar\.xz", "amazonlinux", Tier.FULL),
    (r"(?:fedora|Fedora-Container-Base)-(\d\d)(?!\d)\S*\.tar(?:\.xz)?", "fedora", Tier.FULL),
    (r"fedora()-\d{8}\S*\.tar(?:\.xz)?", "fedora", Tier.FULL),
    (r"almalinux-(\d+(?:-kitten)?)-default-\S*\.tar\.xz", "almalinux", Tier.FULL),
    (r"almalinux-(\d+(?:-kitten)?-minimal)-\S*\.tar\.xz", "almalinux", Tier.MINIMAL),
    (r"cirros-(\d+\.\d+\.\d+)-\S*\.tar\.[gx]z", "cirros", Tier.MINIMAL),
    (r"archlinux()(?:-base)?\.tar(?:\.\w+)?", "archlinux", Tier.FULL),
    (r"centos-(\d+)\S*-docker\.tar\.xz", "centos", Tier.FULL),
)  # fmt: skip
_NAMED: Final = tuple((re.compile(pattern), family, tier) for pattern, family, tier in _TARBALLS)
_DEBIAN: Final = re.compile(r"# debian\.sh .*?'?out/'? '(?P<suite>[a-z]+)'")
_BUSYBOX: Final = re.compile(r"BusyBox (?P<version>\d+\.\d+(?:\.\d+)?) \((?:glibc|musl|uclibc)\)")
_UBUNTU_ARGUMENT: Final = "LAUNCHPAD_BUILD_ARCH"
_UBUNTU_LABEL: Final = "org.opencontainers.image.ref.name=ubuntu"
_UBUNTU_VERSION: Final = re.compile(r"org\.opencontainers\.image\.version=(\d\d\.\d\d)")
_ROCK: Final = re.compile(
    r"umoci raw add-layer --image \S*/ubuntu:rockcraft-base\b"
    r"(?:.* --tag (?P<version>\d\d\.\d\d)\b)?"
)
_OLD_UBUNTU: Final = re.compile(
    r"echo '#!/bin/sh' > /usr/sbin/policy-rc\.d|/run/systemd && echo 'docker'"
)
_ARCH: Final = re.compile(
    r"org\.opencontainers\.image\.title=[\"']?Arch Linux base(?P<devel>-devel)? Image"
)
_ERA: Final = ("2021-06", "2023-06")
_OF_RPM: Final = frozenset({"rpm", "tdnf", "zypper"})
_GENERIC: Final = re.compile(
    r"file:[0-9a-f]+|(?:\S*/)?(?:debian|root|rootfs|layer|base|image|fs|amd64|arm64|slim|[\d._-])+"
    r"\.(?:tar(?:\.\w+)?|tgz|txz)"
)
_SHELLS: Final = frozenset({'["sh"]', '["/bin/sh"]', '["bash"]', '["/bin/bash"]'})
_MINIMAL: Final = (0, 18), (0, 45)
"""MB to pull and unpacked of what is smaller than debian's slim variant has ever been."""
_COPIED: Final = (52, 130), (140, 450)
"""The same of Amazon's whole systems, which alone of those are copied; its minimal one has 40."""
_MAX_PATH: Final = 1_024
_NAMELESS: Final = re.compile(r"file:[0-9a-f]+")
_COPIED_ROOT: Final = re.compile(r"(?:file|dir):[0-9a-f]+|/?rootfs/?")
_ARCHIVE: Final = re.compile(r"\S+\.(?:tar(?:\.\w+)?|tgz|txz)|[^\s:]*rootfs[^\s:]*")


def debuerreotype(traces: Traces) -> Clue | None:
    """Debian's own builder signs its layer: suite, but not whether it was slimmed."""
    match = _DEBIAN.match(traces.root_step.text)
    if match is None:
        return None
    tier = debian_tier(traces.root_size, traces.config.platform.architecture)
    suffix = {Tier.SLIM: "-slim", Tier.FULL: ""}.get(tier) if tier is not None else None
    name = None if suffix is None else f"debian:{match['suite']}{suffix}"
    return Clue(name=name, family="debian", tier=tier)


def busybox(traces: Traces) -> Clue | None:
    """Busybox's own builder names its version, its libc and the Debian that the libc is from."""
    match = _BUSYBOX.match(traces.root_step.text)
    if match is None:
        return None
    return Clue(name=f"busybox:{match['version']}", family="busybox", tier=Tier.MINIMAL)


def tarball(traces: Traces) -> Clue | None:
    """Recognise a root filesystem by the name that its distribution publishes it under."""
    source = _added(traces)
    for pattern, family, tier in _NAMED:
        if source is not None and (match := pattern.fullmatch(source.rpartition("/")[2])):
            if not _plausible(family, traces):
                return None
            name = f"{family}:{match[1]}" if match[1] else family
            return Clue(name=name, family=family, tier=tier)
    return None


def ubuntu(traces: Traces) -> Clue | None:
    """Ubuntu's images: Launchpad's build arguments, or the steps of the images before 2021."""
    steps = traces.base_steps
    launchpad = any(step.kind == "ARG" and _UBUNTU_ARGUMENT in step.text for step in steps)
    labelled = any(step.kind == "LABEL" and _UBUNTU_LABEL in step.text for step in steps)
    old = any(_OLD_UBUNTU.search(step.text) for step in traces.steps[1:5])
    if _added(traces) is None or is_ubuntu(traces.root_size) is False:
        return None
    if not (launchpad or old or (labelled and traces.base_command == '["/bin/bash"]')):
        return None
    versions = (_UBUNTU_VERSION.search(step.text) for step in steps if step.kind == "LABEL")
    version = next((found[1] for found in versions if found), None)
    return Clue(name=f"ubuntu:{version}" if version else None, family="ubuntu", tier=Tier.FULL)


def rock(traces: Traces) -> Clue | None:
    """Recognise an ubuntu since 26.04, which rockcraft assembles with umoci."""
    match = _ROCK.match(traces.root_step.text)
    if match is None or is_ubuntu(traces.root_size) is False:
        return None
    name = f"ubuntu:{match['version']}" if match["version"] else None
    return Clue(name=name, family="ubuntu", tier=Tier.FULL)


def cirros(traces: Traces) -> Clue | None:
    """Recognise CirrOS, which is a virtual machine's root, by what its recipe mends in it."""
    mends = any("is_lxc && lxc_netdown" in step.text for step in traces.steps[1:4])
    if _added(traces) is None or not mends or traces.root_size.within((3, 14), (6, 40)) is False:
        return None
    return Clue(name="cirros", family="cirros", tier=Tier.MINIMAL)


def arch(traces: Traces) -> Clue | None:
    """Recognise Arch Linux by the first title of the history, which a child leaves as it is."""
    titles = (_ARCH.search(step.text) for step in traces.steps if step.kind == "LABEL")
    title = next((found for found in titles if found), None)
    sources, target = traces.root_step.paths()
    if title is None or target != "/" or not sources:
        return None
    return Clue(
        name="archlinux:base-devel" if title["devel"] else "archlinux",
        family="archlinux",
        tier=Tier.BUILDER if title["devel"] else Tier.FULL,
    )


def nameless(traces: Traces, managers: frozenset[str]) -> Clue | None:
    """Tell a nameless root filesystem by its CMD together with its size or package manager."""
    source = _added(traces)
    if source is None:
        return None
    size, command = traces.root_size, traces.base_command
    if command == '["bash"]' or (command == '["/bin/bash"]' and managers == {"apt"}):
        return _of_apt(traces, managers, is_generic=_GENERIC.fullmatch(source) is not None)
    # What BuildKit names is seen not to be alpine's own, or busybox's; others make such roots, too.
    hidden = _NAMELESS.fullmatch(source) is not None
    small, by_apk = is_alpine(size), managers == {"apk"}
    # Of a root without a size, its command is enough where no other manager was run.
    alone = small is None and (by_apk or (hidden and not managers))
    if command == '["/bin/sh"]' and ((small and hidden) or alone):
        return Clue(family="alpine", tier=Tier.MINIMAL)
    if small and by_apk:
        return Clue(family="alpine", tier=Tier.MINIMAL)
    if command == '["sh"]' and hidden and is_busybox(size) is not False and not managers:
        return Clue(family="busybox", tier=Tier.MINIMAL)
    return None


def _of_apt(traces: Traces, managers: frozenset[str], *, is_generic: bool) -> Clue | None:
    """Tell debian, whose roots have no other name than `rootfs`, by its command and size.

    Ubuntu's of 2021 and 2022 had the same command, and sizes in between those of debian's slim.
    Before 2016 debian's command was /bin/bash, as that of many others is.
    """
    size, architecture = traces.root_size, traces.config.platform.architecture
    tier, signed = debian_tier(size, architecture), apt_family(traces)
    if signed == "ubuntu":
        return Clue(family="ubuntu", tier=Tier.FULL) if is_ubuntu(size) else None
    if traces.base_command == '["/bin/bash"]' or not is_generic:
        tier = tier if tier is Tier.FULL else None
        family = "debian" if signed and is_generic else None
        return Clue(family=family, tier=tier) if tier or family else None
    if signed is None and _is_of_ubuntu_era(traces) and looks_like_ubuntu(size, architecture):
        return None
    if tier is None and (managers != {"apt"} or size.known):
        return None
    return Clue(family="debian", tier=tier)


def _is_of_ubuntu_era(traces: Traces) -> bool:
    created = traces.config.history[traces.root or 0].created or ""
    return not created or _ERA[0] <= created < _ERA[1]


def whole(traces: Traces, managers: frozenset[str]) -> Clue | None:
    """Tell a whole system of a family that is not known, by its command and size together.

    The roots of Red Hat's kin and Amazon's have this command; their minimal ones are smaller.
    """
    step = traces.root_step
    bash = traces.base_command == '["/bin/bash"]'
    copied = bash and step.kind == "COPY" and step.paths() == (("/rootfs/",), "/")
    added = _added(traces) is not None and (bash or not managers.isdisjoint(_OF_RPM))
    size = traces.root_size
    is_whole = (copied and size.within(*_COPIED)) or (added and size.within(*WHOLE))
    return Clue(tier=Tier.FULL) if is_whole else None


def small(traces: Traces, managers: frozenset[str]) -> Clue | None:
    """Tell a minimal system of a family that is not known: there is a shell, and little else."""
    step, size = traces.root_step, traces.root_size
    placed = step.kind in {"ADD", "COPY"} and step.paths()[1] == "/"
    if placed and traces.base_command == '["sh"]' and is_busybox(size):
        hidden = all(map(_COPIED_ROOT.fullmatch, step.paths()[0]))
        return Clue(family="busybox" if hidden else None, tier=Tier.MINIMAL)
    below = traces.below_shell
    if placed and traces.base_command in _SHELLS and not below.known:
        below = size
    is_minimal = below.within(*_MINIMAL) and managers.isdisjoint({"apt", "zypper", "pacman"})
    return Clue(tier=Tier.MINIMAL) if is_minimal and not below.tiny else None


def _added(traces: Traces) -> str | None:
    """Name what was unpacked onto the image's root as its lowest layer, if anything was."""
    step = traces.root_step
    sources, target = step.paths()
    if step.kind != "ADD" or target != "/" or len(sources) != 1 or len(sources[0]) > _MAX_PATH:
        return None
    source = sources[0]
    return source if _NAMELESS.fullmatch(source) or _ARCHIVE.fullmatch(source) else None


def _plausible(family: str, traces: Traces) -> bool:
    check = {"alpine": is_alpine, "busybox": is_busybox, "ubuntu": is_ubuntu}.get(family)
    return check is None or check(traces.root_size) is not False
