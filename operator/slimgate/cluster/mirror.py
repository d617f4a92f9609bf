"""A kind of object as the cluster has it now: listed once, then watched for ever.

Objects are handed on to a sink; the mirror keeps a key and a version of each. It goes on by itself
after a lost connection, an expired version or a restart of the API server.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import aclosing, suppress
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Final, Protocol

from slimgate.cluster.api import ClusterApi
from slimgate.cluster.backoff import Pace
from slimgate.cluster.errors import ApiError, GoneError, UnreachableError
from slimgate.cluster.resources import resource_at
from slimgate.core.errors import ClusterError, MissingError
from slimgate.core.json_object import JsonObject, mapping_at, text_at
from slimgate.process.loop import Breath

_LOG: Final = logging.getLogger(__name__)
_PAGE_SIZE: Final = 100
"""Measured with objects of 4 KB: as fast as 500, but 1 MB at its peak, not 12, and no stalls."""
_STEADY_SECONDS: Final = 5.0
_WATCH_SECONDS: Final = 300
_TRY_SECONDS: Final = 30.0
"""A kind whose conversion webhook is down can't be listed, and must not hold up the others."""
_PATIENCE: Final = 3
"""Failures of the server after which a version is given up: etcd may have been restored."""


class Sink(Protocol):
    """Takes the objects of a mirror. What it raises ends the mirror: a bug, not a bad object."""

    def put(self, obj: JsonObject) -> None:
        """Hear of an object that is new or has changed."""

    def drop(self, namespace: str, name: str) -> None:
        """Hear that there is no such object any more; `namespace` may be empty."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """Which objects to mirror, and how much of them.

    `metadata_only` has the server leave out all but metadata, labels included, which is a small
    part of a node or a report. An `optional` kind may be installed later, and may go: while it is
    not served there are no objects of it.
    """

    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    metadata_only: bool = False
    optional: bool = False
    page_size: int = _PAGE_SIZE


class Mirror:
    """Keeps a sink as the API server is; `synced` is set once the first listing is complete.

    `on_follow` hears whether the kind can be followed: true once it is listed, false once it is
    optional and no longer served. A server that is away, or a right that is missing, is no news.
    """

    def __init__(
        self,
        api: ClusterApi,
        scope: Scope | str,
        sink: Sink,
        *,
        pace: Pace | None = None,
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], float] = time.time,
        on_follow: Callable[[bool], None] = lambda _: None,
    ) -> None:
        self.synced = asyncio.Event()
        self.tried = asyncio.Event()
        """Set once the API server has answered, be it that there is nothing to follow."""
        self.problem: ClusterError | None = None
        """Why the mirror is not following now, if it is not."""
        self.last_event = now()
        """When the API server was last heard of, in Unix time; it speaks up once a minute.

        Before that, when the mirror was made.
        """
        self._api = api
        self._scope = Scope(path=scope) if isinstance(scope, str) else scope
        self._sink = sink
        self._pace = pace or Pace()
        self._clock = clock
        self._now = now
        self._on_follow = on_follow
        self._version: str | None = None
        self._known: dict[tuple[str, str], str] = {}

    @property
    def resource(self) -> str:
        """What is followed, as Kubernetes writes it: `deployments.apps`, `nodes`."""
        return resource_at(self._scope.path)

    def __len__(self) -> int:
        return len(self._known)

    async def run(self) -> None:
        """Follow the API server until cancelled."""
        failures = 0
        while True:
            started = self._clock()
            problem = await self._follow()
            if self._clock() - started >= _STEADY_SECONDS:
                failures = 0
                if problem is None:
                    continue
            failures += 1
            self._report(problem)
            if isinstance(problem, GoneError) or (failures >= _PATIENCE and _failed(problem)):
                self._version = None
            await asyncio.sleep(self._pace.delay(failures))

    async def _follow(self) -> ClusterError | None:
        """List if need be, then watch until that ends; return why, None if its time was over."""
        try:
            if self._version is None:
                await self._list()
            await self._watch(self._version or "")
        except MissingError as err:
            if self._scope.optional:
                self._forget()
            return err
        except ClusterError as err:
            return err
        return None

    async def _list(self) -> None:
        seen: set[tuple[str, str]] = set()
        version = ""
        scope = self._scope
        pages = self._api.pages(
            scope.path, scope.query, page_size=scope.page_size, metadata_only=scope.metadata_only
        )
        breath = Breath()
        async with aclosing(pages):
            async for page in pages:
                for obj in page.items:
                    await breath.take()
                    seen.add(self._put(obj))
                version = page.version
        for key in self._known.keys() - seen:
            self._drop(key)
        self._hear(version)
        self.synced.set()
        self.tried.set()
        self._on_follow(True)

    async def _watch(self, version: str) -> None:
        scope = self._scope
        # Watches of one start would all end at the same time, too.
        seconds = int(_WATCH_SECONDS * (1 + self._pace.jitter()))
        events = self._api.watch(
            scope.path, version, scope.query, seconds=seconds, metadata_only=scope.metadata_only
        )
        async with aclosing(events):
            async for kind, obj in events:
                if kind == "DELETED":
                    self._drop(_key(obj))
                elif kind != "BOOKMARK":
                    self._put(obj)
                self._hear(_version(obj))

    def _put(self, obj: dict[str, object]) -> tuple[str, str]:
        key, version = _key(obj), _version(obj)
        if self._known.get(key) != version:
            metadata = obj.get("metadata")
            if isinstance(metadata, dict):
                metadata.pop("managedFields", None)
            self._sink.put(obj)
            self._known[key] = version
        return key

    def _drop(self, key: tuple[str, str]) -> None:
        if self._known.pop(key, None) is not None:
            self._sink.drop(*key)

    def _forget(self) -> None:
        for key in list(self._known):
            self._drop(key)
        self._version = None
        # That there are none was heard just now.
        self.last_event = self._now()
        self._on_follow(False)

    def _hear(self, version: str) -> None:
        self._version = version
        self.last_event = self._now()
        if self.problem is not None:
            self.problem = None
            when = "again" if self.synced.is_set() else "now"
            _LOG.info("following %s %s", self._scope.path, when)

    def _report(self, problem: ClusterError | None) -> None:
        if not isinstance(problem, UnreachableError):
            self.tried.set()
        known = str(problem) == str(self.problem)
        self.problem = problem
        level = logging.DEBUG if known or problem is None else logging.WARNING
        _LOG.log(level, "not following %s: %s", self._scope.path, problem or "cut short")


def _failed(problem: ClusterError | None) -> bool:
    return isinstance(problem, ApiError) and problem.status >= HTTPStatus.INTERNAL_SERVER_ERROR


def _key(obj: JsonObject) -> tuple[str, str]:
    metadata = mapping_at(obj, "metadata")
    return text_at(metadata, "namespace"), text_at(metadata, "name")


def _version(obj: JsonObject) -> str:
    return text_at(mapping_at(obj, "metadata"), "resourceVersion")


async def tried(mirrors: Iterable[Mirror], seconds: float = _TRY_SECONDS) -> None:
    """Wait until it is known which kinds can be followed; no longer than `seconds`.

    Else what they have made would be judged at each start, until they are judged instead.
    """
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            for mirror in mirrors:
                await mirror.tried.wait()
