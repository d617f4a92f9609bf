"""The lab's Docker engine, through `docker`: what the engine itself reports and saves."""

import json
import posixpath
import subprocess
import tarfile
from dataclasses import dataclass, field
from pathlib import Path

_SECONDS = 400


@dataclass(frozen=True, kw_only=True)
class SavedLayer:
    """A layer in what `docker save` wrote: its tar's length, and what docker counts of it."""

    length: int
    counted: int


@dataclass(frozen=True, kw_only=True)
class Engine:
    """Calls of one engine; `clean` removes what was pulled through it."""

    host: str
    pulled: set[str] = field(default_factory=set)

    def pull(self, reference: str) -> None:
        """Pull an image."""
        self.pulled.add(reference)
        self._docker("pull", "--quiet", reference)

    def need(self, reference: str) -> None:
        """Pull an image unless it is there, where it then stays."""
        argv = ["docker", "--host", self.host, "image", "inspect", reference]
        if subprocess.run(argv, capture_output=True, check=False).returncode:
            self.pull(reference)

    def size(self, reference: str) -> int:
        """Return the size that `docker images` shows."""
        return int(self._docker("image", "inspect", "--format", "{{.Size}}", reference))

    def save(self, reference: str, path: Path) -> Path:
        """Write an image to an archive."""
        self._docker("save", "--output", str(path), reference)
        return path

    def clean(self) -> None:
        """Remove what was pulled."""
        for reference in self.pulled:
            self._docker("image", "rm", reference)
        self.pulled.clear()

    def _docker(self, *argv: str) -> str:
        done = subprocess.run(
            ["docker", "--host", self.host, *argv],
            capture_output=True,
            text=True,
            check=False,
            timeout=_SECONDS,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout


def saved_layers(path: Path) -> list[SavedLayer]:
    """Measure the layers of the only image of a docker archive, base first."""
    with tarfile.open(path) as archive:
        manifest = archive.extractfile("manifest.json")
        assert manifest is not None
        (image,) = json.load(manifest)
        return [_measure(archive, name) for name in image["Layers"]]


def _measure(archive: tarfile.TarFile, name: str) -> SavedLayer:
    member = archive.getmember(name)
    while member.issym():
        folder = posixpath.dirname(member.name)
        member = archive.getmember(posixpath.normpath(posixpath.join(folder, member.linkname)))
    file = archive.extractfile(member)
    assert file is not None
    # What the engine counts: the contents of files, and of links the text.
    with tarfile.open(fileobj=file) as layer:
        counted = sum(
            len(one.linkname.encode(errors="surrogateescape")) if one.issym() else one.size
            for one in layer
            if not one.islnk()
        )
    return SavedLayer(length=member.size, counted=counted)
