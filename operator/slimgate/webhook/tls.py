"""The serving certificate, read anew when its files change, without dropping a connection."""

import logging
import ssl
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

_LOG: Final = logging.getLogger(__name__)
_ROUNDS: Final = 4
"""Of a handshake in which the client guesses another group, with one to spare."""
_GROUP: Final = "prime256v1"
"""What keys are agreed on with: each TLS 1.3 has it (RFC 8446, section 9.1), FIPS or not.

Else clients choose: one of finite fields (ffdhe8192) takes the loop for 0.14 s each handshake.
"""


@dataclass(frozen=True, slots=True)
class _Serving:
    context: ssl.SSLContext
    expires: float


class ServingCertificate:
    """Gives each new connection the newest certificate that could be read.

    Files are compared by their bytes: a mounted Secret is swapped by symbolic links, and its
    times say nothing. With `client_ca`, clients may show a certificate of it, and none of another.
    """

    def __init__(
        self,
        certificate_file: Path,
        key_file: Path,
        clock: Callable[[], float] = time.time,
        *,
        client_ca: Path | None = None,
    ) -> None:
        self._files = (certificate_file, key_file)
        self._client_ca = client_ca
        self._clock = clock
        self._seen: tuple[bytes, ...] | None = None
        self._failure: str | None = "the certificate was not read yet"
        self._current: _Serving | None = None
        self.context = self._make()
        self.context.sni_callback = self._choose

    @property
    def found(self) -> bool:
        """Whether there is a certificate to serve with."""
        return self._current is not None

    @property
    def fault(self) -> str | None:
        """Why no client can trust what is served, None if one can."""
        if self._current is None:
            return self._failure
        if self._current.expires <= self._clock():
            return f"{self._files[0]} has expired on {_date(self._current.expires)}"
        return None

    @property
    def expires(self) -> float | None:
        """When the certificate that is served ends, in seconds since 1970."""
        return self._current.expires if self._current else None

    def refresh(self) -> None:
        """Look at the files, and take what they hold if it is new and whole."""
        try:
            seen = tuple(file.read_bytes() for file in self._read)
        except FileNotFoundError as err:
            self._fail(f"{err.filename} is not there yet")
            return
        except OSError as err:
            self._fail(f"{err.filename} can't be read: {err.strerror}")
            return
        if seen == self._seen:
            return
        # Half of a swap looks damaged, and is another one at the next look.
        self._seen = seen
        if failure := self._take(seen):
            self._fail(failure)
        else:
            self._failure = None
            _LOG.info("serving with the certificate in %s", self._files[0])

    @property
    def _read(self) -> tuple[Path, ...]:
        return self._files if self._client_ca is None else (*self._files, self._client_ca)

    def _make(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.set_ecdh_curve(_GROUP)
        if self._client_ca is not None:
            # Who shows none learns over HTTP what is missing, and that is counted.
            context.verify_mode = ssl.CERT_OPTIONAL
            context.options |= ssl.OP_NO_TICKET  # a session would outlive its CA
        return context

    def _take(self, bodies: tuple[bytes, ...]) -> str | None:
        """Load the files; say why they can't be served with, None if they are now."""
        if (unusable := self._unusable(bodies)) is not None:
            return unusable
        try:
            context = self._make()
            # Without a password, OpenSSL would ask for one on the terminal.
            context.load_cert_chain(*self._files, password="")
            for authority in bodies[len(self._files) :]:
                context.load_verify_locations(cadata=_pem(authority))
            self._current = _Serving(context, _expiry(context, _pem(bodies[0])))
        except ssl.SSLCertVerificationError as err:
            return f"{self._files[0]} can't be trusted: {err.verify_message}"
        except ssl.SSLError as err:
            certificate, key = self._files
            if err.reason == "KEY_VALUES_MISMATCH":
                return f"{key} does not fit {certificate}"
            return f"{certificate} and {key} are not a certificate and a key in PEM"
        except OSError as err:
            self._seen = None
            return f"{err.filename} can't be read: {err.strerror}"
        return None

    def _unusable(self, bodies: tuple[bytes, ...]) -> str | None:
        for file, body in zip(self._read, bodies, strict=True):
            if not body.strip():
                return f"{file} is empty"
        try:
            for authority in bodies[len(self._files) :]:
                self._make().load_verify_locations(cadata=_pem(authority))
        except ssl.SSLError:
            return f"{self._client_ca} is not a CA in PEM"
        return None

    def _fail(self, failure: str) -> None:
        if failure != self._failure:
            kept = "; the previous one stays in use" if self._current else ""
            _LOG.warning("the new certificate can't be used: %s%s", failure, kept)
        self._failure = failure

    def _choose(
        self, connection: ssl.SSLObject, _name: str | None, _context: ssl.SSLContext
    ) -> None:
        # Called for every handshake, with or without a name.
        if self._current:
            connection.context = self._current.context


def _pem(body: bytes) -> str:
    """Take what is between certificates as it comes: names of CAs are in any alphabet."""
    return body.decode("ascii", "backslashreplace")


def _expiry(server: ssl.SSLContext, pem: str) -> float:
    """Shake hands with a client that trusts this very certificate, and return when it ends.

    SSLCertVerificationError if it is not valid now. The standard library reads a certificate's
    dates for clients only.
    """
    client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    client.check_hostname = False
    client.verify_flags |= ssl.VerifyFlags.VERIFY_X509_PARTIAL_CHAIN
    client.load_verify_locations(cadata=pem)
    up, down = ssl.MemoryBIO(), ssl.MemoryBIO()
    here, there = client.wrap_bio(down, up), server.wrap_bio(up, down, server_side=True)
    for end in (here, there) * _ROUNDS:
        with suppress(ssl.SSLWantReadError):
            end.do_handshake()
    shown = here.getpeercert() or {}
    return float(ssl.cert_time_to_seconds(str(shown["notAfter"])))


def _date(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).date().isoformat()
