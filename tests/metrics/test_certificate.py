"""What is shown of the webhook's certificate."""

from dataclasses import dataclass, field
from datetime import UTC, datetime

from prometheus_client import CollectorRegistry

from slimgate.metrics import exposition
from slimgate.metrics.certificate import CertificateCollector


@dataclass
class Kept:
    """A certificate as its keeper knows it."""

    expires: datetime | None = None
    writes: dict[str, int] = field(default_factory=lambda: {"secret": 0, "configuration": 0})
    unguarded: float = 0.0

    def unguarded_seconds(self) -> float:
        """Return it."""
        return self.unguarded


def page(kept: Kept) -> list[str]:
    """Write the samples."""
    registry = CollectorRegistry()
    registry.register(CertificateCollector(kept))
    return [line for line in exposition(registry).decode().splitlines() if line[0] != "#"]


def test_all_of_it() -> None:
    """The expiry in Unix time, the time without guard, and both kinds of writes."""
    kept = Kept(datetime(2027, 1, 1, tzinfo=UTC), {"secret": 1, "configuration": 2}, 2.5)

    assert page(kept) == [
        "slimgate_webhook_certificate_expiration_timestamp_seconds 1.7987616e+09",
        "slimgate_webhook_configuration_unguarded_seconds_total 2.5",
        'slimgate_webhook_certificate_writes_total{object="secret"} 1.0',
        'slimgate_webhook_certificate_writes_total{object="configuration"} 2.0',
    ]


def test_without_a_certificate() -> None:
    """What is not known has no series; what is counted has one from the start."""
    assert page(Kept()) == [
        "slimgate_webhook_configuration_unguarded_seconds_total 0.0",
        'slimgate_webhook_certificate_writes_total{object="secret"} 0.0',
        'slimgate_webhook_certificate_writes_total{object="configuration"} 0.0',
    ]
