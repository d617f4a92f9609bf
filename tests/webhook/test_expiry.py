"""When a certificate ends, read without cryptography, and compared with what that says."""

from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given
from hypothesis import strategies as st

from slimgate.webhook.certificates import make
from slimgate.webhook.expiry import expiry_of

KEY = ec.generate_private_key(ec.SECP256R1())
NAME = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "x")])
BEGIN = datetime(1950, 1, 1)  # noqa: DTZ001 - certificates' times are in UTC
END = datetime(9999, 12, 31, 23, 59, 59)  # noqa: DTZ001
WHOLE = make(["web.test"], datetime(2026, 11, 25, tzinfo=UTC))


def certificate(ends: datetime, name: x509.Name = NAME) -> bytes:
    """Make one that ends then."""
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(KEY.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(BEGIN)
        .not_valid_after(ends)
        .sign(KEY, hashes.SHA256())
    )
    return made.public_bytes(Encoding.PEM)


@given(st.datetimes(min_value=BEGIN + timedelta(days=1), max_value=END))
def test_any_time(ends: datetime) -> None:
    """Both forms of a time are read, to the second."""
    expected = ends.replace(microsecond=0, tzinfo=UTC).timestamp()

    assert expiry_of(certificate(ends)) == expected


@pytest.mark.parametrize("length", [1, 60, 64])
def test_long_names(length: int) -> None:
    """Elements before it may be of any length."""
    attributes = [x509.NameAttribute(x509.NameOID.COMMON_NAME, "x" * length)] * 40
    ends = datetime(2030, 1, 1)  # noqa: DTZ001

    found = expiry_of(certificate(ends, x509.Name(attributes)))
    assert found == ends.replace(tzinfo=UTC).timestamp()


def test_own_certificate() -> None:
    """That which slimgate makes ends after a year; of a chain the first counts."""
    ends = datetime(2027, 11, 25, tzinfo=UTC).timestamp()

    assert expiry_of(WHOLE.certificate) == ends
    assert expiry_of(WHOLE.certificate + certificate(datetime(2030, 1, 1))) == ends  # noqa: DTZ001


@pytest.mark.parametrize(
    "pem",
    [
        b"",
        b"-----BEGIN CERTIFICATE-----",
        b"-----BEGIN CERTIFICATE-----\n!!\n-----END CERTIFICATE-----",
        b"-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----",
        WHOLE.key,
    ],
    # The key is another one in each process, and xdist compares what its workers collect.
    ids=["nothing", "a head", "not base64", "a part", "a key"],
)
def test_what_is_none(pem: bytes) -> None:
    """What can't be read has no end."""
    assert expiry_of(pem) is None


@given(st.data())
def test_damage(data: st.DataObject) -> None:
    """Whatever is there, it is read or it is not: nothing is raised."""
    body = bytearray(WHOLE.certificate)
    for _ in range(data.draw(st.integers(1, 5))):
        place = data.draw(st.integers(0, len(body) - 1))
        body[place] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(body)))

    assert isinstance(expiry_of(bytes(body[:cut])), float | None)
