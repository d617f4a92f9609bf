"""The base images: built from Debian packages with the lab's engine, cached as registry storage."""

import shutil
import tarfile
from dataclasses import dataclass
from pathlib import Path

from tests.lab import images, rootfs
from tests.lab.layout import Addresses, Layout
from tests.lab.parts import content_hash, go_build, go_root, part
from tests.lab.processes import Processes
from tests.lab.progress import step
from tests.lab.registry import copy_storage
from tests.lab.system import go_toolchain

GO_NEEDS = ("ca-certificates", "netbase")
PYTHON_NEEDS = ("ca-certificates", "python3")


@dataclass(frozen=True, slots=True, kw_only=True)
class Base:
    """A base image: its folder below bases/ and its tag."""

    name: str
    tag: str = "bookworm"


BASES = (
    Base(name="debian"),
    Base(name="golang"),
    Base(name="python"),
    Base(name="distroless"),
    Base(name="pause", tag="1"),
)


def recipe() -> str:
    """Return a hash of all that the images are made from but Debian's packages themselves."""
    here = Path(__file__).parent
    files = [path for path in (here / "bases").rglob("*") if path.is_file()]
    return content_hash([*files, here / "rootfs.py"], *GO_NEEDS, *PYTHON_NEEDS)


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

    def contexts(self) -> Path:
        """Return the folder of build contexts: needs no engine, so it runs beside other builds."""
        return part(self.layout.cache, f"contexts-{self.recipe}", self.make_contexts)

    def make_contexts(self, folder: Path) -> None:
        """Make one build context a base image."""
        shutil.copytree(Path(__file__).parent / "bases", folder, dirs_exist_ok=True)
        work = folder / "work"
        work.mkdir()
        with step("bootstrapping Debian root file systems (about 2 minutes, once)"):
            for name, packages in (
                ("debian", ()),
                ("golang", GO_NEEDS),
                ("python", PYTHON_NEEDS),
            ):
                rootfs.debootstrap(self.processes, work / name, packages, work / "debs")
            rootfs.distroless(work / "debs", work / "distroless")
        with step("writing the layers of the base images"):
            newest = max(
                rootfs.newest_changelog(work / one) for one in ("debian", "golang", "python")
            )
            for name in ("debian", "distroless"):
                rootfs.layer(work / name, folder / name / "rootfs.tar", newest=newest)
            for name in ("golang", "python"):
                archive = folder / name / "rootfs.tar"
                rootfs.layer(work / name, archive, newest=newest, below=work / "debian")
            self.add_go(folder, newest)
        shutil.rmtree(work)

    def add_go(self, folder: Path, newest: int) -> None:
        """Pack the Go toolchain where the official image has it, and build the pause program."""
        root, version = go_root(self.layout, self.processes)
        (folder / "golang" / "version").write_text(version, encoding="utf-8")

        def reset(info: tarfile.TarInfo) -> tarfile.TarInfo:
            info.uid = info.gid = 0
            info.uname = info.gname = ""
            info.mtime = min(int(info.mtime), newest)
            return info

        with tarfile.open(folder / "golang" / "go.tar", "w", format=tarfile.PAX_FORMAT) as tar:
            tar.add(root, arcname="usr/local/go", filter=reset)
        go = go_toolchain(self.layout, self.processes, "1.26")
        pause = folder / "pause"
        go_build(self.processes, go, pause, pause / "pause", flags="")

    def push(self, addresses: Addresses, storage: Path) -> None:
        """Build all base images, push them, and keep the registry's storage for later starts."""
        contexts = self.contexts()
        host = f"unix://{self.layout.engine_socket}"
        version = (contexts / "golang" / "version").read_text(encoding="utf-8")
        args = {"REGISTRY": addresses.registry, "GOLANG_VERSION": version}
        for base in BASES:
            context = contexts / base.name
            declared = (context / "Dockerfile").read_text(encoding="utf-8")
            wanted = {key: value for key, value in args.items() if f"ARG {key}" in declared}
            reference = f"{addresses.registry}/bases/{base.name}:{base.tag}"
            with step(f"building and pushing bases/{base.name}:{base.tag} (once)"):
                images.build(host, context, reference, args=wanted)
        part(self.layout.cache, self.storage.name, lambda folder: copy_storage(storage, folder))
        shutil.rmtree(contexts)
