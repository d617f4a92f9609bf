"""Takes workloads of one kind in, whoever follows them, and hands them on."""

import logging
from typing import Final

from slimgate.controller.ledger import Key, Observed, marks_of, observed_of
from slimgate.controller.masters import Masters
from slimgate.controller.reconciler import COPIES, Reconciler
from slimgate.core.kinds import Kind, template_paths
from slimgate.core.workload import JsonObject, Workload, owner_of, text_at, workload_of

_LOG: Final = logging.getLogger(__name__)


class Intake:
    """Hands on what is its own master; it can stand behind a mirror as its sink."""

    def __init__(
        self,
        reconciler: Reconciler,
        kind: Kind,
        *,
        masters: Masters,
    ) -> None:
        self.kind = kind
        self._reconciler = reconciler
        self._masters = masters
        self._is_extra = masters.is_extra(kind)
        self._template_paths = template_paths([kind])
        self._warned = False

    def takes(self, metadata: JsonObject) -> bool:
        """Whether an object is its own master.

        What a judged workload makes is judged with it: a Deployment's ReplicaSets and Pods.
        """
        return not self._masters.answers(owner_of(metadata))

    def concerns(self, metadata: JsonObject) -> bool:
        """Whether there is anything to do: an object that was taken may have a master by now.

        So it may have while nobody watched; then it carries what was said of it.
        """
        master = owner_of(metadata)
        return (
            not self._masters.answers(master)
            or self._masters.may_change(master)
            or self._reconciler.knows(self._key(metadata))
            or (self.kind != COPIES and any(marks_of(metadata)))
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
            hollow = self._is_hollow(observed)
            self._masters.put(self.kind, key, workload.uid, hollow=hollow)
            if hollow:
                self._warn(workload)
        self.settle(key, observed)

    def settle(self, key: Key, observed: Observed) -> None:
        """Have a workload judged, or left to its master."""
        if self._is_hollow(observed) or self._masters.answers(observed.master):
            lasting = not self._masters.may_change(observed.master)
            self._reconciler.release(key, observed, lasting=lasting)
        else:
            self._reconciler.observe(key, observed)

    def drop(self, namespace: str, name: str, uid: str | None = None) -> None:
        """Hear that there is no such object any more; one made anew has another `uid`."""
        key = Key(self.kind, namespace, name)
        if self._is_extra:
            self._masters.drop(key)
        self._reconciler.drop(key, uid)

    def _is_hollow(self, observed: Observed) -> bool:
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
