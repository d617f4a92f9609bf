"""What keys are agreed on with servers that somebody else runs."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.registry.servers import make_authority

CNF = Path(__file__).parents[2] / "scripts" / "openssl.cnf"
SHAKE = """
import ssl, sys
from contextlib import suppress
from slimgate.process.client_tls import client_context

ca, certificate, key, group = sys.argv[1:]
server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
server.load_cert_chain(certificate, key)
server.set_ecdh_curve(group)
up, down = ssl.MemoryBIO(), ssl.MemoryBIO()
client = client_context(ca)
client.check_hostname = False
ends = client.wrap_bio(down, up), server.wrap_bio(up, down, server_side=True)
for end in ends * 4:
    with suppress(ssl.SSLWantReadError):
        end.do_handshake()
print(ends[0].version())
"""


@pytest.mark.parametrize(
    ("group", "outcome"),
    [
        ("X25519", "TLSv1.3"),
        ("prime256v1", "TLSv1.3"),
        ("secp384r1", "TLSv1.3"),
        ("ffdhe2048", "NO_SUITABLE_KEY_SHARE"),
        ("ffdhe8192", "NO_SUITABLE_KEY_SHARE"),
    ],
)
def test_groups(tmp_path: Path, group: str, outcome: str) -> None:
    """As the image sets OpenSSL up, no server can have one choose a slow group of TLS 1.3."""
    made = make_authority(tmp_path)
    argv = [sys.executable, "-c", SHAKE, str(made.ca), str(made.certificate), str(made.key), group]
    environment = {**os.environ, "OPENSSL_CONF": str(CNF)}
    done = subprocess.run(argv, capture_output=True, text=True, check=False, env=environment)

    assert outcome in done.stdout + done.stderr


def test_the_image_has_it() -> None:
    """It is where the image's environment says."""
    lines = (CNF.parents[1] / "Dockerfile").read_text()

    assert "cp openssl.cnf /opt/python/" in lines
    assert "OPENSSL_CONF=/opt/python/openssl.cnf" in lines
