"""The serving certificate: there at last, swapped, broken, swapped back; connections stay."""

import logging
import ssl
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from slimgate.cluster.certificates.authority import LIFE, make
from slimgate.webhook.tls import ServingCertificate
from tests.cluster.certificates.make import load
from tests.webhook.serving import NAMES, Kept, Live, Mount, certificates, serving, until


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

    ends = load(made.certificate).not_valid_after_utc.timestamp()
    assert seen == [None, ends, ends]


@pytest.mark.parametrize("comment", ["", "# Főtanúsítvány\n", "# \udcff\n"])
def test_comments(tmp_path: Path, comment: str) -> None:
    """Names of CAs stand between certificates in any alphabet, and in none."""
    mount, made, authority = Mount(tmp_path), certificates(), tmp_path / "ca.crt"
    noted = comment.encode(errors="surrogateescape")
    mount.put(noted + made.certificate, made.key)
    authority.write_bytes(noted + made.ca_bundle)
    for client_ca in (None, authority):
        certificate = ServingCertificate(mount.certificate, mount.key, client_ca=client_ca)
        certificate.refresh()
        assert certificate.fault is None


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
        assert reason == f"not ready: {live.mount.certificate} is not there yet\n"
        with pytest.raises(ConnectionRefusedError):
            await live.shown()
        live.mount.put(later.certificate, later.key)
        await until(live.ready)
        assert await live.shown() == der(later.certificate)


@pytest.mark.parametrize("damage", ["empty", "no key", "other key", "junk", "expired", "early"])
async def test_start_with_a_damaged_certificate(tmp_path: Path, damage: str) -> None:
    """The server is up, not ready, and says in one line what is wrong, until it is put right."""
    good, now = certificates(), datetime.now(UTC)
    bad, expected = {
        "empty": (replace(good, certificate=b"\n"), "{certificate} is empty"),
        "no key": (replace(good, key=b""), "{key} is empty"),
        "other key": (replace(good, key=certificates().key), "{key} does not fit {certificate}"),
        "junk": (
            replace(good, certificate=b"junk"),
            "{certificate} and {key} are not a certificate and a key in PEM",
        ),
        "expired": (
            make(NAMES, now - LIFE - timedelta(hours=2)),
            "{certificate} can't be trusted: certificate has expired",
        ),
        "early": (
            make(NAMES, now + timedelta(hours=2)),
            "{certificate} can't be trusted: certificate is not yet valid",
        ),
    }[damage]
    async with serving(tmp_path, served=replace(good, certificate=b"")) as live:
        live.mount.put(bad.certificate, bad.key)
        said = expected.format(certificate=live.mount.certificate, key=live.mount.key)
        await until(lambda: _says(live, said))
        assert (await live.health("/livez"))[0] == 200
        live.mount.put(good.certificate, good.key)
        await until(live.ready)
        assert await live.shown() == der(good.certificate)


def test_a_certificate_that_expires_while_it_is_served(tmp_path: Path) -> None:
    """It is served on, since nothing better is there; but nobody is to be sent here."""
    mount, now = Mount(tmp_path), [time.time()]
    good, later = certificates(), make(NAMES, datetime.now(UTC) + timedelta(minutes=30))
    serving_certificate = ServingCertificate(mount.certificate, mount.key, lambda: now[0])
    mount.put(good.certificate, good.key)
    serving_certificate.refresh()
    assert (serving_certificate.fault, serving_certificate.found) == (None, True)

    now[0] += LIFE.total_seconds()
    ends = datetime.fromtimestamp(serving_certificate.expires or 0, UTC)
    assert serving_certificate.fault == f"{mount.certificate} has expired on {ends.date()}"
    assert serving_certificate.found

    mount.put(later.certificate, later.key)
    serving_certificate.refresh()
    assert serving_certificate.fault is None


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
    assert serving_certificate.fault is None
    mount.certificate.unlink()
    caplog.clear()
    for _ in range(3):
        serving_certificate.refresh()
    assert len(caplog.records) == 1
    assert after(good.certificate) == [f"serving with the certificate in {mount.certificate}"]


@pytest.mark.parametrize("group", ["ffdhe8192", "ffdhe2048"])
async def test_slow_groups(tmp_path: Path, group: str) -> None:
    """No client can choose a group whose keys take long to make."""
    async with serving(tmp_path) as live:
        live.context.set_ecdh_curve(group)
        with pytest.raises((ssl.SSLError, OSError)):
            await live.shown()


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


async def _says(live: Live, reason: str) -> bool:
    try:
        return await live.health("/readyz") == (503, f"not ready: {reason}\n")
    except OSError:
        return False


async def _answers(live: Live) -> bool:
    try:
        return (await live.health("/livez"))[0] == 200
    except OSError:
        return False
