"""Each role's metrics hear, by the parameters that callers name, of all that the role does."""

import inspect

import pytest
from prometheus_client import CollectorRegistry

from slimgate.cluster.pull_secrets import PullSecretObserver
from slimgate.cluster.wire import ApiObserver
from slimgate.controller.ports import WorkObserver
from slimgate.engine.ports import InspectionObserver
from slimgate.metrics import ControllerMetrics, Metrics, WebhookMetrics, exposition
from slimgate.registry.settings import RegistryObserver
from slimgate.webhook.ports import AdmissionObserver

CONTROLLER, WEBHOOK = ControllerMetrics(), WebhookMetrics()
BOTH = (InspectionObserver, RegistryObserver, PullSecretObserver, ApiObserver)
PORTS = [
    *((port, made) for port in BOTH for made in (CONTROLLER, WEBHOOK)),
    (AdmissionObserver, WEBHOOK),
    (WorkObserver, CONTROLLER),
]


def test_types() -> None:
    """The type checker agrees that they are these observers."""
    inspections: InspectionObserver = CONTROLLER
    registries: RegistryObserver = CONTROLLER
    secrets: PullSecretObserver = CONTROLLER
    api: ApiObserver = CONTROLLER
    work: WorkObserver = CONTROLLER
    admissions: AdmissionObserver = WEBHOOK

    assert {*map(id, (inspections, registries, secrets, api, work))} == {id(CONTROLLER)}
    assert admissions is WEBHOOK


@pytest.mark.parametrize(("port", "made"), PORTS)
def test_observers(port: type, made: Metrics) -> None:
    """Every method of the port is there, with the same parameters."""
    for name in (name for name in vars(port) if not name.startswith("_")):
        wanted = [*inspect.signature(getattr(port, name)).parameters.values()][1:]
        assert [*inspect.signature(getattr(made, name)).parameters.values()] == wanted


def test_registries_are_separate() -> None:
    """Two sets of metrics in one process share nothing; a registry may be given."""
    registry = CollectorRegistry()
    one, other = WebhookMetrics(registry), WebhookMetrics()
    one.invalid_request(404)

    line = b'slimgate_webhook_invalid_requests_total{code="404"} '
    assert line + b"1.0" in one.page()
    assert line + b"1.0" in exposition(registry)
    assert line + b"0.0" in other.page()
