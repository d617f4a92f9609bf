"""Starting the lab: what depends on what, and what runs beside what."""

import platform
import shutil
import subprocess
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from tests.lab import network, parts, registry, state, system
from tests.lab.api import Api, answers, get
from tests.lab.bases import Bases, recipe
from tests.lab.control_plane import ControlPlane
from tests.lab.engine import Engine
from tests.lab.errors import LabError
from tests.lab.layout import INSIDE, NETNS, NODE_NAME, Addresses, Layout, choose_addresses
from tests.lab.node import Node
from tests.lab.processes import Processes, is_ours, recorded
from tests.lab.progress import step

# What is not well for so long is started anew, with all that ran in it lost.
PATIENCE_SECONDS = 15.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """One start of the lab."""

    layout: Layout
    addresses: Addresses
    processes: Processes

    def run(self, pool: ThreadPoolExecutor) -> None:
        """Build what is missing, start everything, and write down where it is."""
        system.install_packages(self.layout, self.processes)
        bases = Bases(layout=self.layout, processes=self.processes, recipe=recipe())
        seed = bases.cached()
        if self.layout.node:
            system.refuse_second_kubelet()
            network.make()
        registry.start(self.layout, self.addresses, self.processes, seed)
        images = pool.submit(self.start_images, bases) if self.layout.node else None
        kube = parts.kube_program(self.layout, self.processes)
        with step("starting Kubernetes"):
            api = self.start_kubernetes(pool, kube)
        link_kubectl(self.layout, kube)
        if images:
            images.result()
        self.save()
        if not api.ready():
            raise LabError("the API server has stopped (.lab/logs/kube-apiserver.log)")

    def start_images(self, bases: Bases) -> None:
        """Start the Docker engine, and have the registry hold the base images."""
        Engine(layout=self.layout, addresses=self.addresses, processes=self.processes).start()
        if not bases.cached():
            bases.push_first(self.addresses)
        self.save()
        self.layout.images_ready.touch()
        if not bases.cached():
            bases.push_later(self.addresses, self.layout.data / "registry")
        self.layout.bases_ready.touch()

    def start_kubernetes(self, pool: ThreadPoolExecutor, kube: Path) -> Api:
        """Start the control plane, and the node beside and after it."""
        common = {"layout": self.layout, "addresses": self.addresses, "processes": self.processes}
        node = Node(**common, kube=kube)  # type: ignore[arg-type]
        containerd: Future[None] | None = None
        if self.layout.node:
            containerd = pool.submit(node.start_containerd)
        api = ControlPlane(**common, kube=kube).start()  # type: ignore[arg-type]
        if containerd:
            containerd.result()
            node.start(api)
        return api

    def save(self) -> None:
        """Write lab.json."""
        layout, node = self.layout, self.layout.node
        lab = state.Lab(
            apiserver=self.addresses.apiserver,
            etcd=self.addresses.etcd,
            kubeconfig=str(layout.kubeconfig),
            ca_file=str(layout.pki / "ca.crt"),
            client_cert=str(layout.pki / "admin.crt"),
            client_key=str(layout.pki / "admin.key"),
            kubectl=str(layout.kubectl),
            registry=self.addresses.registry,
            registry_log=str(layout.logs / f"{registry.ACCESS_LOG}.log"),
            docker_host=f"unix://{layout.engine_socket}" if node else "",
            containerd_socket=str(layout.containerd_socket) if node else "",
            containerd_namespace=state.CONTAINERD_NAMESPACE if node else "",
            containerd_root=str(layout.data / "containerd") if node else "",
            host_address=self.addresses.host,
            netns=NETNS if node else "",
            node=node,
            node_name=NODE_NAME if node else "",
            kubelet=f"https://{INSIDE}:10250" if node else "",
            kubelet_root=str(layout.data / "kubelet") if node else "",
            logs=str(layout.logs),
            versions=versions(node=node),
            pids=recorded(layout.run),
        )
        state.save(lab, layout.lab_json)


def link_kubectl(layout: Layout, kube: Path) -> None:
    """Link kubectl to where users look for it."""
    layout.kubectl.parent.mkdir(exist_ok=True)
    layout.kubectl.unlink(missing_ok=True)
    layout.kubectl.symlink_to(kube)


def versions(*, node: bool) -> dict[str, str]:
    """Return what the parts say of their versions."""
    asked = {"docker-registry": ["docker-registry", "--version"]}
    if node:
        asked |= {
            "containerd": ["containerd", "--version"],
            "runc": ["runc", "--version"],
            "dockerd": ["dockerd", "--version"],
        }
    found = {"kubernetes": parts.KUBERNETES, "kernel": platform.release()}
    for name, argv in asked.items():
        lines = subprocess.run(argv, capture_output=True, text=True, check=False).stdout
        found[name] = lines.partition("\n")[0]
    return found


def healthy(layout: Layout) -> bool:
    """Tell whether a whole lab of this checkout is up."""
    try:
        lab = state.load(layout.lab_json)
    except LabError:
        return False
    alive = all(is_ours(pid, layout.run) for pid in lab.pids.values())
    bases = Bases(layout=layout, processes=Processes(layout=layout), recipe=recipe())
    # A start that was killed while it built the base images has left a lab without them.
    whole = not lab.node or ({"dockerd", "kubelet"} <= lab.pids.keys() and bool(bases.cached()))
    return alive and whole and settles(lambda: answering(lab, layout))


def answering(lab: state.Lab, layout: Layout) -> bool:
    """Tell whether API server, registry and node say that they are well."""
    api = Api(server=lab.apiserver, pki=layout.pki)
    return (
        api.ready()
        and answers(lambda: get(f"http://{lab.registry}/v2/"))
        and (not lab.node or api.node_ready(lab.node_name))
    )


def settles(condition: Callable[[], bool]) -> bool:
    """Tell whether a condition holds within some seconds: a busy machine answers late."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.5)
    return True


def prepare(layout: Layout) -> Processes:
    """Make the lab's folders, empty of earlier logs, and note whose lab this machine runs."""
    shutil.rmtree(layout.logs, ignore_errors=True)
    for folder in (layout.home, layout.logs, layout.data, layout.run / "pids", layout.cache):
        folder.mkdir(parents=True, exist_ok=True)
    (layout.run / "owner").write_text(str(layout.checkout), encoding="utf-8")
    return Processes(layout=layout)


def start(layout: Layout, processes: Processes) -> None:
    """Start the lab; when interrupted, no part starts any more."""
    addresses = choose_addresses(node=layout.node)
    pool = ThreadPoolExecutor(max_workers=4)
    try:
        Start(layout=layout, addresses=addresses, processes=processes).run(pool)
    except BaseException:
        processes.stopped.set()
        pool.shutdown(wait=False, cancel_futures=True)
        raise
    pool.shutdown()
