"""Writes statuses of policies, exceptions and BaseImages, where they differ from what is there."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Final

from slimgate.cluster.api import ClusterApi
from slimgate.cluster.conditions import stamp
from slimgate.cluster.errors import ConflictError
from slimgate.cluster.resources import BASE_IMAGES, SLIM_EXCEPTIONS, SLIM_POLICIES, Target
from slimgate.core.errors import MissingError
from slimgate.core.json_object import JsonObject, mapping_at, text_at
from slimgate.core.wording.status import Status
from slimgate.core.workloads.kinds import Kind
from slimgate.engine.bounded import Bounded
from slimgate.engine.objects import OwnKind

_MAX_WRITTEN: Final = 4_096
_VERSION: Final = "resourceVersion"
RESOURCES: Final[Mapping[OwnKind, Kind]] = {
    OwnKind.POLICY: SLIM_POLICIES,
    OwnKind.EXCEPTION: SLIM_EXCEPTIONS,
    OwnKind.BASE_IMAGE: BASE_IMAGES,
}


class StatusWriter:
    """Writes statuses; `resource` is always the object that the status is about, as last seen."""

    def __init__(
        self,
        api: ClusterApi,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        resources: Mapping[OwnKind, Kind] = RESOURCES,
    ) -> None:
        self._api = api
        self._now = now
        self._resources = resources
        self._written: Bounded[str, JsonObject] = Bounded(_MAX_WRITTEN)

    async def write(self, kind: OwnKind, resource: JsonObject, status: Status) -> bool:
        """Write a status, with the times of its conditions.

        False if nothing was written: the object says so already, is gone, or is newer than
        `resource`, which a mirror is about to tell.
        """
        target = Target.of(self._resources[kind], resource)
        newest = self._newest(target.uid, resource)
        held = mapping_at(newest, "status")
        generation = mapping_at(resource, "metadata").get("generation")
        generation = generation if isinstance(generation, int) else 0
        wanted: dict[str, object] = {
            "observedGeneration": generation,
            **status.fields,
            "conditions": stamp(status.conditions, held, generation, self._now()),
        }
        if all(held.get(key) == value for key, value in wanted.items()):
            return False
        # The API server does not compare the uid of a status.
        version = text_at(mapping_at(newest, "metadata"), _VERSION)
        patch = {"metadata": {_VERSION: version}, "status": wanted}
        try:
            answer = await self._api.patch_status(target.path, patch)
        except (MissingError, ConflictError):
            # What was written may be gone with a cluster that was restored from a backup, in
            # which versions begin again lower: then only what is seen counts.
            self._written.drop(target.uid)
            return False
        version = text_at(mapping_at(answer, "metadata"), _VERSION)
        written = {"metadata": {_VERSION: version}, "status": mapping_at(answer, "status")}
        self._written.put(target.uid, written)
        return True

    def _newest(self, uid: str, resource: JsonObject) -> JsonObject:
        """Choose between the object as last seen and as last written, which a watch brings later.

        What it has brought need not be remembered.
        """
        written = self._written.get(uid)
        if written is not None and _version(written) > _version(resource):
            return written
        self._written.drop(uid)
        return resource


def _version(resource: JsonObject) -> int:
    version = text_at(mapping_at(resource, "metadata"), _VERSION)
    return int(version) if version.isdecimal() else 0
