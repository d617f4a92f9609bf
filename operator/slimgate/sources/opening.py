"""Makes the source that a sourced reference asks for."""

import os
from collections.abc import Callable
from pathlib import Path

from slimgate.core.errors import NotFoundError, UnsupportedError
from slimgate.core.images.source import SourcedReference, SourceKind
from slimgate.core.text import printable
from slimgate.engine.ports import ImageSource
from slimgate.sources.archive import ArchiveFiles, read_archive
from slimgate.sources.docker_archive import HeldImages, read_images
from slimgate.sources.files import Files
from slimgate.sources.folder import FolderFiles, open_regular
from slimgate.sources.held import HeldSource
from slimgate.sources.oci import OciSource
from slimgate.sources.once import Once
from slimgate.sources.packed import unpacked
from slimgate.sources.stream import Progress, Watch


def open_source(
    sourced: SourcedReference, *, progress: Progress | None = None, docker_host: str | None = None
) -> ImageSource:
    """Make a source for one local image; nothing is read before it is asked.

    `docker_host` overrules DOCKER_HOST. ValueError for an image in a registry.
    """
    what = printable(sourced.location)
    path = Path(sourced.location)
    match sourced.kind:
        case SourceKind.ENGINE:
            return HeldSource(Once(_engine(sourced.location, docker_host), progress))
        case SourceKind.DOCKER_ARCHIVE:
            return HeldSource(
                Once(lambda watch: _docker(path, sourced.name, what, watch), progress)
            )
        case SourceKind.OCI_ARCHIVE:
            files: Once[Files] = Once(lambda watch: _archive(path, watch), progress)
            return OciSource(what, sourced.name, files)
        case SourceKind.OCI_LAYOUT:
            return OciSource(what, sourced.name, Once(lambda _: _folder(path)), progress)
        case SourceKind.REGISTRY:
            raise ValueError(f"{what} lies in a registry")


def _engine(name: str, docker_host: str | None) -> Callable[[Watch], HeldImages]:
    def read(watch: Watch) -> HeldImages:
        try:
            # Docker's SDK takes a quarter of a second to import, which only this source needs.
            from slimgate.sources.engine import EngineImage  # noqa: PLC0415
        except ModuleNotFoundError as error:
            raise UnsupportedError(
                "images of the Docker engine need Docker's SDK: install "
                "slimgate with its extra docker, as by pip install '.[docker]' in its checkout"
            ) from error
        return EngineImage(name=name, host=docker_host).read(watch)

    return read


def _docker(path: Path, name: str | None, what: str, watch: Watch) -> HeldImages:
    return read_images(_archive(path, watch), name, what=what)


def _folder(path: Path) -> Files:
    if not path.is_dir():
        what = printable(str(path))
        hint = "is a file: write oci-archive:FILE" if path.exists() else "does not exist"
        raise NotFoundError(f"{what} is not a folder with an OCI layout: it {hint}")
    return FolderFiles(path)


def _archive(path: Path, watch: Watch) -> ArchiveFiles:
    if path.is_dir():
        raise UnsupportedError(f"{printable(str(path))} is a folder: write oci:FOLDER for a layout")
    with open_regular(path) as file:
        if file is None:
            raise NotFoundError(f"there is no archive {printable(str(path))}")
        total = os.fstat(file.fileno()).st_size
        return read_archive(watch.over(unpacked(file), total, position=file.tell))
