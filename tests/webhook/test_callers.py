"""Only the API server may ask: real TLS, with the right, a wrong and no client certificate."""

import asyncio
import json
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from slimgate.cli.roles.probing import ProbeFindings, ProbeTargets, look
from slimgate.webhook.tls import ServingCertificate
from tests.webhook.engine import FAT
from tests.webhook.reviews import deployment, review
from tests.webhook.serving import Live, Mount, certificates, serving, until

DAY = timedelta(days=1)


@dataclass(frozen=True)
class Ca:
    """A CA of clients."""

    key: ec.EllipticCurvePrivateKey
    certificate: x509.Certificate

    @classmethod
    def make(cls) -> "Ca":
        """Make one."""
        key = ec.generate_private_key(ec.SECP256R1())
        return cls(key, _signed(_name("clients"), key, _name("clients"), key, ca=True))

    @property
    def pem(self) -> bytes:
        """What the webhook is given."""
        return self.certificate.public_bytes(Encoding.PEM)

    def client(self, folder: Path, name: str, dns: str = "", *, server: bool = False) -> Path:
        """Sign a certificate, and return the file of it and its key."""
        key = ec.generate_private_key(ec.SECP256R1())
        usage = ExtendedKeyUsageOID.SERVER_AUTH if server else ExtendedKeyUsageOID.CLIENT_AUTH
        signed = _signed(_name(name), key, self.certificate.subject, self.key, dns=dns, usage=usage)
        file = folder / f"{name}{dns}{server}.pem"
        private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        file.write_bytes(signed.public_bytes(Encoding.PEM) + private)
        return file


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _signed(
    subject: x509.Name,
    key: ec.EllipticCurvePrivateKey,
    issuer: x509.Name,
    issuer_key: ec.EllipticCurvePrivateKey,
    *,
    ca: bool = False,
    dns: str = "",
    usage: x509.ObjectIdentifier | None = None,
) -> x509.Certificate:
    now = datetime.now(UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - DAY)
        .not_valid_after(now + DAY)
        .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
    )
    if usage is not None:
        builder = builder.add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
    if dns:
        builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName(dns)]), False)
    return builder.sign(issuer_key, hashes.SHA256())


def only(ca: Path, *names: str) -> dict[str, Any]:
    """Make the settings of a server that answers these."""
    return {"client_ca_file": str(ca), "client_names": names}


@contextmanager
def showing(live: Live, file: Path | None) -> Iterator[ssl.SSLContext]:
    """Make a client's context that shows a certificate."""
    context = ssl.create_default_context(cadata=live.served.decode())
    if file is not None:
        context.load_cert_chain(file)
    yield context


async def ask(live: Live, file: Path | None, body: bytes | None = None) -> int:
    """Send a review, and return the status; 0 where TLS itself fails."""
    with showing(live, file) as context:
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=context)) as session:
            headers = {"Content-Type": "application/json"}
            data = review(deployment(FAT)) if body is None else body
            try:
                async with session.post(live.url, data=data, headers=headers) as response:
                    return response.status
            except aiohttp.ClientConnectionError:
                return 0


async def test_who_may_ask(tmp_path: Path) -> None:
    """The API server may, by its common name or a DNS name, and nobody else gets an answer."""
    ours, others = Ca.make(), Ca.make()
    (tmp_path / "ca.crt").write_bytes(ours.pem)
    asked = {
        "right": (ours.client(tmp_path, "kube-apiserver"), 200),
        "right by DNS": (ours.client(tmp_path, "x", "api.internal"), 200),
        "another's name": (ours.client(tmp_path, "system:node:a"), 403),
        "of another CA": (others.client(tmp_path, "kube-apiserver", "y"), 0),
        "a server's": (ours.client(tmp_path, "kube-apiserver", server=True), 0),
        "none": (None, 401),
    }
    changes = only(tmp_path / "ca.crt", "kube-apiserver", "api.internal")
    async with serving(tmp_path / "served", **changes) as live:
        found = {name: await ask(live, file) for name, (file, _) in asked.items()}
        junk = [await ask(live, file, b"[" * 100_000) for file, _ in asked.values()]
        heard = list(live.heard.refusals)

    assert found == {name: status for name, (_, status) in asked.items()}
    assert junk == [400, 400, 403, 0, 0, 401]
    assert sorted(heard) == [400, 400, 401, 401, 403, 403]


async def test_nothing_is_read_of_a_stranger(tmp_path: Path) -> None:
    """The refusal comes before the body does."""
    (tmp_path / "ca.crt").write_bytes(Ca.make().pem)
    changes = only(tmp_path / "ca.crt", "a")
    async with serving(tmp_path / "served", **changes) as live:
        with showing(live, None) as context:
            reader, writer = await asyncio.open_connection("127.0.0.1", live.port, ssl=context)
            head = "POST /validate HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
            writer.write(f"{head}Content-Length: 8000000\r\n\r\n".encode())
            async with asyncio.timeout(5):
                assert (await reader.readline()).startswith(b"HTTP/1.1 401")
            writer.close()


async def test_the_ca_is_read_anew(tmp_path: Path) -> None:
    """As the serving certificate is; one that is broken changes nothing."""
    old, new = Ca.make(), Ca.make()
    file = tmp_path / "ca.crt"
    file.write_bytes(old.pem)
    of_old, of_new = (
        ca.client(tmp_path, "kube-apiserver", dns) for ca, dns in ((old, "a"), (new, "b"))
    )
    changes = only(file, "kube-apiserver")
    async with serving(tmp_path / "served", **changes) as live:
        file.write_bytes(b"junk")
        await asyncio.sleep(0.1)
        assert [await ask(live, of_old), await ask(live, of_new)] == [200, 0]
        file.write_bytes(new.pem)
        await until(lambda: _is(live, of_new, 200))
        assert await ask(live, of_old) == 0


async def _is(live: Live, file: Path, status: int) -> bool:
    return await ask(live, file) == status


@pytest.mark.parametrize(("body", "said"), [(b"junk", "is not a CA in PEM"), (b" ", "is empty")])
def test_a_ca_that_is_none(tmp_path: Path, body: bytes, said: str) -> None:
    """Nothing is served, and it is said why."""
    made, mount, file = certificates(), Mount(tmp_path), tmp_path / "ca.crt"
    mount.put(made.certificate, made.key)
    file.write_bytes(body)
    certificate = ServingCertificate(mount.certificate, mount.key, client_ca=file)
    certificate.refresh()

    assert not certificate.found
    assert certificate.fault == f"{file} {said}"


async def test_the_probe_is_content(tmp_path: Path) -> None:
    """`helm test` shows no certificate, and is told so."""
    (tmp_path / "ca.crt").write_bytes(Ca.make().pem)
    changes = only(tmp_path / "ca.crt", "a")
    async with serving(tmp_path / "served", **changes) as live:
        (tmp_path / "served.pem").write_bytes(live.served)
        targets = ProbeTargets(
            host="none.invalid",
            port=1,
            admissions=live.url.removesuffix("/validate"),
            ca_file=str(tmp_path / "served.pem"),
        )

        async def nobody(_: str) -> list[str]:
            return []

        found: ProbeFindings = await look(targets, nobody)

    assert [line.partition(" answers ")[2] for line in found.good] == [
        "the API server only, with a certificate of its CA"
    ]
    assert json.dumps(found.bad).count("https://") == 0
