"""What slimgate would refuse when it starts, the chart refuses before anything is installed."""

from collections.abc import Iterator, Sequence
from typing import Any, Final

import pytest
import yaml

from slimgate.core.errors import SettingsError
from slimgate.settings import File, read
from slimgate.settings.read import API_VERSION
from tests.chart.helm import Helm, merged, nested, rounds, unnamed
from tests.settings.cases import KIND, WRONG

_ELSEWHERE: Final = {
    "drainDuration": "webhook.drainDuration",
    "leaderElection": "controller.leaderElection",
    "maxAdmissionWait": "webhook.maxAdmissionWait",
    "nodeRefreshInterval": "nodeMetrics.refreshInterval",
    "registries": "registries",
    "webhookPort": "webhook.port",
}
"""Values that set a key of the file, and are not below `config`."""
_NO_VALUE: Final = {
    *("certificates", "dockerConfig", "name", "namespace", "podName", "pullSecrets"),
    *("tlsDirectory", "tlsSecret"),
}
"""Keys of the file that templates fill."""
_READABLE: Final = 10**18
"""Longer numbers are no values: Helm itself can't read them."""
_MORE: Final[list[tuple[str, object]]] = [
    ("tagRefreshInterval", "0.5s499ms"),
    ("maxStaleness", "277777h46m40s"),
    ("drainDuration", "300000h"),
    ("drainDuration", "1234567890s"),
    ("drainDuration", "1s" * 33),
    ("nodeRefreshInterval", "300000h"),
    ("nodeRefreshInterval", "1.1234567890s"),
    ("wholeLayerSize", "64.001Gi"),
    ("wholeLayerSize", "68719476737"),
    ("wholeLayerSize", "68719476737k"),
    ("wholeLayerSize", "1e11"),
    ("wholeLayerSize", "0.0"),
    ("address", "1.2.3.256"),
    ("address", "1.2.3"),
    ("address", "01.2.3.4"),
    ("address", "1:2:3:4:5:6:7"),
    ("address", "1::2::3"),
    ("address", "1:2:3:4:5:6:7::8"),
    ("address", ":::"),
    ("address", "[::]"),
    ("excludedNamespaces", ["a", "b", "a"]),
    ("platforms", ["linux/amd64", "linux/amd64"]),
    ("extraKinds", [KIND, KIND]),
    ("registries", [{"host": "a"}, {"host": "a"}]),
    ("registries", [{"host": "[::1]:99999"}]),
]
_TAKEN: Final[list[tuple[str, object]]] = [
    ("tagRefreshInterval", "0.5s500ms"),
    ("maxStaleness", "277777h46m39s"),
    ("retryInterval", 0),
    ("nodeRefreshInterval", "0"),
    ("leaderElection", {"leaseDuration": "600s", "renewDeadline": "599s", "retryPeriod": "2s"}),
    ("leaderElection", {"leaseDuration": "2s", "renewDeadline": "1s", "retryPeriod": "500ms"}),
    ("wholeLayerSize", "64Gi"),
    ("wholeLayerSize", "68719476736"),
    ("wholeLayerSize", 2**36),
    ("wholeLayerSize", ".5k"),
    ("wholeLayerSize", "+1e3"),
    ("wholeLayerSize", "00Ki"),
    ("address", "::"),
    ("address", "::1"),
    ("address", "fd00::1:2"),
    ("address", "1:2:3:4:5:6:7:8"),
    ("address", "1::8"),
    ("address", "1:2:3:4:5:6:7::"),
    ("address", "::2:3:4:5:6:7:8"),
    ("address", "::ffff:192.0.2.1"),
    ("address", "255.249.199.99"),
    ("registries", [{"host": "a:65535"}, {"host": "a:1"}, {"host": "[::1]"}]),
]


def wrong() -> Iterator[tuple[str, object]]:
    """Yield keys and what the reader's own tests know to be refused."""
    for key, raw, _ in WRONG:
        readable = isinstance(raw, bool) or not isinstance(raw, int) or abs(raw) < _READABLE
        if key not in _NO_VALUE and readable:
            yield key, raw
    yield from _MORE


def values(key: str, raw: object) -> dict[str, Any]:
    """Return the values that set a key of the configuration file."""
    return nested(_ELSEWHERE.get(key, f"config.{key}"), raw)


def start(key: str, raw: object) -> None:
    """Read a configuration file as slimgate does when it starts."""
    content = yaml.safe_dump({"apiVersion": API_VERSION, "kind": "Configuration", key: raw})
    read({}, File("config.yaml", content.encode()))


@pytest.mark.parametrize("together", rounds(wrong(), lambda one: one[0]), ids=len)
def test_what_slimgate_refuses_the_chart_refuses(
    helm: Helm, together: Sequence[tuple[str, object]]
) -> None:
    """By the values' names; pods would end at once, and nobody would look at their logs."""
    for key, raw in together:
        with pytest.raises(SettingsError):
            start(key, raw)

    asked = [
        (values(key, raw), _ELSEWHERE.get(key, key).rpartition(".")[2]) for key, raw in together
    ]
    assert unnamed(helm, asked) == []


@pytest.mark.parametrize("together", rounds(_TAKEN, lambda one: one[0]), ids=len)
def test_what_slimgate_takes_the_chart_takes(
    helm: Helm, together: Sequence[tuple[str, object]]
) -> None:
    """Up to the bounds, and in every form."""
    written = helm.objects(values=merged(*(values(key, raw) for key, raw in together))).config()
    for key, raw in together:
        start(key, raw)
        start(key, written[key])
