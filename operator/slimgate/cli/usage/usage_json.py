"""Images and disks for other programs: one document, whose fields docs/usage.md describes."""

from collections.abc import Sequence
from typing import Final

from slimgate.cli.usage.disks import largest_first, own_of, whole_of
from slimgate.cli.usage.images import Usage, UsedImage, together
from slimgate.cli.usage.pulled import pulls_document, pulls_on
from slimgate.core.images.facts import Inspection
from slimgate.core.images.facts_json import inspection_to_json
from slimgate.core.json_object import JsonDocument
from slimgate.core.nodes.disk import ImageDisk, NodeDisk
from slimgate.core.nodes.pulls import NO_PULLS, PullTable
from slimgate.core.nodes.space import space_of
from slimgate.core.nodes.stored import NOTHING, Stored

SCHEMA: Final = 1


def top_document(usage: Usage, *, number: int | None = None) -> JsonDocument:
    """Write the images, the most to pull first, `number` of them at most."""
    total, known = together(usage.images)
    shown = usage.images[:number]
    return {
        "schema": SCHEMA,
        "namespace": usage.namespace,
        "togetherPullBytes": total,
        "complete": known,
        "omitted": len(usage.images) - len(shown),
        "notes": list(usage.notes),
        "images": [_image(image) for image in shown],
    }


def nodes_document(
    disks: Sequence[NodeDisk],
    pulls: PullTable | None = None,
    notes: Sequence[str] = (),
    *,
    number: int | None = None,
    namespace: str | None = None,
) -> JsonDocument:
    """Write the nodes with their images, those with the most on disk first.

    With a namespace, only the images that it uses; what is said of a node as a whole remains.
    """
    shown = largest_first(disks, namespace)[:number]
    return {
        "schema": SCHEMA,
        "namespace": namespace,
        "omitted": len(disks) - len(shown),
        "notes": list(notes),
        "nodes": [_node(disk, namespace, pulls) for disk in shown],
    }


def _image(image: UsedImage) -> JsonDocument:
    known = image.seen if isinstance(image.seen, Inspection) else None
    return {
        "reference": image.reference,
        "pullBytes": image.pull,
        "error": None if known else str(image.seen),
        "usedBy": [
            {"kind": user.kind, "namespace": user.namespace, "name": user.name}
            for user in image.users
        ],
        "inspection": inspection_to_json(known) if known else None,
    }


def _node(disk: NodeDisk, namespace: str | None, pulls: PullTable | None) -> JsonDocument:
    users = sorted(disk.namespaces.whole) if namespace is None else [namespace]
    shares, space = disk.owners.namespaces, space_of(disk)
    of_disk = _nothing if disk.unknown else stored_document
    of_node = of_images = None
    if pulls is not None:
        of_node, of_images = pulls.sums().nodes.get(disk.node, NO_PULLS), pulls_on(disk, pulls)
    return {
        "name": disk.node,
        "runtime": disk.runtime.value,
        "complete": disk.complete,
        "total": of_disk(disk.total),
        "unused": of_disk(disk.parts.unused),
        "exclusive": of_disk(disk.parts.exclusive),
        "shared": of_disk(disk.parts.shared),
        "measuredBytes": disk.measured,
        "scale": disk.scale.factor,
        "unexplainedBytes": disk.scale.unexplained,
        "imagesWithoutFacts": disk.images_without_facts,
        "layersOfUnknownSize": disk.unknown_layers,
        "truncated": disk.truncated,
        "unlistedImages": disk.unlisted_images,
        "pulls": pulls_document(of_node),
        "disk": {
            "imagesBytes": space.images,
            "writableBytes": space.writable,
            "logsBytes": space.logs,
            "emptyDirsBytes": space.empty_dirs,
            "capacityBytes": space.capacity,
            "availableBytes": space.available,
            "reclaimableBytes": space.reclaimable,
            "obtainableBytes": space.obtainable,
            "toCollectionBytes": space.to_collection,
            "toEvictionBytes": space.to_eviction,
            "thresholdsRead": space.thresholds.read,
        },
        "namespaces": [
            {
                "name": one,
                "own": stored_document(own_of(disk, one)),
                "whole": stored_document(whole_of(disk, one)),
                "share": stored_document(shares.get(one, NOTHING)),
            }
            for one in users
        ],
        "images": [
            {
                **_image_disk(disk, image, share),
                "pulls": None
                if of_images is None
                else pulls_document(of_images.get(place, NO_PULLS)),
            }
            for place, (image, share) in enumerate(
                zip(disk.images, disk.owners.images, strict=True)
            )
            if namespace is None or namespace in image.namespaces
        ],
    }


def _image_disk(disk: NodeDisk, image: ImageDisk, share: Stored) -> JsonDocument:
    return {
        "names": list(image.names),
        "digest": image.digest,
        "used": image.used,
        "containers": image.containers,
        "namespaces": sorted(image.namespaces),
        "pinned": image.pinned,
        "listed": image.listed,
        "known": image.known,
        "complete": image.complete,
        "unknownLayers": image.unknown_layers,
        "tier": None if image.tier is None else image.tier.label,
        "reportedBytes": image.reported,
        "own": _of_image(disk, image, image.own),
        "whole": _of_image(disk, image, image.whole),
        "share": _of_image(disk, image, share),
    }


def _of_image(disk: NodeDisk, image: ImageDisk, stored: Stored) -> JsonDocument:
    """Write what is known of an image's bytes; where that is nothing, it is not zero."""
    if image.complete:
        return stored_document(stored)
    blobs = disk.runtime.keeps_blobs
    nothing = not (image.known and image.whole.disk)
    return {
        "compressedBytes": None if blobs and not image.whole.compressed else stored.compressed,
        "unpackedBytes": stored.unpacked if image.whole.unpacked else None,
        "diskBytes": None if nothing else stored.disk,
    }


def _nothing(_: Stored) -> JsonDocument:
    """Write that nobody knows anything."""
    return dict.fromkeys(("compressedBytes", "unpackedBytes", "diskBytes"))


def stored_document(stored: Stored) -> JsonDocument:
    """Write bytes on disks."""
    return {
        "compressedBytes": stored.compressed,
        "unpackedBytes": stored.unpacked,
        "diskBytes": stored.disk,
    }
