"""The first policy is created once, and what people do with it stays."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import pytest

from slimgate.cluster.api import ClusterApi
from slimgate.cluster.first_policy import FirstPolicy
from slimgate.cluster.resources import SLIM_POLICIES
from slimgate.core.json_object import mapping_at, text_at
from slimgate.core.workloads.kinds import Kind
from tests.lab.kubectl import Kubectl

pytestmark = pytest.mark.lab

CRD = Path("manifests/crds/slimgate.dev_slimpolicies.yaml")


@pytest.fixture
def resource(kubectl: Kubectl) -> Iterator[Kind]:
    """Install SlimPolicy in a group of the test's own: it has none of it yet."""
    group = f"t{uuid4().hex[:8]}.example.com"
    text = CRD.read_text().replace("slimgate.dev", group).replace("[slimgate]", "[]")
    kubectl("apply", "-f", "-", stdin=text.replace("[slimpol]", f"[{group[:9]}]"))
    crd = f"crd/slimpolicies.{group}"
    kubectl("wait", "--for=condition=Established", "--timeout=30s", crd)
    yield replace(SLIM_POLICIES, group=group)
    kubectl("delete", "--wait=false", crd)


def policy(resource: Kind, layers: int) -> dict[str, object]:
    """Make the policy `default`."""
    return {
        "apiVersion": resource.api_version,
        "kind": "SlimPolicy",
        "metadata": {"name": "default"},
        "spec": {"limits": {"layers": {"deny": layers}}},
    }


async def layers(api: ClusterApi, resource: Kind) -> object:
    """Return the limit of the policy that the cluster has."""
    found = await api.get(resource.one("", "default"))
    return mapping_at(mapping_at(mapping_at(found, "spec"), "limits"), "layers")["deny"]


async def test_it_is_created_once(api: ClusterApi, resource: Kind) -> None:
    """A later start, with other values, changes neither it nor what somebody made of it."""
    assert await FirstPolicy(api, policy(resource, 9), resource=resource).create()
    assert not await FirstPolicy(api, policy(resource, 5), resource=resource).create()
    assert await layers(api, resource) == 9

    edit = {"spec": {"limits": {"layers": {"deny": 7}}}}
    await api.merge_patch(resource.one("", "default"), edit)
    await FirstPolicy(api, policy(resource, 9), resource=resource).run()
    assert await layers(api, resource) == 7


async def test_any_other_policy_is_enough(api: ClusterApi, resource: Kind) -> None:
    """Whoever has policies of their own gets no other one."""
    other = {**policy(resource, 9), "metadata": {"name": "own"}}
    await api.create(resource.all(), other)

    assert not await FirstPolicy(api, policy(resource, 9), resource=resource).create()
    names = [text_at(mapping_at(one, "metadata"), "name") async for one in api.list(resource.all())]
    assert names == ["own"]


async def test_a_policy_that_is_refused_stops_nothing(
    api: ClusterApi, resource: Kind, caplog: pytest.LogCaptureFixture
) -> None:
    """The controller goes on, and its log says what is wrong with the values."""
    wrong = {**policy(resource, 9), "spec": {"mode": "Block"}}

    await FirstPolicy(api, wrong, resource=resource).run()

    assert "the first SlimPolicy could not be created" in caplog.text
    assert "spec.mode" in caplog.text
