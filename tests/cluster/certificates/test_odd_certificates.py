"""Certificates of which some part can't be read: they are nobody's, and hold no names."""

import base64
from collections.abc import Mapping
from datetime import timedelta

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given
from hypothesis import strategies as st

from slimgate.cluster.certificates.authority import is_own, make
from slimgate.cluster.certificates.configuration import lost_at
from slimgate.cluster.certificates.held import fault_of, read_certificates, read_secret
from tests.cluster.certificates.make import NOW, encoded, files_of, load, secret
from tests.cluster.certificates.make import given as of_others

NAME = "gate.ns.svc"
GOOD = files_of(make([NAME], NOW))
DER = {name: load(GOOD[name]).public_bytes(Encoding.DER) for name in ("ca.crt", "tls.crt")}
ODD: Mapping[str, tuple[bytes, bytes]] = {
    "an unknown curve": (bytes.fromhex("2a8648ce3d030107"), bytes.fromhex("2a8648ce3d030103")),
    "an unknown version": (bytes.fromhex("a003020102"), bytes.fromhex("a003020148")),
    "an extension twice": (bytes.fromhex("0603551d13"), bytes.fromhex("0603551d0e")),
    "an unknown kind of name": (b"\x82\x0bgate", b"\xa3\x0bgate"),
    "a common name of bits": (bytes.fromhex("06035504030c"), bytes.fromhex("060355040303")),
}


def judge(files: Mapping[str, bytes]) -> str | None:
    """Do all that is done with a Secret whose CA is trusted."""
    held = read_secret(secret(files))
    service = {"name": "gate", "namespace": "ns"}
    hook = {"clientConfig": {"service": service, "caBundle": encoded(files["ca.crt"])}}
    lost = lost_at({"webhooks": [hook]}, None, held.chain, NOW)
    own = any(is_own(one) for one in held.authorities)
    fault = fault_of(held, [NAME], NOW)
    assert fault is not None or (own and lost is None and held.expires)
    return fault


def pem(der: bytes) -> bytes:
    """Write a certificate, whatever it is."""
    body = base64.encodebytes(der)
    return b"-----BEGIN CERTIFICATE-----\n" + body + b"-----END CERTIFICATE-----\n"


@pytest.mark.parametrize(
    ("file", "part"), [(file, part) for file in DER for part in ODD if ODD[part][0] in DER[file]]
)
def test_odd_parts(file: str, part: str) -> None:
    """Each is a reason to make a certificate anew, and ends nothing."""
    assert judge({**GOOD, file: pem(DER[file].replace(*ODD[part]))}) is not None


def test_an_impossible_time() -> None:
    """What ends in the year 0 is no certificate."""
    made = of_others([NAME], end=timedelta(days=40_000))
    whole = load(made.certificate)
    ends = f"{whole.not_valid_after_utc:%Y%m%d%H%M%SZ}".encode()
    odd = whole.public_bytes(Encoding.DER).replace(ends, b"0000" + ends[4:])

    assert read_certificates(made.certificate) == (whole,)
    assert read_certificates(pem(odd)) == ()


@pytest.mark.filterwarnings("ignore::cryptography.utils.CryptographyDeprecationWarning")
@given(st.data())
def test_any_damage(data: st.DataObject) -> None:
    """Whatever bytes are changed, what comes of it is judged."""
    files = dict(GOOD)
    for name, whole in DER.items():
        body = bytearray(whole)
        for _ in range(data.draw(st.integers(0, 2))):
            body[data.draw(st.integers(0, len(body) - 1))] = data.draw(st.integers(0, 255))
        files[name] = pem(bytes(body))

    judge(files)
