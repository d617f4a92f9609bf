"""What images take of one namespace's fair share of a node."""

from collections.abc import Mapping

from slimgate.core.nodes.disk import NodeDisk
from slimgate.core.nodes.shares import UNIT, apportion
from slimgate.core.nodes.stored import Stored


def images_of_namespace(disk: NodeDisk, namespace: str) -> Mapping[int, Stored]:
    """Divide a namespace's share of a node among the images that it uses, by their places.

    Of each piece the namespace has the same part as all others that use it, and of that part each
    of its own images that hold the piece.
    """
    share = disk.owners.namespaces.get(namespace)
    if share is None:
        return {}
    spaces = [
        image.namespaces | ({""} if image.pinned else frozenset[str]()) for image in disk.images
    ]
    weights = {place: [0, 0, 0] for place, used_by in enumerate(spaces) if namespace in used_by}
    for piece in disk.pieces:
        mine = [place for place in piece.holders if place in weights]
        if mine:
            users = frozenset[str]().union(*(spaces[place] for place in piece.holders))
            parts = len(users) * len(mine)
            for place in mine:
                weights[place][0] += piece.compressed * UNIT // parts
                weights[place][1] += piece.blocks * UNIT // parts
                weights[place][2] += piece.loose * UNIT // parts
    compressed = apportion({place: sums[0] for place, sums in weights.items()}, share.compressed)
    unpacked = apportion(
        {place: disk.scale.weight(sums[1], sums[2]) for place, sums in weights.items()},
        share.unpacked,
    )
    return {
        place: Stored(compressed=compressed[place], unpacked=unpacked[place]) for place in weights
    }
