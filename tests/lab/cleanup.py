"""Taking the lab down, whole or half-built: nothing but files in .lab and the cache is left."""

import shutil
import subprocess
import time
from http.client import HTTPException
from pathlib import Path

from tests.lab import network, parts
from tests.lab.api import Api
from tests.lab.errors import LabError
from tests.lab.layout import CGROUP, NETNS, Layout
from tests.lab.leftovers import mounts
from tests.lab.processes import descendants, end, is_ours, ours, recorded
from tests.lab.state import CONTAINERD_NAMESPACE, load
from tests.lab.system import KUBELET_SOCKET, listens

POD_SECONDS = 15.0
GRACE_SECONDS = 3.0
# Made by parts outside their configured folders; removed when empty.
FIXED_FOLDERS = (
    "/var/log/containers",
    "/var/lib/cni/results",
    "/var/lib/cni",
    str(KUBELET_SOCKET.parent),
    "/var/lib/kubelet",
    "/run/containerd/s",
    "/run/containerd",
    "/run/docker/plugins",
    "/run/docker",
)


def take_down(layout: Layout) -> None:
    """End and remove everything of the lab that is there."""
    delete_pods(layout)
    end_processes(layout)
    if layout.node:
        unmount(layout)
        network.remove()
        remove_cgroups()
        remove_strays(layout)
        unmount(layout)
    shutil.rmtree(layout.data, ignore_errors=True)
    shutil.rmtree(layout.pki, ignore_errors=True)
    for path in (layout.lab_json, layout.kubeconfig):
        path.unlink(missing_ok=True)
    shutil.rmtree(layout.run, ignore_errors=True)
    parts.remove_unfinished(layout.cache)


def delete_pods(layout: Layout) -> None:
    """Let the kubelet end the pods: their shims would outlive it."""
    try:
        lab = load(layout.lab_json)
    except LabError:
        return
    pids = {name: pid for name, pid in recorded(layout.run).items() if is_ours(pid, layout.run)}
    if not {"kubelet", "kube-apiserver"} <= pids.keys():
        return
    makers = ("kube-controller-manager", "kube-scheduler")
    end({pids[name] for name in makers if name in pids}, grace=GRACE_SECONDS)
    api = Api(server=lab.apiserver, pki=layout.pki)
    deadline = time.monotonic() + POD_SECONDS
    try:
        for namespace, name in api.pods():
            path = f"/api/v1/namespaces/{namespace}/pods/{name}"
            api.call(path, method="DELETE", body={"gracePeriodSeconds": 1})
        while api.pods() and time.monotonic() < deadline:
            time.sleep(0.2)
    except (OSError, HTTPException):
        return


def end_processes(layout: Layout) -> None:
    """End the parts, then what they left: shims, and the containers below them."""
    marked = ours(layout.run)
    shims = {pid for pid in marked if "containerd-shim" in program(pid)}
    containers = descendants(shims)
    parts_first = marked - shims - containers
    kubelets = {pid for pid in parts_first if "kubelet" in program(pid)}
    end(kubelets, grace=GRACE_SECONDS)
    end(parts_first - kubelets, grace=GRACE_SECONDS)
    for root in runc_roots(layout):
        for container in root.iterdir():
            argv = ["runc", "--root", str(root), "delete", "--force", container.name]
            subprocess.run(argv, capture_output=True, check=False, timeout=30)
    end(shims | containers, grace=2.0)
    end(ours(layout.run), grace=2.0)


def program(pid: int) -> str:
    """Return a process's command line."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_text(encoding="utf-8").replace("\0", " ")
    except (OSError, UnicodeDecodeError):
        return ""


def runc_roots(layout: Layout) -> list[Path]:
    """Return the folders where runc keeps the containers of kubelet and engine."""
    folders = [layout.run / "runc", layout.run / "engine" / "docker" / "runtime-runc"]
    return [root for folder in folders if folder.is_dir() for root in folder.iterdir()]


def unmount(layout: Layout) -> None:
    """Unmount everything below the lab's folders, the youngest mount first."""
    for point in reversed(list(mounts(layout))):
        subprocess.run(["umount", "--lazy", point], capture_output=True, check=False)


def remove_cgroups() -> None:
    """Remove the cgroups of the lab's containers, the deepest first."""
    mounted = Path("/sys/fs/cgroup")
    hierarchies = [mounted, *(path for path in mounted.iterdir() if path.is_dir())]
    for hierarchy in hierarchies:
        top = hierarchy / CGROUP
        if top.is_dir():
            for folder in sorted((p for p in top.rglob("*") if p.is_dir()), reverse=True):
                remove_folder(folder)
        for folder in (top, hierarchy / CONTAINERD_NAMESPACE):
            remove_folder(folder)


def remove_folder(folder: Path) -> None:
    """Remove an empty folder; one that is in use stays."""
    try:
        folder.rmdir()
    except OSError:
        return


def remove_strays(layout: Layout) -> None:
    """Remove files that programs put at fixed places outside the lab's folders."""
    homes = tuple(f"{root}/" for root in layout.roots())
    logs = Path("/var/log/containers")
    for link in logs.glob("*") if logs.is_dir() else ():
        if link.is_symlink() and str(link.readlink()).startswith(homes):
            link.unlink()
    results = Path("/var/lib/cni/results")
    for result in results.glob(f"{NETNS}-*"):
        sandbox = result.name.removeprefix(f"{NETNS}-").rpartition("-")[0]
        for one in results.glob(f"*-{sandbox}-*"):
            one.unlink()
    for socket in (*Path("/run/containerd/s").glob("*"), KUBELET_SOCKET):
        if not listens(socket):
            socket.unlink(missing_ok=True)
    for folder in FIXED_FOLDERS:
        remove_folder(Path(folder))
