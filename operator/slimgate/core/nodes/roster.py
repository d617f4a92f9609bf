"""The nodes of a cluster, as small as they can be kept: what many of them hold is there once."""

from weakref import WeakValueDictionary

from slimgate.core.json_object import JsonObject
from slimgate.core.nodes.node import Node, NodeImage, node_of


class Roster:
    """Keeps the nodes that a mirror or a listing tells of."""

    def __init__(self) -> None:
        self._nodes: dict[str, Node] = {}
        self._images: WeakValueDictionary[tuple[tuple[str, ...], int], NodeImage] = (
            WeakValueDictionary()
        )

    def put(self, manifest: JsonObject) -> None:
        """Hear of a node that is new or has changed."""
        node = node_of(manifest, self._image)
        self._nodes[node.name] = node

    def drop(self, namespace: str, name: str) -> None:  # noqa: ARG002 - nodes have none
        """Hear that a node is gone."""
        self._nodes.pop(name, None)

    def nodes(self) -> tuple[Node, ...]:
        """Return all that there are now."""
        return tuple(self._nodes.values())

    def _image(self, names: tuple[str, ...], reported: int) -> NodeImage:
        key = names, reported
        if (known := self._images.get(key)) is None:
            known = NodeImage.of(names, reported)
            self._images[known.names, reported] = known
        return known
