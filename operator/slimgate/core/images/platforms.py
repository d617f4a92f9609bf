"""What platforms are called, and which of them a machine runs, as container runtimes have it.

The reference is containerd's package, which Docker uses as well:
https://github.com/containerd/platforms/blob/main/compare.go. CRI-O compares names as they are
written, and prefers none that containerd would not take too.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Final

from slimgate.core.images.facts import Platform

_ARCHITECTURES: Final = {
    "i386": "386", "x86_64": "amd64", "x86-64": "amd64", "aarch64": "arm64",
}  # fmt: skip
_FLOATS: Final = {"armhf": "v7", "armel": "v6"}
_ARM64: Final = {"8": "", "v8": "", "v8.0": "", "9": "v9", "9.0": "v9", "v9.0": "v9"}
_NEW: Final = frozenset({"v8.0", "9", "9.0", "v9.0"})
"""Variants that containerd 1.x reads as others than they mean."""
_CAPITAL: Final = str.maketrans({"\u0130": "i"})
"""What Go's strings.ToLower makes a letter of ASCII of, and Python's lower two characters."""
_ARM: Final = {"": "v7", **{number: f"v{number}" for number in "5678"}}
_VERSION: Final = re.compile(r"v?(\d{1,2})(?:\.(\d))?")
_ARM_FLOOR: Final = 5
_ARM64_FLOOR: Final = 8
_ARM64_NINE: Final = 9
_NINE_IS: Final = 5
"""arm64/v9.0 runs what is for v8.5, v9.1 what is for v8.6, and so on."""
_MACHINES: Final = {
    "amd64": ("", "v2", "v3", "v4"),
    "arm": ("v7", "v8", "v6", "v5"),
}
"""What a machine may be whose variant nobody tells, the usual first: newer runtimes find out."""


def normalized(platform: Platform, system: str = "linux") -> Platform:
    """Write a platform as every other way to write it is meant; `system` is where none is named."""
    os = _lower(platform.os) or system
    architecture, variant = _lower(platform.architecture), _lower(platform.variant or "")
    if architecture in _FLOATS:
        architecture, variant = "arm", _FLOATS[architecture]
    elif architecture == "i386":
        variant = ""
    architecture = _ARCHITECTURES.get(architecture, architecture)
    if architecture == "amd64" and variant == "v1":
        variant = ""
    elif architecture == "arm64":
        variant = _ARM64.get(variant, variant)
    elif architecture == "arm":
        variant = _ARM.get(variant, variant)
    return Platform("darwin" if os == "macos" else os, architecture, variant or None)


def is_plain(platform: Platform) -> bool:
    """Whether all versions of containerd mean the same by it."""
    return _lower(platform.variant or "") not in _NEW


def runnable(platform: Platform) -> Sequence[Platform]:
    """List what a machine runs, what is best for it first; all normalized."""
    one = normalized(platform)
    variants = [
        (one.architecture, one.variant or ""),
        *_lesser(one.architecture, one.variant or ""),
    ]
    found = (Platform(one.os, architecture, variant) for architecture, variant in variants)
    return tuple(dict.fromkeys(map(normalized, found)))


def machines(platform: Platform) -> Sequence[Platform]:
    """List what machines a platform may mean: nodes don't tell the variant of theirs."""
    one = normalized(platform)
    if platform.variant or _lower(platform.architecture) in _FLOATS:
        return (one,)
    variants = _MACHINES.get(one.architecture, (one.variant,))
    return tuple(Platform(one.os, one.architecture, variant or None) for variant in variants)


def _lower(text: str) -> str:
    return text.translate(_CAPITAL).lower()


def _lesser(architecture: str, variant: str) -> Iterator[tuple[str, str]]:
    major, _ = _version(variant)
    if architecture == "amd64":
        yield from (("amd64", f"v{number}") for number in range(major - 1, 0, -1))
        yield "386", ""
    elif architecture == "arm":
        yield from (("arm", f"v{number}") for number in range(major - 1, _ARM_FLOOR - 1, -1))
    elif architecture == "arm64":
        yield from _lesser_arm64(variant or "v8")


def _lesser_arm64(variant: str) -> Iterator[tuple[str, str]]:
    major, minor = _version(variant)
    if major == _ARM64_NINE:
        yield from (("arm64", f"v9.{number}") for number in range(minor - 1, -1, -1))
        major, minor = _ARM64_FLOOR, minor + _NINE_IS + 1
    if major >= _ARM64_FLOOR:
        yield from (("arm64", f"v{major}.{number}") for number in range(minor - 1, -1, -1))
    below = "v8" if variant.startswith(("v8.", "v9.")) else variant
    yield "arm", below
    yield from _lesser("arm", below)


def _version(variant: str) -> tuple[int, int]:
    match = _VERSION.fullmatch(variant)
    return (int(match[1]), int(match[2] or 0)) if match else (0, 0)
