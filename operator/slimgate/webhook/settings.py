"""Settings of the admission server."""

from dataclasses import dataclass

from slimgate.process.connection import PATIENCE_SECONDS


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookSettings:
    """Limits and addresses of the admission server; times are in seconds, sizes in bytes.

    `host` None is every address of both families.
    """

    certificate_file: str
    key_file: str
    client_ca_file: str | None = None
    """The CA of the API server's client certificate, which must have one of `client_names`."""
    client_names: tuple[str, ...] = ()
    host: str | None = None
    port: int = 9443
    default_seconds: float = 10.0
    """The time to answer where the API server names none; its own default for webhooks."""
    margin_seconds: float = 0.4
    """What of that time is left for the way back; never more than a quarter of it."""
    max_body_bytes: int = 8 * 2**20
    """The API server takes objects up to 3 MB and sends two of them with an UPDATE."""
    max_buffered_bytes: int = 32 * 2**20
    """Of all bodies that are being read, together."""
    body_seconds: float = PATIENCE_SECONDS
    """How long a body may take to arrive, however late its answer may be."""
    drain_seconds: float = 10.0
    """How long to go on serving after SIGTERM, while endpoints and API servers hear of it."""
    shutdown_seconds: float = 30.0
    """How long admissions in flight may take after that; webhooks have at most these 30 s."""
    reload_seconds: float = 10.0
    """How often to look whether the certificate's files have changed."""
