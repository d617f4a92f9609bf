"""What install.yaml grants and sets, read as it stands; tests/chart has the other values."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from slimgate.settings import CONFIG, File, Settings, read
from slimgate.webhook.admit import EXCEPTIONS, WORKLOADS

_INSTALL: Final = Path(__file__).parents[2] / "manifests" / "install.yaml"
_OBJECTS: Final[list[dict[str, Any]]] = list(yaml.safe_load_all(_INSTALL.read_text()))
ANNOTATIONS: Final = "slimgate-annotations"
_DEPLOYMENTS: Final = ["slimgate-controller", "slimgate-webhook"]


def one(kind: str, name: str) -> dict[str, Any]:
    """Return the object of a kind and name."""
    (found,) = [o for o in _OBJECTS if (o["kind"], o["metadata"]["name"]) == (kind, name)]
    return found


def rules(kind: str, name: str) -> Iterator[tuple[str, frozenset[str], bool]]:
    """Yield resource, verbs and whether names limit it, of a role."""
    for rule in one(kind, name)["rules"]:
        for group in rule["apiGroups"]:
            for resource in rule["resources"]:
                text = f"{resource}.{group}" if group else resource
                yield text, frozenset(rule["verbs"]), "resourceNames" in rule


def test_nothing_is_there_twice() -> None:
    """Each object has a kind and name of its own."""
    names = [(o["kind"], o["metadata"]["name"]) for o in _OBJECTS]

    assert len(set(names)) == len(names)


def test_no_role_has_a_wildcard() -> None:
    """Groups, resources and verbs are written out, and no role reaches nodes/proxy."""
    words = {
        word
        for entry in _OBJECTS
        for rule in entry.get("rules", ())
        for field in ("apiGroups", "resources", "verbs")
        for word in rule[field]
    }

    assert not words & {"*", "nodes/proxy", "escalate", "bind", "impersonate"}


def test_the_webhook_writes_nothing() -> None:
    """All its verbs read."""
    verbs = {verb for _, verbs, _ in rules("ClusterRole", "slimgate-webhook") for verb in verbs}

    assert verbs == {"get", "list", "watch"}


def test_workloads_are_patched_by_a_role_of_its_own() -> None:
    """What `annotations: None` needs no more can be left out, and covers what is watched."""
    writers = {
        entry["metadata"]["name"]
        for entry in _OBJECTS
        for rule in entry.get("rules", ())
        if "deployments" in rule["resources"] and set(rule["verbs"]) - {"get", "list", "watch"}
    }
    patched = {resource: verbs for resource, verbs, _ in rules("ClusterRole", ANNOTATIONS)}
    watched = {resource for resource, _, _ in rules("ClusterRole", "slimgate-controller")}

    assert writers == {ANNOTATIONS}
    assert set(patched.values()) == {frozenset({"patch"})}
    assert set(patched) <= watched
    assert len(patched) == 8


def test_nobody_sees_definitions() -> None:
    """Kinds are looked for where they are served, which takes no right to what defines them."""
    groups = {g for o in _OBJECTS for rule in o.get("rules", ()) for g in rule["apiGroups"]}

    assert "apps" in groups
    assert "apiextensions.k8s.io" not in groups


def test_exceptions_are_a_right_of_their_own() -> None:
    """Only one role may write exceptions, and it is aggregated into no other."""
    writers = {
        entry["metadata"]["name"]
        for entry in _OBJECTS
        for rule in entry.get("rules", ())
        if "slimexceptions" in rule["resources"] and "create" in rule["verbs"]
    }
    labels = one("ClusterRole", "slimgate-exceptions")["metadata"]["labels"]

    assert writers == {"slimgate-exceptions"}
    assert not any("aggregate-to" in label for label in labels)


@pytest.mark.parametrize("name", _DEPLOYMENTS)
def test_secrets_of_others_are_read_by_name(name: str) -> None:
    """In the whole cluster secrets can be got, not listed and not written."""
    verbs = [verbs for resource, verbs, _ in rules("ClusterRole", name) if resource == "secrets"]

    assert verbs == [frozenset({"get"})]


def test_own_secrets_are_written_by_name() -> None:
    """Only to create needs no name, since RBAC has none for it."""
    found = {
        (verbs, named)
        for resource, verbs, named in rules("Role", "slimgate-controller")
        if resource == "secrets"
    }

    assert found == {
        (frozenset({"create"}), False),
        (frozenset({"get", "list", "watch", "patch", "delete"}), True),
        (frozenset({"get", "patch"}), True),
    }


def test_kubelets_see_an_account_that_reads_their_stats() -> None:
    """What kubelets are asked with is good for nothing else."""
    found = list(rules("ClusterRole", Settings().kubelet_account))

    assert found == [("nodes/stats", frozenset({"get"}), False)]


@pytest.mark.parametrize("name", _DEPLOYMENTS)
def test_pods_are_restricted(name: str) -> None:
    """They run as nobody special, on a file system that they can't write to."""
    pod = one("Deployment", name)["spec"]["template"]["spec"]
    (container,) = pod["containers"]

    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert "memory" in container["resources"]["limits"]


def test_names_are_those_of_the_settings() -> None:
    """The controller finds its Service, Secret, configuration and namespace by default."""
    settings = Settings()
    hooks = one("ValidatingWebhookConfiguration", settings.webhook_configuration)["webhooks"]
    pod = one("Deployment", "slimgate-webhook")["spec"]["template"]["spec"]

    assert one("Service", settings.webhook_service)["metadata"]["namespace"] == settings.namespace
    services = [hook["clientConfig"]["service"] for hook in hooks]
    assert {service["name"] for service in services} == {settings.webhook_service}
    assert [service["path"] for service in services] == [WORKLOADS, EXCEPTIONS]
    secrets = [one["secret"]["secretName"] for one in pod["volumes"] if "secret" in one]
    assert secrets == [settings.webhook_secret]
    writable = {
        name
        for rule in one("Role", "slimgate-controller")["rules"]
        if rule["resources"] == ["secrets"]
        for name in rule.get("resourceNames", ())
    }
    assert writable == {settings.webhook_secret, settings.memory_secret}


@pytest.mark.parametrize("name", _DEPLOYMENTS)
def test_the_configuration_file_is_mounted(name: str) -> None:
    """Each role is given the ConfigMap's file, which sets nothing but the first policy."""
    pod = one("Deployment", name)["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    ((mounted, volume),) = [
        (mount["mountPath"], volume["configMap"]["name"])
        for mount in container["volumeMounts"]
        for volume in pod["volumes"]
        if mount["name"] == volume["name"] and "configMap" in volume
    ]
    text = one("ConfigMap", volume)["data"]["config.yaml"]
    first = f"{mounted}/default-policy.yaml"

    assert container["args"] == [container["name"]]
    assert container["env"][0] == {"name": CONFIG, "value": f"{mounted}/config.yaml"}
    assert [one["name"] for one in container["env"][1:]] == ["SLIMGATE_POD_NAME"] * (
        name == "slimgate-controller"
    )
    found = read({}, File("config.yaml", text.encode()))
    assert found == Settings(default_policy_file=first)


def test_exceptions_are_reviewed() -> None:
    """Those that come or change are, and are let in while slimgate is down."""
    hook = one("ValidatingWebhookConfiguration", "slimgate")["webhooks"][1]
    (rule,) = hook["rules"]

    assert (rule["apiGroups"], rule["resources"]) == (["slimgate.dev"], ["slimexceptions"])
    assert rule["operations"] == ["CREATE", "UPDATE"]
    assert (hook["failurePolicy"], hook["sideEffects"]) == ("Ignore", "None")


def test_the_webhook_leaves_system_namespaces_alone() -> None:
    """Neither kube-system nor slimgate's own namespace is ever asked about."""
    hook = one("ValidatingWebhookConfiguration", "slimgate")["webhooks"][0]
    (selector,) = hook["namespaceSelector"]["matchExpressions"]

    assert selector == {
        "key": "kubernetes.io/metadata.name",
        "operator": "NotIn",
        "values": ["kube-system", "slimgate-system"],
    }
    assert (hook["failurePolicy"], hook["sideEffects"]) == ("Ignore", "None")
