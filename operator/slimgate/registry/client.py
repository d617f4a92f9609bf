"""The registry as a source of images: engine.ports.ImageSource over the distribution protocol.

https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md
"""

import time
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack
from types import TracebackType
from typing import Final, Self

from aiohttp.abc import AbstractResolver

from slimgate.core.credentials.identity import Identity
from slimgate.core.errors import (
    ImageError,
    InvalidReferenceError,
    NotFoundError,
    RefusedAddressError,
    TooLargeError,
    UnsupportedError,
)
from slimgate.core.images.facts import Digest, Size
from slimgate.core.images.oci import ACCEPTED, MAX_DOCUMENT, Descriptor
from slimgate.core.images.reference import Reference, parse_digest
from slimgate.core.text import printable
from slimgate.engine.cpu_turns import CpuTurns, Share
from slimgate.engine.fair import Fair
from slimgate.engine.ports import Document, LayerReading
from slimgate.registry.auth import Authenticator
from slimgate.registry.body import Answer, digest_of, mismatch, verify
from slimgate.registry.breaker import Breaker
from slimgate.registry.errors import TokenRefusedError
from slimgate.registry.exchange import Exchange
from slimgate.registry.layers import (
    FIRST_BYTE,
    Plan,
    judge_tail,
    lacking,
    length_of,
    named,
    plan,
    range_of,
    read_part,
    read_whole,
)
from slimgate.registry.providers import Providers
from slimgate.registry.ratelimit import RateLimits, Slots
from slimgate.registry.settings import RegistryObserver, RegistrySettings, SilentRegistryObserver
from slimgate.registry.tokens import Tokens
from slimgate.registry.transport import Transport
from slimgate.registry.turn import RegistryCall

_ACCEPT: Final = {"Accept": ", ".join(ACCEPTED)}
_OK: Final = 200
_RANGED: Final = frozenset({_OK, 206, 416})
_NO_SUCH_METHOD: Final = (405, 501)
_QUICKLY_HASHED: Final = 256 * 2**10
"""Bytes, of which even sha512 takes less than a millisecond."""
_UNPACKING: Final = 2
"""Threads. Few, since the machine is there for others too, and one unpacks 200 MB a second."""


class RegistryClient:
    """Asks registries; an async context manager, for one event loop.

    Requests: `resolve` one HEAD, `document`, `config` and `length` one GET, `layer` one at most;
    token requests, the first challenge of a host and further credentials come on top. Nothing is
    cached but tokens, challenges and which credential opened a repository. A host that has
    stopped answering is left alone for a while. `resolver` replaces DNS; what it says is still
    judged.
    """

    def __init__(
        self,
        settings: RegistrySettings,
        *,
        observer: RegistryObserver | None = None,
        resolver: AbstractResolver | None = None,
        providers: Providers | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        observer = observer or SilentRegistryObserver()
        self._settings = settings
        self._transport = Transport(settings, observer, Breaker(settings, clock), resolver)
        limits = RateLimits(settings, clock)
        tokens = Tokens(self._transport, settings, limits, clock)
        self._providers = providers or Providers()
        authenticator = Authenticator(self._transport, tokens)
        self._exchange = Exchange(
            self._transport, authenticator, limits, observer, providers=self._providers
        )
        self._host_streams = Slots(settings.host_streams)
        self._streams = Fair(settings.max_streams)
        self._bodies = Fair(settings.max_body_bytes)
        self._windows = Fair(settings.max_window_bytes)
        self._host_tails = Slots(settings.concurrency)
        most = settings.for_layer(settings.whole_layer_bytes).max_unpack_seconds
        self._turns = CpuTurns(
            "unpacking",
            _UNPACKING,
            share=Share(seconds=most),
            niceness=settings.niceness,
            observer=observer,
        )

    async def __aenter__(self) -> Self:
        await self._transport.__aenter__()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._providers.close()
        self._turns.close()
        await self._transport.__aexit__(kind, error, trace)

    async def resolve(self, reference: Reference, identity: Identity) -> Digest:
        """Find the digest that the reference points at now, by HEAD: it costs no pull.

        A reference by digest is asked for too, so that the identity's right to it is proved.
        """
        call = self._manifest_call("HEAD", reference, frozenset({_OK, *_NO_SUCH_METHOD}))
        try:
            digest = await self._exchange.run(call, identity, _head_digest)
        except ImageError as err:
            # Some registries, and what stands before them, refuse HEAD however GET is answered.
            if err.temporary or isinstance(err, RefusedAddressError | TokenRefusedError):
                raise
            digest = None
        if digest is None:
            return (await self.document(reference, identity)).digest
        if reference.digest is not None and digest != reference.digest:
            raise mismatch(call.what, reference.digest, digest)
        return digest

    async def document(self, reference: Reference, identity: Identity) -> Document:
        """Get the manifest or index that the reference names by digest, else by tag."""
        call = self._manifest_call("GET", reference, frozenset({_OK}))

        async def read(answer: Answer) -> Document:
            stated = reference.digest or _stated_digest(answer)
            body, digest = await self._body(answer, stated, call.what, identity)
            return Document(
                digest=digest,
                media_type=answer.headers.get("Content-Type"),
                body=body,
            )

        return await self._exchange.run(call, identity, read)

    async def config(
        self, reference: Reference, descriptor: Descriptor, identity: Identity
    ) -> bytes:
        """Get a config blob of the reference's repository, checked against its digest."""
        if descriptor.size > MAX_DOCUMENT:
            raise TooLargeError(
                f"the config is larger than the {MAX_DOCUMENT} bytes slimgate reads"
            )
        call = self._blob_call(reference, descriptor.digest, "config")

        async def read(answer: Answer) -> bytes:
            # More than the descriptor says makes the image broken, which whoever asks will see.
            body, _ = await self._body(answer, descriptor.digest, call.what, identity)
            return body

        return await self._exchange.run(call, identity, read)

    async def layer(
        self, reference: Reference, layer: Descriptor, identity: Identity, *, whole: bool = False
    ) -> LayerReading:
        """Find the length of a layer's tar, and what it holds where it is read whole."""
        try:
            return named(await self._looked_at(reference, layer, identity, whole=whole), layer)
        except NotFoundError:
            if (reading := lacking(layer)) is None:
                raise
            return reading

    async def length(self, reference: Reference, layer: Digest, identity: Identity) -> int:
        """Find how long a layer is, by asking for its first byte.

        Not by HEAD: where registries redirect, addresses are signed for GET alone.
        """
        call = self._blob_call(reference, layer, "layer", headers=FIRST_BYTE, accept=_RANGED)

        async def read(answer: Answer) -> int:
            return length_of(answer)

        async with self._host_tails.slot(reference.registry, identity.asker):
            return await self._exchange.run(call, identity, read)

    async def _looked_at(
        self, reference: Reference, layer: Descriptor, identity: Identity, *, whole: bool
    ) -> LayerReading:
        way = plan(layer, self._settings, whole=whole)
        if isinstance(way, Size):
            return LayerReading(unpacked=way)
        if way is Plan.WHOLE:
            return await self._whole_layer(reference, layer, identity)
        # Held until a tail is judged: nobody's many layers are to keep another's waiting.
        async with self._host_tails.slot(reference.registry, identity.asker):
            part = await self._layer_part(reference, layer, identity, way)
            if isinstance(part, bytes):
                return await judge_tail(part, layer, self._turns, identity.asker)
        if part is not None:
            return part
        # As caches do that have not got it yet: they fetch all of it, whatever is asked for.
        return await self._whole_layer(reference, layer, identity)

    async def _layer_part(
        self, reference: Reference, layer: Descriptor, identity: Identity, way: Plan
    ) -> LayerReading | bytes | None:
        first, last = range_of(way, layer)
        call = self._blob_call(
            reference,
            layer.digest,
            "layer",
            headers={"Range": f"bytes={first}-{last}"},
            accept=_RANGED,
        )

        async def read(answer: Answer) -> LayerReading | bytes | None:
            if answer.status == _OK and layer.size <= self._settings.unranged_layer_bytes:
                return None
            return await read_part(answer, way, layer)

        return await self._exchange.run(call, identity, read)

    async def _whole_layer(
        self, reference: Reference, layer: Descriptor, identity: Identity
    ) -> LayerReading:
        seconds = self._settings.for_layer(layer.size).layer_seconds
        call = self._blob_call(reference, layer.digest, "layer", seconds=seconds)

        window = AsyncExitStack()

        async def unpack(steps: Iterator[int | None]) -> None:
            while (wanted := await self._turns.run(identity.asker, steps)) is not None:
                # Not beside what it held before: two who want more of it would wait for ever.
                await window.aclose()
                await window.enter_async_context(self._windows.hold(identity.asker, wanted))

        async def read(answer: Answer) -> LayerReading:
            return await read_whole(answer, layer, self._settings, unpack, call.what)

        host = self._host_streams.slot(reference.registry, identity.asker)
        async with host, self._streams.hold(identity.asker), window:
            return await self._exchange.run(call, identity, read)

    async def _body(
        self, answer: Answer, stated: Digest | None, what: str, identity: Identity
    ) -> tuple[bytes, Digest]:
        """Read a document and verify it, which takes turns as well, in its share of memory."""
        ration, length, body = identity.ration, answer.length(MAX_DOCUMENT), b""
        async with self._bodies.hold(identity.asker, length):
            if ration is not None:
                ration.check_bytes()
            try:
                body = await answer.read(MAX_DOCUMENT)
            finally:
                if ration is not None:
                    ration.count_bytes(len(body) or length)
            return body, await self._verified(body, stated, what, identity.asker)

    async def _verified(self, body: bytes, stated: Digest | None, what: str, asker: str) -> Digest:
        """Compare a body with its digest, or make one; what is large in a thread."""
        if len(body) <= _QUICKLY_HASHED:
            return _checked(body, stated, what)
        return await self._turns.call(asker, _checked, body, stated, what)

    def _manifest_call(
        self, method: str, reference: Reference, accept: frozenset[int]
    ) -> RegistryCall:
        return RegistryCall(
            reference=reference,
            method=method,
            path=f"manifests/{reference.identifier}",
            what=printable(str(reference)),
            seconds=self._settings.request_seconds,
            headers=_ACCEPT,
            accept=accept,
        )

    def _blob_call(
        self,
        reference: Reference,
        digest: Digest,
        kind: str,
        *,
        headers: dict[str, str] | None = None,
        accept: frozenset[int] = frozenset({_OK}),
        seconds: float | None = None,
    ) -> RegistryCall:
        return RegistryCall(
            reference=reference,
            method="GET",
            path=f"blobs/{digest}",
            what=f"{kind} {digest} of {printable(reference.name)}",
            seconds=self._settings.request_seconds if seconds is None else seconds,
            headers=headers or {},
            accept=accept,
        )


def _checked(body: bytes, stated: Digest | None, what: str) -> Digest:
    if stated is None:
        return digest_of(body)
    verify(body, stated, what)
    return stated


async def _head_digest(answer: Answer) -> Digest | None:
    if answer.status != _OK:
        return None
    try:
        return _stated_digest(answer)
    except UnsupportedError:
        # The body tells better than a header that can't be read.
        return None


def _stated_digest(answer: Answer) -> Digest | None:
    text = answer.headers.get("Docker-Content-Digest")
    if text is None:
        return None
    try:
        return parse_digest(text)
    except InvalidReferenceError as err:
        raise UnsupportedError("the registry sent an invalid digest for the manifest") from err
