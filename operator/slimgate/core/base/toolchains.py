"""Names the toolchains left in an image: what builds programs and does not run them.

Witnesses are the environment that each toolchain's own image sets (it survives into children,
and never from an earlier stage), packages installed and not removed, copied toolchain folders and
the paths in layers that were listed. One environment variable alone proves nothing: anybody sets
those.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from slimgate.core.base.buildpacks import run_image
from slimgate.core.base.called import called
from slimgate.core.base.fetched import fetched
from slimgate.core.base.package_names import PACKAGES
from slimgate.core.base.packages import left_behind
from slimgate.core.base.scratch import is_bare
from slimgate.core.base.shell import FROM_FILE
from slimgate.core.base.traces import Traces, traces_of
from slimgate.core.images.facts import LayerContents
from slimgate.core.images.oci import ImageConfig
from slimgate.core.text import printable

RUNTIMES_TOO: Final = frozenset({"jdk"})
"""Toolchains that do not make an image a builder by themselves: Java services run on a JDK."""

_MAX_VERSION: Final = 32
_MAX_PATH: Final = 8_192
_ENVIRONMENTS: Final[Sequence[tuple[str, str, frozenset[str], str]]] = (
    ("go", "GOLANG_VERSION", frozenset({"GOPATH", "GOTOOLCHAIN"}), r"[/\\]go[/\\]bin"),
    ("go", "GOTOOLCHAIN", frozenset({"GOPATH"}), r"^$"),
    ("rust", "RUST_VERSION", frozenset({"RUSTUP_HOME", "CARGO_HOME"}), r"/cargo/bin"),
    ("rust", "RUSTUP_HOME", frozenset({"CARGO_HOME"}), r"/cargo/bin"),
    ("maven", "MAVEN_VERSION", frozenset({"MAVEN_HOME", "MAVEN_CONFIG"}), r"/maven[^:]{0,80}/bin"),
    ("maven", "MAVEN_HOME", frozenset({"MAVEN_CONFIG", "MAVEN_VERSION"}), r"/maven[^:]{0,80}/bin"),
    ("gradle", "GRADLE_VERSION", frozenset({"GRADLE_HOME"}), r"/gradle[^:]{0,80}/bin"),
    ("dotnet-sdk", "DOTNET_SDK_VERSION", frozenset({"DOTNET_VERSION", "NUGET_XMLDOC_MODE",
     "DOTNET_USE_POLLING_FILE_WATCHER", "DOTNET_GENERATE_ASPNET_CERTIFICATE"}), r"[/\\]dotnet"),
    ("gcc", "GCC_VERSION", frozenset({"GCC_MIRRORS"}), r"^$"),
    ("ghc", "GHC", frozenset({"STACK", "CABAL_INSTALL", "STACK_VERSION"}), r"/ghc/"),
    # NVIDIA's runtime images set CUDA_VERSION, too; these come with nvcc only.
    ("cuda", "CUDA_VERSION",
     frozenset({"NV_CUDA_CUDART_DEV_VERSION", "NV_NVML_DEV_VERSION"}), r"^$"),
    ("dart", "DART_SDK", frozenset(), r"/dart/bin"),
    ("leiningen", "LEIN_VERSION", frozenset({"LEIN_INSTALL"}), r"^$"),
    ("haxe", "HAXE_VERSION", frozenset({"HAXE_STD_PATH"}), r"^$"),
)  # fmt: skip
_FOLDERS: Final = (
    ("go", re.compile(r"/usr/local/go/?|.*/go/pkg/tool(/.*)?")),
    (
        "rust",
        re.compile(
            r"/usr/local/(cargo|rustup)/?|.*/\.rustup/?|.*/lib/rustlib(/.*)?"
            r"|/usr(/local)?/bin/(cargo|rustc)"
        ),
    ),
    ("maven", re.compile(r"/usr/share/maven/?|.*/apache-maven[^/]*/?")),
    ("gradle", re.compile(r"/opt/gradle[^/]*/?|.*/gradle-\d[\d.]*/?")),
    ("sbt", re.compile(r".*/sbt/?")),
    ("kotlin", re.compile(r".*/kotlinc/?")),
    ("zig", re.compile(r"/(usr/local|opt)/zig([-_]?[\d.][^/]*|-\w+-[^/]*)?/?|.*/bin/zig")),
    ("ghc", re.compile(r".*/\.ghcup/?|/opt/ghc/?")),
    ("clang", re.compile(r".*/emsdk/?|/usr(/local|/lib/llvm-\d+)?/bin/clang(\+\+)?(-\d+)?")),
    ("dotnet-sdk", re.compile(r".*/dotnet/sdk(/.*)?")),
    ("gcc", re.compile(r"/usr(/local)?/bin/(gcc|g\+\+|cc1)|/usr(/local)?/lib/gcc/?")),
    ("jdk", re.compile(r".*/bin/javac")),
    ("cuda", re.compile(r"/usr/local/cuda[^/]*/bin/nvcc")),
    ("dart", re.compile(r".*/dart(-sdk)?/bin/dart")),
)
_JDK_ARCHIVE: Final = re.compile(r"OpenJDK\d*U?-jdk_|[-_/]jdk-?\d[\w.+-]{0,40}linux")
_HARDENED: Final = {"go": "golang", "rust": "rust", "maven": "maven", "gradle": "gradle"}
_GYP: Final = frozenset({"g++", "build-base", "build-essential"})
_NODE_GYP: Final = re.compile(r"npm\s{1,9}(?:i|install)\s[^;&|]{0,200}node-gyp")


def find_toolchains(
    config: ImageConfig,
    *,
    layer_sizes: Sequence[int | None] = (),
    unpacked_sizes: Sequence[int | None] = (),
    contents: Sequence[LayerContents | None] = (),
) -> tuple[str, ...]:
    """Name the toolchains left in an image, sorted, with versions where the image tells them.

    Sizes are bytes and contents paths, one entry a layer, base first, where they are known.
    """
    return toolchains_in(
        traces_of(config, layer_sizes=layer_sizes, unpacked_sizes=unpacked_sizes, contents=contents)
    )


def toolchains_in(traces: Traces) -> tuple[str, ...]:
    """Name the toolchains left in an image; see find_toolchains."""
    return toolchains_of(traces)[0]


def toolchains_of(traces: Traces) -> tuple[tuple[str, ...], bool]:
    """Name the toolchains left in an image, and tell whether it may have another.

    That is one which a branch may have left that was taken or not, a file named, or what is unread.
    """
    left = [*left_behind(traces.runs)]
    brought = [*fetched(traces)]
    packages = frozenset(one.name for one in left if one.sure)
    # A variable says that a tool was put under it; on nothing, there is nowhere to put one.
    versions = {} if is_bare(traces) else _from_environment(traces.env)
    found: set[str] = {
        *versions,
        *_from_packages(packages),
        *_from_folders(traces),
        *_from_steps(traces, packages),
        *(name for name, sure in brought if sure),
        *called(traces.runs),
        *_from_labels(traces),
    }
    names = tuple(sorted(f"{name} {versions.get(name, '')}".strip() for name in found))
    doubted = frozenset(one.name for one in left if not one.sure)
    more = {*_from_packages(doubted), *(name for name, sure in brought if not sure)}
    # A run image of buildpacks has no compilers, whatever it hides.
    hidden = traces.hides_steps and run_image(traces) is None
    unread = traces.unread or hidden or any(one.name == FROM_FILE for one in left)
    return names, unread or makes_builder(more)


def makes_builder(toolchains: Iterable[str]) -> bool:
    """Whether the toolchains make a final stage a builder; a JDK alone does not."""
    return any(name.partition(" ")[0] not in RUNTIMES_TOO for name in toolchains)


def _from_environment(env: Mapping[str, str]) -> Mapping[str, str]:
    found: dict[str, str] = {}
    path = f"{env.get('PATH', '')[:_MAX_PATH]}:{env.get('Path', '')[:_MAX_PATH]}"
    for name, variable, witnesses, place in _ENVIRONMENTS:
        seen = variable in env and (witnesses & env.keys() or re.search(place, path))
        if seen and name not in found:
            value = env[variable] if variable.endswith("_VERSION") else ""
            found[name] = printable(value, _MAX_VERSION)
    return found


def _from_packages(packages: frozenset[str]) -> Iterator[str]:
    for name, pattern in PACKAGES:
        if any(pattern.fullmatch(package) for package in packages):
            yield name


def _from_folders(traces: Traces) -> Iterator[str]:
    places = {
        place.rstrip("*")
        for step in traces.steps
        for sources, target in [step.paths()]
        for place in (*sources, target)
    }
    listed = {f"/{path}" for layer in traces.contents if layer for path in layer.paths}
    for name, pattern in _FOLDERS:
        if any(pattern.fullmatch(place) for place in places | listed):
            yield name


def _from_steps(traces: Traces, packages: frozenset[str]) -> Iterator[str]:
    runs = [step.text for step in traces.steps if step.kind == "RUN"]
    if any(_JDK_ARCHIVE.search(text) for text in runs):
        yield "jdk"
    native = {"python3", "make"} <= packages and packages & _GYP
    node = "NODE_VERSION" in traces.env or packages & {"nodejs", "npm"}
    if (native and node) or any(_NODE_GYP.search(text) for text in runs):
        yield "node-gyp"


def _from_labels(traces: Traces) -> Iterator[str]:
    # apko images name themselves after the package that they are made for.
    title = traces.labels.get("dev.chainguard.image.title", "")
    yield from (name for name in ("go", "rust", "maven", "gradle", "jdk") if title == name)
    name = traces.labels.get("com.docker.dhi.name", "")
    yield from (tool for tool in _HARDENED if name == f"dhi/{_HARDENED[tool]}")
    if title in {"gcc-glibc", "gcc-musl"}:
        yield "gcc"
    if title == "dotnet-sdk":
        yield "dotnet-sdk"
