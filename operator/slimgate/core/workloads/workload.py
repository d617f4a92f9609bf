"""Workloads: objects that run images, reduced to what a verdict needs.

References come from init, regular and ephemeral containers and from image volumes.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum
from itertools import chain, islice
from typing import Final, TypeVar

from slimgate.core.json_object import JsonObject, labels_of, mapping_at, objects_at, text_at
from slimgate.core.workloads.kinds import TEMPLATE_PATHS, GroupKind, TemplatePaths

WorkloadKey = tuple[GroupKind, str, str]
"""A kind, a namespace and a name."""

Slot = tuple[bool, str]
"""A place for an image in a pod: whether it is a volume's, and its name among these."""

MAX_IMAGES: Final = 512
"""Images of one workload that are judged, one by one.

The API server takes pods of many thousand containers, and all of them would keep everybody else
waiting. No node starts that many: the kubelet takes 110 pods unless it is told otherwise.
"""

_MAX_KEPT: Final = 4 * MAX_IMAGES
"""Images of one workload that are kept, to compare them with those that it ran before."""
_GENERATED: Final = "*****"
MAX_WEIGHT: Final = 2**16
"""Characters that a workload may have where many are remembered: 512 images of 120 each.

The API server takes 1.4 million, of each of as many workloads as somebody likes.
"""
_MAX_GENERATED_FROM: Final = 58
"""Kubernetes makes a name of a generateName, cut to so much, and five characters of its own.

https://github.com/kubernetes/kubernetes/blob/v1.34.0/staging/src/k8s.io/apiserver/pkg/storage/names/generate.go
"""

T = TypeVar("T")


class Role(Enum):
    """What in a pod uses an image; the value is how messages call it."""

    INIT = "init container"
    CONTAINER = "container"
    EPHEMERAL = "ephemeral container"
    VOLUME = "image volume"
    IMAGE = "image"
    """An image that is judged by itself, outside a pod; it has no name beside its reference."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageUse:
    """One place in a pod template that names an image; `reference` is as the user wrote it."""

    role: Role
    name: str
    reference: str

    @property
    def slot(self) -> Slot:
        """What stays the same when the image changes: a volume may be named as a container is."""
        return self.role is Role.VOLUME, self.name


@dataclass(frozen=True, slots=True, kw_only=True)
class Owner:
    """The controller that made an object: its kind, and its name in the same namespace."""

    group: str = ""
    kind: str
    name: str
    uid: str = field(default="", compare=False)

    @property
    def group_kind(self) -> GroupKind:
        """Its kind, with the group of its API."""
        return self.group, self.kind


@dataclass(frozen=True, slots=True, kw_only=True)
class Workload:
    """A pod template and who it belongs to; `labels` are those of the workload itself.

    `group` is that of its API, empty for the core one. `vouched` says that `owner` made it: else
    that is only what somebody wrote. `beyond` counts the images that it has besides `images`.
    `unread` says why nothing of it is known but what names it, where that is so.
    """

    group: str = ""
    kind: str
    namespace: str
    name: str
    uid: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    images: tuple[ImageUse, ...] = ()
    beyond: int = 0
    unread: str = ""
    pull_secrets: tuple[str, ...] = ()
    service_account: str = "default"
    owner: Owner | None = None
    vouched: bool = False

    @property
    def group_kind(self) -> GroupKind:
        """Its kind, with the group of its API."""
        return self.group, self.kind

    @property
    def key(self) -> WorkloadKey:
        """What names it in a cluster."""
        return self.group_kind, self.namespace, self.name

    def of_owner(self, known: Mapping[WorkloadKey, T]) -> T | None:
        """Return what is known of its owner; None where there is neither."""
        if (owner := self.owner) is None:
            return None
        return known.get((owner.group_kind, self.namespace, owner.name))

    @property
    def judged(self) -> tuple[ImageUse, ...]:
        """The images that are judged one by one; of the others it is only known that they are."""
        return self.images[:MAX_IMAGES]

    @property
    def unjudged(self) -> tuple[ImageUse, ...]:
        """Those others."""
        return self.images[MAX_IMAGES:]

    @property
    def excess(self) -> str | None:
        """Say that it has more images than are judged, or may have; None if it has not."""
        if self.unread:
            return self.unread
        if len(self.images) <= MAX_IMAGES:
            return None
        count = f"{len(self.images) + self.beyond:,}"
        return f"it has {count} images, and slimgate judges {MAX_IMAGES} of a workload at most"

    @property
    def weight(self) -> int:
        """How many characters it takes to remember."""
        images = ((use.name, use.reference) for use in self.images)
        of_owner = () if self.owner is None else (self.owner.name, self.owner.uid, self.owner.kind)
        pairs = chain.from_iterable((*self.labels.items(), *images))
        return sum(map(len, (*pairs, *self.pull_secrets, self.service_account, *of_owner)))

    def to_remember(self) -> "Workload":
        """Return what of it is to be kept: where that is too much, only what names it."""
        if (weight := self.weight) <= MAX_WEIGHT:
            return self
        many = f"{weight:,} characters of images, labels and pull secrets"
        return Workload(
            group=self.group,
            kind=self.kind,
            namespace=self.namespace,
            name=self.name,
            uid=self.uid,
            unread=f"it has {many}, and slimgate remembers {MAX_WEIGHT:,} of a workload",
        )

    def __str__(self) -> str:
        return f"{self.kind.lower()} {self.namespace}/{self.name}"


def workload_of(
    manifest: JsonObject, template_paths: TemplatePaths = TEMPLATE_PATHS
) -> Workload | None:
    """Read a workload from an object as the API server sends it, with its apiVersion and kind.

    None if its kind has no pod template. Fields of a wrong type count as absent: the API server
    has validated built-in kinds already, and a CLI user gets its complaint from there.
    """
    group, kind = group_of(text_at(manifest, "apiVersion")), text_at(manifest, "kind")
    path = template_paths.get((group, kind))
    if path is None:
        return None
    metadata = mapping_at(manifest, "metadata")
    template = manifest
    for step in path:
        template = mapping_at(template, step)
    spec = mapping_at(template, "spec")
    uses = _image_uses(spec)
    images = tuple(islice(uses, _MAX_KEPT))
    return Workload(
        group=group,
        kind=kind,
        namespace=text_at(metadata, "namespace"),
        name=_name_in(metadata),
        uid=text_at(metadata, "uid"),
        labels=labels_of(metadata),
        images=images,
        beyond=sum(1 for _ in uses),
        pull_secrets=tuple(
            name for s in objects_at(spec, "imagePullSecrets") if (name := text_at(s, "name"))
        ),
        service_account=text_at(spec, "serviceAccountName") or "default",
        owner=owner_of(metadata),
    )


def _name_in(metadata: JsonObject) -> str:
    """Read its name; one that is yet to be made up is nobody's, and shows where it is unknown."""
    name, start = text_at(metadata, "name"), text_at(metadata, "generateName")
    return name if name or not start else f"{start[:_MAX_GENERATED_FROM]}{_GENERATED}"


def group_of(api_version: str) -> str:
    """Return the group of an apiVersion: apps for apps/v1, and nothing for v1."""
    return api_version.rpartition("/")[0]


def owner_of(metadata: JsonObject) -> Owner | None:
    """Read which controller made an object; its other owners do not matter."""
    for owner in objects_at(metadata, "ownerReferences"):
        if owner.get("controller") is True:
            return Owner(
                group=group_of(text_at(owner, "apiVersion")),
                kind=text_at(owner, "kind"),
                name=text_at(owner, "name"),
                uid=text_at(owner, "uid"),
            )
    return None


def selector_of(manifest: JsonObject) -> Mapping[str, str]:
    """Read the labels that a workload selects what it makes by."""
    selector = mapping_at(mapping_at(manifest, "spec"), "selector")
    return labels_of({"labels": selector.get("matchLabels")})


def _image_uses(spec: JsonObject) -> Iterator[ImageUse]:
    for role, key in (
        (Role.INIT, "initContainers"),
        (Role.CONTAINER, "containers"),
        (Role.EPHEMERAL, "ephemeralContainers"),
    ):
        for container in objects_at(spec, key):
            if image := text_at(container, "image"):
                yield ImageUse(role=role, name=text_at(container, "name"), reference=image)
    for volume in objects_at(spec, "volumes"):
        if image := text_at(mapping_at(volume, "image"), "reference"):
            yield ImageUse(role=Role.VOLUME, name=text_at(volume, "name"), reference=image)
