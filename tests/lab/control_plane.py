"""etcd, API server, controller manager and scheduler."""

from dataclasses import dataclass
from pathlib import Path

from tests.lab import certs
from tests.lab.api import Api, answers, wait_until
from tests.lab.layout import ANY, POD_CIDR, SERVICE_CIDR, Addresses, Layout
from tests.lab.processes import Processes, tail

NAMES = ("etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler")


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlPlane:
    """Starts the control plane of one lab."""

    layout: Layout
    addresses: Addresses
    processes: Processes
    kube: Path

    def start(self) -> Api:
        """Start everything and wait until the API server is ready."""
        api = self.start_api()
        self.start_controllers()
        wait_until(
            lambda: answers(lambda: api.call("/api/v1/namespaces/default/serviceaccounts/default")),
            what="the controller manager makes no service accounts",
            seconds=60,
            hint=lambda: tail(self.layout.logs / "kube-controller-manager.log"),
        )
        return api

    def start_api(self) -> Api:
        """Start etcd and the API server, and wait until that is ready."""
        pki, server = self.layout.pki, self.addresses.apiserver
        certs.make(pki)
        for user in certs.CLIENTS:
            certs.write_kubeconfig(pki, server, user, pki / f"{user}.kubeconfig")
        certs.write_kubeconfig(pki, server, "admin", self.layout.kubeconfig)
        self.launch("etcd", self.etcd())
        self.launch("kube-apiserver", self.apiserver())
        api = Api(server=server, pki=pki)
        log = self.layout.logs / "kube-apiserver.log"
        wait_until(
            api.ready, what="the API server is not ready", seconds=90, hint=lambda: tail(log)
        )
        return api

    def start_controllers(self) -> None:
        """Start those that work on what the API server has."""
        self.launch("kube-controller-manager", self.controller_manager())
        self.launch("kube-scheduler", self.scheduler())

    def launch(self, name: str, flags: list[str]) -> None:
        """Start one component."""
        self.processes.start(name, [self.kube, name, *flags], inside=self.layout.node)

    def etcd(self) -> list[str]:
        """Return etcd's flags: data is thrown away, so it need not reach the disk."""
        peer = f"http://127.0.0.1:{self.addresses.etcd_peer_port}"
        return [
            f"--data-dir={self.layout.data / 'etcd'}",
            "--unsafe-no-fsync",
            f"--listen-client-urls={self.addresses.etcd}",
            f"--advertise-client-urls={self.addresses.etcd}",
            f"--listen-peer-urls={peer}",
            f"--initial-advertise-peer-urls={peer}",
            f"--initial-cluster=default={peer}",
        ]

    def apiserver(self) -> list[str]:
        """Return the API server's flags."""
        pki, ip = self.layout.pki, self.addresses.ip
        node = self.layout.node
        return [
            f"--etcd-servers={self.addresses.etcd}",
            f"--secure-port={self.addresses.apiserver_port}",
            f"--bind-address={ANY if node else ip}",
            f"--advertise-address={ip}",
            # An Endpoints object can't hold a loopback address, which is all there is without root.
            f"--endpoint-reconciler-type={'lease' if node else 'none'}",
            f"--cert-dir={self.layout.data / 'apiserver'}",
            f"--client-ca-file={pki / 'ca.crt'}",
            f"--tls-cert-file={pki / 'apiserver.crt'}",
            f"--tls-private-key-file={pki / 'apiserver.key'}",
            f"--kubelet-certificate-authority={pki / 'ca.crt'}",
            f"--kubelet-client-certificate={pki / 'apiserver-kubelet.crt'}",
            f"--kubelet-client-key={pki / 'apiserver-kubelet.key'}",
            "--kubelet-preferred-address-types=InternalIP",
            "--service-account-issuer=https://kubernetes.default.svc",
            f"--service-account-key-file={pki / 'sa.pub'}",
            f"--service-account-signing-key-file={pki / 'sa.key'}",
            f"--service-cluster-ip-range={SERVICE_CIDR}",
            "--authorization-mode=Node,RBAC",
            "--enable-admission-plugins=NodeRestriction",
            "--enable-aggregator-routing=true",
            f"--requestheader-client-ca-file={pki / 'ca.crt'}",
            "--requestheader-allowed-names=front-proxy-client",
            "--requestheader-extra-headers-prefix=X-Remote-Extra-",
            "--requestheader-group-headers=X-Remote-Group",
            "--requestheader-username-headers=X-Remote-User",
            f"--proxy-client-cert-file={pki / 'front-proxy.crt'}",
            f"--proxy-client-key-file={pki / 'front-proxy.key'}",
            "--allow-privileged=true",
            "--profiling=false",
        ]

    def controller_manager(self) -> list[str]:
        """Return the controller manager's flags."""
        pki = self.layout.pki
        return [
            *self.client("controller-manager", self.addresses.controller_manager_port),
            f"--root-ca-file={pki / 'ca.crt'}",
            f"--service-account-private-key-file={pki / 'sa.key'}",
            f"--cluster-signing-cert-file={pki / 'ca.crt'}",
            f"--cluster-signing-key-file={pki / 'ca.key'}",
            f"--cluster-cidr={POD_CIDR}",
            f"--service-cluster-ip-range={SERVICE_CIDR}",
            "--use-service-account-credentials=true",
            f"--flex-volume-plugin-dir={self.layout.data / 'volume-plugins'}",
        ]

    def scheduler(self) -> list[str]:
        """Return the scheduler's flags."""
        return self.client("scheduler", self.addresses.scheduler_port)

    def client(self, user: str, port: int) -> list[str]:
        """Return the flags of a component that is one of its kind and in a hurry."""
        kubeconfig = self.layout.pki / f"{user}.kubeconfig"
        return [
            f"--kubeconfig={kubeconfig}",
            f"--authentication-kubeconfig={kubeconfig}",
            f"--authorization-kubeconfig={kubeconfig}",
            f"--secure-port={port}",
            "--bind-address=127.0.0.1",
            "--leader-elect=false",
            "--kube-api-qps=500",
            "--kube-api-burst=1000",
        ]
