"""Images and disks for other programs: one document, whose fields docs/usage.md describes."""

from collections.abc import Sequence
from typing import Final

from slimgate.cli.usage.disks import images_of, largest_first, own_of, whole_of
from slimgate.cli.usage.images import Usage, UsedImage, together
from slimgate.core.images.facts import Inspection
from slimgate.core.images.facts_json import inspection_to_json
from slimgate.core.json_object import JsonDocument
from slimgate.core.nodes.disk import NodeDisk
from slimgate.core.nodes.stored import Stored

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
    disks: Sequence[NodeDisk], *, number: int | None = None, namespace: str | None = None
) -> JsonDocument:
    """Write the nodes with their images, those with the most on disk first.

    With a namespace, only the images that it uses; what is said of a node as a whole remains.
    """
    shown = largest_first(disks, namespace)[:number]
    return {
        "schema": SCHEMA,
        "namespace": namespace,
        "omitted": len(disks) - len(shown),
        "nodes": [_node(disk, namespace) for disk in shown],
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


def _node(disk: NodeDisk, namespace: str | None) -> JsonDocument:
    users = sorted(disk.namespaces.whole) if namespace is None else [namespace]
    return {
        "name": disk.node,
        "runtime": disk.runtime.value,
        "total": _stored(disk.total),
        "unused": _stored(disk.parts.unused),
        "exclusive": _stored(disk.parts.exclusive),
        "shared": _stored(disk.parts.shared),
        "measuredBytes": disk.measured,
        "imagesWithoutFacts": disk.images_without_facts,
        "layersOfUnknownSize": disk.unknown_layers,
        "truncated": disk.truncated,
        "namespaces": [
            {"name": one, "own": _stored(own_of(disk, one)), "whole": _stored(whole_of(disk, one))}
            for one in users
        ],
        "images": [
            {
                "names": list(image.names),
                "used": image.used,
                "namespaces": sorted(image.namespaces),
                "known": image.known,
                "reportedBytes": image.reported,
                "own": _stored(image.own),
                "whole": _stored(image.whole),
            }
            for image in images_of(disk, namespace)
        ],
    }


def _stored(stored: Stored) -> JsonDocument:
    return {
        "compressedBytes": stored.compressed,
        "unpackedBytes": stored.unpacked,
        "diskBytes": stored.disk,
    }
