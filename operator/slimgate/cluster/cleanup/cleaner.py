"""All of a clean-up, in the order in which nothing comes back."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Final

from slimgate.cluster.api import ClusterApi
from slimgate.cluster.cleanup.halt import delete_configuration, stop_controllers
from slimgate.cluster.cleanup.sweep import ObjectSweep
from slimgate.cluster.cleanup.tally import CleanupTally
from slimgate.cluster.errors import ConflictError
from slimgate.cluster.resources import (
    BASE_IMAGES,
    CONTROLLER_REVISIONS,
    IMAGE_PROFILES,
    OPEN_REPORTS,
    OWN_LABELS,
    POLICY_REPORTS,
    REFUSED_IMAGE_SETS,
    SECRETS,
    SLIM_EXCEPTIONS,
    SLIM_POLICIES,
)
from slimgate.core.errors import ClusterError, MissingError
from slimgate.core.json_object import JsonObject, mapping_at, text_at
from slimgate.core.wording.annotations import SUMMARY, VERDICT
from slimgate.core.workloads.kinds import BUILT_IN, Kind

_ANNOTATIONS: Final = (VERDICT, SUMMARY)
_MANAGED_BY: Final = "app.kubernetes.io/managed-by"
_PASSES: Final = 5
_STOP_SHARE: Final = 0.5
"""Of all the time, for waiting until the controller has ended."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CleanupSettings:
    """What is slimgate's; `kinds` are those that settings add to the built-in ones."""

    namespace: str
    configuration: str
    secrets: Sequence[str]
    controllers: str
    """The label selector of the controller's Deployment and pods."""
    kinds: Sequence[Kind] = ()
    seconds: float = 120.0
    breath: float = 1.0
    """Seconds between two passes: controllers that copied an annotation hear that it is gone."""


class Cleaner:
    """Removes everything; it may be run again and again."""

    def __init__(
        self, api: ClusterApi, settings: CleanupSettings, say: Callable[[str], None]
    ) -> None:
        self._api = api
        self._settings = settings
        self._tally = CleanupTally(say)
        self._sweeper = ObjectSweep(api, self._tally)

    async def run(self) -> Sequence[str]:
        """Return a sentence for each thing that remains."""
        settings, tally = self._settings, self._tally
        try:
            async with asyncio.timeout(settings.seconds):
                await delete_configuration(self._api, settings.configuration, tally)
                await stop_controllers(
                    self._api,
                    settings.namespace,
                    settings.controllers,
                    settings.seconds * _STOP_SHARE,
                    tally,
                )
                await self._remove_annotations()
                await self._remove_objects()
                for name in settings.secrets:
                    await self._remove_secret(name)
        except TimeoutError:
            tally.failed("some of it", f"it took longer than {settings.seconds:g} s; run it again")
        return [
            problem if times == 1 else f"{problem} ({times} times)"
            for problem, times in tally.problems.items()
        ]

    async def _remove_annotations(self) -> None:
        """Go over all kinds until there is nothing left.

        Owners come first, since what they own is copied from them: a Deployment's annotations to
        its ReplicaSet, a StatefulSet's and a DaemonSet's to their ControllerRevisions.
        """
        kinds = (*self._settings.kinds, *BUILT_IN, CONTROLLER_REVISIONS)
        for _ in range(_PASSES):
            found: list[str] = []
            for kind in kinds:
                what = f"annotations of {kind.plural}"
                if await self._sweeper.sweep(what, kind.all(), partial(self._strip, kind)):
                    found.append(what)
            if not found:
                return
            await asyncio.sleep(self._settings.breath)
        for what in found:
            self._tally.failed(what, "something writes them again as soon as they are removed")

    async def _strip(self, kind: Kind, obj: JsonObject) -> bool:
        metadata = mapping_at(obj, "metadata")
        held = mapping_at(metadata, "annotations")
        if not any(name in held for name in _ANNOTATIONS):
            return False
        change = {"uid": metadata.get("uid"), "annotations": dict.fromkeys(_ANNOTATIONS)}
        path = kind.one(text_at(metadata, "namespace"), text_at(metadata, "name"))
        # Another one of its name is what the next pass looks at.
        with suppress(ConflictError):
            await self._api.merge_patch(path, {"metadata": change})
        return True

    async def _remove_objects(self) -> None:
        own = {"labelSelector": f"{_MANAGED_BY}={OWN_LABELS[_MANAGED_BY]}"}
        for kind in (OPEN_REPORTS, POLICY_REPORTS):
            await self._sweep(kind, own)
        for kind in (IMAGE_PROFILES, REFUSED_IMAGE_SETS):
            await self._sweep(kind, {})
        for kind in (SLIM_POLICIES, SLIM_EXCEPTIONS, BASE_IMAGES):
            await self._sweeper.sweep(
                f"status of {kind.plural}", kind.all(), partial(self._forget, kind)
            )

    async def _sweep(self, kind: Kind, query: Mapping[str, str]) -> None:
        await self._sweeper.sweep(kind.plural, kind.all(), partial(self._delete, kind), query)

    async def _delete(self, kind: Kind, obj: JsonObject) -> bool:
        await self._api.delete(_path(kind, obj))
        return True

    async def _forget(self, kind: Kind, obj: JsonObject) -> bool:
        """Clear the status of what is a user's own: nobody would bring it up to date."""
        await self._api.patch_status(_path(kind, obj), {"status": None})
        return True

    async def _remove_secret(self, name: str) -> None:
        path = SECRETS.one(self._settings.namespace, name)
        try:
            labels = mapping_at(mapping_at(await self._api.get(path), "metadata"), "labels")
            if labels.get(_MANAGED_BY) != OWN_LABELS[_MANAGED_BY]:
                self._tally.did(f"left the Secret {name}, which slimgate did not write")
                return
            await self._api.delete(path)
        except MissingError:
            return
        except ClusterError as error:
            self._tally.failed(f"the Secret {name}", error)
            return
        self._tally.did(f"deleted the Secret {name}")


def _path(kind: Kind, obj: JsonObject) -> str:
    metadata = mapping_at(obj, "metadata")
    return kind.one(text_at(metadata, "namespace"), text_at(metadata, "name"))
