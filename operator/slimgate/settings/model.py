"""Settings as the parts that use them take them: seconds, bytes, types, defaults."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Final

from slimgate.core.election import Timing
from slimgate.core.images.facts import Platform
from slimgate.core.wording.annotations import Annotate
from slimgate.core.wording.ways import DOCS
from slimgate.core.workloads.kinds import BUILT_IN, Kind, TemplatePaths, template_paths

WHOLE_LAYER_BYTES: Final = 8 * 2**20
MEASURED_LAYER_BYTES: Final = 2 * 2**30
MAX_LAYER_BYTES: Final = 64 * 2**30
"""No layer that is larger, as stored or unpacked, is ever read whole."""
MAX_SERIES: Final = 1_000
"""No more have metrics of their own: a guess at what a Prometheus bears and people read."""


class LogFormat(Enum):
    """One JSON object a line, or text for people."""

    JSON = "JSON"
    TEXT = "Text"


class CertificateSource(Enum):
    """Who makes the webhook's certificate, and whether slimgate has the API server trust it."""

    OWN = "Own"
    CERT_MANAGER = "CertManager"
    SECRET = "Secret"  # noqa: S105 - a kind of object


@dataclass(frozen=True, slots=True, kw_only=True)
class Exemption:
    """What a registry that settings list by name is exempt from, and nothing beyond it.

    Being listed at all permits a private address, by IP literal or over an unverified connection;
    `loopback` must be asked for by itself. `ca_file` is a PEM file trusted besides the system's.
    """

    plain_http: bool = False
    loopback: bool = False
    skip_tls_verify: bool = False
    ca_file: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Everything that can be set from outside; keys.py says how, and what each is for."""

    namespace: str = "slimgate-system"
    name: str = "slimgate"
    pod_name: str | None = None
    excluded_namespaces: tuple[str, ...] = ("kube-system",)
    registries: Mapping[str, Exemption] = field(default_factory=dict)
    docker_config: str | None = None
    credential_provider_config: str | None = None
    credential_provider_bin_dir: str | None = None
    https_proxy: str | None = field(default=None, repr=False)
    no_proxy: str | None = None
    pull_secrets: bool = True
    extra_kinds: tuple[Kind, ...] = ()
    extra_controllers: tuple[str, ...] = ()
    platforms: tuple[Platform, ...] = (Platform("linux", "amd64"),)
    claims: bool = True
    whole_layer_bytes: int = WHOLE_LAYER_BYTES
    measured_layer_bytes: int = MEASURED_LAYER_BYTES
    tag_seconds: float = 300.0
    failure_seconds: float = 15.0
    stale_seconds: float = 86_400.0
    admission_wait_seconds: float = 2.0
    tenant_label: str = ""
    docs_url: str = DOCS
    annotations: Annotate = Annotate.OVER_POLICY
    image_profiles: bool = True
    refused_images: bool = False
    default_policy_file: str | None = None
    node_seconds: float = 60.0
    kubelet_skip_tls_verify: bool = True
    kubelet_thresholds: bool = False
    metric_namespaces: int = 20
    metric_workloads: int = 20
    metric_images: int = 20
    leader_election: Timing = field(default_factory=Timing)
    certificates: CertificateSource = CertificateSource.OWN
    tls_secret: str | None = None
    tls_directory: str = "/tls"
    client_ca_file: str | None = None
    client_names: tuple[str, ...] = ()
    address: str = "0.0.0.0"  # noqa: S104 - a pod's own address is all there is to bind
    http_port: int = 8080
    webhook_port: int = 9443
    drain_seconds: float = 10.0
    log_format: LogFormat = LogFormat.JSON

    @property
    def tls_certificate(self) -> str:
        """The webhook's certificate chain, named as in Secrets of type kubernetes.io/tls."""
        return f"{self.tls_directory}/tls.crt"

    @property
    def tls_key(self) -> str:
        """Its private key."""
        return f"{self.tls_directory}/tls.key"

    @property
    def kinds(self) -> tuple[Kind, ...]:
        """The kinds whose workloads are judged: built-in ones, and those of others."""
        return *BUILT_IN, *self.extra_kinds

    @property
    def template_paths(self) -> TemplatePaths:
        """Where each of them keeps its pod template."""
        return template_paths(self.kinds)

    @property
    def webhook_configuration(self) -> str:
        """The ValidatingWebhookConfiguration that the controller puts the CA into."""
        return self.name

    @property
    def webhook_service(self) -> str:
        """The Service that the API server calls."""
        return f"{self.name}-webhook"

    @property
    def webhook_secret(self) -> str:
        """The Secret that holds the webhook's certificate."""
        return self.tls_secret or f"{self.name}-webhook-tls"

    @property
    def memory_secret(self) -> str:
        """The Secret that holds what a restart should remember."""
        return f"{self.name}-memory"

    @property
    def lease(self) -> str:
        """The Lease that tells which controller leads."""
        return f"{self.name}-controller"

    @property
    def kubelet_account(self) -> str:
        """The service account that kubelets are asked as: it may do nothing else."""
        return f"{self.name}-kubelet"
