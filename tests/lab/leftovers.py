"""What of the lab is still on the machine: asked after each `down`, and by hand at any time."""

from collections.abc import Iterator
from pathlib import Path

from tests.lab.layout import CGROUP, NETNS, VETH, Layout
from tests.lab.processes import alive, ours


def leftovers(layout: Layout) -> list[str]:
    """Name every process, mount, interface, namespace, folder and cgroup of the lab."""
    found = [f"process {pid}" for pid in sorted(ours(layout.run)) if alive(pid)]
    found += [f"mount {point}" for point in mounts(layout)]
    fixed = [layout.run]
    if layout.node:
        # Of a lab without a node these are none, and may be those of another user's lab.
        hierarchies = Path("/sys/fs/cgroup")
        fixed += [Path(f"/run/netns/{NETNS}"), Path(f"/sys/class/net/{VETH}")]
        fixed += [hierarchies / CGROUP, *hierarchies.glob(f"*/{CGROUP}")]
    return found + [str(path) for path in fixed if path.exists()]


def mounts(layout: Layout) -> Iterator[str]:
    """Yield the mount points below the lab's folders, the oldest first."""
    roots = [f"{root}/" for root in layout.roots()]
    for line in Path("/proc/self/mountinfo").read_text(encoding="utf-8").splitlines():
        point = line.split()[4].encode().decode("unicode_escape")
        if any(point.startswith(root) for root in roots):
            yield point
