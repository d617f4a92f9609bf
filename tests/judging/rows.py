"""The table's rows: what is applied, by what it is judged, and what is to be said of it.

`new` and `old` name images of the stock by container, as `web`, `init/db`, `volume/data` or
`ephemeral/debug`. `says` are the findings of the new workload, each as `web pullSize deny`; `*` is
the workload as a whole. `grown` are those where the old one is known, if they differ, and `later`
those once the registry's faults (`down`: a kind of request, a registry, a digest's name) are
over. `owner` is a kind of which somebody says that one called `web` made the workload. Of
an `unseen` namespace the mirrors have not heard yet. Of the `nodes`, `crio` are those that run
CRI-O; `alone` is what is said by files alone, which tell nothing of nodes, if that differs. `ran`
are templates that the workload had before; with `strange` another of its name had them. `created`
and `updated` are what the webhook does, and `then` what it does with the first later, if that
differs.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Self

import yaml

from tests.engine.cluster import node
from tests.judging.stock import reference

Json = dict[str, Any]
_TABLE: Final = Path(__file__).with_name("table.yaml")
_ROLES: Final = {
    "init": "initContainers",
    "container": "containers",
    "ephemeral": "ephemeralContainers",
}
_PATHS: Final[Mapping[str, tuple[str, ...]]] = {
    "v1/Pod": (),
    "batch/v1/CronJob": ("spec", "jobTemplate", "spec", "template"),
}
GROUP: Final = "slimgate.dev/v1alpha1"
NAMESPACE: Final = "shop"


@dataclass(frozen=True, kw_only=True)
class Row:
    """One workload."""

    name: str
    policies: Mapping[str, Json]
    new: Mapping[str, str]
    old: Mapping[str, str] | None = None
    kind: str = "apps/v1/Deployment"
    owner: str | None = None
    unseen: bool = False
    labels: Mapping[str, str] = field(default_factory=dict)
    ran: Sequence[Mapping[str, str]] = ()
    strange: bool = False
    exceptions: Sequence[Json] = ()
    bases: Mapping[str, Json] = field(default_factory=dict)
    nodes: Sequence[str] = ("amd64",)
    crio: Sequence[str] = ()
    down: Sequence[str] = ()
    says: Sequence[str] = ()
    alone: Sequence[str] | None = None
    grown: Sequence[str] | None = None
    later: Sequence[str] | None = None
    created: str = "admitted"
    then: str | None = None
    updated: str | None = None

    @classmethod
    def of(cls, raw: Json) -> Self:
        """Read a row; a key that is none is a mistake."""
        policy = raw.pop("policy", None)
        if policy is not None:
            raw["policies"] = {"slim": policy}
        return cls(**raw)

    @property
    def objects(self) -> list[Json]:
        """Everything that judges, as the API server has it."""
        found = [
            _slimgate("SlimPolicy", n, {"mode": "Enforce", **s}) for n, s in self.policies.items()
        ]
        for number, spec in enumerate(self.exceptions):
            whole = {
                "policyRefs": ["slim"],
                "reason": "a test",
                "expirationTime": "2999-01-31T00:00:00Z",
                **spec,
            }
            found.append(_slimgate("SlimException", f"e{number}", whole, namespace=NAMESPACE))
        for name, spec in self.bases.items():
            references = [reference(one) for one in spec.get("references", [name])]
            found.append(_slimgate("BaseImage", name, {**spec, "references": references}))
        labels = {"kubernetes.io/metadata.name": NAMESPACE, **self.labels}
        found.append(
            {
                "apiVersion": "v1",
                "kind": "Namespace",
                "metadata": {"name": NAMESPACE, "labels": labels},
            }
        )
        return found

    @property
    def node_objects(self) -> list[Json]:
        """What the cluster tells of its nodes."""
        runtimes = dict.fromkeys(self.crio, "cri-o://1.34.1")
        return [node(one, one, runtimes.get(one, "containerd://2.1.4")) for one in self.nodes]

    @property
    def revisions(self) -> list[Json]:
        """What the cluster keeps of former templates."""
        api_version, _, kind = self.kind.rpartition("/")
        uid = "another" if self.strange else "u"
        owner = {
            "apiVersion": api_version,
            "kind": kind,
            "name": "web",
            "uid": uid,
            "controller": True,
        }
        found = []
        for number, images in enumerate(self.ran):
            template = self.workload(images)["spec"]["template"]
            metadata = {
                "name": f"web-{number}",
                "namespace": NAMESPACE,
                "uid": f"r{number}",
                "labels": {"app": "web"},
                "ownerReferences": [owner],
            }
            held: Json = {"kind": "ReplicaSet", "spec": {"template": template}}
            if kind in {"StatefulSet", "DaemonSet"}:
                held = {"kind": "ControllerRevision", "data": {"spec": {"template": template}}}
            found.append({"apiVersion": "apps/v1", "metadata": metadata, **held})
        return found

    def workload(self, images: Mapping[str, str]) -> Json:
        """Write the workload's object, as the API server has it."""
        spec: Json = {}
        for place, image in images.items():
            role, _, name = place.rpartition("/")
            if role == "volume":
                entry = {"name": name, "image": {"reference": reference(image)}}
                spec.setdefault("volumes", []).append(entry)
            else:
                entry = {"name": name, "image": reference(image)}
                spec.setdefault(_ROLES[role or "container"], []).append(entry)
        api_version, _, kind = self.kind.rpartition("/")
        whole: Json = {
            "apiVersion": api_version,
            "kind": kind,
            "metadata": {
                "name": "web",
                "namespace": NAMESPACE,
                "uid": "u",
                "labels": {"app": "web"},
            },
        }
        if self.owner:
            group, _, kind = self.owner.rpartition("/")
            owner = {"apiVersion": group, "kind": kind, "name": "web", "uid": "o"}
            whole["metadata"]["ownerReferences"] = [{**owner, "controller": True}]
        if self.kind.startswith(("apps/", "argoproj.io/")):
            whole["spec"] = {"selector": {"matchLabels": {"app": "web"}}}
        at = whole
        for step in _PATHS.get(self.kind, ("spec", "template")):
            at = at.setdefault(step, {})
        at["spec"] = spec
        return whole


def rows() -> list[Row]:
    """Read the table."""
    return [Row.of(raw) for raw in yaml.safe_load(_TABLE.read_text(encoding="utf-8"))]


def _slimgate(kind: str, name: str, spec: Json, **more: str) -> Json:
    return {
        "apiVersion": GROUP,
        "kind": kind,
        "metadata": {"name": name, "generation": 1, **more},
        "spec": spec,
    }
