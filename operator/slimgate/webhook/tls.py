"""The serving certificate, read anew when its files change, without dropping a connection."""

import logging
import ssl
from pathlib import Path
from typing import Final

from slimgate.webhook.expiry import expiry_of

_LOG: Final = logging.getLogger(__name__)


class ServingCertificate:
    """Gives each new connection the newest certificate that could be read.

    Files are compared by their bytes: a mounted Secret is swapped by symbolic links, and its
    times say nothing.
    """

    def __init__(self, certificate_file: Path, key_file: Path) -> None:
        self._files = (certificate_file, key_file)
        self._seen: tuple[bytes, ...] | None = None
        self._failure: str | None = None
        self._current: ssl.SSLContext | None = None
        self.expires: float | None = None
        """When the certificate that is served ends, in Unix time."""
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.sni_callback = self._choose

    @property
    def missing(self) -> str | None:
        """Why there is no certificate to serve with, None if there is one."""
        return None if self._current else self._failure or "the certificate was not read yet"

    def refresh(self) -> None:
        """Look at the files, and take what they hold if it is new and whole."""
        try:
            seen = tuple(file.read_bytes() for file in self._files)
        except OSError as err:
            self._fail(f"{err.filename} can't be read: {err.strerror}")
            return
        if seen == self._seen:
            return
        self._seen = seen
        try:
            self._current = self._load()
            self.expires = expiry_of(seen[0])
        except ssl.SSLError as err:
            # Half of a swap looks the same, and is whole at the next look.
            self._fail(f"{self._files[0]} and its key are not a matching pair in PEM: {err.reason}")
            return
        self._failure = None
        _LOG.info("serving with the certificate in %s", self._files[0])

    def _load(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        # Without a password, OpenSSL would ask for one on the terminal.
        context.load_cert_chain(*self._files, password="")
        return context

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
            connection.context = self._current
