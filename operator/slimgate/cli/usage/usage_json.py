"""Images and disks for other programs: one JSON object, whose fields docs/usage.md describes."""

import json
from collections.abc import Sequence
from typing import Final

from slimgate.cli.usage.images import UsedImage, together
from slimgate.core.disk import NodeDisk
from slimgate.core.facts_json import inspection_to_json
from slimgate.core.image import Inspection
from slimgate.core.stored import Stored

SCHEMA: Final = 1
JsonObject = dict[str, object]


def top_json(images: Sequence[UsedImage]) -> str:
    """Write all images, the most to pull first."""
    total, known = together(images)
    return _text(
        {
            "schema": SCHEMA,
            "togetherPullBytes": total,
            "complete": known,
            "images": [_image(image) for image in images],
        }
    )


def nodes_json(disks: Sequence[NodeDisk]) -> str:
    """Write all nodes with all their images."""
    return _text({"schema": SCHEMA, "nodes": [_node(disk) for disk in disks]})


def _image(image: UsedImage) -> JsonObject:
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


def _node(disk: NodeDisk) -> JsonObject:
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
        "images": [
            {
                "names": list(image.names),
                "used": image.used,
                "known": image.known,
                "reportedBytes": image.reported,
                "own": _stored(image.own),
                "whole": _stored(image.whole),
            }
            for image in disk.images
        ],
    }


def _stored(stored: Stored) -> JsonObject:
    return {
        "compressedBytes": stored.compressed,
        "unpackedBytes": stored.unpacked,
        "diskBytes": stored.disk,
    }


def _text(document: JsonObject) -> str:
    return json.dumps(document, indent=2).replace("\x7f", "\\u007f") + "\n"
