"""Each attack by itself: what it serves, and what it sends."""

import asyncio
import ssl
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Final, TypeVar

from bench.siege import evil
from bench.siege.field import Field
from slimgate.core.images.oci import MAX_DOCUMENT

T = TypeVar("T")
Act = Callable[[Field], Awaitable[None]]
_EVIL: Final = "evil"
_BATCH: Final = 20
_FAT: Final = 64 * 2**20


@dataclass(frozen=True, slots=True, kw_only=True)
class Attack:
    """A name for the table, and what is done."""

    name: str
    act: Act


async def long_paths(field: Field) -> None:
    """Have small layers read in which paths are 64 KiB long, or very deep."""
    made = [partial(evil.long_path, i) for i in range(field.count(40))]
    made += [partial(evil.deep_paths, i) for i in range(field.count(4))]
    await _in_batches(field, field.serve(made, "paths", field.host(1)))


async def pull_secrets(field: Field) -> None:
    """Send pods of 20 images with two pull secrets, in four namespaces: a megabyte, and usable."""
    for i in range(field.count(4)):
        for name in ("one", "two"):
            # Far more logins than slimgate reads, and nearly as many as it does.
            size = 2**20 if name == "one" else 50_000
            field.login(f"{_EVIL}-{i}", name, evil.login(i, size=size))
    images = [f"h{i}.example.com/a/b:v1" for i in range(_BATCH)]
    asked = (
        field.ask(f"{_EVIL}-{i}", images, secrets=["one", "two"])
        for i in range(field.count(4))
        for _ in range(3)
    )
    await asyncio.gather(*asked)


async def large_manifests(field: Field) -> None:
    """Have 64 manifests read that are as large as one may be."""
    made = [partial(evil.large_manifest, i) for i in range(field.count(64))]
    await _in_batches(field, field.serve(made, "manifests", field.host(2)))


async def late_denial(field: Field) -> None:
    """Hide a fat image behind 30 whose manifests are as large as one may be."""
    made = [partial(evil.large_manifest, 1000 + i) for i in range(field.count(30))]
    fillers = field.serve(made, "fillers", field.host(3))
    fat = field.serve([partial(evil.large_fat_manifest, 1, _FAT)], "fat", field.host(3))
    await field.ask(_EVIL, [*fillers, *fat], fat=True)


async def slow_hosts(field: Field) -> None:
    """Have 100 hosts each hold back the last byte of 3.9 MiB."""
    count = field.count(100)
    hosts = field.registry.hosts[100 : 100 + count]
    make = partial(evil.large_manifest, 77)
    field.registry.images["stalled"] = make
    field.registry.stalls.add("stalled")
    images = [f"{host}/stalled:v1" for host in hosts]
    await _in_batches(field, images)


async def many_hosts(field: Field) -> None:
    """Ask for images of 240 hosts that take connections and say nothing."""
    field.registry.silent.add("quiet")
    field.registry.images["quiet"] = partial(evil.large_manifest, 78, size=MAX_DOCUMENT // 64)
    images = [f"{host}/quiet:v1" for host in field.registry.hosts[: field.count(240)]]
    await asyncio.gather(*(field.ask(_EVIL, part) for part in _parts(images, 125)))


async def endless_heads(field: Field) -> None:
    """Ask for images of 120 hosts that say for ever that they will answer."""
    field.registry.endless.add("endless")
    hosts = field.registry.hosts[-1 - field.count(120) : -1]
    await _in_batches(field, [f"{host}/endless:v1" for host in hosts])


async def many_look_ups(field: Field) -> None:
    """Leave 24,000 look-ups behind: reviews with little patience of images that hang."""
    host = field.host(8)
    make = partial(evil.large_manifest, 79, size=MAX_DOCUMENT // 64)
    for i in range(field.count(24_000)):
        field.registry.images[f"hang/{i}"] = make
        field.registry.silent.add(f"hang/{i}")
    images = [f"{host}/hang/{i}:v1" for i in range(field.count(24_000))]
    for part in _parts(images, 2_000):
        asked = (
            field.ask(f"{_EVIL}-{i}", few, patience=1) for i, few in enumerate(_parts(part, 500))
        )
        await asyncio.gather(*asked)


async def long_instructions(field: Field) -> None:
    """Have 30 configs read whose history is megabytes long."""
    made = [partial(evil.long_instructions, i) for i in range(field.count(30))]
    await _in_batches(field, field.serve(made, "history", field.host(4)))


async def many_layers(field: Field) -> None:
    """Have images read of as many layers as there may be, none of which is there."""
    made = [partial(evil.many_layers, i) for i in range(field.count(20))]
    await _in_batches(field, field.serve(made, "layers", field.host(5)))


async def slow_layers(field: Field) -> None:
    """Have 24 layers of half a megabyte unpacked that are hundreds of thousands of files."""
    made = [partial(evil.many_files, i) for i in range(field.count(24))]
    await _in_batches(field, field.serve(made, "files", field.host(6)))


async def zeros(field: Field) -> None:
    """Have layers unpacked that are a thousandth of what they unpack to."""
    made = [partial(evil.zeros, i, megabytes=400) for i in range(field.count(8))]
    await _in_batches(field, field.serve(made, "zeros", field.host(7)))


async def stalled_layers(field: Field) -> None:
    """Have hosts hold back the last byte of layers, to keep all streams for themselves."""
    make = partial(evil.many_files, 99, megabytes=20)
    field.registry.images["stream"] = make
    made = make()
    digest = made.layers[0].descriptor.digest
    field.registry.stalled_blobs.add(digest)
    hosts = field.registry.hosts[20 : 20 + field.count(64)]
    await _in_batches(field, [f"{host}/stream:v1" for host in hosts])


async def missing_tags(field: Field) -> None:
    """Ask the registry that honest images come from for 1,500 tags that it doesn't have."""
    images = [f"{field.honest_registry}/bench/none-{i}:v1" for i in range(field.count(1500))]
    await asyncio.gather(*(field.ask(_EVIL, part) for part in _parts(images, 250)))


async def idle_connections(field: Field) -> None:
    """Hold 2,000 connections to the webhook: without a byte, without a request, half a request."""
    head = b"POST /validate HTTP/1.1\r\nHost: x\r\n"
    body = b"Content-Type: application/json\r\nContent-Length: 3000000\r\n\r\n{"
    starts = (b"", head, head + body)
    held = list[asyncio.StreamWriter]()

    async def hold(number: int) -> None:
        context = field.context if number % 4 else None
        with suppress(OSError, ssl.SSLError, TimeoutError):
            opening = asyncio.open_connection("127.0.0.1", field.port, ssl=context)
            _, writer = await asyncio.wait_for(opening, 10)
            held.append(writer)
            writer.write(starts[number % len(starts)])
            await writer.drain()

    for numbers in _parts(range(field.count(2_000)), 100):
        await asyncio.gather(*map(hold, numbers))
    await asyncio.sleep(5)
    for writer in held:
        writer.transport.abort()


async def handshakes(field: Field) -> None:
    """Begin 1,000 handshakes a second from an address of its own, and leave them there."""
    await field.flood(rate=1_000, whole=False)


async def whole_handshakes(field: Field) -> None:
    """Shake hands 500 times a second, to the end."""
    await field.flood(rate=500, whole=True)


async def chunks_of_a_byte(field: Field) -> None:
    """Send 100 reviews whose bodies come in chunks of a byte, again and again."""
    head = b"POST /validate HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
    until = asyncio.get_running_loop().time() + 10 * field.scale

    async def send() -> None:
        while asyncio.get_running_loop().time() < until:
            with suppress(OSError, ssl.SSLError):
                _, writer = await asyncio.open_connection(
                    "127.0.0.1", field.port, ssl=field.context
                )
                writer.write(head)
                while not writer.is_closing() and asyncio.get_running_loop().time() < until:
                    writer.write(b"1\r\n \r\n" * 4_000)
                    await writer.drain()
                    await asyncio.sleep(0.01)
            await asyncio.sleep(1)  # what handshakes cost is another matter

    await asyncio.gather(*(send() for _ in range(field.count(100))))


async def large_reviews(field: Field) -> None:
    """Send 40 reviews of 2 MB at once."""
    images = [f"registry.invalid/{'a' * 4_000}/{i}:v1" for i in range(500)]
    asked = (field.ask(f"{_EVIL}-{i % 4}", images) for i in range(field.count(40)))
    await asyncio.gather(*asked)


ATTACKS: Final = (
    Attack(name="paths of 64 KiB", act=long_paths),
    Attack(name="pull secrets of a megabyte", act=pull_secrets),
    Attack(name="64 manifests of 4 MiB", act=large_manifests),
    Attack(name="a fat image behind 30 manifests", act=late_denial),
    Attack(name="100 hosts that hold 3.9 MiB", act=slow_hosts),
    Attack(name="240 silent hosts", act=many_hosts),
    Attack(name="24,000 look-ups", act=many_look_ups),
    Attack(name="history of megabytes", act=long_instructions),
    Attack(name="900 layers", act=many_layers),
    Attack(name="layers of a million files", act=slow_layers),
    Attack(name="layers of zeros", act=zeros),
    Attack(name="64 layers that stall", act=stalled_layers),
    Attack(name="missing tags of a shared registry", act=missing_tags),
    Attack(name="2,000 idle connections", act=idle_connections),
    Attack(name="40 reviews of 2 MB", act=large_reviews),
    Attack(name="120 hosts that say 100 Continue", act=endless_heads),
    Attack(name="100 bodies in chunks of a byte", act=chunks_of_a_byte),
    Attack(name="1,000 handshakes a second", act=handshakes),
    Attack(name="500 whole handshakes a second", act=whole_handshakes),
)


async def _in_batches(field: Field, images: Sequence[str]) -> None:
    parts = _parts(images, _BATCH)
    await asyncio.gather(*(field.ask(_EVIL, part) for part in parts))


def _parts(whole: Sequence[T], size: int) -> list[Sequence[T]]:
    return [whole[i : i + size] for i in range(0, len(whole), size)]
