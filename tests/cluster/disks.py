"""What really lies on the disk of the lab's node, found without slimgate's model."""

import subprocess
from dataclasses import dataclass
from pathlib import Path

from tests.lab.state import Lab


@dataclass(frozen=True, kw_only=True)
class Truth:
    """Blobs by digest with their lengths, names of committed snapshots, and what `du` says."""

    blobs: dict[str, int]
    snapshots: frozenset[str]
    compressed: int
    unpacked: int
    apparent: int

    def same_images(self, other: "Truth") -> bool:
        """Whether nothing was pulled or deleted in between."""
        return (self.blobs, self.snapshots) == (other.blobs, other.snapshots)


def truth(lab: Lab) -> Truth:
    """Look at containerd's folders, and ask it for the names of its snapshots."""
    root = Path(lab.containerd_root)
    content = root / "io.containerd.content.v1.content"
    snapshots = root / "io.containerd.snapshotter.v1.overlayfs"
    blobs = (content / "blobs" / "sha256").iterdir()
    lines = ctr(lab, "snapshots", "list").splitlines()[1:]
    return Truth(
        blobs={f"sha256:{blob.name}": blob.stat().st_size for blob in blobs},
        snapshots=frozenset(line.split()[0] for line in lines if line.split()[-1] == "Committed"),
        compressed=du(content),
        unpacked=du(snapshots),
        apparent=du(snapshots, "--apparent-size"),
    )


def ctr(lab: Lab, *argv: str) -> str:
    """Run containerd's own client."""
    command = ["ctr", "--address", lab.containerd_socket, "--namespace", lab.containerd_namespace]
    return subprocess.run(
        [*command, *argv], capture_output=True, text=True, check=True, timeout=60
    ).stdout


def du(folder: Path, *options: str) -> int:
    """Return what a folder takes on disk; files that vanish meanwhile don't matter."""
    command = ["du", "--summarize", "--block-size=1", *options, str(folder)]
    told = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    return int(told.stdout.split()[0])
