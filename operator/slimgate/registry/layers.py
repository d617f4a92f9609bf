"""How much of a layer to fetch to learn its unpacked size, and what the fetched part tells.

One request a layer at most: small ones whole, larger gzip ones by their end.
"""

import hashlib
import re
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import replace
from enum import Enum
from typing import Final

from slimgate.core.errors import TooLargeError, UnsupportedError
from slimgate.core.images.facts import Digest, Size
from slimgate.core.images.lengths import wrong_size
from slimgate.core.images.oci import Descriptor
from slimgate.core.layers.gzip import TAIL, size_from_tail
from slimgate.core.layers.packing import Packing, packing_of
from slimgate.core.layers.tar import is_header
from slimgate.engine.cpu_turns import CpuTurns
from slimgate.engine.ports import LayerReading
from slimgate.engine.unpack import NO_TAR, Unpacker, UnpackLimits
from slimgate.registry.body import Answer, BodyPace, algorithm_of, mismatch
from slimgate.registry.settings import RegistrySettings
from slimgate.settings import WHOLE_LAYER_BYTES

_CHUNK: Final = 256 * 2**10
_OK: Final = 200
_PARTIAL: Final = 206
_CONTENT_RANGE: Final = re.compile(r"bytes (\d{1,19})-(\d{1,19})/(?:\d{1,19}|\*)")
_TOTAL: Final = re.compile(r"\Abytes [0-9*-]{1,40}/(\d{1,19})\Z")
_WHOLE_ONLY: Final = "the registry does not serve parts of layers"
_FOREIGN: Final = re.compile(r"\.(foreign|nondistributable)\b")
_ENCRYPTED: Final = "+encrypted"
_GZIP: Final = frozenset({
    "application/vnd.oci.image.layer.v1.tar+gzip",
    "application/vnd.docker.image.rootfs.diff.tar.gzip",
})  # fmt: skip
_TAR: Final = frozenset({
    "application/vnd.oci.image.layer.v1.tar",
    "application/vnd.docker.image.rootfs.diff.tar",
})  # fmt: skip
_ANOTHER: Final = "the registry served another part of the layer than was asked for"
HEAD: Final = 512
FIRST_BYTE: Final = {"Range": "bytes=0-0"}


class Plan(Enum):
    """How to look at a layer."""

    WHOLE = "whole"
    TAIL = "tail"
    HEAD = "head"


def plan(layer: Descriptor, settings: RegistrySettings, *, whole: bool = False) -> Plan | Size:
    """Choose how to look at a layer, or say why looking is of no use; `whole` ones are larger.

    Runtimes tell by its bytes how a layer is compressed, and not all of them ask for its type, nor
    whether that says encrypted. One that is said to lie elsewhere is asked of the registry, too.
    """
    media_type = _FOREIGN.sub("", layer.media_type.lower()).removesuffix(_ENCRYPTED)
    measured = settings.measured_layer_bytes if whole else 0
    if layer.size <= max(settings.whole_layer_bytes, measured):
        return Plan.WHOLE
    if media_type in _TAR:
        return Plan.HEAD
    if media_type not in _GZIP:
        return Size.unknown("the layer is too large to be read whole and does not state its length")
    if layer.has_many_members:
        return Size.unknown("the layer has many gzip members and is too large to be read whole")
    return Plan.TAIL


def lacking(layer: Descriptor) -> LayerReading | None:
    """Say of a layer that the registry has not got what that means, if it need not have it."""
    return _unknown("the layer is not kept in the registry") if layer.elsewhere else None


def named(reading: LayerReading, layer: Descriptor) -> LayerReading:
    """Say that a layer is encrypted, where it is: containerd unpacks what is only called so."""
    is_called_so = layer.media_type.lower().endswith(_ENCRYPTED)
    if is_called_so and reading.unpacked.reason == NO_TAR:
        return replace(reading, unpacked=replace(reading.unpacked, reason="the layer is encrypted"))
    return reading


def range_of(way: Plan, layer: Descriptor) -> tuple[int, int]:
    """Choose the first and the last byte to fetch; both count."""
    if way is Plan.TAIL:
        return max(0, layer.size - TAIL), layer.size - 1
    return 0, min(HEAD, layer.size) - 1


async def read_part(answer: Answer, way: Plan, layer: Descriptor) -> LayerReading | bytes:
    """Judge a layer by its part; a registry that sends another part leaves it unknown.

    A tail is returned, for `judge_tail`: that takes CPU time, which is not the registry's.
    """
    first, last = range_of(way, layer)
    if (reason := _another(answer, first, last, layer.size)) is not None:
        if reason == _WHOLE_ONLY:
            # An error, which is looked at again later: a cache may serve them once it is filled.
            raise UnsupportedError(reason)
        return _unknown(reason)
    part = await answer.read(last - first + 1)
    if len(part) != last - first + 1:
        return _unknown("the registry served less of the layer than was asked for")
    if way is Plan.TAIL:
        return part
    # A gzip header may hold what looks like a tar's, and runtimes go by how a layer begins.
    packing = packing_of(part)
    if packing in {Packing.GZIP, Packing.ZSTD} or not is_header(part):
        return _unknown("the layer is not the tar that its media type says")
    if packing is not None:
        # containerd knows no other, and unpacks it as the tar that it is as well.
        reason = f"the layer is compressed with {packing.value}"
        return LayerReading(unpacked=Size.unknown(reason, at_least=layer.size))
    return LayerReading(unpacked=Size.estimated(layer.size))


def _another(answer: Answer, first: int, last: int, size: int) -> str | None:
    """Say why an answer is not the part from `first` to `last` of a layer of the size."""
    total = _total(answer)
    if total is not None and total != size:
        return f"{_ANOTHER}: it has {total} bytes, {wrong_size(size)}"
    if answer.status != _PARTIAL:
        return _WHOLE_ONLY
    match = _CONTENT_RANGE.fullmatch(answer.headers.get("Content-Range", ""))
    is_asked_for = match is not None and (int(match[1]), int(match[2])) == (first, last)
    return None if is_asked_for else _ANOTHER


def _total(answer: Answer) -> int | None:
    """Read how long the layer is of which an answer is a part."""
    total = _TOTAL.search(answer.headers.get("Content-Range", ""))
    return None if total is None else int(total[1])


def length_of(answer: Answer) -> int:
    """Tell how long a layer is by an answer to whoever asked for its first byte."""
    whole = answer.stated_length if answer.status == _OK else _total(answer)
    if whole is None:
        raise UnsupportedError("the registry does not tell how long the layer is")
    return whole


async def judge_tail(tail: bytes, layer: Descriptor, turns: CpuTurns, asker: str) -> LayerReading:
    """Judge a gzip layer by its tail."""
    return LayerReading(unpacked=await turns.call(asker, size_from_tail, tail, layer.size))


async def read_whole(
    answer: Answer,
    layer: Descriptor,
    settings: RegistrySettings,
    unpack: Callable[[Iterator[int | None]], Awaitable[None]],
    what: str,
) -> LayerReading:
    """Read, verify and unpack a layer, by steps that `unpack` goes through when it is their turn.

    Raises DigestMismatchError, TooLargeError, UnsupportedError.
    """
    limits = settings.for_layer(layer.size)
    unpacker = Unpacker(
        UnpackLimits(
            max_bytes=limits.max_unpacked_bytes,
            max_seconds=limits.max_unpack_seconds,
            max_window=limits.max_window_bytes,
        )
    )
    pace = BodyPace(settings.layer_seconds, settings.layer_seconds / WHOLE_LAYER_BYTES)
    digest, count = hashlib.new(algorithm_of(layer.digest)), 0
    buffer = bytearray()
    more = TooLargeError(f"{what} has more bytes, {wrong_size(layer.size)}")
    async for chunk in answer.chunks(layer.size, pace, beyond=more):
        digest.update(chunk)
        count += len(chunk)
        buffer += chunk
        if len(buffer) >= _CHUNK:
            with answer.aside():
                await unpack(unpacker.steps(bytes(buffer)))
            buffer.clear()
    actual = Digest(f"{algorithm_of(layer.digest)}:{digest.hexdigest()}")
    if actual != layer.digest:
        raise mismatch(what, layer.digest, actual)
    if count != layer.size:
        raise UnsupportedError(f"{what} has {count} bytes, {wrong_size(layer.size)}")
    with answer.aside():
        await unpack(unpacker.steps(bytes(buffer)))
    reading = unpacker.finish()
    return reading if layer.size <= settings.listed_layer_bytes else replace(reading, contents=None)


def _unknown(reason: str) -> LayerReading:
    return LayerReading(unpacked=Size.unknown(reason))
