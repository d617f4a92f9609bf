"""Images without a base: what suggests it, and what proves it.

`FROM scratch` leaves no trace, and history can be written at will, so history only suggests.
Proof is by content: every layer was listed whole, and none holds what every base has some of
(docs/adr/0002-what-proves-scratch.md).
"""

import posixpath
import re
from typing import Final

from slimgate.core.base.history import Step
from slimgate.core.base.sizes import SMALLEST_SYSTEM
from slimgate.core.base.traces import Traces

_SHELLS: Final = frozenset(
    {"sh", "ash", "bash", "busybox", "dash", "fish", "ksh", "mksh", "toybox", "zsh"}
)
_SYSTEM: Final = frozenset(
    {"/", "/lib", "/lib64", "/usr", "/usr/lib", "/usr/lib64", "/etc", "/nix"}
)
_PROGRAMS: Final = frozenset(
    {"/bin", "/sbin", "/usr/bin", "/usr/sbin", "/usr/local", "/usr/local/bin", "/usr/local/sbin",
     "/usr/local/lib", "/usr/libexec"}
)  # fmt: skip
_FOLDERS: Final = frozenset(
    {"", ".", "bin", "sbin", "usr", "local", "lib", "lib64", "libexec", "root", "rootfs", "fs",
     "sysroot", "out", "output", "dist", "build", "target", "install", "tools", "system", "bins"}
)  # fmt: skip
"""What folders are called, where a copy's source may be one as well as a program."""
_LIBRARIES: Final = re.compile(
    r"ld-(linux|musl|uClibc|android)?[\w.-]*\.so[\d.]*|ld64?\.so[\d.]*|libc(-[\d.]+)?\.so[\d.]*"
    r"|libc\.musl-.*|linker(64)?"
)
_SYSTEM_FILES: Final = re.compile(
    r"(.*/)?((etc|usr/lib)/([a-z-]{1,20}-release|debian_version)"
    r"|var/lib/(dpkg|rpm|rpmmanifest|pacman|chisel)(/.*)?|(usr/)?lib/apk/db(/.*)?|usr/lib/sysimage/rpm(/.*)?"
    r"|nix/store/.*)"
)
_SCRIPT: Final = re.compile(r"#\s*\S+\.sh\b")
"""What made the root of a distribution, as `# debian.sh --arch 'amd64' out/ 'bookworm'`."""
_QUIET: Final = frozenset({"COPY", "ADD", "WORKDIR", "RUN"})
_KO: Final = re.compile(r"ko (build|publish) ")


def is_proven(traces: Traces) -> bool:
    """Whether every layer was listed whole and none holds any part of a system."""
    layers = traces.contents
    return (
        traces.config.platform.os == "linux"
        and len(layers) == traces.layer_count > 0
        and all(layer is not None and layer.complete for layer in layers)
        and not has_system(traces)
    ) or _has_no_layers(traces)


def has_system(traces: Traces) -> bool:
    """Whether any layer that was listed, even in part, holds a part of a system."""
    return any(_is_system(path) for layer in traces.contents if layer for path in layer.paths)


def has_shell(path: str) -> bool:
    """Whether a path in a layer is that of a shell."""
    folder, name = posixpath.split(path)
    return name in _SHELLS and posixpath.basename(folder) in {"bin", "sbin", "busybox"}


def is_bare(traces: Traces) -> bool:
    """Whether the image looks as if it stood on nothing, or is proven to.

    The history accounts for every layer, each is a copy of something smaller than a root
    filesystem, and no step was carried out by a shell.
    """
    if is_proven(traces):
        return True
    steps = traces.layer_steps
    if not steps or len(steps) != traces.layer_count or traces.config.platform.os != "linux":
        return False
    if has_system(traces) or traces.runs_shell:
        return False
    if _has_no_room(traces) and not _SCRIPT.match(steps[0].text):
        return True
    if all(_KO.match(step.text) for step in steps):
        return True
    return {step.kind for step in steps} - {"WORKDIR", "RUN"} != set() and _only_copies(traces)


def _has_no_room(traces: Traces) -> bool:
    """Whether all layers together are too small for any system, whoever made them."""
    pulls = [size.pull for size in traces.sizes]
    return (
        len(pulls) == traces.layer_count
        and sum(SMALLEST_SYSTEM if pull is None else pull for pull in pulls) < SMALLEST_SYSTEM
    )


def _has_no_layers(traces: Traces) -> bool:
    # A config cut off from its manifest has no layers either, but then it has no history.
    steps = traces.steps
    return not traces.layer_count and bool(steps) and not traces.layer_steps


def _only_copies(traces: Traces) -> bool:
    folder = "/"
    started = {words[0] for words in (traces.config.entrypoint, traces.config.cmd) if words}
    sizes = iter(traces.sizes)
    for step in traces.steps:
        size = next(sizes, None) if step.layer else None
        if step.kind == "WORKDIR":
            folder = _resolve(folder, step.text.strip())
        if step.layer and step.kind not in _QUIET:
            return False
        if step.layer and not (size is not None and size.tiny) and _may_hold_system(step, folder):
            # What is started from where it was copied to is a program, and no folder.
            program, place = _single(step), _resolve(folder, step.paths()[1])
            if not program or place != "/" or f"/{program}" not in started:
                return False
    return True


def _single(step: Step) -> str:
    sources = step.paths()[0]
    alone = step.kind == "COPY" and len(sources) == 1 and not sources[0].endswith("/")
    name = posixpath.basename(sources[0]) if alone else ""
    return "" if name in _FOLDERS | _SHELLS else name


def _may_hold_system(step: Step, folder: str) -> bool:
    sources, written = step.paths()
    if step.kind not in {"COPY", "ADD"} or (sources and all(map(_is_one_file, sources))):
        return step.kind == "ADD" and _resolve(folder, written) == "/"
    target = _resolve(folder, written)
    names = {posixpath.basename(place.rstrip("/")) for place in (*sources, target)}
    if target in _PROGRAMS and not _are_programs(sources, written):
        return True
    if any(place.rstrip("/") in _PROGRAMS for place in sources):
        return True
    return target in _SYSTEM or not _SHELLS.isdisjoint(names) or any(map(_is_system, sources))


def _are_programs(sources: tuple[str, ...], written: str) -> bool:
    """Whether single files are copied into a folder, and not a folder over it."""
    names = [posixpath.basename(source) for source in sources]
    return written.endswith("/") and not any(name in _FOLDERS or "*" in name for name in names)


def _resolve(folder: str, written: str) -> str:
    return "/" + posixpath.normpath(posixpath.join(folder, written)).lstrip("/.")


def _is_one_file(source: str) -> bool:
    return source.startswith("file:")


def _is_system(path: str) -> bool:
    return (
        has_shell(path)
        or _LIBRARIES.fullmatch(posixpath.basename(path)) is not None
        or _SYSTEM_FILES.fullmatch(path) is not None
    )
