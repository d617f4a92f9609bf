"""Makes the webhook's own CA and serving certificate, and recognises such a CA.

Pure: bytes in and out. Only the controller imports this: the webhook has memory to save, and
cryptography takes 10 MB.
"""

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

UNREADABLE: Final = (
    TypeError,
    ValueError,
    UnsupportedAlgorithm,
    x509.DuplicateExtension,
    x509.ExtensionNotFound,
    x509.InvalidVersion,
    x509.UnsupportedGeneralNameType,
)
"""What is raised for a certificate, or parts of one that was parsed, that can't be read."""

LIFE: Final = timedelta(days=365)
# Clocks of other machines may be behind.
_BACKDATED: Final = timedelta(hours=1)
_CA_NAME: Final = "slimgate webhook CA"
_MAX_COMMON_NAME: Final = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificates:
    """PEMs: the CA that clients are to trust, and what the server shows."""

    ca_bundle: bytes
    certificate: bytes
    key: bytes = field(repr=False)


def make(names: Sequence[str], now: datetime) -> Certificates:
    """Make a CA and a certificate for these DNS names and IP addresses.

    The CA's key is thrown away, so a renewal makes a new CA, and to trust a former one is to trust
    a single certificate.
    """
    ca_key = ec.generate_private_key(ec.SECP256R1())
    ca_name = _name(_CA_NAME)
    ca = _sign(_ca_builder(ca_name, ca_key, now), ca_key)
    key = ec.generate_private_key(ec.SECP256R1())
    certificate = _sign(_server_builder(names, key, ca, now), ca_key)
    return Certificates(
        ca_bundle=pem(ca),
        certificate=pem(certificate),
        key=key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()),
    )


def is_own(ca: x509.Certificate) -> bool:
    """Whether a certificate is a CA as `make` makes them, signed by its own key."""
    try:
        lives = ca.not_valid_after_utc - ca.not_valid_before_utc
        is_like = ca.subject == _name(_CA_NAME) and lives <= LIFE + _BACKDATED
        constraints = ca.extensions.get_extension_for_class(x509.BasicConstraints).value
    except UNREADABLE:
        return False
    return is_like and constraints.ca and signed(ca, ca)


def signed(issuer: x509.Certificate, certificate: x509.Certificate) -> bool:
    """Whether the one has signed the other."""
    try:
        certificate.verify_directly_issued_by(issuer)
    except (*UNREADABLE, InvalidSignature):
        return False
    return True


def made_at(certificate: x509.Certificate) -> datetime:
    """Say when `make` has made a certificate."""
    return certificate.not_valid_before_utc + _BACKDATED


def _ca_builder(
    name: x509.Name, key: ec.EllipticCurvePrivateKey, now: datetime
) -> x509.CertificateBuilder:
    return (
        _builder(name, name, key, now)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signs_certificates=True), critical=True)
    )


def _server_builder(
    names: Sequence[str], key: ec.EllipticCurvePrivateKey, ca: x509.Certificate, now: datetime
) -> x509.CertificateBuilder:
    authority = ca.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    return (
        _builder(_name(names[0][:_MAX_COMMON_NAME]), ca.subject, key, now)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(authority),
            critical=False,
        )
        .add_extension(
            x509.SubjectAlternativeName([general_name(name) for name in names]), critical=False
        )
    )


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey, now: datetime
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _BACKDATED)
        .not_valid_after(now + LIFE)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )


def _sign(builder: x509.CertificateBuilder, key: ec.EllipticCurvePrivateKey) -> x509.Certificate:
    return builder.sign(key, hashes.SHA256())


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def general_name(name: str) -> x509.GeneralName:
    """Make a DNS name or an IP address, as certificates hold them."""
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def pem(certificate: x509.Certificate) -> bytes:
    """Write a certificate as PEM."""
    return certificate.public_bytes(Encoding.PEM)
