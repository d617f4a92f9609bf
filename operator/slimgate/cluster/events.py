"""Kubernetes Events: one for each thing that became of a workload, counted when it comes back.

A name is made of what is said, so a controller that restarts between an Event and what it does
next says nothing twice.
https://kubernetes.io/docs/reference/kubernetes-api/cluster-resources/event-v1/
"""

import hashlib
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from typing import Final

from slimgate.cluster.api import ClusterApi
from slimgate.cluster.errors import ExistsError
from slimgate.cluster.resources import EVENTS, Target
from slimgate.core.errors import MissingError
from slimgate.core.json_object import JsonObject, mapping_at, text_at
from slimgate.core.text import printable
from slimgate.core.timestamp import format_micro_time
from slimgate.core.wording.notes import Note

_CONTROLLER: Final = "slimgate"
_ACTION: Final = "Judge"
_NOTE_BYTES: Final = 1024
_WORD_BYTES: Final = 128
_NAME_LENGTH: Final = 200
_HASH_LENGTH: Final = 16


class Events:
    """Posts notes; `instance` names this process. Every change must be posted, in its order.

    A note that exists already is then either a repetition, if nothing else was said since, or
    it has come back, and is counted.
    """

    def __init__(
        self,
        api: ClusterApi,
        instance: str,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._api = api
        self._instance = _cut(instance, _WORD_BYTES) or _CONTROLLER
        self._now = now

    async def post(self, target: Target, note: Note) -> bool:
        """Say it of the target; False if it was the last thing said, or its namespace is gone."""
        name = _name(target, note)
        namespace = target.namespace or "default"
        try:
            await self._api.create(EVENTS.within(namespace), self._event(target, note, name))
        except ExistsError:
            return await self._again(target, namespace, name)
        except MissingError:
            return False
        return True

    async def _again(self, target: Target, namespace: str, name: str) -> bool:
        own = [event async for event in self._said_of(target, namespace)]
        last = max(own, key=_written, default=None)
        event = next((event for event in own if _name_of(event) == name), None)
        if event is None or event is last:
            return False
        count = mapping_at(event, "series").get("count")
        series = {
            "count": (count if isinstance(count, int) else 1) + 1,
            "lastObservedTime": format_micro_time(self._now()),
        }
        try:
            await self._api.merge_patch(EVENTS.one(namespace, name), {"series": series})
        except MissingError:
            return False
        return True

    async def _said_of(self, target: Target, namespace: str) -> AsyncIterator[JsonObject]:
        selector = f"regarding.uid={target.uid},reportingController={_CONTROLLER}"
        async for event in self._api.list(EVENTS.within(namespace), {"fieldSelector": selector}):
            yield event

    def _event(self, target: Target, note: Note, name: str) -> dict[str, object]:
        return {
            "apiVersion": EVENTS.api_version,
            "kind": EVENTS.kind,
            "metadata": {"name": name, "namespace": target.namespace or "default"},
            "eventTime": format_micro_time(self._now()),
            "reportingController": _CONTROLLER,
            "reportingInstance": self._instance,
            "action": _ACTION,
            "reason": _cut(note.reason, _WORD_BYTES),
            "type": "Warning" if note.warning else "Normal",
            "regarding": target.reference(),
            "note": _cut(note.text, _NOTE_BYTES),
        }


def _name(target: Target, note: Note) -> str:
    said = f"{target.uid}\n{note.warning}\n{note.reason}\n{note.text}"
    digest = hashlib.sha256(said.encode()).hexdigest()[:_HASH_LENGTH]
    return f"{target.name[:_NAME_LENGTH].rstrip('-.')}.{digest}"


def _name_of(event: JsonObject) -> str:
    return text_at(mapping_at(event, "metadata"), "name")


def _written(event: JsonObject) -> tuple[int, str]:
    """Return what sorts Events by when they were written last, however clocks have jumped since.

    Versions are numbers that grow: https://github.com/kubernetes/enhancements/issues/5504. Where
    they are none, times of one form and zone sort as texts.
    """
    version = text_at(mapping_at(event, "metadata"), "resourceVersion")
    observed = text_at(mapping_at(event, "series"), "lastObservedTime")
    return int(version) if version.isdecimal() else 0, observed or text_at(event, "eventTime")


def _cut(text: str, limit: int) -> str:
    """Make printable and cut to what the API server takes, which counts bytes."""
    encoded = printable(text, limit).encode()
    if len(encoded) <= limit:
        return encoded.decode()
    ellipsis = "…"
    return encoded[: limit - len(ellipsis.encode())].decode(errors="ignore") + ellipsis
