"""Certificates of slimgate's own: who trusts them, for what names, and when new ones are due."""

import socket
import ssl
import subprocess
import sys
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from slimgate.webhook.certificates import LIFE, Certificates, is_due, make

NOW = datetime.now(UTC).replace(microsecond=0)
NAMES = ("slimgate-webhook.slimgate.svc", "slimgate-webhook", "127.0.0.1", "::1")


def shake(folder: Path, served: Certificates, bundle: bytes, name: str) -> None:
    """Shake hands as a client that trusts the bundle and wants a server of this name."""
    (folder / "tls.crt").write_bytes(served.certificate)
    (folder / "tls.key").write_bytes(served.key)
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(folder / "tls.crt", folder / "tls.key")
    client = ssl.create_default_context(cadata=bundle.decode())
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


@pytest.mark.parametrize("name", NAMES)
def test_trusted_for_its_names(tmp_path: Path, name: str) -> None:
    """A strict client that trusts the bundle accepts each name and address."""
    made = make(NAMES, NOW)
    shake(tmp_path, made, made.ca_bundle, name)


def test_not_trusted_for_other_names(tmp_path: Path) -> None:
    """Another name is refused."""
    made = make(NAMES, NOW)
    with pytest.raises(ssl.SSLCertVerificationError, match="not valid for"):
        shake(tmp_path, made, made.ca_bundle, "other.slimgate.svc")


def test_renewed(tmp_path: Path) -> None:
    """After a renewal the bundle vouches for both; the former one alone does not for the new."""
    first = make(NAMES, NOW)
    second = make(NAMES, NOW, first.ca_bundle)
    shake(tmp_path, first, second.ca_bundle, NAMES[0])
    shake(tmp_path, second, second.ca_bundle, NAMES[0])
    with pytest.raises(ssl.SSLCertVerificationError):
        shake(tmp_path, second, first.ca_bundle, NAMES[0])


@pytest.mark.parametrize(
    ("age", "kept"), [(LIFE - timedelta(seconds=1), 2), (LIFE, 1), (2 * LIFE, 1)]
)
def test_expired_authorities_leave(age: timedelta, kept: int) -> None:
    """The bundle does not grow for ever."""
    former = make(NAMES, NOW - age)
    assert make(NAMES, NOW, former.ca_bundle).ca_bundle.count(b"BEGIN CERTIFICATE") == kept


def test_junk_in_the_former_bundle() -> None:
    """What is no certificate is left behind."""
    bundle = make(NAMES, NOW, b"-----BEGIN CERTIFICATE-----\nnone").ca_bundle
    assert bundle.count(b"BEGIN CERTIFICATE") == 1


def test_secrets_are_not_shown() -> None:
    """The key is in no representation, so in no log."""
    made = make(NAMES, NOW)
    assert b"PRIVATE KEY" in made.key
    assert "PRIVATE" not in repr(made)


def test_long_name(tmp_path: Path) -> None:
    """A name that is too long for a common name is still one of the certificate's names."""
    name = f"{'a' * 60}.{'b' * 60}.svc"
    made = make([name], NOW)
    shake(tmp_path, made, made.ca_bundle, name)


@pytest.mark.parametrize(
    ("age", "names", "expected"),
    [
        (timedelta(0), NAMES, False),
        (timedelta(0), NAMES[:1], False),
        (timedelta(0), (*NAMES, "new.svc"), True),
        (timedelta(0), (*NAMES, "10.0.0.9"), True),
        (LIFE * 2 / 3 - timedelta(minutes=1), NAMES, False),
        (LIFE * 2 / 3, NAMES, True),
        (LIFE, NAMES, True),
    ],
)
def test_due(age: timedelta, names: tuple[str, ...], expected: bool) -> None:  # noqa: FBT001
    """A new one is due after two thirds of the year, or when a name is missing."""
    assert is_due(make(NAMES, NOW - age).certificate, names, NOW) is expected


@pytest.mark.parametrize("pem", [b"", b"\n", b"junk", b"-----BEGIN CERTIFICATE-----\n"])
def test_no_certificate_is_due(pem: bytes) -> None:
    """What is no certificate has to be replaced."""
    assert is_due(pem, NAMES, NOW)


def test_server_runs_without_cryptography() -> None:
    """The server imports neither cryptography nor kopf: it has memory to save, and no use."""
    code = "import slimgate.webhook.server, sys; print({'cryptography', 'kopf'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
