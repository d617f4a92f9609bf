"""The cluster's certificates, made anew at each start with openssl."""

import base64
import json
import subprocess
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from tests.lab.errors import LabError
from tests.lab.layout import INSIDE, NODE_NAME, OUTSIDE, SERVICE_API

CONFIG = """[req]
distinguished_name = name
[name]
[ca]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign, cRLSign, digitalSignature
subjectKeyIdentifier = hash
[leaf]
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = clientAuth, serverAuth
authorityKeyIdentifier = keyid
"""
SERVER_NAMES = ("kubernetes", "kubernetes.default", "kubernetes.default.svc", "localhost")
SERVER_IPS = (SERVICE_API, INSIDE, OUTSIDE, "127.0.0.1")


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """A certificate's file name, user and groups as Kubernetes reads them, and addresses."""

    file: str
    user: str
    group: str = ""
    names: tuple[str, ...] = ()


ADMIN = Identity(file="admin", user="lab-admin", group="system:masters")
APISERVER = Identity(
    file="apiserver",
    user="kube-apiserver",
    names=(
        *(f"DNS:{name}" for name in SERVER_NAMES),
        *(f"IP:{address}" for address in SERVER_IPS),
    ),
)
KUBELET = Identity(
    file="kubelet",
    user=f"system:node:{NODE_NAME}",
    group="system:nodes",
    names=(f"DNS:{NODE_NAME}", f"IP:{INSIDE}"),
)
LEAVES = (
    ADMIN,
    APISERVER,
    KUBELET,
    Identity(file="apiserver-kubelet", user="kube-apiserver", group="system:masters"),
    Identity(file="front-proxy", user="front-proxy-client"),
    Identity(file="controller-manager", user="system:kube-controller-manager"),
    Identity(file="scheduler", user="system:kube-scheduler"),
    Identity(file="kube-proxy", user="system:kube-proxy"),
)
CLIENTS = ("admin", "controller-manager", "scheduler", "kube-proxy", "kubelet")


def make(folder: Path) -> None:
    """Make the authority, all certificates, and the service accounts' signing key."""
    folder.mkdir(parents=True, mode=0o700)
    (folder / "openssl.cnf").write_text(CONFIG, encoding="utf-8")
    request(folder, Identity(file="ca", user="slimgate-lab"), authority=True)
    openssl(folder, "genrsa", "-out", "sa.key", "2048")
    openssl(folder, "rsa", "-in", "sa.key", "-pubout", "-out", "sa.pub")
    with ThreadPoolExecutor() as pool:
        list(pool.map(lambda identity: request(folder, identity, authority=False), LEAVES))


def request(folder: Path, identity: Identity, *, authority: bool) -> None:
    """Make one key and its certificate."""
    group = f"/O={identity.group}" if identity.group else ""
    argv = ["req", "-x509", "-config", "openssl.cnf", "-newkey", "ec", "-days", "365", "-nodes"]
    argv += ["-pkeyopt", "ec_paramgen_curve:P-256", "-subj", f"{group}/CN={identity.user}"]
    argv += ["-keyout", f"{identity.file}.key", "-out", f"{identity.file}.crt"]
    argv += ["-extensions", "ca" if authority else "leaf"]
    if not authority:
        argv += ["-CA", "ca.crt", "-CAkey", "ca.key"]
    if identity.names:
        argv += ["-addext", f"subjectAltName={','.join(identity.names)}"]
    openssl(folder, *argv)


def openssl(folder: Path, *argv: str) -> None:
    """Run openssl in the certificates' folder."""
    result = subprocess.run(
        ["openssl", *argv], cwd=folder, capture_output=True, text=True, check=False
    )
    if result.returncode:
        raise LabError(f"openssl {argv[0]} failed: {result.stderr.strip()[-300:]}")


def write_kubeconfig(pki: Path, server: str, user: str, path: Path) -> None:
    """Write a self-contained kubeconfig (JSON is YAML) for one user."""
    ca, cert, key = (
        base64.b64encode((pki / name).read_bytes()).decode()
        for name in ("ca.crt", f"{user}.crt", f"{user}.key")
    )
    name = "slimgate-lab"
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [
            {"name": name, "cluster": {"server": server, "certificate-authority-data": ca}}
        ],
        "users": [
            {"name": user, "user": {"client-certificate-data": cert, "client-key-data": key}}
        ],
        "contexts": [{"name": name, "context": {"cluster": name, "user": user}}],
        "current-context": name,
    }
    path.touch(mode=0o600)
    path.write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")
