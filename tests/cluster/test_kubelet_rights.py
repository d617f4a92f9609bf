"""A real kubelet answers slimgate's service account with no right but nodes/stats."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

import pytest

from slimgate.cluster.api import ClusterApi
from slimgate.cluster.kubelet import Kubelets, kubelet_tls, no_headers
from slimgate.cluster.kubelet_token import KubeletToken
from slimgate.core.errors import ClusterError
from slimgate.core.nodes.node import Node, node_of
from slimgate.core.nodes.thresholds import Thresholds
from slimgate.settings import Settings
from tests.lab.kubectl import Kubectl
from tests.lab.state import Lab

pytestmark = [pytest.mark.lab, pytest.mark.node]

ACCOUNT = Settings().kubelet_account


@pytest.fixture
def node(lab: Lab, kubectl: Kubectl) -> Node:
    """Return the lab's node."""
    if not lab.node:
        pytest.skip("the lab has no node: that needs root")
    return node_of(json.loads(kubectl("get", "node", lab.node_name, "-o", "json")))


@pytest.fixture
async def token(lab: Lab, kubectl: Kubectl, namespace: str) -> KubeletToken:
    """Have the API server make a token of a service account that has no right at all."""
    kubectl("create", "serviceaccount", ACCOUNT, "--namespace", namespace)
    async with ClusterApi.connect(lab.kubeconfig) as api:
        token = KubeletToken(api, Settings(namespace=namespace))
        await token.renew()
    return token


@contextmanager
def granted(kubectl: Kubectl, namespace: str, resource: str) -> Iterator[None]:
    """Grant the service account rights on nodes."""
    name = f"{namespace}-{resource.replace('/', '-').replace(',', '-')}"
    kubectl("create", "clusterrole", name, "--verb=get", f"--resource={resource}")
    account = f"--serviceaccount={namespace}:{ACCOUNT}"
    kubectl("create", "clusterrolebinding", name, f"--clusterrole={name}", account)
    try:
        yield
    finally:
        kubectl("delete", "clusterrolebinding", name)
        kubectl("delete", "clusterrole", name)


async def test_nodes_stats_is_enough(
    lab: Lab, kubectl: Kubectl, namespace: str, node: Node, token: KubeletToken
) -> None:
    """With get on nodes/stats the kubelet tells, over TLS that is verified."""
    tls = kubelet_tls(ca_file=lab.ca_file)
    with granted(kubectl, namespace, "nodes/stats"):
        async with Kubelets(tls=tls, headers=token.headers) as kubelets:
            found = await kubelets.image_fs(node)

    assert found.capacity is not None
    assert found.available is not None
    # What it says is used is none of the right's business: nothing, where it has just started.
    assert 0 < found.available < found.capacity


async def test_thresholds(
    lab: Lab, kubectl: Kubectl, namespace: str, node: Node, token: KubeletToken
) -> None:
    """With get on nodes/configz, too, it tells its own: those of the lab's are switched off."""
    tls = kubelet_tls(ca_file=lab.ca_file)
    async with Kubelets(tls=tls, headers=token.headers, thresholds=True) as kubelets:
        with granted(kubectl, namespace, "nodes/stats,nodes/configz"):
            found = (await kubelets.image_fs(node)).thresholds

    assert found == Thresholds(collect=100, evict=0, node_evict=0, read=True)


async def test_without_the_right(
    lab: Lab, kubectl: Kubectl, namespace: str, node: Node, token: KubeletToken
) -> None:
    """Neither no right nor another one is enough, and the message names the one that is."""
    tls = kubelet_tls(ca_file=lab.ca_file)
    with granted(kubectl, namespace, "nodes/metrics"):
        async with Kubelets(tls=tls, headers=token.headers) as kubelets:
            with pytest.raises(ClusterError, match="grant get on nodes/stats"):
                await kubelets.image_fs(node)


async def test_without_credentials(lab: Lab, node: Node) -> None:
    """The kubelet knows nobody without credentials."""
    async with Kubelets(tls=kubelet_tls(ca_file=lab.ca_file), headers=no_headers) as kubelets:
        with pytest.raises(ClusterError, match="does not accept the credentials"):
            await kubelets.image_fs(node)


async def test_client_certificates(lab: Lab, node: Node) -> None:
    """A client certificate serves as well as a token; without the CA nothing is sent."""
    tls = partial(kubelet_tls, client_cert=lab.client_cert, client_key=lab.client_key)
    async with Kubelets(tls=tls(ca_file=lab.ca_file)) as kubelets:
        assert (await kubelets.image_fs(node)).capacity
    async with Kubelets(tls=tls()) as kubelets:
        with pytest.raises(ClusterError, match="certificate is not trusted"):
            await kubelets.image_fs(node)
