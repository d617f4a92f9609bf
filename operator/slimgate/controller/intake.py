"""Takes objects of one kind from kopf or from a mirror, and hands on those to judge."""

import logging
from collections.abc import Set as AbstractSet
from dataclasses import replace
from typing import Final

from slimgate.controller.ledger import Key, Observed, marks_of, observed_of
from slimgate.controller.owners import Owners
from slimgate.controller.reconciler import Reconciler
from slimgate.controller.recording import COPIES
from slimgate.core.json_object import JsonObject, mapping_at, text_at
from slimgate.core.workloads.kinds import Kind, template_paths
from slimgate.core.workloads.workload import Workload, owner_of, workload_of

_LOG: Final = logging.getLogger(__name__)


class Intake:
    """Hands on what no owner's verdict covers; it is a mirror's sink, too."""

    def __init__(
        self,
        reconciler: Reconciler,
        kind: Kind,
        *,
        owners: Owners,
    ) -> None:
        self.kind = kind
        self._reconciler = reconciler
        self._owners = owners
        self._is_extra = owners.is_extra(kind)
        self._template_paths = template_paths([kind])
        self._warned = False
        self._left: dict[str, str] = {}
        """What kopf remembers, by uid: the version that it has not handed on yet, if there is."""
        self._gone: set[str] = set()
        """Deleted objects by uid, while kopf may still hand on what became of them before."""

    def concerns(self, metadata: JsonObject) -> bool:
        """Whether there is anything to do.

        An object that was judged itself may have an owner by now. If that came about while nobody
        watched, it carries annotations. ReplicaSets have copies of their owner's.
        """
        owner = owner_of(metadata)
        return (
            not self._owners.cover(owner)
            or self._owners.may_change(owner)
            or self._reconciler.knows(self._key(metadata))
            or any(marks_of(metadata))
        )

    def spares(self, event: str, obj: JsonObject) -> bool:
        """Whether kopf need not hear of an event: it is of no concern, or changes nothing.

        The latter is taken at once. Most are echoes: of annotations that the controller has
        written, or of Kubernetes' own statuses. Nothing overtakes what kopf has yet to hand on,
        and kopf remembers an object until it hears of its deletion.
        """
        metadata = mapping_at(obj, "metadata")
        uid = text_at(metadata, "uid")
        left = self._left.get(uid)
        if left is None and not self.concerns(metadata):
            return True
        if event == "DELETED":
            self._left.pop(uid, None)
            self._gone.add(uid)
            return False
        if not left and self._takes_echo(obj):
            return True
        self._left[uid] = text_at(metadata, "resourceVersion")
        return False

    def listed(self, uids: AbstractSet[str]) -> None:
        """Hear which objects there are: by then kopf has handed on all that it heard before."""
        self._left = {uid: "" for uid in self._left if uid in uids}
        self._gone.clear()

    def _takes_echo(self, obj: JsonObject) -> bool:
        if (found := self._read(obj)) is None:
            return False
        key, observed = found
        owner = observed.workload.owner
        if owner is None:
            return self._reconciler.echoes(key, observed)
        is_copy = self._is_lasting_copy(key, observed)
        if is_copy:
            self._reconciler.copied(key, observed)
        return is_copy

    def _is_lasting_copy(self, key: Key, observed: Observed) -> bool:
        """Whether it is a ReplicaSet that its owner is judged for, whatever becomes of kinds."""
        owner = observed.workload.owner
        covered = self._owners.cover(owner) and not self._owners.may_change(owner)
        return self.kind == COPIES and covered and not self._reconciler.has(key)

    def _read(self, obj: JsonObject) -> tuple[Key, Observed] | None:
        # Items of a listing may come without their kind.
        api_version, kind = self.kind.api_version, self.kind.kind
        resource: dict[str, object] = {**obj, "apiVersion": api_version, "kind": kind}
        workload = workload_of(resource, self._template_paths)
        if workload is None:
            return None
        key = Key(self.kind, workload.namespace, workload.name)
        return key, observed_of(self.kind, resource, workload.to_remember())

    def put(self, obj: JsonObject) -> None:
        """Hear of an object that is new or has changed."""
        metadata = mapping_at(obj, "metadata")
        uid = text_at(metadata, "uid")
        if self._left.get(uid) == text_at(metadata, "resourceVersion"):
            self._left[uid] = ""
        # kopf keeps the order of one object's events. Another of its name may be known by now.
        if uid in self._gone:
            return
        if (found := self._read(obj)) is None:
            return
        key, observed = found
        workload = observed.workload
        if self._is_extra:
            without_template = self._lacks_template(observed)
            self._owners.put(self.kind, key, workload.uid, without_template=without_template)
            if without_template:
                self._warn(workload)
        self.settle(key, observed)

    def settle(self, key: Key, observed: Observed) -> None:
        """Have a workload judged, or held for its owner."""
        vouched = self._owners.vouch(observed.workload)
        observed = replace(observed, workload=replace(observed.workload, vouched=vouched))
        if self._lacks_template(observed) or self._owners.cover(observed.workload.owner):
            if self.kind == COPIES:
                self._reconciler.copied(key, observed)
            if not self._is_lasting_copy(key, observed):
                lasting = not self._owners.may_change(observed.workload.owner)
                self._reconciler.release(key, observed, lasting=lasting)
        else:
            self._reconciler.observe(key, observed)

    def drop(self, namespace: str, name: str, uid: str | None = None) -> None:
        """Hear that there is no such object any more; one made anew has another `uid`."""
        key = Key(self.kind, namespace, name)
        self._gone.discard(uid or "")
        if self._is_extra:
            self._owners.drop(key)
        self._reconciler.drop(key, uid)

    def _lacks_template(self, observed: Observed) -> bool:
        workload = observed.workload
        return self._is_extra and not (workload.images or workload.unread)

    def _warn(self, workload: Workload) -> None:
        if not self._warned:
            self._warned = True
            path = ".".join(self.kind.template or ())
            _LOG.warning(
                "%s names no images in a pod template at %s, so what it owns is judged instead; "
                "if it has a pod template, correct its templatePath in extraKinds",
                workload,
                path,
            )

    def _key(self, metadata: JsonObject) -> Key:
        return Key(self.kind, text_at(metadata, "namespace"), text_at(metadata, "name"))
