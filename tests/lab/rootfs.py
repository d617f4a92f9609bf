"""Root file systems from Debian packages, and layers of them as reproducible tar files."""

import os
import shutil
import tarfile
from collections.abc import Iterable, Sequence
from pathlib import Path

from tests.lab.apt_sources import ARCHIVE, DEFAULT_KEYRING, SUITE, Source, mirror
from tests.lab.processes import Processes

# What differs between two runs on the same packages, or is this machine's and not Debian's.
VOLATILE = (
    "dev",
    "proc",
    "sys",
    "run",
    "tmp",
    "var/cache",
    "var/log",
    "var/lib/apt/lists",
    "etc/machine-id",
    "etc/resolv.conf",
    "etc/hostname",
    "var/lib/dbus",
    "var/lib/dpkg/status-old",
    "var/lib/dpkg/diversions-old",
    "root/.bash_history",
)
# Without this hook apt takes usrmerge, which brings all of Perl.
MERGED = "/usr/share/mmdebstrap/hooks/merged-usr"
DISTROLESS = ("base-files", "netbase", "tzdata", "ca-certificates", "libc6", "libssl3")
DISTROLESS_DROPPED = (
    "usr/share/doc",
    "usr/share/man",
    "usr/share/locale",
    "usr/share/lintian",
    "usr/share/info",
    "usr/share/bug",
    "usr/share/common-licenses",
)
PASSWD = """root:x:0:0:root:/root:/sbin/nologin
nobody:x:65534:65534:nobody:/nonexistent:/sbin/nologin
nonroot:x:65532:65532:nonroot:/home/nonroot:/sbin/nologin
"""
GROUP = "root:x:0:\nnobody:x:65534:\nnonroot:x:65532:\n"


def bootstrap(
    processes: Processes, target: Path, packages: Iterable[str], *, before: Sequence[str] = ()
) -> None:
    """Make a minimal system with some packages more, in mount and pid namespaces of its own."""
    source = mirror() or Source(uri=ARCHIVE, suites=(SUITE,))
    line = f"deb [signed-by={source.keyring or DEFAULT_KEYRING}] {source.uri} {SUITE} main"
    # Killed in the middle, it leaves neither mounts nor processes: they end with the namespaces.
    alone = ["unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"]
    made = ["mmdebstrap", "--mode=root", "--variant=minbase", f"--hook-dir={MERGED}"]
    made.append(f"--include={','.join(packages)}")
    path = f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"
    argv: list[str | Path] = [*before, *alone, *made, "--format=directory", SUITE, target, line]
    processes.run(argv, log="bootstrap", env={"PATH": path})


def distroless(system: Path, target: Path) -> None:
    """Copy single packages of a system: no package manager, no shell, one unprivileged user."""
    for name in DISTROLESS:
        copy_package(system, name, target)
    for folder in DISTROLESS_DROPPED:
        shutil.rmtree(target / folder, ignore_errors=True)
    for folder in ("tmp", "home/nonroot", "etc/ssl/certs"):
        (target / folder).mkdir(parents=True, exist_ok=True)
    (target / "tmp").chmod(0o1777)
    os.chown(target / "home/nonroot", 65532, 65532)
    (target / "etc/passwd").write_text(PASSWD, encoding="utf-8")
    (target / "etc/group").write_text(GROUP, encoding="utf-8")
    certificates = sorted((target / "usr/share/ca-certificates/mozilla").glob("*.crt"))
    bundle = "".join(path.read_text(encoding="utf-8") for path in certificates)
    (target / "etc/ssl/certs/ca-certificates.crt").write_text(bundle, encoding="utf-8")


def copy_package(system: Path, name: str, target: Path) -> None:
    """Copy the files that a system has from one package."""
    lists = system / "var/lib/dpkg/info"
    (listed,) = [*lists.glob(f"{name}.list"), *lists.glob(f"{name}:*.list")]
    for line in listed.read_text(encoding="utf-8").splitlines():
        one, copy = system / line[1:], target / line[1:]
        if one.is_dir():
            copy.mkdir(parents=True, exist_ok=True)
            shutil.copystat(one, copy)
        else:
            shutil.copy2(one, copy, follow_symlinks=False)


def newest_changelog(root: Path) -> int:
    """Return when the newest package was made: no file of an image need be younger."""
    changelogs = root.glob("usr/share/doc/*/changelog*.gz")
    return max((int(path.stat().st_mtime) for path in changelogs), default=0)


def tree(root: Path) -> dict[str, Path]:
    """Return a root's entries by name, sorted, with the volatile ones left out or emptied."""
    found: dict[str, Path] = {}
    for folder, names, files in os.walk(root):
        names.sort()
        base = Path(folder)
        for entry in (base / name for name in sorted(names + files)):
            name = str(entry.relative_to(root))
            if not any(name.startswith(f"{one}/") for one in VOLATILE) and (
                name not in VOLATILE or (entry.is_dir() and not entry.is_symlink())
            ):
                found[name] = entry
    return dict(sorted(found.items()))


def layer(root: Path, archive: Path, *, newest: int, below: Path | None = None) -> None:
    """Write a root, or what it adds to the one below it, as a tar that is the same each time."""
    known = tree(below) if below else {}

    def same(name: str, path: Path) -> bool:
        return name in known and unchanged(path, known[name])

    entries = tree(root)
    kept = {name for name, path in entries.items() if not same(name, path)}
    # A folder without an entry of its own gets the time of unpacking.
    kept |= {str(above) for name in kept for above in Path(name).parents if str(above) != "."}
    chosen = {name: path for name, path in entries.items() if name in kept}
    write_tar(chosen, archive, newest=newest)


def unchanged(one: Path, other: Path) -> bool:
    """Tell whether two entries are the same to an image's user."""
    first, second = one.lstat(), other.lstat()
    if (first.st_mode, first.st_uid, first.st_gid) != (
        second.st_mode,
        second.st_uid,
        second.st_gid,
    ):
        return False
    if one.is_symlink():
        return one.readlink() == other.readlink()
    if one.is_dir():
        return True
    return first.st_size == second.st_size and one.read_bytes() == other.read_bytes()


def write_tar(entries: dict[str, Path], archive: Path, *, newest: int) -> None:
    """Write entries in order, with no names of users and no time later than the newest."""
    with tarfile.open(archive, "w", format=tarfile.PAX_FORMAT, dereference=False) as tar:
        for name, path in entries.items():
            info = tar.gettarinfo(path, arcname=name)
            info.uname = info.gname = ""
            info.mtime = min(int(info.mtime), newest)
            if info.isreg():
                with path.open("rb") as content:
                    tar.addfile(info, content)
            else:
                tar.addfile(info)
