"""The admission port over TLS: what is reviewed, and the sentence that everything else gets."""

import asyncio
import gzip
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.support.turns import watching_turns
from tests.webhook import engine
from tests.webhook.engine import FAT, SLIM, OddJudge, OddPolicies
from tests.webhook.reviews import Answered, deployment, review
from tests.webhook.serving import HOST, Live, serving, until
from tests.webhook.test_service import explode

LIMIT = 8 * 2**20
HEAD = "POST /validate HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"


@pytest.fixture
async def live(tmp_path: Path) -> AsyncIterator[Live]:
    """Run a server."""
    async with serving(tmp_path) as running:
        yield running


def padded(size: int) -> bytes:
    """Make an UPDATE whose two objects carry as much as is missing to the size."""
    old, new = deployment(FAT), deployment(SLIM)
    empty = len(review(new, old=old, operation="UPDATE"))
    half = (size - empty - len(', "status": ""') * 2) // 2
    old["status"] = new["status"] = "x" * half
    made = review(new, old=old, operation="UPDATE")
    return made + b" " * (size - len(made))


async def test_admissions(live: Live) -> None:
    """Reviews are answered as JSON, one after another on one connection."""
    for image, allowed in ((SLIM, True), (FAT, False), (SLIM, True)):
        async with live.session.post(
            f"{live.url}?timeout=5s", json=None, data=review(deployment(image)),
            headers={"Content-Type": "application/json; charset=utf-8"},
        ) as response:  # fmt: skip
            assert response.status == 200
            assert response.content_type == "application/json"
            assert response.headers.get("Connection") != "close"
            assert Answered.of(await response.read()).allowed is allowed
    assert live.heard.refusals == []


@pytest.mark.parametrize(
    "path", ["/", "/validate/", "/validate/fail", "/Validate", "//validate", "/mutate", "/readyz"]
)
async def test_wrong_path(live: Live, path: str) -> None:
    """A wrong path is an error that names the right one, never an allow."""
    url = f"https://{HOST}:{live.port}{path}"
    status, body = await live.post(review(deployment(FAT)), url)
    assert status == 404
    assert body.decode() == (
        "slimgate: there is nothing at this path: admissions are reviewed at /validate and "
        "/validate-exceptions\n"
    )
    assert live.heard.refusals == [404]
    assert live.heard.admissions == []


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH", "OPTIONS"])
async def test_wrong_method(live: Live, method: str) -> None:
    """Only POST carries a review."""
    async with live.session.request(method, live.url) as response:
        assert response.status == 405
        assert response.headers["Allow"] == "POST"
        assert await response.text() == "slimgate: /validate takes POST with an AdmissionReview\n"
    assert live.heard.refusals == [405]


@pytest.mark.parametrize("kind", ["text/plain", "application/yaml", "application/json5"])
async def test_wrong_content_type(live: Live, kind: str) -> None:
    """Only JSON is read."""
    status, body = await live.post(review(deployment(SLIM)), kind=kind)
    assert status == 415
    assert (
        body.decode() == f"slimgate: send an AdmissionReview as application/json, not as {kind}\n"
    )


async def test_packed_body(live: Live) -> None:
    """A packed body would grow behind the limit, so it is not unpacked."""
    headers = {"Content-Type": "application/json", "Content-Encoding": "gzip"}
    body = gzip.compress(review(deployment(SLIM)))
    async with live.session.post(live.url, data=body, headers=headers) as response:
        assert response.status == 415
        assert await response.text() == "slimgate: send the AdmissionReview uncompressed\n"


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b'{"kind": "AdmissionReview"}', b"\xff"],
    ids=["empty", "cut", "bare", "bin"],
)
async def test_broken_body(live: Live, body: bytes) -> None:
    """What is no review is a mistake of its sender, and never an allow."""
    status, answer = await live.post(body)
    assert status == 400
    assert answer.startswith(b"slimgate: the body is not an AdmissionReview: ")
    assert live.heard.refusals == [400]
    assert live.heard.admissions == []


@pytest.mark.parametrize("size", [6 * 10**6, LIMIT])
async def test_large_body(live: Live, size: int) -> None:
    """Two objects of 3 MB fit, as does all up to the limit."""
    status, answer = await live.post(padded(size))
    assert status == 200
    assert Answered.of(answer).allowed


SELECTING = {"objectSelector": {"matchLabels": {"no": "body"}}}


@pytest.mark.parametrize("match", [{}, SELECTING], ids=["all", "by labels"])
@pytest.mark.parametrize(("on_unknown", "allowed"), [("Allow", True), ("Deny", False)])
async def test_too_large_body(
    tmp_path: Path, match: dict[str, object], on_unknown: str, *, allowed: bool
) -> None:
    """Of what is larger the beginning is read, and onUnknown decides: an error would let it in."""
    one: Any = engine.policy(on_unknown=on_unknown)
    one["spec"]["match"] = match
    async with serving(tmp_path, policies=engine.catalog(one)) as live:
        status, answer = await live.post(padded(LIMIT + 1))
        heard = live.heard

    found = Answered.of(answer)
    assert (status, found.uid, found.allowed) == (200, "r1", allowed)
    said = " ".join((found.message, *found.warnings))
    assert "could not be judged [policy default, inspection]: it is larger than the 8 MiB" in said
    assert heard.admissions == [("UPDATE", "unknown", allowed)]
    assert heard.refusals == []


@pytest.mark.parametrize(
    ("changes", "outcome"),
    [({"operation": "DELETE"}, "operation"), ({"kind": {"kind": "ConfigMap"}}, "no_images")],
)
async def test_too_large_body_that_needs_no_verdict(
    live: Live, changes: dict[str, object], outcome: str
) -> None:
    """It is let through, as a smaller one would be."""
    asked = json.loads(padded(LIMIT + 1_000))
    asked["request"] |= changes
    status, answer = await live.post(json.dumps(asked).encode())
    assert (status, Answered.of(answer).allowed) == (200, True)
    assert [one for _, one, _ in live.heard.admissions] == [outcome]


async def test_too_large_announcement(live: Live) -> None:
    """Nobody has to send more than the beginning of what is too much to hear that it is."""
    reader, writer = await asyncio.open_connection(HOST, live.port, ssl=live.context)
    writer.write(f"{HEAD}Content-Length: {LIMIT + 1}\r\n\r\n".encode() + b" " * 2**16)
    assert (await reader.readline()).startswith(b"HTTP/1.1 413")
    writer.close()


def heavy(unit: str, field: str = "args") -> bytes:
    """Make a review of a fat Deployment with a list of very many values."""
    made: Any = deployment(FAT)
    made["spec"]["template"]["spec"]["containers"][0][field] = "VALUES"
    body = review(made)
    values = ",".join([unit] * ((LIMIT - len(body)) // (len(unit) + 1)))
    return body.replace(b'"VALUES"', f"[{values}]".encode())


@pytest.mark.parametrize(
    ("unit", "said"),
    [
        ('""', "limit 4 KiB"),
        ("{}", "limit 4 KiB"),
        ('{"name":"A"}', "limit 4 KiB"),
        ("[]", "it has more than the 65,536 lists that slimgate reads"),
    ],
)
async def test_heavy_body(tmp_path: Path, unit: str, said: str) -> None:
    """What holds very many values keeps nobody else waiting, and is denied all the same."""
    body = heavy(unit)
    denying = engine.catalog(engine.policy(on_unknown="Deny"))
    async with serving(tmp_path, policies=denying) as live, watching_turns() as taken:
        status, answer = await live.post(body)

    found = Answered.of(answer)
    assert (status, found.allowed) == (200, False)
    assert said in found.message
    assert max(taken) < 0.8


async def test_too_large_body_unannounced(live: Live) -> None:
    """A body that does not say how long it is ends at the limit all the same."""

    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(LIMIT // 2**16 + 2):
            yield b" " * 2**16

    headers = {"Content-Type": "application/json"}
    try:
        async with live.session.post(live.url, data=chunks(), headers=headers) as response:
            assert response.status == 413
    except aiohttp.ClientConnectionError:
        pass  # the server hung up on what was still being sent
    await until(lambda: live.heard.refusals == [413])


async def unread(live: Live, body: bytes) -> bool:
    """Whether a body is not read for want of room."""
    status, answer = await live.post(body)
    assert status == 200
    return "too many large objects are being sent" in " ".join(Answered.of(answer).warnings)


async def test_too_much_together(tmp_path: Path) -> None:
    """All bodies in memory have a limit together; who is beyond it may come back."""
    async with serving(tmp_path, max_buffered_bytes=2**20) as live:
        assert await unread(live, padded(2 * 2**20))
        assert (await live.post(padded(2**19)))[0] == 200
        assert (await live.post(padded(2**19)))[0] == 200


async def test_hoarders_keep_no_usual_admission_out(tmp_path: Path) -> None:
    """While others hold all that may be held together, a body of usual size is taken."""
    async with serving(tmp_path, max_buffered_bytes=2**20) as live:
        _, hoarder = await asyncio.open_connection(HOST, live.port, ssl=live.context)
        hoarder.write(f"{HEAD}Content-Length: {LIMIT}\r\n\r\n".encode() + b" " * (2**20 + 2**16))
        await hoarder.drain()

        async def refused() -> bool:
            return await unread(live, padded(2**18))

        await until(refused)
        assert (await live.post(padded(2**17)))[0] == 200
        hoarder.close()

        async def taken() -> bool:
            return not await unread(live, padded(2**18))

        await until(taken)


async def test_body_that_does_not_come(live: Live) -> None:
    """Who announces a body and does not send it is told so, and holds nobody else up."""
    reader, writer = await asyncio.open_connection(HOST, live.port, ssl=live.context)
    head = "POST /validate?timeout=200ms HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
    writer.write(f"{head}Content-Length: 10\r\n\r\n{{".encode())
    assert (await live.post(review(deployment(SLIM))))[0] == 200
    assert (await reader.readline()).startswith(b"HTTP/1.1 408")
    writer.close()


CHUNKS = HEAD.replace("/validate", "/validate?timeout=200ms") + "Transfer-Encoding: chunked\r\n\r\n"
BROKEN = {
    # What is sent, and the answer to it if the sender waits for one.
    "no text": (b"\x00\x01\x02\r\n\r\n", b" 400 "),
    "half a line": (b"GET\r\n\r\n", b" 400 "),
    "another version": (b"POST / HTTP/9\r\n\r\n", b" 400 "),
    "broken chunks": (f"{CHUNKS}2\r\n{{}}\r\nzz\r\n".encode(), b" 40"),
    "a body that breaks off": (f"{HEAD}Content-Length: 10\r\n\r\n{{".encode(), None),
}


@pytest.mark.parametrize("kind", BROKEN)
async def test_what_breaks_http(live: Live, kind: str, caplog: pytest.LogCaptureFixture) -> None:
    """It is refused, as a mistake of its sender, without filling the log; the server lives on."""
    sent, answer = BROKEN[kind]
    reader, writer = await asyncio.open_connection(HOST, live.port, ssl=live.context)
    writer.write(sent)
    await writer.drain()
    assert answer is None or answer in await reader.readline()
    writer.close()
    assert (await live.post(review(deployment(SLIM))))[0] == 200
    assert 500 not in live.heard.refusals
    assert caplog.text == ""


async def test_plain_http_to_the_tls_port(live: Live) -> None:
    """Nothing is served without TLS."""
    with pytest.raises(aiohttp.ClientConnectionError):
        await live.post(review(deployment(SLIM)), live.url.replace("https:", "http:"))
    assert (await live.post(review(deployment(SLIM))))[0] == 200


async def test_url_timeout_is_the_deadline(tmp_path: Path) -> None:
    """An answer comes before the time that the API server names in the URL."""
    loop = asyncio.get_running_loop()
    async with serving(tmp_path, OddJudge(explode, waits=asyncio.Event())) as live:
        started = loop.time()
        status, answer = await live.post(review(deployment(SLIM)), f"{live.url}?timeout=1s")
        assert loop.time() - started < 1.0
    assert status == 200
    assert "reached no verdict in time" in Answered.of(answer).warnings[0]


async def test_default_deadline(tmp_path: Path) -> None:
    """Without a timeout in the URL the settings' own is the deadline."""
    loop = asyncio.get_running_loop()
    judge = OddJudge(explode, waits=asyncio.Event())
    async with serving(tmp_path, judge, default_seconds=0.4) as live:
        started = loop.time()
        assert (await live.post(review(deployment(SLIM))))[0] == 200
        assert loop.time() - started < 2.0


async def test_bugs_are_answered(tmp_path: Path) -> None:
    """With judge and policies both broken there is still an answer that says so."""
    async with serving(tmp_path, OddJudge(explode), OddPolicies()) as live:
        status, answer = await live.post(review(deployment(FAT)))
    assert status == 200
    assert "admitted without being judged" in Answered.of(answer).warnings[0]
    assert live.heard.admissions == [("CREATE", "error", True)]


async def test_many_at_once(live: Live) -> None:
    """Answers go to those who asked."""

    async def ask(number: int) -> bool:
        image = FAT if number % 3 else SLIM
        body = review(deployment(image), uid=f"r{number}")
        answer = Answered.of((await live.post(body))[1])
        return answer.uid == f"r{number}" and answer.allowed is (image == SLIM)

    assert all(await asyncio.gather(*map(ask, range(200))))
    assert len(live.heard.admissions) == 200
