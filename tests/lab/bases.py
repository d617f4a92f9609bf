"""The base images: built from Debian packages with the lab's engine, cached as registry storage."""

import shutil
import tarfile
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from tests.lab import images, rootfs
from tests.lab.layout import Addresses, Layout
from tests.lab.parts import ASIDE, content_hash, go_build, go_root, part
from tests.lab.processes import Processes
from tests.lab.progress import step
from tests.lab.registry import copy_storage
from tests.lab.system import go_toolchain

DEBIAN = ("ca-certificates", "netbase")
PYTHON_NEEDS = ("python3",)


@dataclass(frozen=True, slots=True, kw_only=True)
class Base:
    """A base image: its folder below bases/ and its tag."""

    name: str
    tag: str = "bookworm"


Chain = Sequence[Base]
"""Each is built on the one before it."""
# The example's images are built from these; the others can wait.
FIRST: Sequence[Chain] = (
    (Base(name="debian"), Base(name="golang")),
    (Base(name="distroless"),),
)
LATER: Sequence[Chain] = ((Base(name="python"),), (Base(name="pause", tag="1"),))


def recipe() -> str:
    """Return a hash of all that the images are made from but Debian's packages themselves."""
    here = Path(__file__).parent
    files = [path for path in (here / "bases").rglob("*") if path.is_file()]
    return content_hash([*files, here / "rootfs.py"], *DEBIAN, *PYTHON_NEEDS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bases:
    """Builds the base images of one lab, once."""

    layout: Layout
    processes: Processes
    recipe: str

    @property
    def storage(self) -> Path:
        """The cached registry storage."""
        return self.layout.cache / f"bases-{self.recipe}"

    def cached(self) -> Path | None:
        """Return the cached registry storage, if it was built before."""
        return self.storage if self.storage.is_dir() else None

    def contexts(self, name: str, make: Callable[[Path], None]) -> Path:
        """Return a folder of build contexts that are the same after an interruption."""
        return part(self.layout.cache, f"contexts-{name}-{self.recipe}", make)

    def make_first(self, folder: Path) -> None:
        """Make the contexts of what the example's images are built from."""
        copy_sources(FIRST, folder)
        debian = folder / "roots/debian"
        debian.parent.mkdir()
        with step("bootstrapping Debian (about half a minute, once)"):
            rootfs.bootstrap(self.processes, debian, DEBIAN)
        rootfs.distroless(debian, folder / "roots/distroless")
        with step("writing the layers of the base images"):
            newest = rootfs.newest_changelog(debian)
            for name in ("debian", "distroless"):
                rootfs.layer(folder / "roots" / name, folder / name / "rootfs.tar", newest=newest)
            self.add_go(folder, newest)

    def make_later(self, folder: Path, debian: Path) -> None:
        """Make the contexts of what only a cluster needs, aside from what is built meanwhile."""
        copy_sources(LATER, folder)
        python = folder / "roots/python"
        python.parent.mkdir()
        with step("bootstrapping Debian with Python (once)"):
            rootfs.bootstrap(self.processes, python, (*DEBIAN, *PYTHON_NEEDS), before=ASIDE)
        newest = rootfs.newest_changelog(python)
        rootfs.layer(python, folder / "python/rootfs.tar", newest=newest, below=debian)
        pause = folder / "pause"
        go = go_toolchain(self.layout, self.processes, "1.26")
        go_build(self.processes, go, pause, pause / "pause", flags="")

    def add_go(self, folder: Path, newest: int) -> None:
        """Pack the Go toolchain where the official image has it."""
        root, version = go_root(self.layout, self.processes)
        (folder / "golang" / "version").write_text(version, encoding="utf-8")

        def reset(info: tarfile.TarInfo) -> tarfile.TarInfo:
            info.uid = info.gid = 0
            info.uname = info.gname = ""
            info.mtime = min(int(info.mtime), newest)
            return info

        with tarfile.open(folder / "golang" / "go.tar", "w", format=tarfile.PAX_FORMAT) as tar:
            tar.add(root, arcname="usr/local/go", filter=reset)

    def push_first(self, addresses: Addresses) -> None:
        """Build and push what the example's images are built from."""
        self.build(FIRST, self.contexts("first", self.make_first), addresses)

    def push_later(self, addresses: Addresses, storage: Path) -> None:
        """Build and push the others, and keep the registry's storage for later starts."""
        first = self.contexts("first", self.make_first)
        debian = first / "roots/debian"
        later = self.contexts("later", lambda folder: self.make_later(folder, debian))
        self.build(LATER, later, addresses)
        part(self.layout.cache, self.storage.name, lambda folder: copy_storage(storage, folder))
        for contexts in (first, later):
            shutil.rmtree(contexts)

    def build(self, chains: Sequence[Chain], contexts: Path, addresses: Addresses) -> None:
        """Build and push base images, the chains beside each other."""
        names = ", ".join(base.name for chain in chains for base in chain)
        with (
            step(f"building and pushing base images (once): {names}"),
            ThreadPoolExecutor() as pool,
        ):
            for done in [pool.submit(self.build_chain, one, contexts, addresses) for one in chains]:
                done.result()

    def build_chain(self, chain: Chain, contexts: Path, addresses: Addresses) -> None:
        """Build base images, then push them: the last first, with all layers at once."""
        host = f"unix://{self.layout.engine_socket}"
        args = {"REGISTRY": addresses.registry}
        if (version := contexts / "golang/version").exists():
            args["GOLANG_VERSION"] = version.read_text(encoding="utf-8")
        built: list[str] = []
        for base in chain:
            declared = (contexts / base.name / "Dockerfile").read_text(encoding="utf-8")
            wanted = {key: value for key, value in args.items() if f"ARG {key}" in declared}
            reference = f"{addresses.registry}/bases/{base.name}:{base.tag}"
            built.append(images.build(host, contexts / base.name, reference, args=wanted))
        for reference in reversed(built):
            images.push(host, reference)


def copy_sources(chains: Sequence[Chain], folder: Path) -> None:
    """Copy the Dockerfiles of base images, and what is beside them."""
    for base in (base for chain in chains for base in chain):
        shutil.copytree(Path(__file__).parent / "bases" / base.name, folder / base.name)
