"""How closely the cluster is followed."""

from dataclasses import dataclass

from slimgate.metrics import ControllerMetrics
from tests.metrics.series import by


@dataclass
class Mirrored:
    """A mirror as a test wants it."""

    resource: str
    objects: int
    last_event: float

    def __len__(self) -> int:
        return self.objects


def test_watches() -> None:
    """Each kind tells when it was last heard of, and how much there is of it; some come later."""
    mirrors = {"a": Mirrored("nodes", 3, 1.7e9)}
    metrics = ControllerMetrics()
    metrics.show_mirrors(mirrors)
    mirrors["b"] = Mirrored("jobs.batch", 0, 1.6e9)
    metrics.show_mirrors({"a": Mirrored("rollouts.argoproj.io", 1, 1.5e9)})

    assert by(metrics.registry, "slimgate_watch_last_event_timestamp_seconds") == {
        ("nodes",): 1.7e9,
        ("jobs.batch",): 1.6e9,
        ("rollouts.argoproj.io",): 1.5e9,
    }
    assert by(metrics.registry, "slimgate_watch_objects") == {
        ("nodes",): 3,
        ("jobs.batch",): 0,
        ("rollouts.argoproj.io",): 1,
    }
