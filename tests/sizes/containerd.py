"""A namespace of its own in the lab's containerd, through `ctr`: what containerd itself holds."""

import os
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

PLATFORM = "linux/amd64"
_UNPACKERS = {b"\x1f\x8b": ("gzip", "-dc"), b"\x28\xb5": ("zstd", "-dcq")}
_SECONDS = 300


@dataclass(frozen=True, kw_only=True)
class Usage:
    """What a snapshot takes: bytes of whole blocks, files and folders."""

    bytes: int
    inodes: int


@dataclass(frozen=True, kw_only=True)
class Containerd:
    """Calls of one namespace."""

    socket: str
    namespace: str

    def pull(self, reference: str, *, every: bool = False) -> None:
        """Pull an image, and unpack it for this platform or every one."""
        which = ["--all-platforms"] if every else ["--platform", PLATFORM]
        self._ctr("images", "pull", "--plain-http", *which, reference)

    def fetch(self, reference: str) -> None:
        """Pull an image without unpacking it."""
        self._ctr("content", "fetch", "--plain-http", "--platform", PLATFORM, reference)

    def stored(self, digest: str) -> int:
        """Count the bytes of a blob in the content store."""
        with self._blob(digest) as blob:
            return blob.seek(0, os.SEEK_END)

    def text(self, digest: str) -> bytes:
        """Read a document."""
        with self._blob(digest) as blob:
            return blob.read()

    def unpacked(self, digest: str) -> int:
        """Count the bytes of a layer's tar, as `ctr content get … | gzip -dc | wc -c` does."""
        with self._blob(digest) as blob:
            unpacker = _UNPACKERS.get(os.pread(blob.fileno(), 2, 0), ("cat",))
            with subprocess.Popen(unpacker, stdin=blob, stdout=subprocess.PIPE) as tar:
                argv = ["wc", "-c"]
                count = subprocess.run(argv, stdin=tar.stdout, capture_output=True, check=True)
            assert tar.returncode == 0
            return int(count.stdout)

    def blobs(self) -> set[str]:
        """List the digests in the content store."""
        return set(self._ctr("content", "ls", "--quiet").split())

    def usage(self) -> Mapping[str, Usage]:
        """Tell what each snapshot takes, by its chain ID."""
        lines = self._ctr("snapshots", "usage", "-b").splitlines()[1:]
        return {
            key: Usage(bytes=int(count), inodes=int(inodes))
            for key, count, inodes in (line.split() for line in lines)
        }

    def export(self, reference: str, path: Path) -> Path:
        """Write an image to an archive that is both of OCI's and of Docker's form."""
        self._ctr("images", "export", "--platform", PLATFORM, str(path), reference)
        return path

    def clean(self) -> None:
        """Remove everything in the namespace, and the namespace."""
        names = self._ctr("images", "ls", "--quiet").split()
        if names:
            self._ctr("images", "rm", "--sync", *names)
        self._ctr("namespaces", "rm", self.namespace)

    @contextmanager
    def _blob(self, digest: str) -> Iterator[BinaryIO]:
        with tempfile.TemporaryFile() as file:
            argv = [*self._base(), "content", "get", digest]
            subprocess.run(argv, stdout=file, check=True, timeout=_SECONDS)
            file.seek(0)
            yield file

    def _base(self) -> list[str]:
        return ["ctr", "--address", self.socket, "--namespace", self.namespace]

    def _ctr(self, *argv: str) -> str:
        done = subprocess.run(
            [*self._base(), *argv], capture_output=True, text=True, check=False, timeout=_SECONDS
        )
        assert done.returncode == 0, done.stderr
        return done.stdout
