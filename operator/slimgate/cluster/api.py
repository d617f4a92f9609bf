"""The Kubernetes API, as far as slimgate needs it: objects in and out as JSON, by path.

Paths come from resources.py. Every failure is a core.errors.ClusterError; those of errors.py say
which.
"""

from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, aclosing, asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final, Self, TypeVar, cast

from aiohttp import ClientResponse, ClientTimeout
from aiohttp.http_exceptions import LineTooLong
from kubernetes.aio.client import ApiClient
from kubernetes.aio.utils import Backoff, is_retry_after_response, on_retry_after_error
from yarl import URL

from slimgate.cluster.connect import DEFAULT_NAMESPACE, open_session
from slimgate.cluster.errors import GoneError, OversizedError, UnreachableError, event_error
from slimgate.cluster.fence import Fence
from slimgate.cluster.wire import APPLY_PATCH, JSON, MERGE_PATCH, ApiCall, ApiObserver, Wire
from slimgate.core.errors import MissingError
from slimgate.core.json_object import JsonObject, mapping_at, objects_at, text_at
from slimgate.process.pages import PAGE_BYTES, fewer

T = TypeVar("T")

FIELD_MANAGER: Final = "slimgate"
PAGE_SIZE: Final = 500

_METADATA: Final = "application/json;as=PartialObjectMetadata{};g=meta.k8s.io;v=v1"
_RETRIES: Final = Backoff(steps=4, duration=0.0, factor=1.0)
_CONNECT_SECONDS: Final = 10
_SILENCE_SECONDS: Final = 90
"""The API server sends a bookmark a minute; a watch that is silent for longer is dead."""
_GRACE_SECONDS: Final = 30
_NO_QUERY: Final[Mapping[str, str]] = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Some of a listing's objects, and the version of the whole listing."""

    items: tuple[dict[str, object], ...]
    version: str


class ClusterApi:
    """One cluster's API server; `namespace` is that of the kubeconfig's context, or the pod's."""

    def __init__(
        self,
        client: ApiClient,
        observer: ApiObserver | None = None,
        *,
        fence: Fence | None = None,
        namespace: str = DEFAULT_NAMESPACE,
    ) -> None:
        self._wire = Wire(client, observer, fence)
        self.namespace = namespace

    @classmethod
    @asynccontextmanager
    async def connect(
        cls,
        kubeconfig: str | None = None,
        context: str | None = None,
        *,
        observer: ApiObserver | None = None,
        fence: Fence | None = None,
    ) -> AsyncIterator[Self]:
        """Log in to the pod's own cluster, else to a kubeconfig's; NoClusterError if there is none.

        Nothing is sent yet, so that a server which is down delays no start. Nothing is changed
        while the fence is closed.
        """
        session = await open_session(kubeconfig, context)
        try:
            yield cls(session.client, observer, fence=fence, namespace=session.namespace)
        finally:
            await session.client.close()  # type: ignore[no-untyped-call]

    @property
    def server(self) -> URL:
        """Where the API server is."""
        return self._wire.server

    async def get(
        self, path: str, query: Mapping[str, str] = _NO_QUERY, *, max_bytes: int | None = None
    ) -> dict[str, object]:
        """Get one object; MissingError if there is none, ApiError for more than `max_bytes`."""
        call = ApiCall(method="GET", path=path, query=query, max_bytes=max_bytes)
        return await self._read(call)

    async def list(
        self, path: str, query: Mapping[str, str] = _NO_QUERY, *, page_size: int = PAGE_SIZE
    ) -> AsyncGenerator[dict[str, object], None]:
        """Yield all objects, page by page; GoneError if that took longer than pages are kept."""
        async with aclosing(self.pages(path, query, page_size=page_size)) as pages:
            async for page in pages:
                for item in page.items:
                    yield item

    async def pages(
        self,
        path: str,
        query: Mapping[str, str] = _NO_QUERY,
        *,
        page_size: int = PAGE_SIZE,
        metadata_only: bool = False,
        max_bytes: int | None = None,
    ) -> AsyncGenerator[Page, None]:
        """Yield a listing page by page; with `metadata_only` objects hold nothing but metadata.

        Pages have fewer objects where these are large. ApiError for one of more than `max_bytes`.
        """
        token, limit = "", page_size
        while True:
            more = {"continue": token} if token else {}
            smaller = fewer(limit) if max_bytes is None else None
            call = ApiCall(
                method="GET",
                path=path,
                query={**query, "limit": str(limit), **more},
                accept=_METADATA.format("List") if metadata_only else JSON,
                max_bytes=max_bytes if smaller is None else PAGE_BYTES,
            )
            try:
                answer = await self._read(call)
            except OversizedError:
                if smaller is None:
                    raise
                limit = smaller
                continue
            metadata = mapping_at(answer, "metadata")
            yield Page(items=_items(answer), version=text_at(metadata, "resourceVersion"))
            token = text_at(metadata, "continue")
            limit = min(page_size, limit * 2)
            if not token:
                return

    async def watch(
        self,
        path: str,
        version: str,
        query: Mapping[str, str] = _NO_QUERY,
        *,
        seconds: int = 300,
        metadata_only: bool = False,
        silence: float = _SILENCE_SECONDS,
    ) -> AsyncGenerator[tuple[str, dict[str, object]], None]:
        """Yield (ADDED | MODIFIED | DELETED | BOOKMARK, object) of what came after `version`.

        Ends when `seconds` are over. GoneError: the version is too old, list again.
        UnreachableError: cut off, or silent for as long as `silence`, watch again.
        """
        watching = {
            "watch": "1",
            "resourceVersion": version,
            "allowWatchBookmarks": "true",
            "timeoutSeconds": str(seconds),
        }
        call = ApiCall(
            method="GET",
            path=path,
            query={**query, **watching},
            accept=_METADATA.format("") if metadata_only else JSON,
            timeout=ClientTimeout(
                total=seconds + _GRACE_SECONDS,
                sock_connect=_CONNECT_SECONDS,
                sock_read=silence,
            ),
        )
        async with AsyncExitStack() as stack:
            answer = await _patiently(lambda: stack.enter_async_context(self._wire.open(call)))
            while line := await _line(answer):
                kind, obj = self._event(call, line)
                if kind == "ERROR":
                    raise event_error(obj, path=path)
                yield kind, obj

    async def create(self, path: str, body: JsonObject) -> dict[str, object]:
        """Create an object in the collection at `path`; ExistsError if its name is taken."""
        return await self._write("POST", path, body, JSON)

    async def merge_patch(
        self, path: str, patch: JsonObject, *, metadata_only: bool = False
    ) -> dict[str, object]:
        """Change what the patch names; null removes. With metadata.uid, only that very object.

        With `metadata_only` no more than that is answered.
        """
        accept = _METADATA.format("") if metadata_only else JSON
        return await self._write("PATCH", path, patch, MERGE_PATCH, accept=accept)

    async def patch_status(self, path: str, patch: JsonObject) -> dict[str, object]:
        """Change an object's status, which is written apart from the rest of it."""
        return await self._write("PATCH", f"{path}/status", patch, MERGE_PATCH)

    async def apply(self, path: str, body: JsonObject) -> dict[str, object]:
        """Make the object at `path` say what `body` says, by server-side apply."""
        return await self._write("PATCH", path, body, APPLY_PATCH, force="true")

    async def delete(self, path: str) -> None:
        """Delete an object; MissingError if there is none."""
        await self._read(ApiCall(method="DELETE", path=path))

    async def has_resource(self, api_version: str, plural: str) -> bool:
        """Whether the API server serves a kind: its CustomResourceDefinition is installed."""
        prefix = "/apis" if "/" in api_version else "/api"
        try:
            found = await self.get(f"{prefix}/{api_version}")
        except MissingError:
            return False
        return any(text_at(entry, "name") == plural for entry in objects_at(found, "resources"))

    async def _write(
        self,
        method: str,
        path: str,
        body: JsonObject,
        content_type: str,
        *,
        accept: str = JSON,
        **query: str,
    ) -> dict[str, object]:
        return await self._read(
            ApiCall(
                method=method,
                path=path,
                query={"fieldManager": FIELD_MANAGER, **query},
                body=body,
                accept=accept,
                content_type=content_type,
            )
        )

    def _event(self, call: ApiCall, line: bytes) -> tuple[str, dict[str, object]]:
        try:
            event = cast("dict[str, Any]", self._wire.parse(call, line))
            return str(event["type"]), dict(event["object"])
        except (ValueError, KeyError, TypeError) as err:
            # The connection was cut in the middle of a line.
            raise UnreachableError("the API server's watch broke off") from err

    async def _read(self, call: ApiCall) -> dict[str, object]:
        return await _patiently(lambda: self._wire.read(call))


async def _patiently(send: Callable[[], Awaitable[T]]) -> T:
    # Only an overloaded or starting server names a Retry-After, and it has done nothing yet.
    return await on_retry_after_error(_RETRIES, is_retry_after_response, send)


def _items(answer: JsonObject) -> tuple[dict[str, object], ...]:
    """List the objects with the kind that the API server writes only once, on their list."""
    kind = text_at(answer, "kind").removesuffix("List")
    version = text_at(answer, "apiVersion")
    found = tuple(cast("dict[str, object]", item) for item in objects_at(answer, "items"))
    for item in found:
        item.setdefault("kind", kind)
        item.setdefault("apiVersion", version)
    return found


async def _line(answer: ClientResponse) -> bytes:
    try:
        return await answer.content.readline()
    except (LineTooLong, ValueError) as err:  # it was a ValueError in older versions
        raise GoneError("the API server's watch sent an object that is too large") from err
