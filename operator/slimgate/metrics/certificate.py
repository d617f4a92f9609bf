"""Shows the webhook's certificate: when it ends, and how long nobody could trust it."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Final, Protocol

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

CERTIFICATE_EXPIRY: Final = (
    "When the webhook's certificate expires, in Unix time: in the controller that of its Secret, "
    "in a webhook pod the one that it serves."
)
"""Of the gauge that both roles have."""


class Certificate(Protocol):
    """Knows the certificate; cluster.certificates.keeper does."""

    @property
    def expires(self) -> datetime | None:
        """When it ends, if there is one."""

    @property
    def writes(self) -> Mapping[str, int]:
        """How often each object was written."""

    def unguarded_seconds(self) -> float:
        """Tell for how long the API server could not call the webhook."""


class CertificateCollector(Collector):
    """What the controller knows of the webhook's certificate."""

    def __init__(self, certificate: Certificate) -> None:
        self._certificate = certificate

    def collect(self) -> Iterator[GaugeMetricFamily | CounterMetricFamily]:
        """Ask for it."""
        if (expires := self._certificate.expires) is not None:
            yield GaugeMetricFamily(
                "slimgate_webhook_certificate_expiration_timestamp_seconds",
                CERTIFICATE_EXPIRY,
                value=expires.timestamp(),
            )
        yield CounterMetricFamily(
            "slimgate_webhook_configuration_unguarded_seconds",
            "Time for which the API server could not call the webhook: its configuration was gone, "
            "a caBundle in it did not vouch for the webhook's certificate, or that had ended or "
            "was for other names.",
            value=self._certificate.unguarded_seconds(),
        )
        writes = CounterMetricFamily(
            "slimgate_webhook_certificate_writes",
            "Writes of the webhook's certificate and of its CA: made, renewed or mended. Many in a "
            "row mean that something else writes there, too.",
            labels=["object"],
        )
        for name, number in self._certificate.writes.items():
            writes.add_metric([name], number)
        yield writes
