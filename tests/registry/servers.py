"""Real docker-registries on loopback, and the token server that one of them trusts."""

import base64
import ipaddress
import json
import os
import re
import shutil
import signal
import socket
import ssl
import subprocess
import threading
import time
import urllib.parse
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.x509.oid import NameOID

BINARY: Final = "docker-registry"
USER, PASSWORD = "alice", "wonderland"
HTPASSWD: Final = f"{USER}:$2y$05$slimgateregistrytests.zRjbailJdLWGCxMBqqhlsk13Xfi6Ypm\n"
REFRESH_TOKEN: Final = "refresh-alice"
SERVICE, ISSUER = "registry-tests", "issuer-tests"
PUBLIC: Final = "public/"
_LINE: Final = re.compile(r'"(?P<method>[A-Z]+) (?P<path>\S+) HTTP/[\d.]+" (?P<status>\d+) ')
_START_SECONDS: Final = 20.0
_LIFE: Final = timedelta(days=1)


@dataclass(frozen=True)
class Logged:
    """One line of the registry's access log."""

    method: str
    path: str
    status: int


@dataclass(frozen=True, kw_only=True)
class Registry:
    """A running docker-registry; `host` is what references write."""

    host: str
    url: str
    log: Path
    process: subprocess.Popen[bytes]

    def requests(self, user_agent: str) -> list[Logged]:
        """List the requests of a user agent so far, from the registry's own access log."""
        self._await_log()
        lines = self.log.read_text().splitlines()
        return [
            Logged(match["method"], match["path"], int(match["status"]))
            for line in lines
            if line.endswith(f'"{user_agent}"') and (match := _LINE.search(line))
        ]

    def _await_log(self) -> None:
        # A line is written after its answer; a later request's line says that it is there.
        marker = f"marker-{time.monotonic_ns()}"
        host, _, port = self.host.rpartition(":")
        with socket.create_connection((host, int(port)), timeout=10) as connection:
            if self.url.startswith("https:"):
                return
            request = f"GET / HTTP/1.0\r\nHost: {self.host}\r\nUser-Agent: {marker}\r\n\r\n"
            connection.sendall(request.encode())
            while connection.recv(4096):
                pass
        _until(lambda: marker in self.log.read_text(), "the registry wrote no access log")

    def stop(self) -> None:
        """End the process that `start` started."""
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(timeout=20)


def start(
    folder: Path, name: str, settings: Mapping[str, object] | None = None, host: str | None = None
) -> Registry:
    """Start a docker-registry; `settings` go beside storage and address, `http` into them.

    `host` is where one that was stopped had been, so that it is found there again.
    """
    extra = dict(settings or {})
    http = extra.pop("http", {})
    assert isinstance(http, dict)
    host = host or f"127.0.0.1:{_free_port()}"
    config = folder / f"{name}.json"
    document = {
        "version": "0.1",
        "log": {"level": "info", "accesslog": {"disabled": False}},
        "storage": {"filesystem": {"rootdirectory": str(folder / name)}},
        "http": {"addr": host, "secret": "tests", **http},
        **extra,
    }
    config.write_text(json.dumps(document))
    log = folder / f"{name}.log"
    with log.open("wb") as out, (folder / f"{name}.err").open("wb") as err:
        process = subprocess.Popen(
            [BINARY, "serve", str(config)], stdout=out, stderr=err, env={"PATH": os.environ["PATH"]}
        )
    _until(lambda: _listens(host), f"{BINARY} does not answer")
    scheme = "https" if "tls" in http else "http"
    return Registry(host=host, url=f"{scheme}://{host}", log=log, process=process)


def is_installed() -> bool:
    """Whether there is a docker-registry to start."""
    return shutil.which(BINARY) is not None


@dataclass(frozen=True, kw_only=True)
class Authority:
    """A CA, and a certificate for 127.0.0.1 and localhost that it signed."""

    ca: Path
    certificate: Path
    key: Path

    def serving(self) -> ssl.SSLContext:
        """Make a server's context."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.certificate, self.key)
        return context


@dataclass(frozen=True, kw_only=True)
class Valid:
    """For which names, and when, a server's certificate is."""

    names: tuple[x509.GeneralName, ...] = (
        x509.DNSName("localhost"),
        x509.DNSName("registry.test"),
        x509.IPAddress(ipaddress.ip_address("127.0.0.1")),
    )
    since: timedelta = -_LIFE
    until: timedelta = _LIFE


def make_authority(folder: Path, valid: Valid | None = None) -> Authority:
    """Make a CA and a server certificate."""
    ca_key, ca = _certificate("tests CA", None, None, Valid())
    key, certificate = _certificate("127.0.0.1", ca_key, ca, valid or Valid())
    authority = Authority(
        ca=folder / "ca.pem", certificate=folder / "server.pem", key=folder / "server.key"
    )
    authority.ca.write_bytes(ca.public_bytes(serialization.Encoding.PEM))
    authority.certificate.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    authority.key.write_bytes(_pem(key))
    return authority


def _certificate(
    name: str, issuer_key: rsa.RSAPrivateKey | None, issuer: x509.Certificate | None, valid: Valid
) -> tuple[rsa.RSAPrivateKey, x509.Certificate]:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    signer = issuer_key or key
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.subject if issuer else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now + valid.since)
        .not_valid_after(now + valid.until)
        .add_extension(x509.BasicConstraints(ca=issuer is None, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False
        )
    )
    if issuer is None:
        usage = x509.KeyUsage(
            digital_signature=True,
            key_cert_sign=True,
            crl_sign=True,
            content_commitment=False,
            key_encipherment=False,
            data_encipherment=False,
            key_agreement=False,
            encipher_only=False,
            decipher_only=False,
        )
        builder = builder.add_extension(usage, critical=True)
    else:
        builder = builder.add_extension(x509.SubjectAlternativeName(valid.names), critical=False)
    return key, builder.sign(signer, hashes.SHA256())


@dataclass
class TokenServer:
    """Gives tokens: to anyone for `public/`, to alice for all, by GET and by OAuth2's POST."""

    folder: Path
    life: int = 300
    oauth_only: bool = False
    asked: list[tuple[str, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._key, certificate = _certificate("token signer", None, None, Valid())
        self.bundle = self.folder / "token-signer.pem"
        self.bundle.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        self._chain = [
            base64.b64encode(certificate.public_bytes(serialization.Encoding.DER)).decode()
        ]
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                query = urllib.parse.urlsplit(self.path).query
                outer.asked.append(("GET", query))
                if outer.oauth_only:
                    self._reply(404, {})
                    return
                login = self.headers.get("Authorization")
                wanted = f"Basic {base64.b64encode(f'{USER}:{PASSWORD}'.encode()).decode()}"
                if login is not None and login != wanted:
                    self._reply(401, {"errors": [{"code": "UNAUTHORIZED"}]})
                    return
                self._grant(urllib.parse.parse_qs(query), login is not None, "token")

            def do_POST(self) -> None:
                length = int(self.headers["Content-Length"])
                body = self.rfile.read(length).decode()
                outer.asked.append(("POST", body))
                form = urllib.parse.parse_qs(body)
                known = {
                    "refresh_token": form.get("refresh_token") == [REFRESH_TOKEN],
                    "password": (form.get("username"), form.get("password"))
                    == ([USER], [PASSWORD]),
                }
                if not known.get(form.get("grant_type", [""])[0]):
                    self._reply(400, {"error": "invalid_grant"})
                    return
                self._grant(form, known=True, key="access_token")

            def _grant(self, query: Mapping[str, list[str]], known: bool, key: str) -> None:  # noqa: FBT001
                assert query.get("service") == [SERVICE]
                granted = [
                    (repository, actions)
                    for scope in query.get("scope", [])
                    for _, repository, actions in [scope.split(":")]
                    if known or repository.startswith(PUBLIC)
                ]
                self._reply(200, {key: outer.sign(granted), "expires_in": outer.life})

            def _reply(self, status: int, document: Mapping[str, object]) -> None:
                body = json.dumps(document).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002
                """Keep quiet."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.host = f"127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    @property
    def realm(self) -> str:
        """Where tokens are asked for."""
        return f"http://{self.host}/token"

    def sign(self, granted: list[tuple[str, str]]) -> str:
        """Make a token as the distribution's specification wants it."""
        now = int(time.time())
        claims = {
            "iss": ISSUER,
            "sub": "tests",
            "aud": SERVICE,
            "exp": now + 3600,
            "nbf": now - 60,
            "iat": now,
            "jti": str(time.monotonic_ns()),
            "access": [
                {"type": "repository", "name": name, "actions": actions.split(",")}
                for name, actions in granted
            ],
        }
        header = {"typ": "JWT", "alg": "RS256", "x5c": self._chain}
        signed = f"{_base64(json.dumps(header).encode())}.{_base64(json.dumps(claims).encode())}"
        signature = self._key.sign(signed.encode(), padding.PKCS1v15(), hashes.SHA256())
        return f"{signed}.{_base64(signature)}"

    def stop(self) -> None:
        """Stop serving."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def _base64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _pem(key: rsa.RSAPrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _listens(host: str) -> bool:
    name, _, port = host.rpartition(":")
    try:
        with socket.create_connection((name, int(port)), timeout=1):
            return True
    except OSError:
        return False


def _until(holds: Callable[[], bool], otherwise: str) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while not holds():
        assert time.monotonic() < deadline, otherwise
        time.sleep(0.02)
