"""Requests that need no judgement of their own (docs/adr/0006)."""

from collections.abc import Collection
from enum import Enum
from typing import Final

from slimgate.core.admission.decision import Request
from slimgate.core.workloads.kinds import TEMPLATE_PATHS, GroupKind

JUDGED_OPERATIONS: Final = frozenset({"CREATE", "UPDATE"})
_CONTROLLERS: Final = (
    "cronjob-controller",
    "daemon-set-controller",
    "deployment-controller",
    "job-controller",
    "replicaset-controller",
    "replication-controller",
    "statefulset-controller",
)
_POD: Final = ("", "Pod")
_NODE: Final = "system:node:"

CONTROLLER_USERS: Final = frozenset(
    {
        *(f"system:serviceaccount:kube-system:{name}" for name in _CONTROLLERS),
        "system:kube-controller-manager",
    }
)
"""Who makes the objects of built-in controllers: with service accounts of their own, or without."""


class Skip(Enum):
    """Why a request is let through unjudged; the value is how metrics call it."""

    OPERATION = "operation"
    NO_IMAGES = "no_images"
    UNCHANGED = "unchanged"
    MIRROR = "mirror"
    OWNED = "owned"


def skip_of(
    request: Request,
    controllers: Collection[str] = CONTROLLER_USERS,
    owners: Collection[GroupKind] = TEMPLATE_PATHS,
) -> Skip | None:
    """Say why the request needs no judgement, None if it does.

    `controllers` are users who only copy the pod template of an owner; `owners` are the kinds
    that are judged themselves. Anyone can write an owner reference, so it never counts alone.
    """
    if request.operation not in JUDGED_OPERATIONS:
        return Skip.OPERATION
    workload = request.workload
    if workload is None or not workload.images:
        return Skip.NO_IMAGES
    if request.images_unchanged:
        return Skip.UNCHANGED
    if request.user.startswith(_NODE) and workload.group_kind == _POD:
        return Skip.MIRROR
    if request.user in controllers and workload.owner and workload.owner.group_kind in owners:
        return Skip.OWNED
    return None
