"""Certificates of slimgate's and of others, and the Secrets that hold them."""

import base64
import subprocess
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from cryptography import x509

from slimgate.cluster.certificates.authority import Certificates
from slimgate.core.workload import JsonObject

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
