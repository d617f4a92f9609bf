"""Rights follow values: nothing is asked for that the values switch off."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from scripts.chart.rights import read_rights
from tests.chart.helm import NAMESPACE, Helm, Object, Objects, nested

WORKLOADS = {"deployments", "pods", "jobs", "replicasets"}
# Role, namespace ("" for the cluster), resource, verb, and the name that limits it or "".
Right = tuple[str, str, str, str, str]


def rights(objects: Objects) -> Iterator[Right]:
    """Yield every single right of every role that is there while slimgate runs."""
    roles = [*objects.kind("ClusterRole"), *objects.kind("Role")]
    for role in roles:
        if "helm.sh/hook" in role["metadata"].get("annotations", {}):
            continue
        for rule in role["rules"]:
            for resource in rule["resources"]:
                for verb in rule["verbs"]:
                    for name in rule.get("resourceNames", [""]):
                        metadata = role["metadata"]
                        yield metadata["name"], metadata.get("namespace", ""), resource, verb, name


def asked(helm: Helm, values: Mapping[str, Any] | None = None) -> set[Right]:
    """Return the rights that values ask for."""
    return set(rights(helm.objects(values=values)))


def of(found: set[Right], resource: str) -> set[tuple[str, str, str]]:
    """Return role, namespace and verb of the rights to a resource."""
    return {(role, namespace, verb) for role, namespace, one, verb, _ in found if one == resource}


def test_no_annotations_no_patch(helm4: Helm) -> None:
    """With `None`, workloads are only read, but for slimgate's own pods."""
    found = asked(helm4, nested("config.annotations", "None"))

    rights = {(space, verb) for _, space, resource, verb, _ in found if resource in WORKLOADS}
    assert rights == {("", "get"), ("", "list"), ("", "watch"), (NAMESPACE, "patch")}


def test_no_profiles_no_right_to_them(helm4: Helm) -> None:
    """Neither role knows ImageProfiles then."""
    assert of(asked(helm4), "imageprofiles")
    assert not of(asked(helm4, nested("config.imageProfiles", value=False)), "imageprofiles")


def test_only_the_controller_writes_refused_images(helm4: Helm) -> None:
    """With `refusedImages` it may, and nobody else even reads RefusedImageSets."""
    assert not of(asked(helm4), "refusedimagesets")
    found = of(asked(helm4, nested("config.refusedImages", value=True)), "refusedimagesets")
    assert {role for role, _, _ in found} == {"slimgate-controller"}
    assert {verb for _, _, verb in found} >= {"create", "patch", "delete"}


def test_pull_secrets_of_named_namespaces(helm4: Helm) -> None:
    """Secrets are read in these namespaces alone, by both roles."""
    values = {"pullSecrets": {"scope": "Namespaces", "namespaces": ["team-a", "team-b"]}}
    objects = helm4.objects(values=values)
    found = set(rights(objects))

    unnamed = {
        (namespace, verb)
        for _, namespace, resource, verb, name in found
        if resource in {"secrets", "serviceaccounts"} and not name and namespace != NAMESPACE
    }
    bound = objects.one("RoleBinding/team-a/slimgate-pull-secrets")
    assert unnamed == {("team-a", "get"), ("team-b", "get")}
    assert [subject["name"] for subject in bound["subjects"]] == [
        "slimgate-controller",
        "slimgate-webhook",
    ]


def test_no_pull_secrets_no_secrets_of_others(helm4: Helm) -> None:
    """What is left are two Secrets of slimgate's own, by name, and to create them."""
    found = asked(helm4, nested("pullSecrets.scope", "None"))

    assert not of(found, "serviceaccounts")
    assert {
        (namespace, verb, name) for _, namespace, one, verb, name in found if one == "secrets"
    } == {
        (NAMESPACE, "create", ""),
        (NAMESPACE, "get", "slimgate-memory"),
        (NAMESPACE, "patch", "slimgate-memory"),
        *(
            (NAMESPACE, verb, "slimgate-webhook-tls")
            for verb in ("get", "list", "watch", "patch", "delete")
        ),
    }


def test_no_node_metrics_no_kubelets(helm4: Helm) -> None:
    """Neither the right to stats, nor the account and its token."""
    objects = helm4.objects(values=nested("nodeMetrics.enabled", value=False))
    found = set(rights(objects))

    assert of(asked(helm4), "nodes/stats") == {("slimgate-kubelet", "", "get")}
    assert not of(asked(helm4), "nodes/configz")
    wanted = asked(helm4, {"nodeMetrics": {"kubeletThresholds": True}})
    assert of(wanted, "nodes/configz") == {("slimgate-kubelet", "", "get")}
    assert not of(found, "nodes/stats") | of(found, "serviceaccounts/token")
    assert objects.find("ServiceAccount/slimgate-kubelet") is None


def test_cert_managers_certificate_takes_little(helm4: Helm) -> None:
    """The controller sees whether the webhook has a CA, and not the key."""
    found = asked(helm4, {"certificates": {"source": "CertManager"}})

    verbs = {verb for *_, verb in of(found, "validatingwebhookconfigurations")}
    assert verbs == {"get", "list", "watch"}
    assert {name for *_, one, _, name in found if one == "secrets" and name} == {"slimgate-memory"}
    assert of(found, "endpointslices") == {("slimgate", "default", "list")}
    assert {space for _, space, one, verb, _ in found if (one, verb) == ("pods", "patch")} == {""}


def test_a_given_certificate_is_only_read(helm4: Helm) -> None:
    """The controller copies its CA into the webhook's configuration, and writes no Secret of it."""
    found = asked(helm4, {"certificates": {"source": "Secret", "secretName": "given"}})

    verbs = {verb for *_, verb in of(found, "validatingwebhookconfigurations")}
    assert verbs == {"get", "list", "watch", "patch"}
    assert {verb for *_, one, verb, name in found if (one, name) == ("secrets", "given")} == {
        "get",
        "list",
        "watch",
    }


def test_one_value_adds_a_kind_everywhere(helm4: Helm) -> None:
    """The configuration, the webhook's rules and the rights know it."""
    kind = {
        "apiGroup": "argoproj.io",
        "version": "v1alpha1",
        "plural": "rollouts",
        "kind": "Rollout",
        "templatePath": "spec.template",
    }
    objects = helm4.objects(values=nested("config.extraKinds", [kind]))
    hook = objects.one("ValidatingWebhookConfiguration/slimgate")["webhooks"][0]

    assert objects.config()["extraKinds"] == [kind]
    assert {
        "apiGroups": ["argoproj.io"],
        "apiVersions": ["v1alpha1"],
        "operations": ["CREATE", "UPDATE"],
        "resources": ["rollouts"],
        "scope": "Namespaced",
    } in hook["rules"]
    assert {verb for _, _, verb in of(set(rights(objects)), "rollouts")} == {
        "get",
        "list",
        "watch",
        "patch",
    }


def test_nothing_reaches_far(helm4: Helm, case: Path) -> None:
    """No wildcard, nothing that widens rights, and no way into pods by kubelets."""
    roles: list[Object] = [
        *helm4.objects("--values", str(case)).kind("ClusterRole"),
        *helm4.objects("--values", str(case)).kind("Role"),
    ]
    words = {
        word
        for role in roles
        for rule in role["rules"]
        for field in ("apiGroups", "resources", "verbs")
        for word in rule[field]
    }

    assert not words & {"*", "nodes/proxy", "escalate", "bind", "impersonate", "pods/exec"}


def test_every_right_has_a_reason(helm4: Helm, case: Path) -> None:
    """The table of rights has something to say about each."""
    found = list(read_rights(helm4.render("--values", case)))

    assert all(right.why.endswith(".") for right in found)


def test_every_role_is_bound_to_an_account_that_is_there(helm4: Helm, case: Path) -> None:
    """No binding names what the chart does not render, unless the values say that it exists."""
    objects = helm4.objects("--values", str(case))
    accounts = {one["metadata"]["name"] for one in objects.kind("ServiceAccount")} | {"existing"}
    for binding in [*objects.kind("ClusterRoleBinding"), *objects.kind("RoleBinding")]:
        role = binding["roleRef"]
        address = f"{role['kind']}/{role['name']}"
        namespace = binding["metadata"].get("namespace")
        if namespace:
            address = f"{role['kind']}/{namespace}/{role['name']}"
        assert objects.find(address), address
        for subject in binding["subjects"]:
            assert subject["kind"] == "Group" or subject["name"] in accounts
