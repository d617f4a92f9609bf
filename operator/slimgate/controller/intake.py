"""Takes workloads of one kind in, whoever follows them, and hands them on."""

from collections.abc import Iterable, Mapping

from slimgate.controller.ledger import Key, observed_of
from slimgate.controller.ports import Kind
from slimgate.controller.reconciler import Reconciler
from slimgate.core.workload import JsonObject, mapping_at, objects_at, text_at, workload_of

TemplatePaths = Mapping[str, tuple[str, ...]]


class Intake:
    """Hands on what is its own master; it can stand behind a mirror as its sink."""

    def __init__(
        self,
        reconciler: Reconciler,
        kind: Kind,
        *,
        judged: Iterable[Kind],
        template_paths: TemplatePaths,
    ) -> None:
        self.kind = kind
        self._reconciler = reconciler
        self._judged = frozenset((one.group, one.name) for one in judged)
        self._template_paths = template_paths

    def takes(self, metadata: JsonObject) -> bool:
        """Whether an object is its own master.

        What a judged workload makes is judged with it: a Deployment's ReplicaSets and Pods.
        """
        owners = objects_at(metadata, "ownerReferences")
        return not any(o.get("controller") and _kind_of(o) in self._judged for o in owners)

    def concerns(self, metadata: JsonObject) -> bool:
        """Whether there is anything to do: an object that was taken may have a master by now."""
        return self.takes(metadata) or self._reconciler.knows(self._key(metadata))

    def put(self, obj: JsonObject) -> None:
        """Hear of an object that is new or has changed."""
        metadata = mapping_at(obj, "metadata")
        if not self.takes(metadata):
            self._reconciler.drop(self._key(metadata), text_at(metadata, "uid"))
            return
        # Items of a listing may come without their kind.
        resource: dict[str, object] = {**obj, "kind": self.kind.name}
        workload = workload_of(resource, self._template_paths)
        if workload is None:
            return
        key = Key(workload.kind, workload.namespace, workload.name)
        self._reconciler.observe(key, observed_of(self.kind, resource, workload))

    def drop(self, namespace: str, name: str, uid: str | None = None) -> None:
        """Hear that there is no such object any more; one made anew has another `uid`."""
        self._reconciler.drop(Key(self.kind.name, namespace, name), uid)

    def _key(self, metadata: JsonObject) -> Key:
        return Key(self.kind.name, text_at(metadata, "namespace"), text_at(metadata, "name"))


def _kind_of(owner: JsonObject) -> tuple[str, str]:
    """Read an owner's group and kind: others have a Job, too."""
    group, _, _ = text_at(owner, "apiVersion").rpartition("/")
    return group, text_at(owner, "kind")
