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
    """Starts the node of one lab."""

    layout: Layout
    addresses: Addresses
    processes: Processes
    kube: Path

    @property
    def home(self) -> Path:
        """Configuration of the node's parts."""
        return self.layout.data / "node"

    def start_containerd(self) -> None:
        """Start the kubelet's containerd; it needs no API server."""
        registries = self.home / "registries"
        containerd.trust_plain_http(registries, self.addresses.registry)
        config = containerd.write(
            self.home / "containerd.toml",
            containerd.KUBELET,
            root=self.layout.data / "containerd",
            state=self.layout.run / "containerd",
            socket=self.layout.containerd_socket,
            pause=f"{self.addresses.registry}/bases/pause:1",
            runc=self.layout.run / "runc",
            cni=self.write_cni(),
            registries=registries,
        )
        self.processes.start("containerd", ["containerd", "--config", config])
        wait_until(
            self.layout.containerd_socket.exists,
            what="containerd does not listen",
            seconds=30,
            hint=lambda: tail(self.layout.logs / "containerd.log"),
        )

    def start(self, api: Api) -> None:
        """Start kubelet and kube-proxy and wait until the node is Ready."""
        kubelet = self.write("kubelet.json", self.kubelet())
        proxy = self.write("kube-proxy.json", self.proxy())
        kubelet_flags = [
            f"--config={kubelet}",
            f"--kubeconfig={self.layout.pki / 'kubelet.kubeconfig'}",
            f"--hostname-override={NODE_NAME}",
            f"--node-ip={INSIDE}",
            f"--root-dir={self.layout.data / 'kubelet'}",
            f"--cert-dir={self.layout.data / 'kubelet-certs'}",
        ]
        self.processes.start("kubelet", [self.kube, "kubelet", *kubelet_flags])
        proxy_flags = [f"--config={proxy}", f"--hostname-override={NODE_NAME}"]
        self.processes.start("kube-proxy", [self.kube, "kube-proxy", *proxy_flags])
        wait_until(
            lambda: api.node_ready(NODE_NAME),
            what="the node is not Ready",
            seconds=90,
            hint=lambda: tail(self.layout.logs / "kubelet.log"),
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
                        "ranges": [[{"subnet": POD_CIDR}]],
                        "routes": [{"dst": "0.0.0.0/0"}],
                        "dataDir": str(self.layout.run / "addresses"),
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
            "authentication": {
                "anonymous": {"enabled": False},
                "webhook": {"enabled": True},
                "x509": {"clientCAFile": str(pki / "ca.crt")},
            },
            "authorization": {"mode": "Webhook"},
            "tlsCertFile": str(pki / "kubelet.crt"),
            "tlsPrivateKeyFile": str(pki / "kubelet.key"),
            # No DNS runs there: without an address every pod gets a MissingClusterDNS event.
            "clusterDNS": [SERVICE_DNS],
            "clusterDomain": "cluster.local",
            "containerRuntimeEndpoint": f"unix://{self.layout.containerd_socket}",
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
            "podLogsDir": str(self.layout.data / "pod-logs"),
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
