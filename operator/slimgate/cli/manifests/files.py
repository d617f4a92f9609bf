"""Which files the user means: files, folders and standard input."""

import os
import re
import sys
from codecs import BOM_UTF16_BE, BOM_UTF16_LE
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from slimgate.cli.manifests import STDIN, STDIN_NAME, SUFFIXES
from slimgate.cli.manifests.errors import InputError, InputsError
from slimgate.cli.manifests.pipes import is_pipe, read_pipe
from slimgate.cli.manifests.read import FileDocument, read_documents
from slimgate.core.layers.packing import Packing, packing_of
from slimgate.core.matching.globs import Globs

MAX_BYTES: Final = 64 * 2**20
"""More than any cluster's manifests; a guess."""

MAX_ENTRIES: Final = 200_000
"""More than any repository's; a guess."""
_KUSTOMIZATIONS: Final = frozenset({"kustomization.yaml", "kustomization.yml", "Kustomization"})
"""https://kubectl.docs.kubernetes.io/references/kustomize/glossary/#kustomization"""
_TEMPLATE: Final = b"{{"
_SIGN: Final = re.compile(rb"""(?:apiVersion|kind)["']?\s*:""")
_TAR: Final = b"ustar"
_TAR_AT: Final = 257
_URL: Final = re.compile(r"[a-z][a-z0-9+.-]*://", re.IGNORECASE)


class Excluded:
    """Which files and folders of a folder the user does not mean.

    Globs of names at any depth, or with a slash in them of paths below the folder.
    """

    def __init__(self, written: Sequence[str]) -> None:
        plain = [glob.removeprefix("./").strip("/") for glob in written]
        self._names = Globs(tuple(glob for glob in plain if "/" not in glob))
        self._paths = Globs(tuple(glob for glob in plain if "/" in glob))

    def holds(self, path: str) -> bool:
        """Whether a path below the folder is left out; what is below it goes with it."""
        return self._names.matches(path.rpartition("/")[2]) or self._paths.matches(path)


@dataclass(frozen=True, slots=True, kw_only=True)
class Inputs:
    """The documents of files; `foreign` are files of folders that hold something else.

    `kustomizations` are folders that have one.
    """

    documents: list[FileDocument] = field(default_factory=list)
    foreign: list[str] = field(default_factory=list)
    kustomizations: list[str] = field(default_factory=list)


def read_all(arguments: Sequence[str], *, stdin_name: str = STDIN_NAME) -> list[FileDocument]:
    """Read every document of the files that the arguments name, each file once.

    InputsError says of every file that can't be read why.
    """
    return read_inputs(arguments, stdin_name=stdin_name, strict=True).documents


def read_inputs(
    arguments: Sequence[str],
    *,
    stdin_name: str = STDIN_NAME,
    exclude: Sequence[str] = (),
    strict: bool = False,
) -> Inputs:
    """Read as `read_all` does, but for what folders hold beside manifests, unless `strict`."""
    found, errors = Inputs(), list[InputError]()
    for file, named in _files(arguments, Excluded(exclude), errors):
        if Path(file).name in _KUSTOMIZATIONS:
            found.kustomizations.append(str(Path(file).parent))
            continue
        try:
            found.documents.extend(_read(file, stdin_name))
        except InputError as err:
            if strict or named or not _is_foreign(file):
                errors.append(err)
            else:
                found.foreign.append(file)
    if errors:
        raise InputsError(errors)
    return found


def files_of(arguments: Iterable[str], exclude: Sequence[str] = ()) -> Iterator[str]:
    """Name the files that `read_inputs` would read, as far as there are any."""
    return (file for file, _ in _files(arguments, Excluded(exclude), []))


def _files(
    arguments: Iterable[str], excluded: Excluded, errors: list[InputError]
) -> Iterator[tuple[str, bool]]:
    """Yield each file, and whether the user has named itself."""
    seen: set[str] = set()
    for argument in arguments:
        try:
            for file in _expand(argument, excluded):
                real = file if file == STDIN else os.path.realpath(file)
                if real not in seen:
                    seen.add(real)
                    yield file, file == argument
        except InputError as err:
            errors.append(err)


def _is_foreign(file: str) -> bool:
    """Whether a file that can't be read is none of Kubernetes', nor a template of such a one."""
    try:
        body = _bytes(file)
    except (OSError, InputError):
        return False
    return _TEMPLATE not in body and not _SIGN.search(body)


def _expand(argument: str, excluded: Excluded) -> list[str]:
    if argument == STDIN:
        return [STDIN]
    if not argument:
        raise InputError("''", None, "the name is empty: is a variable unset?")
    if _URL.match(argument):
        raise InputError(
            argument, None, "slimgate does not fetch URLs: curl -fsSL URL | slimgate check -f -"
        )
    path = Path(argument)
    if not path.is_dir():
        if not path.exists():
            raise InputError(argument, None, "there is no such file or folder")
        return [argument]
    files = sorted(str(file) for file in _below(path, excluded))
    if not files:
        raise InputError(argument, None, f"the folder holds no {', '.join(SUFFIXES)} file")
    return files


def _below(folder: Path, excluded: Excluded) -> Iterator[Path]:
    entries = 0
    for at, folders, names in os.walk(folder):
        entries += len(names) + 1
        if entries > MAX_ENTRIES:
            raise InputError(str(folder), None, f"the folder has more than {MAX_ENTRIES:,} files")
        here = Path(at).relative_to(folder)
        folders[:] = [
            name
            for name in folders
            if not name.startswith(".") and not excluded.holds(str(here / name))
        ]
        for name in names:
            file = Path(at, name)
            is_meant = name.endswith(SUFFIXES) or name in _KUSTOMIZATIONS
            if not is_meant or name.startswith(".") or not file.is_file():
                continue
            if not excluded.holds(str(here / name)):
                yield file


def _read(file: str, stdin_name: str) -> list[FileDocument]:
    if file == STDIN:
        text = _text(sys.stdin.buffer.read(MAX_BYTES + 1), stdin_name)
        if not text.strip():
            raise InputError(stdin_name, None, "it is empty: did the command before fail?")
        return list(read_documents(text, stdin_name))
    try:
        return list(read_documents(_text(_bytes(file), file), file))
    except OSError as err:
        raise InputError(file, None, f"it can't be read: {err.strerror}") from err


def _bytes(file: str) -> bytes:
    path = Path(file)
    if is_pipe(path):
        return read_pipe(file, MAX_BYTES + 1)
    with path.open("rb") as stream:
        return stream.read(MAX_BYTES + 1)


def _text(body: bytes, file: str) -> str:
    if len(body) > MAX_BYTES:
        raise InputError(file, None, f"it is larger than {MAX_BYTES // 2**20} MiB")
    if packing_of(body) is Packing.GZIP or body[_TAR_AT : _TAR_AT + len(_TAR)] == _TAR:
        raise InputError(
            file,
            None,
            f"it is an archive: write docker-archive:{file} or oci-archive:{file} for an image",
        )
    try:
        # kubectl reads UTF-16 as well, which PowerShell's > writes.
        utf16 = body.startswith((BOM_UTF16_LE, BOM_UTF16_BE))
        return body.decode("utf-16" if utf16 else "utf-8-sig")
    except UnicodeDecodeError as err:
        line = 1 + body.count(b"\n", 0, err.start)
        raise InputError(file, line, f"it is not {'UTF-16' if utf16 else 'UTF-8'} text") from err
