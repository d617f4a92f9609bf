"""TLS to registries: whom to trust, and what is wrong where a connection fails."""

import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import aiohttp

from slimgate.core.errors import SettingsError
from slimgate.process.client_tls import client_context
from slimgate.registry.settings import RegistrySettings

_CERTIFICATE_FAULTS: Final = {
    9: "its certificate is not valid yet; check the clocks of both sides",
    10: "its certificate has expired; renew it",
    62: "its certificate is for another name; call it by a name that is in the certificate",
    64: "its certificate is for another name; call it by a name that is in the certificate",
}
"""By X509_V_ERR_*: https://docs.openssl.org/3.0/man3/X509_STORE_CTX_get_error/"""
_PLAIN: Final = frozenset({
    "WRONG_VERSION_NUMBER", "HTTP_REQUEST", "RECORD_LAYER_FAILURE", "PACKET_LENGTH_TOO_LONG",
})  # fmt: skip
"""What OpenSSL says of an answer that is not TLS."""
_UNTRUSTED: Final = "its certificate is not trusted; give slimgate the CA that signed it"


def fault(err: aiohttp.ClientError) -> str | None:
    """Say why TLS failed and what to do; None if it is not TLS that did."""
    found = _ssl_error(err)
    if isinstance(found, ssl.SSLCertVerificationError):
        return _CERTIFICATE_FAULTS.get(found.verify_code, _UNTRUSTED)
    if found is None:
        return None
    reason = found.reason or ""
    if reason in _PLAIN:
        return "it answers without TLS; if it has none, write plainHTTP: true into its entry"
    if "CERTIFICATE_REQUIRED" in reason or "BAD_CERTIFICATE" in reason:
        return "it wants a client certificate, and slimgate has none to show"
    return f"TLS with it failed ({reason or type(found).__name__})"


@dataclass(frozen=True, slots=True)
class TlsContexts:
    """How registries are called: trusting the system's CAs, anybody, or those of a file too."""

    usual: ssl.SSLContext
    trusting: ssl.SSLContext
    by_file: Mapping[str, ssl.SSLContext]


def load_contexts(settings: RegistrySettings) -> TlsContexts:
    """Load the CA files that settings name; SettingsError if one can't be used."""
    contexts: dict[str, ssl.SSLContext] = {}
    for name, exemption in settings.exemptions.items():
        if exemption.ca_file is None or exemption.ca_file in contexts:
            continue
        context = _context()
        try:
            context.load_verify_locations(cafile=exemption.ca_file)
        except (OSError, ssl.SSLError) as err:
            raise SettingsError(
                f"the CA file {exemption.ca_file} of registry {name} can't be read: "
                "it must hold certificates in PEM"
            ) from err
        contexts[exemption.ca_file] = context
    trusting = _context()
    trusting.check_hostname, trusting.verify_mode = False, ssl.CERT_NONE
    return TlsContexts(_context(), trusting, contexts)


def _context() -> ssl.SSLContext:
    context = client_context()
    context.set_alpn_protocols(["http/1.1"])
    return context


def _ssl_error(err: BaseException | None) -> ssl.SSLError | None:
    while isinstance(err, aiohttp.ClientError):  # some of which are SSLErrors that say nothing
        err = getattr(err, "certificate_error", None) or err.__cause__
    return err if isinstance(err, ssl.SSLError) else None
