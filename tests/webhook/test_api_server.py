"""A real API server and its real controllers ask: a Deployment is judged once, a forger always."""

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import pytest

from slimgate.cluster.certificates.authority import Certificates, make
from slimgate.engine.catalog import Catalog
from slimgate.webhook.admit import EXCEPTIONS, WORKLOADS
from tests.lab.kubectl import Kubectl
from tests.lab.state import Lab
from tests.webhook import engine
from tests.webhook.engine import FAT, SLIM
from tests.webhook.reviews import Json
from tests.webhook.serving import HOST, Live, serving, until

pytestmark = pytest.mark.lab

STRICT = {"limits": {"layers": {"deny": 1}}, "exceptions": {"allowed": False}}


@dataclass(frozen=True, kw_only=True)
class Room:
    """A namespace of the lab whose workloads a server of this process is asked about."""

    lab: Lab
    name: str
    live: Live
    catalog: Catalog

    async def kubectl(self, *argv: str, stdin: str = "") -> tuple[int, str]:
        """Run kubectl in the namespace; return its exit status and all that it says."""
        kubectl = Kubectl(self.lab).attempt
        done = await asyncio.to_thread(kubectl, "--namespace", self.name, *argv, stdin=stdin)
        return done.returncode, done.stdout + done.stderr

    async def done(self, *argv: str, stdin: str = "") -> str:
        """Run kubectl, which must succeed."""
        status, said = await self.kubectl(*argv, stdin=stdin)
        assert status == 0, said
        return said

    def count(self, outcome: str) -> int:
        """Count what the server answered so far."""
        return sum(one == outcome for _, one, _ in self.live.heard.admissions)


@pytest.fixture
async def room(lab: Lab, tmp_path: Path) -> AsyncIterator[Room]:
    """Run a server, and have the API server ask it about a namespace."""
    served = make((HOST, lab.host_address), datetime.now(UTC))
    catalog, name = engine.catalog(), f"webhook-{uuid4().hex[:8]}"
    judge = engine.judge(catalog, namespace=name)
    async with serving(tmp_path, judge, catalog, served=served, host="0.0.0.0") as live:  # noqa: S104
        made = Room(lab=lab, name=name, live=live, catalog=catalog)
        await made.done("create", "namespace", name)
        try:
            configuration = json.dumps(_configuration(made, served))
            await made.done("create", "-f", "-", stdin=configuration)
            await until(lambda: _is_asked(made))
            yield made
        finally:
            await made.kubectl("delete", "validatingwebhookconfiguration", name)
            await made.kubectl("delete", "namespace", name, "--wait=false")


async def test_deployment_is_judged_once(room: Room) -> None:
    """Its copies pass by their makers, also after a limit was tightened; a borrowed owner fails."""
    before = room.count("allow")
    await room.done("create", "deployment", "web", "--image", SLIM)
    await until(lambda: room.count("owned") == 2)  # its ReplicaSet and its Pod
    assert room.count("allow") == before + 1

    tightened = engine.policy()
    tightened["spec"] = {"mode": "Enforce", "limits": {"pullSize": {"deny": 1}}}
    room.catalog.put_policy(tightened)
    await room.done("scale", "deployment", "web", "--replicas=2")
    await room.done("label", "deployment", "web", "team=shop")
    await until(lambda: room.count("owned") == 3)
    assert room.count("unchanged") >= 1
    status, said = await room.kubectl("set", "image", "deployment/web", f"shop={FAT}")
    assert status == 1
    assert "denied the request: slimgate: container" in said

    replica_sets = json.loads(await room.done("get", "replicasets", "-o", "json"))["items"]
    owner = {
        "apiVersion": "apps/v1",
        "kind": "ReplicaSet",
        "name": replica_sets[0]["metadata"]["name"],
        "uid": replica_sets[0]["metadata"]["uid"],
        "controller": True,
    }
    forged = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "forged", "ownerReferences": [owner]},
        "spec": {"containers": [{"name": "main", "image": FAT}]},
    }
    status, said = await room.kubectl("create", "-f", "-", stdin=json.dumps(forged))
    assert status == 1
    assert "denied the request: slimgate: container" in said


async def test_what_is_too_large_to_be_read_is_denied(room: Room) -> None:
    """What the API server writes before the objects names a workload of which nobody reads more.

    It writes six bytes for each `<`, of which an object that it takes may have a million and more.
    """
    room.catalog.put_policy(engine.policy(on_unknown="Deny"))
    env = [{"name": "A", "value": "<" * 1_450_000}]
    container = {"name": "main", "image": SLIM, "env": env}
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "large"}}
    path = f"/api/v1/namespaces/{room.name}/pods?dryRun=All"
    body = json.dumps({**pod, "spec": {"containers": [container]}})

    status, said = await room.kubectl("create", "--raw", path, "-f", "-", stdin=body)

    assert status == 1
    assert "denied the request: slimgate: the workload could not be judged" in said
    assert "it is larger than the 8 MiB that slimgate reads" in said


async def test_exceptions_are_reviewed(room: Room, crds: None) -> None:
    """The API server shows in one line why a policy does not allow an exception."""
    del crds
    room.catalog.put_policy({**engine.policy("strict"), "spec": STRICT})
    excuse = {
        "apiVersion": "slimgate.dev/v1alpha1",
        "kind": "SlimException",
        "metadata": {"name": "legacy"},
        "spec": {
            "policyRefs": ["default"],
            "reason": "ticket 4711",
            "expirationTime": "2999-01-01T00:00:00Z",
        },
    }
    await room.done("create", "-f", "-", stdin=json.dumps(excuse))
    widened = json.dumps({"spec": {"policyRefs": ["default", "strict"]}})

    status, said = await room.kubectl(
        "patch", "slimexception", "legacy", "--type=merge", "-p", widened
    )

    assert status == 1
    assert said.strip().endswith("denied the request: slimgate: policy strict allows no exceptions")
    await room.done("annotate", "slimexception", "legacy", "seen=yes")


async def _is_asked(room: Room) -> bool:
    await room.done("create", "deployment", "probe", "--image", SLIM, "--dry-run=server")
    return room.count("allow") > 0


def _configuration(room: Room, served: Certificates) -> Json:
    bundle = base64.b64encode(served.ca_bundle).decode()

    def webhook(name: str, path: str, groups: list[str], resources: list[str]) -> Json:
        url = f"https://{room.lab.host_address}:{room.live.port}{path}"
        rule = {
            "apiGroups": groups,
            "apiVersions": ["*"],
            "resources": resources,
            "operations": ["CREATE", "UPDATE"],
        }
        return {
            "name": f"{name}.slimgate.dev",
            "clientConfig": {"url": url, "caBundle": bundle},
            "rules": [rule],
            "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": room.name}},
            "sideEffects": "None",
            "admissionReviewVersions": ["v1"],
            "timeoutSeconds": 5,
            "failurePolicy": "Fail",
        }

    workloads = ["pods", "replicasets", "deployments"]
    return {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "ValidatingWebhookConfiguration",
        "metadata": {"name": room.name},
        "webhooks": [
            webhook("workloads", WORKLOADS, ["", "apps"], workloads),
            webhook("exceptions", EXCEPTIONS, ["slimgate.dev"], ["slimexceptions"]),
        ],
    }
