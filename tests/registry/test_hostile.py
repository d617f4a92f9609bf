"""A registry that answers with too much, too slowly, or with what it should not."""

import asyncio
import gzip
import json
import random
import time
import zlib
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from aiohttp import web

from slimgate.core.credentials.identity import ANONYMOUS
from slimgate.core.errors import (
    DigestMismatchError,
    ImageError,
    NotFoundError,
    RateLimitedError,
    TooLargeError,
    UnauthorizedError,
    UnavailableError,
    UnsupportedError,
)
from slimgate.core.images.facts import Digest, Size, SizeEvidence
from slimgate.core.images.oci import MAX_DOCUMENT, Descriptor
from slimgate.core.images.reference import Reference
from slimgate.engine.cpu_turns import SilentCpuObserver
from slimgate.registry.client import RegistryClient
from tests.core.layers.tars import named
from tests.registry.conftest import asking, settings_for
from tests.registry.hostile import (
    CHUNKED,
    ENDLESS,
    Behaviour,
    drip,
    endless,
    framing,
    hostile,
    raw,
    silent,
)
from tests.support import zstd
from tests.support.images import OCI_LAYER, digest_of, tar_of

GZIP_LAYER = f"{OCI_LAYER}+gzip"
LARGE = Descriptor(media_type=GZIP_LAYER, digest=digest_of(b"x"), size=10**9)
CONFIG = Descriptor(
    media_type="application/vnd.oci.image.config.v1+json", digest=digest_of(b"{}"), size=2
)
EVIL = "\x1b[31m\r\nX-Evil: 1\u202e\x00\u2028"


def of(host: str, tag: str = "1") -> Reference:
    """Make a reference to the hostile registry."""
    return Reference.parse(f"{host}/a/b:{tag}")


def answers(status: int = 200, body: bytes = b"", **headers: str) -> Behaviour:
    """Answer everything the same; header names are written with _ for -."""

    async def behave(request: web.BaseRequest) -> web.StreamResponse:
        del request
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return web.Response(status=status, body=body, headers=named)

    return behave


async def ask(kind: str, client: RegistryClient, host: str) -> object:
    """Ask for one of the four things that a source gives."""
    reference = of(host)
    small = Descriptor(media_type=GZIP_LAYER, digest=digest_of(b"x"), size=1000)
    asked: dict[str, Callable[[], Awaitable[object]]] = {
        "resolve": lambda: client.resolve(reference, ANONYMOUS),
        "document": lambda: client.document(reference, ANONYMOUS),
        "config": lambda: client.config(reference, CONFIG, ANONYMOUS),
        "small layer": lambda: client.layer(reference, small, ANONYMOUS),
        "large layer": lambda: client.layer(reference, LARGE, ANONYMOUS),
    }
    return await asked[kind]()


KINDS = ["resolve", "document", "config", "small layer", "large layer"]


@pytest.mark.parametrize("kind", KINDS)
async def test_endless_bodies_are_cut(kind: str) -> None:
    """No more is read than the answer may have, and that within the deadline."""
    async with hostile(endless) as server, RegistryClient(settings_for(server.host)) as client:
        async with asyncio.timeout(10):
            if kind == "large layer":
                # It asked for a part and was sent everything.
                with pytest.raises(UnsupportedError, match="does not serve parts"):
                    await client.layer(of(server.host), LARGE, ANONYMOUS)
            else:
                with pytest.raises((TooLargeError, UnavailableError)):
                    await ask(kind, client, server.host)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("behave", [drip, silent])
async def test_slow_answers_end_at_the_deadline(kind: str, behave: Behaviour) -> None:
    """A body that trickles counts as an outage once the deadline for the whole of it is over."""
    started = time.monotonic()
    async with asking(behave, request_seconds=0.3, layer_seconds=0.3) as (server, client):
        if (kind, behave) in {("large layer", drip), ("resolve", drip)}:
            return  # the headers came, and no body is wanted
        with pytest.raises((UnavailableError, TooLargeError)):
            await ask(kind, client, server.host)
    assert time.monotonic() - started < 5


async def test_one_slow_registry_does_not_stop_another() -> None:
    """Slots are counted by registry."""
    async with hostile(silent) as slow, hostile(answers(body=b"{}")) as quick:
        settings = settings_for(slow.host, quick.host, concurrency=1)
        async with RegistryClient(settings) as client:
            waiting = [
                asyncio.create_task(client.document(of(slow.host, tag), ANONYMOUS)) for tag in "ab"
            ]
            assert (await client.document(of(quick.host), ANONYMOUS)).body == b"{}"
            for task in waiting:
                task.cancel()
            await asyncio.gather(*waiting, return_exceptions=True)
    assert len(slow.seen) <= 1


async def test_endless_tokens_and_errors_are_cut() -> None:
    """Token answers stop at 1 MiB, and a refusal counts as what it is however long its body."""

    async def behave(request: web.BaseRequest) -> web.StreamResponse:
        if request.path == "/token":
            return await endless(request)
        realm = f'Bearer realm="http://{request.host}/token"'
        return web.Response(status=401, headers={"WWW-Authenticate": realm})

    async def refuse(request: web.BaseRequest) -> web.StreamResponse:
        response = web.StreamResponse(status=404)
        await response.prepare(request)
        while True:
            await response.write(bytes(64 * 1024))

    async with hostile(behave) as server, RegistryClient(settings_for(server.host)) as client:
        with pytest.raises(TooLargeError):
            await client.document(of(server.host), ANONYMOUS)
    async with hostile(refuse) as server, RegistryClient(settings_for(server.host)) as client:
        with pytest.raises(NotFoundError):
            await client.document(of(server.host), ANONYMOUS)


WRONG = digest_of(b"other")


async def test_bytes_that_are_not_their_digest_are_refused() -> None:
    """Manifests by digest and by header, configs and layers are all checked."""
    behave = answers(body=b"{ }", Docker_Content_Digest=WRONG)
    small = Descriptor(media_type=GZIP_LAYER, digest=WRONG, size=3)
    config = Descriptor(media_type=CONFIG.media_type, digest=WRONG, size=3)
    async with hostile(behave) as server, RegistryClient(settings_for(server.host)) as client:
        reference = of(server.host)
        for asked in (
            client.document(reference, ANONYMOUS),
            client.document(reference.at(WRONG), ANONYMOUS),
            client.document(reference.at(Digest("sha512:" + "0" * 128)), ANONYMOUS),
            client.config(reference, config, ANONYMOUS),
            client.layer(reference, small, ANONYMOUS),
            client.resolve(reference.at(digest_of(b"asked")), ANONYMOUS),
        ):
            with pytest.raises(DigestMismatchError):
                await asked


@pytest.mark.parametrize("packer", [gzip.compress, zstd.compress])
async def test_bombs_end_unknown(packer: Callable[[bytes], bytes]) -> None:
    """A layer that unpacks to more than the limit has no known size, and no memory is spent."""
    blob = packer(bytes(64 * 2**20))
    layer = Descriptor(media_type=GZIP_LAYER, digest=digest_of(blob), size=len(blob))
    async with asking(answers(body=blob), max_unpacked_bytes=2**20) as (server, client):
        reading = await client.layer(of(server.host), layer, ANONYMOUS)

    assert (reading.unpacked.bytes, reading.contents) == (None, None)
    assert reading.unpacked.reason == "unpacking the layer takes more than slimgate allows"
    assert 2**20 < reading.unpacked.at_least <= 64 * 2**20


def in_parts(blob: bytes) -> Behaviour:
    """Serve a layer as registries do, whole or the part that is asked for."""

    async def behave(request: web.BaseRequest) -> web.StreamResponse:
        part = request.http_range
        if part.start is None:
            return web.Response(body=blob)
        given = f"bytes {part.start}-{part.stop - 1}/{len(blob)}"
        return web.Response(status=206, body=blob[part], headers={"Content-Range": given})

    return behave


async def test_an_end_that_understates_the_layer() -> None:
    """It tells the length of the last member, and is believed until the layer is read whole."""
    end = tar_of({"noise": random.Random(1).randbytes(2**18).hex().encode()})  # noqa: S311
    blob = gzip.compress(bytes(2**27)) + gzip.compress(end)
    layer = Descriptor(media_type=GZIP_LAYER, digest=digest_of(blob), size=len(blob))
    async with hostile(in_parts(blob)) as server:
        usual = settings_for(server.host, whole_layer_bytes=0)
        strict = replace(usual, max_unpacked_bytes=2**25)
        async with RegistryClient(usual) as client:
            told = await client.layer(of(server.host), layer, ANONYMOUS)
            whole = await client.layer(of(server.host), layer, ANONYMOUS, whole=True)
        async with RegistryClient(strict) as client:
            bomb = (await client.layer(of(server.host), layer, ANONYMOUS, whole=True)).unpacked

    assert told.unpacked == Size.estimated(len(end))
    assert whole.unpacked == Size.measured(2**27 + len(end))
    assert (bomb.bytes, bomb.evidence, bomb.at_least > 2**25) == (None, SizeEvidence.MEASURED, True)
    assert ["Range" in one.headers for one in server.seen] == [True, False, False]


@pytest.mark.parametrize("coding", ["gzip", "br", "deflate, gzip"])
async def test_compressed_answers_are_refused(coding: str) -> None:
    """A small body can't grow behind the caps."""
    behave = answers(body=gzip.compress(b"{}"), Content_Encoding=coding)
    async with hostile(behave) as server, RegistryClient(settings_for(server.host)) as client:
        with pytest.raises(UnsupportedError):
            await client.document(of(server.host), ANONYMOUS)

    assert server.seen[0].headers["Accept-Encoding"] == "identity"


async def test_a_manifest_of_100_000_layers_is_too_large() -> None:
    """It is cut before it is parsed."""
    layer = {"mediaType": GZIP_LAYER, "digest": digest_of(b"x"), "size": 1}
    body = json.dumps({"schemaVersion": 2, "layers": [layer] * 100_000}).encode()
    assert len(body) > MAX_DOCUMENT
    async with asking(answers(body=body)) as (server, client):
        with pytest.raises(TooLargeError):
            await client.document(of(server.host), ANONYMOUS)


@pytest.mark.parametrize("deep", [b"[" * 60_000, b'{"errors":' * 6_000, b'{"token":' * 60_000])
async def test_deep_json_is_no_trouble(deep: bytes) -> None:
    """Neither in a refusal nor in a token answer."""

    async def behave(request: web.BaseRequest) -> web.StreamResponse:
        if request.path == "/token":
            return web.Response(body=deep)
        realm = f'Bearer realm="http://{request.host}/token"'
        return web.Response(status=401, body=deep, headers={"WWW-Authenticate": realm})

    async with hostile(behave) as server, RegistryClient(settings_for(server.host)) as client:
        with pytest.raises(UnsupportedError):
            await client.document(of(server.host), ANONYMOUS)
    async with asking(answers(404, deep)) as (server, client):
        with pytest.raises(NotFoundError):
            await client.document(of(server.host), ANONYMOUS)


@pytest.mark.parametrize("status", [400, 401, 403, 404, 429, 500, 503])
async def test_nothing_that_a_registry_says_is_repeated(status: int) -> None:
    """Codes of the spec's form are kept; other codes and all messages are not."""
    error = {"code": f"EVIL{EVIL}", "message": f"message{EVIL}", "detail": EVIL}
    body = json.dumps({"errors": [error]}).encode()
    async with asking(answers(status, body)) as (server, client):
        with pytest.raises(ImageError) as caught:
            await client.document(of(server.host), ANONYMOUS)

    assert str(caught.value).isprintable()
    assert "message" not in str(caught.value)
    assert caught.value.code is None


@pytest.mark.parametrize(
    "head",
    [
        b"HTTP/1.1 404 \x1b[31mEVIL\x07\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nDocker-Content-Digest: \x1b[31m\r\nContent-Length: 2\r\n\r\n{}",
        b'HTTP/1.1 401 N\r\nWWW-Authenticate: Bearer realm="\x1b[31m"\r\nContent-Length: 0\r\n\r\n',
        b'HTTP/1.1 401 N\r\nWWW-Authenticate: Bearer realm="http://\xff/"\r\n\r\n',
        b"HTTP/1.1 307 N\r\nLocation: http://a\x1b[31m/\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 307 N\r\nLocation: http://[::1\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 307 N\r\nLocation: http://a:99999/\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"X: " + b"a" * 100_000 + b"\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"X: a\r\n" * 50_000 + b"\r\n",
        b"HTTP/9.9 999 \r\n\r\n",
        b"\x16\x03\x01\x00\xff" * 20,
        b"",
    ],
)
async def test_broken_http_is_an_image_error(head: bytes) -> None:
    """Whatever comes back, the error is of the tree and safe to print."""
    async with raw(head) as server, RegistryClient(settings_for(server.host)) as client:
        with pytest.raises(ImageError) as caught:
            await client.document(of(server.host), ANONYMOUS)

    assert str(caught.value).isprintable()


@pytest.mark.parametrize("kind", ENDLESS)
async def test_what_takes_long_to_read_is_cut(kind: str) -> None:
    """Neither heads without end nor the frames of chunks keep the loop for as long as they come."""
    started = time.process_time()
    async with framing(kind) as server, RegistryClient(settings_for(server.host)) as client:
        for _ in range(3):
            with pytest.raises(UnavailableError):
                await client.document(of(server.host), ANONYMOUS)

    assert time.process_time() - started < 2.0


@pytest.mark.parametrize("size", [8, 4096])
async def test_bodies_in_chunks(size: int) -> None:
    """Small ones are read, and so is what a registry says before it answers."""
    body = b'{"a": "' + b"x" * 200_000 + b'"}'
    pieces = [body[at : at + size] for at in range(0, len(body), size)]
    framed = b"".join(b"%x\r\n%b\r\n" % (len(one), one) for one in pieces)
    early = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"
    async with (
        raw(early + CHUNKED + framed + b"0\r\n\r\n") as server,
        RegistryClient(settings_for(server.host)) as client,
    ):
        assert (await client.document(of(server.host), ANONYMOUS)).body == body


async def test_401_for_ever_is_asked_twice() -> None:
    """One retry with a fresh token, and no more."""

    async def behave(request: web.BaseRequest) -> web.StreamResponse:
        if request.path == "/token":
            return web.json_response({"token": f"t{request.query['scope']}"})
        realm = f'Bearer realm="http://{request.host}/token",scope="repository:x/y:pull,push"'
        return web.Response(status=401, headers={"WWW-Authenticate": realm})

    async with hostile(behave) as server, RegistryClient(settings_for(server.host)) as client:
        with pytest.raises(UnauthorizedError):
            await client.document(of(server.host), ANONYMOUS)

    expected = ["/v2/a/b/manifests/1", "/token", "/v2/a/b/manifests/1"]
    assert expected == [request.path for request in server.seen]
    # Asked for more than a right to pull, the client does not play along.
    assert server.seen[1].query["scope"] == "repository:a/b:pull"


@pytest.mark.parametrize(
    "token", ["", "a\r\nX-Evil: 1", "a b", "é", None, 7, ["x"], {"a": "b"}, "x" * 100_000]
)
async def test_tokens_that_are_none_are_refused(token: object) -> None:
    """Nothing that could break out of a header is sent."""

    async def behave(request: web.BaseRequest) -> web.StreamResponse:
        if request.path == "/token":
            return web.json_response({"token": token, "expires_in": "soon"})
        realm = f'Bearer realm="http://{request.host}/token"'
        return web.Response(status=401, headers={"WWW-Authenticate": realm})

    async with hostile(behave) as server, RegistryClient(settings_for(server.host)) as client:
        with pytest.raises(UnsupportedError, match="without a token"):
            await client.document(of(server.host), ANONYMOUS)


def in_seconds(seconds: int) -> str:
    """Write a time to come as an HTTP date."""
    return format_datetime(datetime.now(UTC) + timedelta(seconds=seconds), usegmt=True)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [("60", 60), (None, 600), ("nonsense", 30), ("9" * 50, 6 * 3600)],
    ids=["seconds", "date", "nonsense", "too long"],
)
async def test_a_registry_that_wants_peace_gets_it(header: str | None, seconds: int) -> None:
    """No request is sent before Retry-After; calls fail at once, and nothing sleeps."""
    wanted = in_seconds(seconds) if header is None else header
    now = [1000.0]
    limited = True

    async def behave(request: web.BaseRequest) -> web.StreamResponse:
        if limited:
            return await answers(429, Retry_After=wanted)(request)
        return await answers(body=b"{}")(request)

    async with asking(behave, clock=lambda: now[0]) as (server, client):
        for _ in range(3):
            with pytest.raises(RateLimitedError) as caught:
                await client.document(of(server.host), ANONYMOUS)
            assert caught.value.retry_after == pytest.approx(seconds, abs=5)
        assert len(server.seen) == 1
        limited = False
        now[0] += seconds + 1
        assert (await client.document(of(server.host), ANONYMOUS)).body == b"{}"


@pytest.mark.parametrize("header", [None, "", "garbage", "sha256:../../etc/passwd"])
async def test_resolve_without_a_digest_asks_for_the_body(header: str | None) -> None:
    """A HEAD that names no digest is followed by a GET, whose body is hashed."""
    head = answers() if header is None else answers(Docker_Content_Digest=header)

    async def behave(request: web.BaseRequest) -> web.StreamResponse:
        if request.method == "HEAD":
            return await head(request)
        return await answers(body=b"{}")(request)

    async with hostile(behave) as server, RegistryClient(settings_for(server.host)) as client:
        assert digest_of(b"{}") == await client.resolve(of(server.host), ANONYMOUS)
    assert [request.method for request in server.seen] == ["HEAD", "GET"]


async def test_a_registry_without_head_is_asked_by_get() -> None:
    """405 is no refusal."""

    async def behave(request: web.BaseRequest) -> web.StreamResponse:
        return await answers(405 if request.method == "HEAD" else 200, b"{}")(request)

    async with hostile(behave) as server, RegistryClient(settings_for(server.host)) as client:
        assert digest_of(b"{}") == await client.resolve(of(server.host), ANONYMOUS)


PARTS = [
    ("bytes 999934464-999999999/1000000000", 65_536, "the gzip trailer"),
    ("bytes 999934464-999999999/*", 65_536, "the gzip trailer"),
    ("bytes 0-65535/1000000000", 65_536, "another part"),
    ("bytes 999934464-999999999/7", 65_536, "it has 7 bytes, not the 1000000000"),
    ("", 65_536, "another part"),
    ("bytes 999934464-999999999/1000000000", 10, "less of the layer"),
]


async def test_a_part_that_is_not_there() -> None:
    """A layer that ends before the part that is asked for has another size than it is said to."""
    behave = answers(416, b"", Content_Range="bytes */7")
    async with hostile(behave) as server, RegistryClient(settings_for(server.host)) as client:
        reading = await client.layer(of(server.host), LARGE, ANONYMOUS)

    assert "it has 7 bytes, not the 1000000000 bytes" in str(reading.unpacked.reason)


@pytest.mark.parametrize(
    ("told", "error"), [(9, TooLargeError), (11, UnsupportedError)], ids=["less", "more"]
)
async def test_a_layer_of_another_size(told: int, error: type[ImageError]) -> None:
    """It makes the image broken, as container runtimes have it, though its digest is right."""
    layer = Descriptor(media_type=GZIP_LAYER, digest=digest_of(b"0123456789"), size=told)
    async with asking(answers(200, b"0123456789")) as (server, client):
        with pytest.raises(error, match=f"not the {told} bytes .*: the image is broken"):
            await client.layer(of(server.host), layer, ANONYMOUS)


@pytest.mark.parametrize(("content_range", "length", "reason"), PARTS)
async def test_parts_must_be_the_ones_asked_for(
    content_range: str, length: int, reason: str
) -> None:
    """Another part, or less of it, leaves the size unknown."""
    behave = answers(206, bytes(length), Content_Range=content_range)
    async with hostile(behave) as server, RegistryClient(settings_for(server.host)) as client:
        reading = await client.layer(of(server.host), LARGE, ANONYMOUS)

    assert reading.unpacked.bytes is None
    assert reason in (reading.unpacked.reason or "")
    assert server.seen[0].headers["Range"] == "bytes=999934464-999999999"


async def head_of_a_large_tar(head: bytes) -> Size:
    """Look at a layer that is said to be a tar, too large to be read whole, and begins so."""
    layer = replace(LARGE, media_type=GZIP_LAYER.removesuffix("+gzip"))
    behave = answers(206, head, Content_Range=f"bytes 0-511/{layer.size}")
    async with hostile(behave) as server, RegistryClient(settings_for(server.host)) as client:
        return (await client.layer(of(server.host), layer, ANONYMOUS)).unpacked


@pytest.mark.parametrize("magic", [b"\x1f\x8b\x08\x04", b"\x28\xb5\x2f\xfd", b"\x50\x2a\x4d\x18"])
async def test_a_compressed_layer_that_poses_as_a_tar(magic: bytes) -> None:
    """A header that has room for a tar's does not make a layer a tar."""
    found = await head_of_a_large_tar(named(magic, b"")[:512])

    assert found == Size.unknown("the layer is not the tar that its media type says")


@pytest.mark.parametrize("head", [b"ustar".rjust(262, b"a").ljust(512, b"\0"), bytes(512)])
async def test_no_tar_that_is_called_one(head: bytes) -> None:
    """What has no header's checksum is none, whatever mark it has."""
    found = await head_of_a_large_tar(head)

    assert found == Size.unknown("the layer is not the tar that its media type says")


@pytest.mark.parametrize("name", [b"a", b"\x1f\x8b\x00", b"\xff"])
async def test_a_large_tar(name: bytes) -> None:
    """It is as long as its layer, whatever its first file is called, without a mark too."""
    head = bytearray(named(name, b"", signed=True)[:512])
    total = int(head[148:154], 8) - sum(head[257:265])
    head[148:156], head[257:265] = b"%06o\0 " % total, bytes(8)

    assert await head_of_a_large_tar(bytes(head)) == Size.estimated(LARGE.size)


async def test_a_large_tar_that_is_something_else_to_some_runtimes() -> None:
    """To containerd it is a tar that is as long, so it is that at least."""
    found = await head_of_a_large_tar(named(b"BZh9", b"")[:512])

    assert (found.bytes, found.at_least) == (None, LARGE.size)
    assert found.reason == "the layer is compressed with bzip2"


class Record(SilentCpuObserver):
    """Writes down what an observer is told."""

    def __init__(self) -> None:
        self.requests: list[tuple[str, int | str]] = []
        self.remaining: list[int] = []

    def request(self, host: str, method: str, outcome: int | str, seconds: float) -> None:
        """Write down a request."""
        assert host.startswith("127.0.0.1:")
        assert seconds >= 0
        self.requests.append((method, outcome))

    def rate_limit(self, host: str, remaining: int) -> None:
        """Write down a limit."""
        assert host.startswith("127.0.0.1:")
        self.remaining.append(remaining)

    def request_skipped(self, host: str, reason: str) -> None:
        """Fail: there is no reason to."""
        raise AssertionError(host, reason)


async def test_the_observer_hears_of_every_request() -> None:
    """Statuses, failures and what is left of the rate limit."""
    record = Record()
    ok = answers(body=b"{}", RateLimit_Remaining="20;w=21600")
    async with hostile(ok) as server, hostile(silent) as slow:
        settings = settings_for(server.host, slow.host, request_seconds=0.2)
        async with RegistryClient(settings, observer=record) as client:
            await client.document(of(server.host), ANONYMOUS)
            with pytest.raises(UnavailableError):
                await client.resolve(of(slow.host), ANONYMOUS)

    assert record.requests == [("GET", 200), ("HEAD", "unavailable")]
    assert record.remaining == [20]


async def test_a_layer_of_ten_thousand_members_is_exact() -> None:
    """Members are counted to the last one, without more work for each."""
    tar = tar_of({"a": bytes(100_000)})
    blob = b"".join(gzip.compress(tar[i : i + 11]) for i in range(0, len(tar), 11))
    layer = Descriptor(media_type=GZIP_LAYER, digest=digest_of(blob), size=len(blob))
    async with asking(answers(body=blob)) as (server, client):
        reading = await client.layer(of(server.host), layer, ANONYMOUS)

    assert len(tar) == reading.unpacked.bytes
    assert zlib.crc32(blob)
