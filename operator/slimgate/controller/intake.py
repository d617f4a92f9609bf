"""Takes objects of one kind from kopf or from a mirror, and hands on those to judge."""

import logging
from dataclasses import replace
from typing import Final

from slimgate.controller.ledger import Key, Observed, marks_of, observed_of
from slimgate.controller.owners import Owners
from slimgate.controller.reconciler import COPIES, Reconciler
from slimgate.core.json_object import JsonObject, text_at
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

    def takes(self, metadata: JsonObject) -> bool:
        """Whether an object is judged itself, and not with its owner."""
        return not self._owners.cover(owner_of(metadata))

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

    def put(self, obj: JsonObject) -> None:
        """Hear of an object that is new or has changed."""
        # Items of a listing may come without their kind.
        api_version, kind = self.kind.api_version, self.kind.kind
        resource: dict[str, object] = {**obj, "apiVersion": api_version, "kind": kind}
        workload = workload_of(resource, self._template_paths)
        if workload is None:
            return
        key = Key(self.kind, workload.namespace, workload.name)
        observed = observed_of(self.kind, resource, workload)
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
            lasting = not self._owners.may_change(observed.workload.owner)
            is_copy = self.kind == COPIES
            if is_copy:
                self._reconciler.copied(key, observed)
            if not (is_copy and lasting) or self._reconciler.knows(key):
                self._reconciler.release(key, observed, lasting=lasting)
        else:
            self._reconciler.observe(key, observed)

    def drop(self, namespace: str, name: str, uid: str | None = None) -> None:
        """Hear that there is no such object any more; one made anew has another `uid`."""
        key = Key(self.kind, namespace, name)
        if self._is_extra:
            self._owners.drop(key)
        self._reconciler.drop(key, uid)

    def _lacks_template(self, observed: Observed) -> bool:
        return self._is_extra and not observed.workload.images

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
