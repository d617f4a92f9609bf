# noqa: INP001 a script by itself, in no package
"""Copy the Python that runs this into a folder of its own: `portable_python.py TARGET [TREE...]`.

The copy finds its library by itself and needs a system with the same C library and OpenSSL, but
no Python: interpreter, standard library, and the shared libraries that these and the extension
modules of the other trees load. Standard library only: it runs while an image is built.
"""

import re
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Iterable, Iterator
from pathlib import Path

# What a program in an image never imports, what only builds other programs, and old databases and
# terminals with the libraries that they would bring.
DROPPED = (
    "__pycache__",
    "_curses*.so",
    "_dbm*.so",
    "_gdbm*.so",
    "config-*",
    "dist-packages",
    "ensurepip",
    "idlelib",
    "lib2to3",
    "nis*.so",
    "pydoc_data",
    "readline*.so",
    "site-packages",
    "test",
    "tests",
    "tkinter",
    "turtledemo",
    "venv",
)
# Of the system below: the C library's parts and OpenSSL must match it, not us.
OF_THE_SYSTEM = re.compile(
    r"(ld-linux|linux-vdso|lib(c|m|dl|rt|util|pthread|resolv|anl|nsl|ssl|crypto)\.so)"
)


def main(target: Path, trees: Iterable[Path]) -> None:
    """Make the copy."""
    version = f"python{sysconfig.get_python_version()}"
    program = target / "bin" / version
    library = target / "lib" / version
    program.parent.mkdir(parents=True)
    shutil.copy2(Path(sys.executable).resolve(), program)
    (program.parent / "python3").symlink_to(version)
    shutil.copytree(sysconfig.get_path("stdlib"), library, ignore=shutil.ignore_patterns(*DROPPED))
    programs = [program, *extensions(library), *(one for tree in trees for one in extensions(tree))]
    for shared in sorted({path for one in programs for path in needed(one)}):
        if not shared.is_relative_to(target):
            shutil.copy2(shared, target / "lib" / shared.name)


def extensions(tree: Path) -> Iterator[Path]:
    """Yield a tree's extension modules."""
    return tree.rglob("*.so")


def needed(program: Path) -> Iterator[Path]:
    """Yield the shared libraries that a program loads and the system below does not have."""
    result = subprocess.run(["ldd", program], capture_output=True, text=True, check=False)
    for line in result.stdout.splitlines():
        name, _, rest = line.strip().partition(" => ")
        if not rest or OF_THE_SYSTEM.match(name):
            continue
        if rest.startswith("not found"):
            raise SystemExit(f"{program} needs {name}, which is not here")
        path = Path(rest.rpartition(" (")[0])
        # Wheels bring some of their own beside them, and find those themselves.
        if path.is_absolute() and not path.is_relative_to(program.parents[1]):
            yield path


if __name__ == "__main__":
    main(Path(sys.argv[1]), [Path(name) for name in sys.argv[2:]])
