"""The serving certificate: there at last, swapped, broken, swapped back; connections stay."""

import asyncio
import logging
import ssl
from dataclasses import replace
from pathlib import Path

import pytest

from slimgate.webhook.expiry import expiry_of
from slimgate.webhook.tls import ServingCertificate
from tests.webhook.engine import FAT
from tests.webhook.reviews import deployment, review
from tests.webhook.serving import HOST, Live, Mount, certificates, serving, until


class Kept:
    """A connection that is kept, and asked by hand, so that no client can replace it."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    @classmethod
    async def open(cls, live: Live) -> "Kept":
        """Connect."""
        return cls(*await asyncio.open_connection(HOST, live.port, ssl=live.context))

    async def ask(self) -> bytes:
        """Have a fat Deployment reviewed."""
        body = review(deployment(FAT))
        head = "POST /validate HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
        self._writer.write(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
        answer = await self._reader.readuntil(b"\r\n\r\n")
        length = next(
            int(line.split(b":")[1])
            for line in answer.lower().split(b"\r\n")
            if line.startswith(b"content-length")
        )
        return await self._reader.readexactly(length)

    def close(self) -> None:
        """Hang up."""
        self._writer.close()


def der(pem: bytes) -> bytes:
    """Return a certificate as connections show it."""
    return ssl.PEM_cert_to_DER_cert(pem.decode())


def test_expiry(tmp_path: Path) -> None:
    """It is that of the certificate in use, whatever files that can't be used hold."""
    mount, made = Mount(tmp_path), certificates()
    certificate = ServingCertificate(mount.certificate, mount.key)
    seen = []
    for body in (b"", made.certificate, b"junk"):
        mount.put(body, made.key)
        certificate.refresh()
        seen.append(certificate.expires)

    assert seen == [None, expiry_of(made.certificate), expiry_of(made.certificate)]


async def test_reload(tmp_path: Path) -> None:
    """New connections are shown the new certificate; the old ones go on."""
    first, second = certificates(), certificates()
    both = replace(first, ca_bundle=first.ca_bundle + second.ca_bundle)
    async with serving(tmp_path, served=both) as live:
        kept = await Kept.open(live)
        assert b'"allowed":false' in await kept.ask()
        assert await live.shown() == der(first.certificate)
        live.mount.put(second.certificate, second.key)
        await _until_shown(live, second.certificate)
        assert b'"allowed":false' in await kept.ask()
        kept.close()


@pytest.mark.parametrize("broken", ["junk", "empty", "another's key", "missing"])
async def test_broken_files_change_nothing(
    tmp_path: Path, broken: str, caplog: pytest.LogCaptureFixture
) -> None:
    """What is no pair is left, with one line in the log, until there is a pair again."""
    first, second = certificates(), certificates()
    both = replace(first, ca_bundle=first.ca_bundle + second.ca_bundle)
    async with serving(tmp_path, served=both) as live:
        match broken:
            case "junk":
                live.mount.put(b"junk", b"junk")
            case "empty":
                live.mount.put(b"", b"")
            case "another's key":
                live.mount.put(second.certificate, first.key)
            case _:
                live.mount.certificate.unlink()
        await until(lambda: "the new certificate can't be used" in caplog.text)
        assert await live.shown() == der(first.certificate)
        assert await live.ready()
        live.mount.put(second.certificate, second.key)
        await _until_shown(live, second.certificate)
    assert caplog.text.count("the new certificate can't be used") == 1
    assert "the previous one stays in use" in caplog.text
    assert "PRIVATE" not in caplog.text


async def test_start_without_files(tmp_path: Path) -> None:
    """Until there is a certificate the server is alive, not ready, and has no admission port."""
    later = certificates()
    async with serving(tmp_path, served=replace(later, certificate=b"")) as live:
        await until(lambda: _answers(live))
        status, reason = await live.health("/readyz")
        assert status == 503
        assert "tls.crt can't be read: No such file or directory" in reason
        with pytest.raises(ConnectionRefusedError):
            await live.shown()
        live.mount.put(later.certificate, later.key)
        await until(live.ready)
        assert await live.shown() == der(later.certificate)


async def test_stop_without_files(tmp_path: Path) -> None:
    """A server that still waits for its certificate ends when it is told to."""
    async with serving(tmp_path, served=replace(certificates(), certificate=b"")) as live:
        await until(lambda: _answers(live))
        live.stop.set()


def test_log_has_a_line_for_each_change(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Looking again at the same files, or the same trouble, says nothing new."""
    caplog.set_level(logging.INFO)
    mount, good = Mount(tmp_path), certificates()
    serving_certificate = ServingCertificate(mount.certificate, mount.key)

    def after(certificate: bytes) -> list[str]:
        caplog.clear()
        mount.put(certificate, good.key)
        for _ in range(3):
            serving_certificate.refresh()
        return [record.getMessage().partition(":")[0] for record in caplog.records]

    assert after(b"junk") == ["the new certificate can't be used"]
    assert after(good.certificate) == [f"serving with the certificate in {mount.certificate}"]
    assert after(b"junk") == ["the new certificate can't be used"]
    assert serving_certificate.missing is None
    mount.certificate.unlink()
    caplog.clear()
    for _ in range(3):
        serving_certificate.refresh()
    assert len(caplog.records) == 1
    assert after(good.certificate) == [f"serving with the certificate in {mount.certificate}"]


async def test_old_protocols(tmp_path: Path) -> None:
    """Nothing older than TLS 1.2 is spoken."""
    async with serving(tmp_path) as live:
        live.context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
        with pytest.warns(DeprecationWarning, match="TLSv1_1"):
            live.context.maximum_version = ssl.TLSVersion.TLSv1_1
        with pytest.raises((ssl.SSLError, ConnectionError)):
            await live.shown()


async def _until_shown(live: Live, certificate: bytes) -> None:
    async def holds() -> bool:
        return await live.shown() == der(certificate)

    await until(holds)


async def _answers(live: Live) -> bool:
    try:
        return (await live.health("/livez"))[0] == 200
    except OSError:
        return False
