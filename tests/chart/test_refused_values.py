"""A wrong value is refused by its name, before anything is installed."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import pytest
from jsonschema import Draft202012Validator

from scripts.chart.values import Value, read_values
from tests.chart.helm import CHART, Helm, nested, rounds, unnamed

_CERTIFICATE: Final = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----"
_REFUSED: Final[list[tuple[str, object, str]]] = [
    ("webhok", {}, "'webhok'"),
    ("webhook.failurePolcy", "Fail", "'failurePolcy'"),
    ("webhook.failurePolicy", "fail", "/webhook/failurePolicy"),
    ("webhook.replicas", "two", "/webhook/replicas"),
    ("webhook.replicas", 0, "/webhook/replicas"),
    ("webhook.timeoutSeconds", 31, "/webhook/timeoutSeconds"),
    ("webhook.tolerations", [{"kye": "a"}], "'kye'"),
    ("webhook.affinity", {"nodeAfinity": {}}, "'nodeAfinity'"),
    ("webhook.resources.limits.memory", "12MB", "/webhook/resources/limits/memory"),
    ("webhook.resources.limit", {}, "'limit'"),
    ("webhook.env", [{"value": "a"}], "/webhook/env/0"),
    ("webhook.volumes", [{"name": "a", "emptydir": {}}], "'emptydir'"),
    ("webhook.podLabels", {"a": 1}, "/webhook/podLabels/a"),
    ("webhook.port", 65536, "/webhook/port"),
    ("controller.replicas", 0, "/controller/replicas"),
    ("controller.replica", 2, "'replica'"),
    ("image.digest", "sha256:12", "/image/digest"),
    ("image.tag", "a b", "/image/tag"),
    ("image.repository", "", "/image/repository"),
    ("image.repository", "example.com/slimgate:1", "/image/repository"),
    ("image.repository", "example.com/Slimgate", "/image/repository"),
    ("webhook.podDisruptionBudget.maxUnavailable", 0, "/maxUnavailable"),
    ("webhook.podDisruptionBudget.maxUnavailable", "0%", "/maxUnavailable"),
    ("webhook.podDisruptionBudget.maxUnavailable", "101%", "/maxUnavailable"),
    ("webhook.podSecurityContext.runAsNonRoot", None, "/podSecurityContext/runAsNonRoot"),
    ("config.excludedNamespaces", "kube-system", "/config/excludedNamespaces"),
    ("config.wholeLayerSize", "8MB", "/config/wholeLayerSize"),
    ("config.tagRefreshInterval", 300, "/config/tagRefreshInterval"),
    ("config.extraKinds", [{"kind": "Rollout"}], "/config/extraKinds/0"),
    ("registries", [{"host": "https://a"}], "/registries/0/host"),
    ("registries", [{"host": "a", "plainHttp": True}], "'plainHttp'"),
    ("pullSecrets.scope", "cluster", "/pullSecrets/scope"),
    ("networkPolicy.apiServerPorts", [0], "/networkPolicy/apiServerPorts/0"),
    ("defaultPolicy.spec.limit", {}, "'limit'"),
    ("defaultPolicy.spec.mode", "audit", "/defaultPolicy/spec/mode"),
    ("metrics.dashboards.renderMode", "Always", "/metrics/dashboards/renderMode"),
    ("metrics.dashboards.label", "a b", "/metrics/dashboards/label"),
    ("metrics.prometheusRule.runbookURL", "wiki#a", "/metrics/prometheusRule/runbookURL"),
    ("metrics.prometheusRule.prices.pull", -1, "/metrics/prometheusRule/prices/pull"),
    ("networkPolicy.apiServerPorts", [], "/networkPolicy/apiServerPorts"),
    ("networkPolicy.registryPorts", [], "/networkPolicy/registryPorts"),
]
_BEYOND: Final[list[tuple[dict[str, Any], str]]] = [
    # What the schema can't say.
    (nested("certificates.source", "Secret"), "certificates.secretName"),
    (nested("certificates.secretName", "a"), "certificates.secretName"),
    (nested("pullSecrets.scope", "Namespaces"), "pullSecrets.namespaces"),
    (nested("pullSecrets.namespaces", ["a"]), "pullSecrets.namespaces"),
    (
        {"registries": [{"host": "a"}, {"host": "b", "plainHTTP": True, "skipTLSVerify": True}]},
        "registries[1].plainHTTP",
    ),
    (nested("webhook.serviceAccount.create", value=False), "webhook.serviceAccount.name"),
    (nested("webhook.port", 8080), "webhook.port"),
    (
        {"registries": [{"host": "a", "ca": f"{_CERTIFICATE}\n-----BEGIN PRIVATE KEY-----\n"}]},
        "registries[0].ca: holds a private key",
    ),
    (
        {"webhook": {"terminationGracePeriodSeconds": 30, "drainDuration": "28s"}},
        "webhook.terminationGracePeriodSeconds",
    ),
    (nested("webhook.maxAdmissionWait", "5s1ms"), "webhook.maxAdmissionWait"),
    ({"namespace": {"create": True}, "webhook": {"hostNetwork": True}}, "namespace.labels"),
    (nested("metrics.serviceMonitor.scrapeTimeout", "31s"), "serviceMonitor.scrapeTimeout"),
    (nested("metrics.serviceMonitor.interval", "9s999ms"), "serviceMonitor.scrapeTimeout"),
    (nested("webhook.serviceAccount.name", "slimgate-controller"), "serviceAccount.name"),
    (nested("defaultPolicy.spec", {"limits": None, "bases": None}), "defaultPolicy.spec"),
    (nested("certificates.certManager.duration", "59m"), "certificates.certManager.duration"),
    (nested("certificates.certManager.renewBefore", "4m59s"), "certManager.renewBefore"),
    (
        nested("certificates.certManager", {"duration": "2160h", "renewBefore": "2160h"}),
        "certificates.certManager.renewBefore",
    ),
    (nested("webhook.autoscaling.minReplicas", 7), "webhook.autoscaling.minReplicas"),
]
_SCHEMA: Final[Mapping[str, Any]] = json.loads((CHART / "values.schema.json").read_text())
_ROOT: Final = Value(
    path="", default={}, sentence="", children=read_values((CHART / "values.yaml").read_text())
)
_LEAVES: Final = list(_ROOT.leaves())


@pytest.mark.parametrize("together", rounds(_REFUSED, lambda row: row[0]), ids=len)
def test_wrong_values_are_refused_by_their_names(
    helm: Helm, together: Sequence[tuple[str, object, str]]
) -> None:
    """The error says which values it is about, by the schema all at once."""
    asked = [(nested(path, value), name) for path, value, name in together]

    assert unnamed(helm, asked) == []


@pytest.mark.parametrize(("values", "name"), _BEYOND, ids=[name for _, name in _BEYOND])
def test_what_the_schema_can_not_say_is_refused_by_its_name(
    helm: Helm, values: Mapping[str, Any], name: str
) -> None:
    """The error says which value it is about."""
    assert unnamed(helm, [(values, name)]) == []


@pytest.mark.parametrize("path", ["webhook", "webhook.replicas", "config.platforms"])
def test_null_is_refused(helm: Helm, path: str) -> None:
    """Null takes a default away, and no template does without one."""
    done = helm.attempt("template", "--set", f"{path}=null")

    assert done.returncode != 0
    assert f"missing property '{path.rpartition('.')[2]}'" in done.stderr


def sections(value: Value) -> Iterator[Value]:
    """Yield a section and those in it."""
    if value.children:
        yield value
        for child in value.children:
            yield from sections(child)


@pytest.mark.parametrize("section", list(sections(_ROOT)), ids=lambda one: one.path or "root")
def test_no_section_takes_an_unknown_name(section: Value) -> None:
    """At every depth, a name with a letter more is an error."""
    for child in section.children:
        faults = _faults(nested(f"{child.path}x", child.default))
        assert any(f"'{child.name}x' was unexpected" in one for one in faults), child.path


@pytest.mark.parametrize("leaf", _LEAVES, ids=lambda leaf: leaf.path)
def test_no_value_takes_another_type(leaf: Value) -> None:
    """What is neither the default's type nor close to it is an error."""
    kinds = (True, [["x"]], {"no such field": [0]}, "no such; value\n")
    taken = [one for one in kinds if not _faults(nested(leaf.path, one))]

    allowed = [one for one in taken if type(one) is type(leaf.default)]
    assert taken == allowed
    assert len(allowed) <= 1


def _faults(values: Mapping[str, Any]) -> list[str]:
    """Return what is wrong with values that are there, whatever else is missing."""
    found = Draft202012Validator(_SCHEMA).iter_errors(values)
    return [fault.message for fault in found if fault.validator != "required"]
