"""Kubelets are asked within limits, and credentials go nowhere else; failures are sentences."""

import asyncio
import json
import ssl
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from aiohttp import web

from slimgate.cluster import kubelet
from slimgate.cluster.kubelet import Kubelets, kubelet_tls
from slimgate.core.errors import ClusterError, KubeletError, SettingsError
from slimgate.core.nodes.node import Node
from slimgate.core.nodes.summary import ImageFs
from slimgate.core.nodes.thresholds import Thresholds
from tests.core import disks
from tests.registry.hostile import ENDLESS, Behaviour, Hostile, drip, endless, framing, hostile
from tests.registry.servers import Authority, make_authority

SUMMARY = {"node": {"runtime": {"imageFs": {"usedBytes": 3, "capacityBytes": 9}}}}
CONFIG = {"kubeletconfig": {"imageGCHighThresholdPercent": 80}}
MEASURED = ImageFs(used=3, capacity=9, available=None)
NODE = replace(disks.node(), address="127.0.0.1")
TOKEN = "a.b.c"

REFUSED = [
    (401, "does not accept the credentials"),
    (403, "grant get on nodes/stats"),
    (302, "it answered 302"),
    (500, "it answered 500"),
]

NO_SUMMARY = [
    (b"", "not JSON"),
    (b"[" * 100_000, "not JSON"),
    (b"\xff\xfe{", "not JSON"),
    (b"[]", "no image file system"),
    (b'{"node": {"runtime": {}}}', "no image file system"),
]

ADDRESSES = [
    (None, "no InternalIP"),
    ("node.example.com", "no InternalIP"),
    ("10.0.0.1/x", "no InternalIP"),
    ("127.0.0.1", "does not call"),
    ("169.254.169.254", "does not call"),
    ("::ffff:127.0.0.1", "does not call"),
    ("fe80::1%eth0", "does not call"),
    ("224.0.0.1", "does not call"),
    ("0.0.0.0", "does not call"),  # noqa: S104 - nothing is bound
]


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """Make a CA and a kubelet's certificate."""
    return make_authority(tmp_path_factory.mktemp("kubelet"))


@pytest.fixture
def serving(authority: Authority) -> ssl.SSLContext:
    """Make what a kubelet serves with."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(authority.certificate, authority.key)
    return context


def answer(body: object, status: int = 200) -> Behaviour:
    """Make a kubelet that always answers this."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()

    async def behave(request: web.BaseRequest) -> web.Response:
        del request
        return web.Response(body=raw, status=status, headers={"Location": "https://evil.test/"})

    return behave


def at(server: Hostile) -> Node:
    """Make the node of a kubelet of the tests."""
    return replace(NODE, port=int(server.host.rpartition(":")[2]))


def trusting(authority: Authority, *, seconds: float = 5.0, thresholds: bool = False) -> Kubelets:
    """Make a client that trusts the tests' CA and shows a token."""
    return Kubelets(
        tls=kubelet_tls(ca_file=str(authority.ca)),
        headers=lambda: {"Authorization": f"Bearer {TOKEN}"},
        seconds=seconds,
        loopback=True,
        thresholds=thresholds,
    )


async def test_summary(authority: Authority, serving: ssl.SSLContext) -> None:
    """One request for the summary, with the credentials, gives what the kubelet measured."""
    async with hostile(answer(SUMMARY), serving) as server, trusting(authority) as kubelets:
        assert await kubelets.image_fs(at(server)) == MEASURED
        assert [request.path_qs for request in server.seen] == ["/stats/summary"]
        assert server.authorizations() == [f"Bearer {TOKEN}"]


@pytest.mark.parametrize(
    ("configz", "status", "expected"),
    [
        (CONFIG, 200, Thresholds(collect=80, evict=0, node_evict=0, read=True)),
        ({"kubeletconfig": 7}, 200, None),
        (b"{", 200, None),
        (CONFIG, 403, None),
    ],
)
async def test_thresholds(
    *,
    authority: Authority,
    serving: ssl.SSLContext,
    caplog: pytest.LogCaptureFixture,
    configz: object,
    status: int,
    expected: Thresholds | None,
) -> None:
    """They are asked for once an hour if anybody wants them, and are unknown without the right."""

    async def behave(request: web.BaseRequest) -> web.StreamResponse:
        if request.path == "/configz":
            return await answer(configz, status)(request)
        return await answer(SUMMARY)(request)

    async with (
        hostile(behave, serving) as server,
        trusting(authority, thresholds=True) as kubelets,
    ):
        for _ in range(2):
            found = await kubelets.image_fs(at(server))
            assert found == replace(MEASURED, thresholds=expected)

        assert [one.path for one in server.seen] == ["/stats/summary", "/configz", "/stats/summary"]
    assert ("grant get on nodes/configz" in caplog.text) is (status == 403)


@pytest.mark.parametrize(("status", "message"), REFUSED)
async def test_refusals(
    authority: Authority, serving: ssl.SSLContext, status: int, message: str
) -> None:
    """A refusal says what to do, and a redirect is not followed."""
    async with hostile(answer({}, status), serving) as server, trusting(authority) as kubelets:
        with pytest.raises(KubeletError, match=message) as caught:
            await kubelets.image_fs(at(server))

        assert (caught.value.reason, len(server.seen)) == ("refused", 1)


@pytest.mark.parametrize(("body", "message"), NO_SUMMARY)
async def test_no_summary(
    authority: Authority, serving: ssl.SSLContext, body: bytes, message: str
) -> None:
    """What is no summary is an error, whatever it is."""
    async with hostile(answer(body), serving) as server, trusting(authority) as kubelets:
        with pytest.raises(KubeletError, match=message) as caught:
            await kubelets.image_fs(at(server))

    assert caught.value.reason == "no_stats"


async def test_dripping_answers(authority: Authority, serving: ssl.SSLContext) -> None:
    """The deadline covers the whole answer, however it trickles in."""
    async with hostile(drip, serving) as server, trusting(authority, seconds=0.2) as kubelets:
        with pytest.raises(KubeletError, match=r"did not answer in full within 0\.2 s") as caught:
            await kubelets.image_fs(at(server))

    assert caught.value.reason == "late"


async def test_silent_kubelets(authority: Authority, serving: ssl.SSLContext) -> None:
    """A kubelet that never answers is given up, and another may be asked."""
    over = asyncio.Event()

    async def silent(request: web.BaseRequest) -> web.Response:
        del request
        await over.wait()
        return web.Response()

    async with (
        hostile(silent, serving) as slow,
        hostile(answer(SUMMARY), serving) as quick,
        trusting(authority, seconds=0.2) as kubelets,
    ):
        with pytest.raises(ClusterError, match=r"did not answer in full within 0\.2 s"):
            await kubelets.image_fs(at(slow))
        over.set()

        assert await kubelets.image_fs(at(quick)) == MEASURED


async def test_endless_answers(
    authority: Authority, serving: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Reading stops at the size limit."""
    monkeypatch.setattr(kubelet, "MAX_SUMMARY", 100_000)
    async with hostile(endless, serving) as server, trusting(authority) as kubelets:
        with pytest.raises(ClusterError, match="more than 100000 bytes"):
            await kubelets.image_fs(at(server))


@pytest.mark.parametrize("kind", ENDLESS)
async def test_frames_without_end(authority: Authority, serving: ssl.SSLContext, kind: str) -> None:
    """Whoever sends much else than an answer is hung up on, long before the deadline."""
    async with framing(kind, serving) as server, trusting(authority, seconds=60.0) as kubelets:
        with pytest.raises(KubeletError) as caught:
            await kubelets.image_fs(at(server))

    assert caught.value.reason == "unreachable"


async def test_answers_of_too_many_values(authority: Authority, serving: ssl.SSLContext) -> None:
    """What would take Python long to read is not read, and what is large is."""
    pods = [{"containers": [{"logs": {"usedBytes": 1}}] * 10}] * 1_000
    many = b'{"node": [' + b"[]," * 2**19 + b"0]}"
    async with trusting(authority) as kubelets:
        async with hostile(answer({**SUMMARY, "pods": pods}), serving) as server:
            assert await kubelets.image_fs(at(server)) == replace(MEASURED, logs=10_000)
        async with hostile(answer(many), serving) as server:
            with pytest.raises(KubeletError, match="more than 262144 values"):
                await kubelets.image_fs(at(server))


async def test_large_answers_at_the_same_time(
    authority: Authority, serving: ssl.SSLContext
) -> None:
    """Few of them are read at once, and hold no small ones up, however many hold one back."""
    begun, over = asyncio.Semaphore(0), asyncio.Event()

    async def hold(request: web.BaseRequest) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        for _ in range(12):
            await response.write(b" " * 2**20)
        begun.release()
        await over.wait()
        return response

    async with (
        hostile(hold, serving) as large,
        hostile(answer(SUMMARY), serving) as small,
        trusting(authority, seconds=20.0) as kubelets,
    ):
        asking = [asyncio.create_task(kubelets.image_fs(at(large))) for _ in range(8)]
        for _ in range(2):
            await begun.acquire()
        assert await kubelets.image_fs(at(small)) == MEASURED
        held = begun.locked()
        for task in asking:
            task.cancel()
        over.set()
        await asyncio.gather(*asking, return_exceptions=True)

    assert held


async def test_groups_that_servers_make_up(authority: Authority) -> None:
    """None of TLS 1.2 is taken: whoever answers at a node's address could choose a slow one."""
    tls = kubelet_tls(ca_file=str(authority.ca))
    assert {one["kea"] for one in tls.get_ciphers()} <= {"kx-ecdhe", "kx-any"}


async def test_untrusted_certificate(serving: ssl.SSLContext) -> None:
    """Without its CA a kubelet gets no request, unless verification is off."""
    async with hostile(answer(SUMMARY), serving) as server:
        async with Kubelets(tls=kubelet_tls(), loopback=True) as kubelets:
            with pytest.raises(KubeletError, match="certificate is not trusted") as caught:
                await kubelets.image_fs(at(server))
        assert caught.value.reason == "unreachable"
        assert server.seen == []

        async with Kubelets(tls=kubelet_tls(skip_verify=True), loopback=True) as kubelets:
            assert await kubelets.image_fs(at(server)) == MEASURED


async def test_plain_http(authority: Authority) -> None:
    """What does not speak TLS gets no credentials."""
    async with hostile(answer(SUMMARY)) as server, trusting(authority) as kubelets:
        with pytest.raises(ClusterError, match="not an HTTPS server"):
            await kubelets.image_fs(at(server))

        assert server.seen == []


async def test_cut_connections(authority: Authority, serving: ssl.SSLContext) -> None:
    """A kubelet that hangs up is said to have done so."""

    async def hang_up(request: web.BaseRequest) -> web.Response:
        assert request.transport is not None
        request.transport.close()
        return web.Response()

    async with hostile(hang_up, serving) as server, trusting(authority) as kubelets:
        with pytest.raises(ClusterError, match="the connection broke"):
            await kubelets.image_fs(at(server))


async def test_nothing_listens(authority: Authority, serving: ssl.SSLContext) -> None:
    """A kubelet that is down is said to be."""
    async with hostile(answer(SUMMARY), serving) as server:
        node = at(server)
    async with trusting(authority) as kubelets:
        with pytest.raises(ClusterError, match="nothing answers"):
            await kubelets.image_fs(node)


@pytest.mark.parametrize(("address", "message"), ADDRESSES)
async def test_addresses(address: str | None, message: str) -> None:
    """Only a literal address that a kubelet can have is called."""
    async with Kubelets(tls=kubelet_tls()) as kubelets:
        with pytest.raises(KubeletError, match=message) as caught:
            await kubelets.image_fs(replace(NODE, address=address))

    assert caught.value.reason == "no_address"
    assert str(caught.value).startswith("the kubelet of node n1 can't be read: ")


async def test_names_are_escaped() -> None:
    """A node's name can't break a log line."""
    async with Kubelets(tls=kubelet_tls()) as kubelets:
        with pytest.raises(ClusterError) as caught:
            await kubelets.image_fs(replace(NODE, name="a\nb", address=None))

    assert str(caught.value).isprintable()


async def test_outside_of_its_context() -> None:
    """Asking before connections can be made is a bug, not a cluster's failure."""
    with pytest.raises(RuntimeError):
        await Kubelets(tls=kubelet_tls(), loopback=True).image_fs(NODE)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda file: kubelet_tls(ca_file=file), "CA file"),
        (lambda file: kubelet_tls(client_cert=file, client_key=file), "client certificate"),
    ],
)
def test_files_that_hold_no_certificate(
    tmp_path: Path, make: Callable[[str], object], message: str
) -> None:
    """A file that is missing or no PEM is named."""
    (tmp_path / "text").write_text("no PEM")
    for name in ("missing", "text"):
        with pytest.raises(SettingsError, match=message) as caught:
            make(str(tmp_path / name))
        assert name in str(caught.value)
