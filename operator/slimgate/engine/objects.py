"""Policies, exceptions and BaseImages as they are stored, for whoever writes their statuses."""

from collections.abc import Callable, Iterator, Mapping
from enum import Enum

from slimgate.core.json_object import JsonObject, mapping_at


class OwnKind(Enum):
    """A kind of object that has a status."""

    POLICY = "SlimPolicy"
    EXCEPTION = "SlimException"
    BASE_IMAGE = "BaseImage"


ObjectKey = tuple[OwnKind, str, str]
"""Kind, namespace and name."""


class Objects(Mapping[ObjectKey, JsonObject]):
    """The objects as they are now, by kind, namespace and name.

    Listeners hear of each that comes, goes or has another spec, whatever that does to verdicts: a
    status says of which spec it is.
    """

    def __init__(self) -> None:
        self._held: dict[ObjectKey, JsonObject] = {}
        self._listeners: list[Callable[[], None]] = []

    def __getitem__(self, key: ObjectKey) -> JsonObject:
        return self._held[key]

    def __iter__(self) -> Iterator[ObjectKey]:
        return iter(self._held)

    def __len__(self) -> int:
        return len(self._held)

    def listen(self, listener: Callable[[], None]) -> None:
        """Tell the listener of every edit from now on, a moment before it counts."""
        self._listeners.append(listener)

    def put(self, key: ObjectKey, resource: JsonObject) -> None:
        """Take an object as it is now."""
        before = self._held.get(key)
        self._held[key] = resource
        if before is None or _edition(before) != _edition(resource):
            self._tell()

    def drop(self, key: ObjectKey) -> None:
        """Forget an object."""
        if self._held.pop(key, None) is not None:
            self._tell()

    def _tell(self) -> None:
        for listener in self._listeners:
            listener()


def _edition(resource: JsonObject) -> tuple[object, object]:
    """Tell one spec of one object from every other."""
    metadata = mapping_at(resource, "metadata")
    return metadata.get("uid"), metadata.get("generation")
