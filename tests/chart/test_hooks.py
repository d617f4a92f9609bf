"""What Helm runs besides: the pod of `helm test`, and the clean-up before it uninstalls."""

from pathlib import Path
from typing import Any, Final

import yaml

from slimgate.cli.roles.probing import ROLES
from tests.chart.helm import NAMESPACE, Helm, Object, Objects, nested

_HOOK: Final = "helm.sh/hook"
_NEEDED: Final = Path(__file__).parents[1] / "cluster" / "cleanup" / "rights.yaml"
"""With these rights and no more, the command's own tests run."""


def hook_pods(objects: Objects) -> list[Object]:
    """Return the pods of all hooks: metadata and spec."""
    hooks = [one for one in objects.all if _HOOK in one["metadata"].get("annotations", {})]
    return [
        one if one["kind"] == "Pod" else one["spec"]["template"]
        for one in hooks
        if one["kind"] in {"Pod", "Job"}
    ]


def test_hooks_are_selected_by_nothing(helm4: Helm, case: Path) -> None:
    """No Service, disruption budget or Deployment takes a hook's pod for one of its own."""
    objects = helm4.objects("--values", str(case))
    selectors = [one["spec"]["selector"] for one in objects.kind("Service")]
    for kind in ("Deployment", "PodDisruptionBudget"):
        selectors += [one["spec"]["selector"]["matchLabels"] for one in objects.kind(kind)]

    for pod in (pods := hook_pods(objects)):
        for selector in selectors:
            assert not selector.items() <= pod["metadata"]["labels"].items()
    assert pods


def test_hooks_are_restricted(helm4: Helm) -> None:
    """Their pods pass `restricted`, as those of both roles do, and run slimgate's own image."""
    objects = helm4.objects()
    role = objects.one("Deployment/slimgate-controller")["spec"]["template"]["spec"]

    for pod in hook_pods(objects):
        (container,) = pod["spec"]["containers"]
        assert pod["spec"]["securityContext"] == role["securityContext"]
        assert container["securityContext"] == role["containers"][0]["securityContext"]
        assert container["image"] == role["containers"][0]["image"]


def test_the_test_asks_the_services(helm4: Helm) -> None:
    """By their names, with the CA of the certificate, at the port that pods listen on."""
    objects = helm4.objects("--set", "config.httpPort=81")
    pod = objects.one("Pod/slimgate-test")
    (container,) = pod["spec"]["containers"]
    options = dict(one.removeprefix("--").split("=", 1) for one in container["args"][1:])
    webhook = objects.one("ValidatingWebhookConfiguration/slimgate")["webhooks"][0]
    service = webhook["clientConfig"]["service"]

    assert container["args"][0] == "probe"
    assert options["metrics"] == f"slimgate-metrics.{NAMESPACE}.svc:81"
    assert options["admissions"] == f"https://{service['name']}.{service['namespace']}.svc"
    assert objects.one("Service/slimgate-metrics")
    assert options["ca"] == "/tls/ca.crt"
    assert pod["spec"]["automountServiceAccountToken"] is False


def test_both_roles_are_asked(helm4: Helm) -> None:
    """The probe wants a pod of each Deployment to be there."""
    names = {one["metadata"]["name"] for one in helm4.objects().kind("Deployment")}

    assert names == {f"slimgate-{role}" for role in ROLES}


def test_own_pods_pass_the_network_policies(helm4: Helm, case: Path) -> None:
    """Whoever else may scrape or admit, `helm test` and the controller may."""
    objects = helm4.objects("--values", str(case))
    name = objects.one("Pod/" + objects.config()["name"] + "-test")["metadata"]["labels"]

    for policy in objects.kind("NetworkPolicy"):
        for rule in policy["spec"].get("ingress", []):
            if "from" in rule:
                selector = rule["from"][-1]["podSelector"]["matchLabels"]
                assert selector.items() <= name.items()


def test_each_pod_has_a_network_policy(helm4: Helm) -> None:
    """Where a namespace denies by default, what Helm runs for a moment has its way, too."""
    objects = helm4.objects(values=nested("networkPolicy.enabled", True))
    pods = [objects.one("Pod/slimgate-test")]
    pods += [
        one["spec"]["template"] for kind in ("Deployment", "Job") for one in objects.kind(kind)
    ]

    policies = [one["spec"] for one in objects.kind("NetworkPolicy")]
    for pod in pods:
        labels = pod["metadata"]["labels"].items()
        (own,) = [one for one in policies if one["podSelector"]["matchLabels"].items() <= labels]
        assert own["policyTypes"] == ["Ingress", "Egress"]
        assert {port["port"] for port in own["egress"][0]["ports"]} == {53}


def test_the_clean_up_has_the_rights_that_it_needs(helm4: Helm) -> None:
    """As its own tests have them, by the names that the chart gives."""
    objects = helm4.objects()
    needed = {one["kind"]: one["rules"] for one in yaml.safe_load_all(_NEEDED.read_text())}
    names = {"NAMESPACE": "slimgate", "gate": "slimgate-controller"}

    for kind, rules in needed.items():
        for rule in rules:
            found = [names.get(one, one) for one in rule.get("resourceNames", [])]
            rule["resourceNames"] = [one for one in found if one != "slimgate-none"]
        role = objects.one(f"{kind}/slimgate-cleanup")
        assert [{"resourceNames": [], **rule} for rule in role["rules"]] == rules


def test_the_clean_up_comes_first_and_leaves_nothing(helm4: Helm, case: Path) -> None:
    """All of it is made before Helm deletes anything, its rights first, and deleted in the end."""
    objects = helm4.objects("--values", str(case))
    parts = [
        one
        for one in objects.all
        if one["metadata"]["labels"].get("app.kubernetes.io/component") == "cleanup"
        and one["kind"] != "NetworkPolicy"
    ]
    weights = {"Job": 0}

    for one in parts:
        annotations = one["metadata"]["annotations"]
        assert annotations[_HOOK] == "pre-delete"
        assert int(annotations[f"{_HOOK}-weight"]) == weights.get(one["kind"], -5)
        assert "hook-succeeded" in annotations[f"{_HOOK}-delete-policy"]
    # Without rights it could not do anything.
    assert len(parts) == (6 if objects.kind("ClusterRole") else 0)


def test_the_clean_up_knows_what_it_is_to_stop(helm4: Helm, case: Path) -> None:
    """It reads the settings of both roles, and selects the controller's Deployment."""
    objects = helm4.objects("--values", str(case))
    for job in objects.kind("Job"):
        spec = job["spec"]["template"]["spec"]
        (container,) = spec["containers"]
        options = dict(one.removeprefix("--").split("=", 1) for one in container["args"][1:])
        selector: dict[str, Any] = dict(one.split("=") for one in options["controllers"].split(","))
        name = objects.config()["name"]
        controller = objects.one(f"Deployment/{name}-controller")

        assert container["args"][0] == "cleanup"
        assert selector == controller["spec"]["selector"]["matchLabels"]
        assert selector.items() <= controller["metadata"]["labels"].items()
        assert spec["volumes"][0]["configMap"]["name"] == f"{name}-config"
