"""Certificates of slimgate's and of others, and the Secrets that hold them."""

import base64
import socket
import ssl
import subprocess
import threading
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from slimgate.cluster.certificates.authority import Certificates
from slimgate.core.json_object import JsonObject

NOW = datetime.now(UTC).replace(microsecond=0)
NAMES = ("slimgate-webhook.slimgate.svc", "slimgate-webhook", "127.0.0.1", "::1")


def load(pem: bytes) -> x509.Certificate:
    """Read one certificate."""
    return x509.load_pem_x509_certificate(pem)


def foreign(folder: Path, *options: str) -> bytes:
    """Have OpenSSL make a CA."""
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]
    files = ["-nodes", "-keyout", f"{folder}/foreign.key", "-out", f"{folder}/foreign.crt"]
    subprocess.run([*command, *files, *options], check=True, capture_output=True)
    return (folder / "foreign.crt").read_bytes()


def files_of(made: Certificates) -> dict[str, bytes]:
    """Name the files as a Secret does."""
    return {"ca.crt": made.ca_bundle, "tls.crt": made.certificate, "tls.key": made.key}


def secret(files: Mapping[str, bytes]) -> JsonObject:
    """Write a Secret."""
    return {"data": {name: encoded(body) for name, body in files.items()}}


def encoded(body: bytes) -> str:
    """Write bytes as the API server does."""
    return base64.b64encode(body).decode()


def given(
    names: Sequence[str],
    *,
    start: timedelta = timedelta(-90),
    end: timedelta = timedelta(9),
    ca_end: timedelta = timedelta(9),
) -> Certificates:
    """Make a CA and a certificate as others do; times are from now on."""
    keys = [ec.generate_private_key(ec.SECP256R1()) for _ in range(2)]
    issuer = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "given")])
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "webhook")])
    made = []
    for name, key, begin, ends, is_ca in (
        (issuer, keys[0], timedelta(-90), ca_end, True),
        (subject, keys[1], start, end, False),
    ):
        builder = (
            x509.CertificateBuilder(subject_name=name, issuer_name=issuer)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(NOW + begin)
            .not_valid_after(NOW + ends)
            .add_extension(x509.BasicConstraints(ca=is_ca, path_length=None), critical=True)
        )
        if not is_ca:
            others = x509.SubjectAlternativeName([x509.DNSName(one) for one in names])
            builder = builder.add_extension(others, critical=False)
        made.append(builder.sign(keys[0], hashes.SHA256()).public_bytes(Encoding.PEM))
    key_pem = keys[1].private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return Certificates(ca_bundle=made[0], certificate=made[1], key=key_pem)


def shake(
    folder: Path, served: Certificates, bundle: bytes, name: str, *, strict: bool = True
) -> None:
    """Shake hands as a client that trusts the bundle and wants a server of this name."""
    (folder / "tls.crt").write_bytes(served.certificate)
    (folder / "tls.key").write_bytes(served.key)
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(folder / "tls.crt", folder / "tls.key")
    client = ssl.create_default_context(cadata=bundle.decode())
    if strict:
        client.verify_flags |= ssl.VerifyFlags.VERIFY_X509_STRICT
    here, there = socket.socketpair()

    def serve() -> None:
        try:
            server.wrap_socket(there, server_side=True).close()
        except (ssl.SSLError, OSError):
            there.close()

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        client.wrap_socket(here, server_hostname=name).close()
    finally:
        here.close()
        thread.join()
