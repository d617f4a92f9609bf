"""What the demo is for, each part the output of a real component."""

import json
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from examples.demo import manifests, table
from examples.demo.cluster import SYSTEM, Cluster
from examples.demo.errors import DemoError
from examples.demo.images import KINDS
from examples.demo.manifests import NAMESPACE, POLICY
from examples.demo.programs import LOG, Programs, Result, wait_for
from examples.demo.progress import command, heading, write

ANNOTATIONS: Final = ("slimgate.dev/verdict", "slimgate.dev/summary")
NODE_METRICS: Final = "slimgate_node_"
_TRUNCATED: Final = "slimgate_node_image_list_truncated{"
_IMAGES: Final = "slimgate_node_images{"
_LAB_IMAGES: Final = len(KINDS)
"""In use on the lab's node: those of the workloads that were admitted, and slimgate's own."""
_RECORDED_SECONDS: Final = 60.0
_MEASURED_SECONDS: Final = 120.0
_ANSWERS_SECONDS: Final = 60.0
_SERVICE: Final = f"/api/v1/namespaces/{NAMESPACE}/services/hello-soya:http/proxy"


def verdict(programs: Programs, kind: str) -> str:
    """Return what the command line says of one image, as soon as there is one."""
    (row,) = table.judged(programs, _check([kind]))
    return row.verdict


def _check(kinds: Sequence[str]) -> list[str]:
    files = [manifests.deployment(kind) for kind in kinds]
    return table.check_command(files, manifests.POLICY_FILE, NAMESPACE)


def images(programs: Programs) -> None:
    """Show the three images as the command line sees them, which needs no cluster."""
    heading(1, "One program, three images, judged by one policy")
    argv = _check(KINDS)
    command(f"slimgate {shlex.join(argv)}   # as a table")
    table.show(table.judged(programs, argv))


@dataclass(frozen=True, slots=True, kw_only=True)
class Show:
    """Shows what a cluster does, part by part."""

    cluster: Cluster

    def all(self) -> None:
        """Show all of them."""
        self.denial()
        self.warning()
        self.running()
        self.policies()
        self.annotations()
        self.node()

    def denial(self) -> None:
        """Show how the API server refuses the fat image."""
        heading(2, "The API server refuses the fat one")
        result = self.apply("fat")
        if not result.code:
            raise DemoError(f"the fat Deployment was admitted (whole output: {LOG})")

    def warning(self) -> None:
        """Show how the API server warns of the semi-skimmed image."""
        heading(3, "It warns of the semi-skimmed one")
        self.must_apply("semi")

    def running(self) -> None:
        """Show that the soya image runs and answers."""
        heading(4, "The soya one runs, and its pod answers")
        self.must_apply("soya")
        self.cluster.rolled_out(NAMESPACE, "hello-soya")
        self.kubectl("get", "pods", "-n", NAMESPACE, "-l", "app.kubernetes.io/component=soya")
        wait_for("the soya pod does not answer", _ANSWERS_SECONDS, self.answers)
        self.kubectl("get", "--raw", f"{_SERVICE}/healthz")
        user = Path(manifests.FOLDER / "user.json")
        user.write_text('{"name": "Ada", "email": "ada@example.com"}\n', encoding="utf-8")
        self.kubectl("create", "--raw", f"{_SERVICE}/users", "-f", str(user))

    def answers(self) -> bool | None:
        """Tell whether the Service leads to the pod, which it does a little after that is ready."""
        return not self.cluster.attempt("get", "--raw", f"{_SERVICE}/healthz").code or None

    def policies(self) -> None:
        """Show the policy once its status counts the two workloads that were admitted."""
        heading(5, "The policy's own account")
        wait_for("the policy's status counts nothing", _RECORDED_SECONDS, self.counted)
        self.kubectl("get", "slimpolicies")

    def counted(self) -> bool | None:
        """Tell whether the policy's status knows both workloads."""
        text = self.cluster.kubectl("get", "slimpolicy", POLICY, "-o", "json")
        status = json.loads(text).get("status", {})
        return status.get("workloads", 0) >= len(KINDS) - 1 or None

    def annotations(self) -> None:
        """Show what the controller writes on workloads that are over policy."""
        heading(6, "What the controller writes on workloads that are over policy")
        wait_for("no workload has a verdict", _RECORDED_SECONDS, self.annotated)
        escaped = [name.replace(".", r"\.") for name in ANNOTATIONS]
        columns = ["NAME:.metadata.name"]
        columns += [
            f"{name.rpartition('/')[2].upper()}:.metadata.annotations.{path}"
            for name, path in zip(ANNOTATIONS, escaped, strict=True)
        ]
        self.kubectl(
            "get", "deployments", "-n", NAMESPACE, "-o", f"custom-columns={','.join(columns)}"
        )

    def annotated(self) -> bool | None:
        """Tell whether the workload that is warned of has its annotations."""
        text = self.cluster.kubectl("get", "deployments", "-n", NAMESPACE, "-o", "json")
        found = [one["metadata"].get("annotations", {}) for one in json.loads(text)["items"]]
        return any(all(name in one for name in ANNOTATIONS) for one in found) or None

    def node(self) -> None:
        """Show what images take on the nodes' disks, from the controller's metrics."""
        heading(7, "What images take on each node's disk")
        path = f"/api/v1/namespaces/{SYSTEM}/pods/{self.controller()}:8080/proxy/metrics"
        lines = wait_for("no node was measured", _MEASURED_SECONDS, lambda: self.node_metrics(path))
        command(f"kubectl get --raw {path} | grep ^{NODE_METRICS}")
        write("\n".join(lines))

    def controller(self) -> str:
        """Return the name of the pod that leads, as its Lease says."""
        lease = self.cluster.kubectl(
            "get", "lease", "slimgate-controller", "-n", SYSTEM, "-o", "json"
        )
        holder = str(json.loads(lease)["spec"].get("holderIdentity") or "")
        if not holder:
            raise DemoError(f"no controller leads (whole output: {LOG})")
        return holder.rpartition("_")[0]

    def node_metrics(self, path: str) -> Sequence[str] | None:
        """Return the lines of metrics that speak of nodes; None while there are none.

        The lab's kubelet tells of its images only some seconds after it has pulled them. Others
        may have more than the 50 that a kubelet tells of, and are not waited for.
        """
        text = self.cluster.kubectl("get", "--raw", path)
        lines = [line for line in text.splitlines() if line.startswith(NODE_METRICS)]
        if self.cluster.target.lab and (any(map(_is_cut, lines)) or _used(lines) < _LAB_IMAGES):
            return None
        return lines or None

    def must_apply(self, kind: str) -> None:
        """Deploy one of the images, which must be admitted."""
        result = self.apply(kind)
        if result.code:
            raise DemoError(f"the {kind} Deployment was refused (whole output: {LOG})")

    def apply(self, kind: str) -> Result:
        """Deploy one of the images and show all that kubectl says."""
        argv = self.cluster.apply_command(kind)
        command(f"kubectl {shlex.join(map(str, argv))}")
        result = self.cluster.attempt(*argv)
        write((result.err + result.out).rstrip())
        return result

    def kubectl(self, *argv: str) -> None:
        """Run kubectl and show the command and its output."""
        command(f"kubectl {shlex.join(argv)}")
        write(self.cluster.kubectl(*argv).rstrip())


def _used(lines: Sequence[str]) -> float:
    """Return how many images are known to be in use."""
    found = (line for line in lines if line.startswith(_IMAGES) and 'state="used"' in line)
    return sum(float(line.split()[-1]) for line in found)


def _is_cut(line: str) -> bool:
    """Whether a metric says that a node has not told of all its images."""
    return line.startswith(_TRUNCATED) and line.endswith(" 1.0")
