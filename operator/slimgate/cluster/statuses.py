"""The status of policies and exceptions: what slimgate made of them, written when that changes."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Final, Protocol

from slimgate.cluster.api import ClusterApi
from slimgate.cluster.conditions import Condition, stamp
from slimgate.cluster.errors import ConflictError, MissingError
from slimgate.cluster.resources import SLIM_EXCEPTIONS, SLIM_POLICIES, Target
from slimgate.core.workload import JsonObject, mapping_at, objects_at, text_at
from slimgate.engine.bounded import Bounded

_SHOWN_BASES: Final = 5
_MAX_WRITTEN: Final = 4_096
_VERSION: Final = "resourceVersion"


class PolicyStatus(Protocol):
    """What there is to say of a policy; the counts are of workloads."""

    @property
    def error(self) -> str | None:
        """Why it can't be used."""

    @property
    def faults(self) -> Sequence[str]:
        """Which of its known bases could not be found, and why."""

    @property
    def workloads(self) -> int:
        """Judged."""

    @property
    def violating(self) -> int:
        """Warned or denied."""

    @property
    def denied(self) -> int:
        """Denied."""

    @property
    def unknown(self) -> int:
        """Not known."""


class ExceptionStatus(Protocol):
    """What there is to say of an exception."""

    @property
    def error(self) -> str | None:
        """Why it can't be honoured."""

    @property
    def expired(self) -> bool:
        """Whether it has ended."""

    @property
    def matched(self) -> int:
        """How many workloads it excuses."""


class Statuses:
    """Writes statuses; `resource` is always the object that the status is about, as last seen.

    All return False if nothing was written: the object says so already, is gone, or is newer than
    `resource`, which a mirror is about to tell.
    """

    def __init__(
        self, api: ClusterApi, now: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self._api = api
        self._now = now
        self._written: Bounded[str, JsonObject] = Bounded(_MAX_WRITTEN)

    async def write_policy(self, resource: JsonObject, status: PolicyStatus) -> bool:
        """Write a SlimPolicy's counts, Ready and, where it names known bases, BasesResolved."""
        conditions = [_ready(status.error, "InvalidPolicy", "workloads are judged by it")]
        if _names_bases(resource):
            conditions.append(_bases(status.faults))
        counts = {
            "workloads": status.workloads,
            "violating": status.violating,
            "denied": status.denied,
            "unknown": status.unknown,
        }
        return await self._write(Target.of(SLIM_POLICIES, resource), resource, counts, conditions)

    async def write_exception(self, resource: JsonObject, status: ExceptionStatus) -> bool:
        """Write a SlimException's count, Ready and Expired."""
        conditions = [
            _ready(status.error, "InvalidException", "it is honoured"),
            _expired(holds=status.expired),
        ]
        counts = {"matched": status.matched}
        return await self._write(Target.of(SLIM_EXCEPTIONS, resource), resource, counts, conditions)

    async def _write(
        self,
        target: Target,
        resource: JsonObject,
        counts: Mapping[str, int],
        conditions: list[Condition],
    ) -> bool:
        newest = _newest(resource, self._written.get(target.uid))
        held = mapping_at(newest, "status")
        generation = mapping_at(resource, "metadata").get("generation")
        generation = generation if isinstance(generation, int) else 0
        wanted: dict[str, object] = {
            "observedGeneration": generation,
            **counts,
            "conditions": stamp(conditions, held, generation, self._now()),
        }
        if all(held.get(key) == value for key, value in wanted.items()):
            return False
        # The API server does not compare the uid of a status.
        version = text_at(mapping_at(newest, "metadata"), _VERSION)
        patch = {"metadata": {_VERSION: version}, "status": wanted}
        try:
            answer = await self._api.patch_status(target.path, patch)
        except (MissingError, ConflictError):
            return False
        version = text_at(mapping_at(answer, "metadata"), _VERSION)
        written = {"metadata": {_VERSION: version}, "status": mapping_at(answer, "status")}
        self._written.put(target.uid, written)
        return True


def _newest(resource: JsonObject, written: JsonObject | None) -> JsonObject:
    """Choose between the object as last seen and as last written, which a watch brings later."""
    if written is None or _version(resource) >= _version(written):
        return resource
    return written


def _version(resource: JsonObject) -> int:
    version = text_at(mapping_at(resource, "metadata"), _VERSION)
    return int(version) if version.isdecimal() else 0


def _ready(error: str | None, reason: str, message: str) -> Condition:
    if error is None:
        return Condition(type="Ready", holds=True, reason="Ready", message=message)
    return Condition(type="Ready", holds=False, reason=reason, message=error)


def _expired(*, holds: bool) -> Condition:
    if holds:
        return Condition(
            type="Expired", holds=True, reason="Expired", message="it excuses nothing any more"
        )
    return Condition(type="Expired", holds=False, reason="InForce")


def _names_bases(resource: JsonObject) -> bool:
    bases = mapping_at(mapping_at(resource, "spec"), "bases")
    return next(objects_at(bases, "known"), None) is not None


def _bases(faults: Sequence[str]) -> Condition:
    if not faults:
        return Condition(type="BasesResolved", holds=True, reason="Resolved")
    shown = [*faults[:_SHOWN_BASES]]
    if len(faults) > _SHOWN_BASES:
        shown.append(f"and {len(faults) - _SHOWN_BASES} more")
    return Condition(
        type="BasesResolved", holds=False, reason="Unresolved", message="; ".join(shown)
    )
