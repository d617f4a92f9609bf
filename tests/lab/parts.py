"""The cache of built parts: one folder a part, named by a hash of all that it is made from."""

import hashlib
import os
import platform
import shutil
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path

from tests.lab.layout import Layout
from tests.lab.processes import Processes
from tests.lab.progress import step
from tests.lab.system import go_env, go_toolchain

KUBERNETES = "1.37.2"
KUBE_SOURCES = ("go.mod", "go.sum", "main.go")
BUILDING = "building-"
# What people do meanwhile goes first. `nice` alone is for the terminal's own session, where the
# kernel groups sessions (autogroup): this one is new, and nice as a whole.
_GROUP = '[ ! -w /proc/self/autogroup ] || echo 19 >/proc/self/autogroup; exec "$@"'
ASIDE = ("setsid", "--wait", "nice", "-n", "19", "sh", "-c", _GROUP, "aside")


def content_hash(files: Iterable[Path], *values: str) -> str:
    """Return a short hash of files (names and bytes) and values."""
    digest = hashlib.sha256("\0".join([platform.machine(), *values]).encode())
    for path in sorted(files):
        digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()[:16]


def part(cache: Path, name: str, build: Callable[[Path], None]) -> Path:
    """Return a cached part; build it in a folder of its own and rename that when complete."""
    final = cache / name
    if final.is_dir():
        return final
    cache.mkdir(parents=True, exist_ok=True)
    building = Path(tempfile.mkdtemp(prefix=f"{BUILDING}{os.getpid()}-{name}-", dir=cache))
    try:
        building.chmod(0o755)
        build(building)
        building.rename(final)
    finally:
        shutil.rmtree(building, ignore_errors=True)
    return final


def remove_unfinished(cache: Path) -> None:
    """Remove what killed or interrupted builds, also this process's, have left in the cache."""
    for path in cache.glob(f"{BUILDING}*"):
        pid = path.name.removeprefix(BUILDING).partition("-")[0]
        if pid == str(os.getpid()) or not Path(f"/proc/{pid}").exists():
            shutil.rmtree(path, ignore_errors=True)


def kube_source() -> Path:
    """Return the folder of the one Kubernetes program."""
    return Path(__file__).parent / "kube"


def kube_program(layout: Layout, processes: Processes) -> Path:
    """Return the program that is all of Kubernetes, built from Go modules once."""
    source = kube_source()
    files = [source / name for name in KUBE_SOURCES]

    def build(folder: Path) -> None:
        go = go_toolchain(layout, processes, go_minimum(source))
        title = f"building Kubernetes {KUBERNETES} from Go modules (about 8 minutes, once)"
        with step(title):
            go_build(processes, go, source, folder / "kube", flags=version_flags())

    name = f"kube-{content_hash(files, KUBERNETES)}"
    return part(layout.cache, name, build) / "kube"


def go_build(
    processes: Processes, go: Path, source: Path, output: Path, *, flags: str, package: str = "."
) -> None:
    """Build a static Go program without its symbols, aside."""
    argv = ["build", "-trimpath", "-buildvcs=false", "-ldflags", f"-s -w {flags}".strip()]
    env = {"CGO_ENABLED": "0"}
    command: list[str | Path] = [*ASIDE, go, *argv, "-o", output, package]
    processes.run(command, log="build", cwd=source, env=env)


def version_flags() -> str:
    """Return linker flags that tell the program its version, which clients check."""
    major, minor, _ = KUBERNETES.split(".")
    values = {"gitVersion": f"v{KUBERNETES}", "gitMajor": major, "gitMinor": minor}
    package = "k8s.io/component-base/version"
    return " ".join(f"-X {package}.{name}={value}" for name, value in values.items())


def go_minimum(source: Path) -> str:
    """Return the Go version that a module asks for."""
    lines = (source / "go.mod").read_text(encoding="utf-8").splitlines()
    return next(line.split()[1] for line in lines if line.startswith("go "))


def go_root(layout: Layout, processes: Processes) -> tuple[Path, str]:
    """Return where the Go toolchain is and its version."""
    go = go_toolchain(layout, processes, go_minimum(kube_source()))
    version = go_env(go, "GOVERSION", layout.cache).removeprefix("go").split()[0]
    return Path(go_env(go, "GOROOT", layout.cache)), version
