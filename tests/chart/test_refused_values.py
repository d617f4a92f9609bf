"""A wrong value is refused by its name, before anything is installed."""

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

import pytest
from jsonschema import Draft202012Validator

from scripts.chart.values import Value, read_values
from tests.chart.helm import CHART, Helm, nested

_CERTIFICATE: Final = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----"
_REFUSED: Final[list[tuple[dict[str, Any], str]]] = [
    ({"webhok": {}}, "'webhok'"),
    (nested("webhook.failurePolcy", "Fail"), "'failurePolcy'"),
    (nested("webhook.failurePolicy", "fail"), "/webhook/failurePolicy"),
    (nested("webhook.replicas", "two"), "/webhook/replicas"),
    (nested("webhook.replicas", 0), "/webhook/replicas"),
    (nested("webhook.timeoutSeconds", 31), "/webhook/timeoutSeconds"),
    (nested("webhook.tolerations", [{"kye": "a"}]), "'kye'"),
    (nested("webhook.affinity", {"nodeAfinity": {}}), "'nodeAfinity'"),
    (nested("webhook.resources.limits.memory", "12MB"), "/webhook/resources/limits/memory"),
    (nested("webhook.resources.limit", {}), "'limit'"),
    (nested("webhook.env", [{"value": "a"}]), "/webhook/env/0"),
    (nested("webhook.volumes", [{"name": "a", "emptydir": {}}]), "'emptydir'"),
    (nested("webhook.podLabels", {"a": 1}), "/webhook/podLabels/a"),
    (nested("webhook.port", 65536), "/webhook/port"),
    (nested("controller.replicas", 0), "/controller/replicas"),
    (nested("controller.replica", 2), "'replica'"),
    (nested("image.digest", "sha256:12"), "/image/digest"),
    (nested("image.tag", "a b"), "/image/tag"),
    (nested("image.repository", ""), "/image/repository"),
    (nested("image.repository", "example.com/slimgate:1"), "/image/repository"),
    (nested("image.repository", "example.com/Slimgate"), "/image/repository"),
    (nested("webhook.podDisruptionBudget.maxUnavailable", 0), "/maxUnavailable"),
    (nested("webhook.podDisruptionBudget.maxUnavailable", "0%"), "/maxUnavailable"),
    (nested("webhook.podDisruptionBudget.maxUnavailable", "101%"), "/maxUnavailable"),
    (nested("webhook.podSecurityContext.runAsNonRoot", None), "/podSecurityContext/runAsNonRoot"),
    (nested("config.excludedNamespaces", "kube-system"), "/config/excludedNamespaces"),
    (nested("config.wholeLayerSize", "8MB"), "/config/wholeLayerSize"),
    (nested("config.tagRefreshInterval", 300), "/config/tagRefreshInterval"),
    (nested("config.extraKinds", [{"kind": "Rollout"}]), "/config/extraKinds/0"),
    (nested("registries", [{"host": "https://a"}]), "/registries/0/host"),
    (nested("registries", [{"host": "a", "plainHttp": True}]), "'plainHttp'"),
    (nested("pullSecrets.scope", "cluster"), "/pullSecrets/scope"),
    (nested("networkPolicy.apiServerPorts", [0]), "/networkPolicy/apiServerPorts/0"),
    (nested("defaultPolicy.spec.limit", {}), "'limit'"),
    (nested("defaultPolicy.spec.mode", "audit"), "/defaultPolicy/spec/mode"),
    (nested("metrics.dashboards.renderMode", "Always"), "/metrics/dashboards/renderMode"),
    (nested("metrics.dashboards.label", "a b"), "/metrics/dashboards/label"),
    (nested("metrics.prometheusRule.runbookURL", "wiki#a"), "/metrics/prometheusRule/runbookURL"),
    (nested("metrics.prometheusRule.prices.pull", -1), "/metrics/prometheusRule/prices/pull"),
    (nested("networkPolicy.apiServerPorts", []), "/networkPolicy/apiServerPorts"),
    (nested("networkPolicy.registryPorts", []), "/networkPolicy/registryPorts"),
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


@pytest.mark.parametrize(("values", "name"), _REFUSED, ids=[name for _, name in _REFUSED])
def test_a_wrong_value_is_refused_by_its_name(
    helm: Helm, values: Mapping[str, Any], name: str
) -> None:
    """The error says which value it is about."""
    done = helm.attempt("template", values=values)

    assert done.returncode != 0
    assert name in done.stderr


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
