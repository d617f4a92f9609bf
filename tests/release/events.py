"""What happens to a release that is being asked: the rows of the table of life."""

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from tests.chart.helm import Object
from tests.cluster.disks import ctr
from tests.live.api import eventually
from tests.release.release import Release

HOOK: Final = "validatingwebhookconfiguration/slimgate"
_WEBHOOK: Final = "app.kubernetes.io/component=webhook"
_CERTIFICATE: Final = "slimgate-webhook-tls"
FORCED: Final = ("--force", "--grace-period=0")
MENDED_SECONDS: Final = 5.0
NOTICED_SECONDS: Final = 2.0
"""Until kubelet and kube-proxy have seen that a process is gone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something that happens, and for how many seconds nothing may be there to answer."""

    name: str
    run: Callable[[Release], None]
    unanswered: float = 0.0


def pods(release: Release) -> list[Object]:
    """Return the webhook's pods that are not ending."""
    found = release.get("pods", "-l", _WEBHOOK)["items"]
    return [one for one in found if "deletionTimestamp" not in one["metadata"]]


def _ready(one: Object) -> bool:
    conditions = one.get("status", {}).get("conditions", [])
    return any(c["type"] == "Ready" and c["status"] == "True" for c in conditions)


def settled(release: Release, without: str = "") -> None:
    """Wait until there are as many ready pods as should be, none of them this one."""
    eventually(
        lambda: (
            [_ready(one) and one["metadata"]["name"] != without for one in pods(release)]
            == [True, True]
        ),
        "two ready webhook pods",
        60,
    )


def rolled_out(release: Release, role: str) -> None:
    """Wait until a role's new pods have replaced the old ones."""
    name = f"deployment/slimgate-{role}"
    release.kubectl("rollout", "status", name, "-n", release.namespace, "--timeout=55s")


def restart(role: str) -> Callable[[Release], None]:
    """Return what restarts a role."""

    def run(release: Release) -> None:
        name = f"deployment/slimgate-{role}"
        release.kubectl("rollout", "restart", name, "-n", release.namespace)
        rolled_out(release, role)

    return run


def delete(*options: str) -> Callable[[Release], None]:
    """Return what deletes one of the webhook's pods."""

    def run(release: Release) -> None:
        name = pods(release)[0]["metadata"]["name"]
        release.kubectl("delete", "pod", name, "-n", release.namespace, "--wait=false", *options)
        settled(release, without=name)

    return run


def evict(release: Release) -> None:
    """Evict one of the webhook's pods, as a drain does."""
    name, namespace = pods(release)[0]["metadata"]["name"], release.namespace
    body = {
        "apiVersion": "policy/v1",
        "kind": "Eviction",
        "metadata": {"name": name, "namespace": namespace},
    }
    path = f"/api/v1/namespaces/{namespace}/pods/{name}/eviction"
    release.kubectl("create", "--raw", path, "-f", "-", stdin=json.dumps(body))
    settled(release, without=name)


def drain_only_node(release: Release) -> None:
    """Drain the node, where there is no other: it gives up, as one pod must stay, and is undone."""
    node = release.lab.node_name
    try:
        drained = drain(release, node, seconds=20)
        assert drained.returncode
        assert "violate the pod's disruption budget" in drained.stderr + drained.stdout
        assert len([one for one in pods(release) if _ready(one)]) == 1
    finally:
        release.kubectl("uncordon", node)
    settled(release)


def drain(release: Release, node: str, seconds: int) -> subprocess.CompletedProcess[str]:
    """Drain a node as an administrator does, who waits for so long."""
    options = ("--ignore-daemonsets", "--delete-emptydir-data", f"--timeout={seconds}s")
    return release.kubectl.attempt("drain", node, *options)


def kill(release: Release) -> None:
    """End the process of one of the webhook's containers, as a lack of memory does."""
    (status,) = pods(release)[0]["status"]["containerStatuses"]
    container = status["containerID"].removeprefix("containerd://")
    lines = [line.split() for line in ctr(release.lab, "tasks", "list").splitlines()]
    (pid,) = [int(words[1]) for words in lines if words[0] == container]
    os.kill(pid, signal.SIGKILL)
    eventually(
        lambda: any(
            status["restartCount"]
            for one in pods(release)
            for status in one["status"]["containerStatuses"]
        ),
        "a restart of the container",
        60,
    )
    settled(release)


def away(role: str, replicas: int, seconds: float) -> Callable[[Release], None]:
    """Return what takes all pods of a role away for some time."""

    def scale(release: Release, count: int) -> None:
        name = f"deployment/slimgate-{role}"
        release.kubectl("scale", name, "-n", release.namespace, f"--replicas={count}")

    def run(release: Release) -> None:
        scale(release, 0)
        time.sleep(seconds)
        scale(release, replicas)
        rolled_out(release, role)

    return run


def secret_made_anew(release: Release) -> float:
    """Delete the certificate's Secret, and return after how many seconds another is there."""
    before = release.get("secret", _CERTIFICATE)["data"]["tls.crt"]
    release.kubectl("delete", "secret", _CERTIFICATE, "-n", release.namespace)

    def another() -> bool:
        found = release.get("secret", "--field-selector", f"metadata.name={_CERTIFICATE}")["items"]
        return any(one["data"]["tls.crt"] != before for one in found)

    began = time.monotonic()
    eventually(another, "another certificate", 60)
    return time.monotonic() - began


def rotate(release: Release) -> None:
    """Delete the certificate's Secret, and wait until another is served."""
    secret_made_anew(release)
    # Kubelets bring it to the pods within a second or two.
    time.sleep(5)


def upgrade(changes: dict[str, Any]) -> Callable[[Release], None]:
    """Return what upgrades to changed values, and so replaces all pods."""

    def run(release: Release) -> None:
        release.upgrade(changes)

    return run


def roll_back(release: Release) -> None:
    """Go back to the first revision, and so replace all pods."""
    release.rollback(1)


def empty_bundle(release: Release) -> None:
    """Empty the caBundle, as a tool does that renders it, and wait until it is mended."""
    patch = [{"op": "remove", "path": "/webhooks/0/clientConfig/caBundle"}]
    release.kubectl("patch", HOOK, "--type=json", "-p", json.dumps(patch))
    began = time.monotonic()
    eventually(
        lambda: release.get(HOOK)["webhooks"][0]["clientConfig"].get("caBundle"), "the CA", 60
    )
    assert time.monotonic() - began < MENDED_SECONDS


EVENTS: Final = (
    Event(name="nothing", run=lambda _: time.sleep(10)),
    Event(name="`helm upgrade`", run=upgrade({"config": {"logFormat": "Text"}})),
    Event(name="`helm rollback`", run=roll_back),
    Event(name="`kubectl rollout restart` of the webhook", run=restart("webhook")),
    Event(name="`kubectl rollout restart` of the controller", run=restart("controller")),
    Event(name="a webhook pod deleted", run=delete()),
    Event(name="a webhook pod evicted", run=evict),
    Event(name="`kubectl drain` of the only node, given up after 20 s", run=drain_only_node),
    Event(
        name="a webhook pod deleted by force",
        run=delete(*FORCED),
        unanswered=NOTICED_SECONDS,
    ),
    Event(name="a webhook process killed (SIGKILL)", run=kill, unanswered=NOTICED_SECONDS),
    Event(name="the certificate's Secret deleted", run=rotate),
    Event(name="the controller away for five minutes", run=away("controller", 1, 300)),
    Event(name="the `caBundle` emptied", run=empty_bundle, unanswered=MENDED_SECONDS),
    Event(name="all webhook pods away", run=away("webhook", 2, 10), unanswered=60),
)
