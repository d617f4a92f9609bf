"""What a TLS Secret and a caBundle hold, read and judged; pure."""

import base64
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from slimgate.cluster.certificates.authority import (
    LIFE,
    UNREADABLE,
    general_name,
    is_own,
    made_at,
    pem,
    signed,
)
from slimgate.core.json_object import JsonObject, mapping_at, text_at

CA: Final = "ca.crt"
CERTIFICATE: Final = "tls.crt"
KEY: Final = "tls.key"

_RENEWED_AFTER: Final = LIFE * 2 / 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A Secret's certificates and the public half of its key; what can't be read is missing."""

    authorities: tuple[x509.Certificate, ...]
    chain: tuple[x509.Certificate, ...]
    public_key: PublicKeyTypes | None

    @property
    def expires(self) -> datetime | None:
        """When the certificate ends."""
        return self.chain[0].not_valid_after_utc if self.chain else None

    @property
    def issuer(self) -> x509.Certificate | None:
        """The CA that has signed the certificate, if it is there."""
        return issuer_of(self.chain, self.authorities)


def read_secret(secret: JsonObject) -> Held:
    """Read what a Secret's three files mean."""
    files = read_files(secret)
    return Held(
        authorities=read_certificates(files[CA]),
        chain=read_certificates(files[CERTIFICATE]),
        public_key=_public_key(files[KEY]),
    )


def read_files(secret: JsonObject) -> dict[str, bytes]:
    """Read a Secret's three files as bytes; what it lacks is empty."""
    data = mapping_at(secret, "data")
    return {name: _base64(text_at(data, name)) for name in (CA, CERTIFICATE, KEY)}


def read_bundle(text: str) -> tuple[x509.Certificate, ...]:
    """Read a caBundle as the API server gives it."""
    return read_certificates(_base64(text))


def read_certificates(body: bytes) -> tuple[x509.Certificate, ...]:
    """Read PEM; none where any of it can't be read, its times included."""
    try:
        found = tuple(x509.load_pem_x509_certificates(body)) if body.strip() else ()
        whole = all(one.not_valid_before_utc <= one.not_valid_after_utc for one in found)
    except UNREADABLE:
        return ()
    return found if whole else ()


def fault_of(held: Held, names: Sequence[str], now: datetime) -> str | None:
    """Say why slimgate's own certificate must be made anew, None if it need not."""
    if not held.chain:
        return f"{CERTIFICATE} holds no certificate"
    if held.public_key is None:
        return f"{KEY} holds no key"
    certificate = held.chain[0]
    if not _fits(held.public_key, certificate):
        return f"{KEY} does not fit {CERTIFICATE}"
    return _fault_of_issuer(held.issuer) or _fault_of_certificate(certificate, names, now)


def _fault_of_issuer(issuer: x509.Certificate | None) -> str | None:
    if issuer is None:
        return f"{CA} lacks the CA that signed {CERTIFICATE}"
    return None if is_own(issuer) else f"{CERTIFICATE} is signed by a CA that slimgate did not make"


def _fault_of_certificate(
    certificate: x509.Certificate, names: Sequence[str], now: datetime
) -> str | None:
    if certificate.not_valid_before_utc > now:
        return f"{CERTIFICATE} is not valid yet"
    if now - made_at(certificate) >= _RENEWED_AFTER:
        return f"{CERTIFICATE} is due to be renewed"
    lacking = [name for name in names if general_name(name) not in _names_of(certificate)]
    return f"{CERTIFICATE} lacks the name {lacking[0]}" if lacking else None


def refusal_of(certificate: x509.Certificate, name: str, now: datetime) -> str | None:
    """Say why who calls a server by this name refuses its certificate, whoever has signed it.

    As Go compares names: whole, but for a wildcard in the place of the first part.
    """
    if certificate.not_valid_before_utc > now:
        return f"{CERTIFICATE} is not valid yet"
    if certificate.not_valid_after_utc < now:
        return f"{CERTIFICATE} has ended"
    called = name.lower().removesuffix(".")
    names = {str(one.value).lower() for one in _names_of(certificate)}
    wildcard = f"*.{called.partition('.')[2]}"
    return None if {called, wildcard} & names else f"{CERTIFICATE} lacks the name {name}"


def current(
    certificates: Iterable[x509.Certificate], now: datetime
) -> tuple[x509.Certificate, ...]:
    """Leave out what has ended or is not valid yet, since an API server trusts none of it."""
    return tuple(c for c in certificates if c.not_valid_before_utc <= now <= c.not_valid_after_utc)


def issuer_of(
    chain: Sequence[x509.Certificate], authorities: Iterable[x509.Certificate]
) -> x509.Certificate | None:
    """Find the CA that vouches for the first certificate, be it by others of its chain."""
    trusted = tuple(authorities)
    links = list(chain[1:])
    current = chain[0] if chain else None
    while current is not None:
        for one in trusted:
            if one == current or signed(one, current):
                return one
        current = next((one for one in links if signed(one, current)), None)
        if current is not None:
            links.remove(current)
    return None


def write_pem(certificates: Iterable[x509.Certificate]) -> bytes:
    """Write certificates one after the other."""
    return b"".join(map(pem, certificates))


def _public_key(body: bytes) -> PublicKeyTypes | None:
    try:
        return load_pem_private_key(body, password=None).public_key()
    except UNREADABLE:
        return None


def _fits(key: PublicKeyTypes, certificate: x509.Certificate) -> bool:
    try:
        return certificate.public_key() == key
    except UNREADABLE:
        return False


def _names_of(certificate: x509.Certificate) -> frozenset[x509.GeneralName]:
    try:
        found = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except UNREADABLE:
        return frozenset()
    return frozenset(found.value)


def _base64(text: str) -> bytes:
    try:
        return base64.b64decode(text)
    except ValueError:
        return b""
