"""One real node: containerd, kubelet, kube-proxy and a CNI network."""

import json
from dataclasses import dataclass
from pathlib import Path

from tests.lab import containerd
from tests.lab.api import Api, wait_until
from tests.lab.layout import (
    ANY,
    INSIDE,
    NETNS,
    NODE_NAME,
    POD_CIDR,
    SERVICE_DNS,
    Addresses,
    Layout,
)
from tests.lab.processes import Processes, tail


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """Starts a node of one lab; one that is not the first has a suffix for all that is its own."""

    layout: Layout
    addresses: Addresses
    processes: Processes
    kube: Path
    suffix: str = ""
    ip: str = INSIDE
    pods: str = POD_CIDR
    port: int = 10250

    @property
    def name(self) -> str:
        """The node's name in the cluster."""
        return f"{NODE_NAME}{self.suffix}"

    @property
    def home(self) -> Path:
        """Configuration of the node's parts."""
        return self.layout.data / f"node{self.suffix}"

    @property
    def socket(self) -> Path:
        """Its containerd."""
        socket = self.layout.containerd_socket
        return socket.with_stem(f"{socket.stem}{self.suffix}")

    def start_containerd(self) -> None:
        """Start the kubelet's containerd; it needs no API server."""
        registries = self.home / "registries"
        containerd.trust_plain_http(registries, self.addresses.registry)
        config = containerd.write(
            self.home / "containerd.toml",
            containerd.KUBELET,
            root=self.layout.data / f"containerd{self.suffix}",
            state=self.layout.run / f"containerd{self.suffix}",
            socket=self.socket,
            pause=f"{self.addresses.registry}/bases/pause:1",
            runc=self.layout.run / "runc",
            cni=self.write_cni(),
            registries=registries,
        )
        part = f"containerd{self.suffix}"
        self.processes.start(part, ["containerd", "--config", config])
        wait_until(
            self.socket.exists,
            what="containerd does not listen",
            seconds=30,
            hint=lambda: tail(self.layout.logs / f"{part}.log"),
        )

    def start(self, api: Api) -> None:
        """Start kubelet and kube-proxy and wait until the node is Ready."""
        self.start_kubelet()
        self.start_proxy()
        self.wait(api)

    def start_kubelet(self) -> None:
        """Start the kubelet."""
        part = f"kubelet{self.suffix}"
        flags = [
            f"--config={self.write('kubelet.json', self.kubelet())}",
            f"--kubeconfig={self.layout.pki / f'{part}.kubeconfig'}",
            f"--hostname-override={self.name}",
            f"--node-ip={self.ip}",
            f"--root-dir={self.layout.data / part}",
            f"--cert-dir={self.layout.data / f'{part}-certs'}",
        ]
        self.processes.start(part, [self.kube, "kubelet", *flags])

    def start_proxy(self) -> None:
        """Start kube-proxy, which is enough for all nodes of one network namespace."""
        config = self.write("kube-proxy.json", self.proxy())
        flags = [f"--config={config}", f"--hostname-override={self.name}"]
        self.processes.start("kube-proxy", [self.kube, "kube-proxy", *flags])

    def wait(self, api: Api) -> None:
        """Wait until the node is Ready."""
        wait_until(
            lambda: api.node_ready(self.name),
            what="the node is not Ready",
            seconds=90,
            hint=lambda: tail(self.layout.logs / f"kubelet{self.suffix}.log"),
        )

    def write(self, name: str, settings: object) -> Path:
        """Write a component's configuration (JSON is YAML)."""
        path = self.home / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(settings, indent=2), encoding="utf-8")
        return path

    def write_cni(self) -> Path:
        """Write the pods' network: point to point, with the default route that Services need."""
        network = {
            "cniVersion": "0.4.0",
            "name": NETNS,
            "plugins": [
                {
                    "type": "ptp",
                    "ipam": {
                        "type": "host-local",
                        "ranges": [[{"subnet": self.pods}]],
                        "routes": [{"dst": "0.0.0.0/0"}],
                        "dataDir": str(self.layout.run / f"addresses{self.suffix}"),
                    },
                }
            ],
        }
        self.write("cni/10-lab.conflist", network)
        return self.home / "cni"

    def kubelet(self) -> dict[str, object]:
        """Return the kubelet's configuration: real, but with no claim on the machine's cgroups."""
        pki = self.layout.pki
        resolv = self.home / "resolv.conf"
        resolv.parent.mkdir(parents=True, exist_ok=True)
        resolv.write_text("", encoding="utf-8")
        return {
            "apiVersion": "kubelet.config.k8s.io/v1beta1",
            "kind": "KubeletConfiguration",
            "address": ANY,
            "port": self.port,
            # Nobody asks there, and two nodes share one loopback.
            "healthzPort": 0,
            "authentication": {
                "anonymous": {"enabled": False},
                "webhook": {"enabled": True},
                "x509": {"clientCAFile": str(pki / "ca.crt")},
            },
            "authorization": {"mode": "Webhook"},
            "tlsCertFile": str(pki / f"kubelet{self.suffix}.crt"),
            "tlsPrivateKeyFile": str(pki / f"kubelet{self.suffix}.key"),
            # No DNS runs there: without an address every pod gets a MissingClusterDNS event.
            "clusterDNS": [SERVICE_DNS],
            "clusterDomain": "cluster.local",
            "containerRuntimeEndpoint": f"unix://{self.socket}",
            "cgroupDriver": "cgroupfs",
            "cgroupsPerQOS": False,
            "enforceNodeAllocatable": [],
            "evictionHard": {},
            "failCgroupV1": False,
            "failSwapOn": False,
            "imageGCHighThresholdPercent": 100,
            "imageGCLowThresholdPercent": 99,
            "nodeStatusReportFrequency": "10s",
            "nodeStatusUpdateFrequency": "5s",
            "podLogsDir": str(self.layout.data / f"pod-logs{self.suffix}"),
            "resolvConf": str(resolv),
            "volumePluginDir": str(self.layout.data / "volume-plugins"),
        }

    def proxy(self) -> dict[str, object]:
        """Return kube-proxy's configuration."""
        return {
            "apiVersion": "kubeproxy.config.k8s.io/v1alpha1",
            "kind": "KubeProxyConfiguration",
            "clientConnection": {"kubeconfig": str(self.layout.pki / "kube-proxy.kubeconfig")},
            "mode": "nftables",
            "clusterCIDR": POD_CIDR,
            # The namespace can't set the machine's own limits, and need not.
            "conntrack": {"maxPerCore": 0, "min": 0},
        }
