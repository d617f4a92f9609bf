"""Takes workloads of one kind in, whoever follows them, and hands them on."""

from collections.abc import Iterable, Mapping

from slimgate.controller.ledger import Key, observed_of
from slimgate.controller.ports import Kind
from slimgate.controller.reconciler import Reconciler
from slimgate.core.workload import JsonObject, mapping_at, objects_at, workload_of

TemplatePaths = Mapping[str, tuple[str, ...]]


class Intake:
    """Hands on what is its own master; it can stand behind a mirror as its sink."""

    def __init__(
        self,
        reconciler: Reconciler,
        kind: Kind,
        *,
        judged: Iterable[str],
        template_paths: TemplatePaths,
    ) -> None:
        self.kind = kind
        self._reconciler = reconciler
        self._judged = frozenset(judged)
        self._template_paths = template_paths

    def takes(self, metadata: JsonObject) -> bool:
        """Whether an object is its own master.

        What a judged workload makes is judged with it: a Deployment's ReplicaSets and Pods.
        """
        owners = objects_at(metadata, "ownerReferences")
        return not any(o.get("controller") and o.get("kind") in self._judged for o in owners)

    def put(self, obj: JsonObject) -> None:
        """Hear of an object that is new or has changed."""
        if not self.takes(mapping_at(obj, "metadata")):
            return
        # Items of a listing may come without their kind.
        resource: dict[str, object] = {**obj, "kind": self.kind.name}
        workload = workload_of(resource, self._template_paths)
        if workload is None:
            return
        key = Key(workload.kind, workload.namespace, workload.name)
        self._reconciler.observe(key, observed_of(self.kind, resource, workload))

    def drop(self, namespace: str, name: str) -> None:
        """Hear that there is no such object any more."""
        self._reconciler.drop(Key(self.kind.name, namespace, name))
