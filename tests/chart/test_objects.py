"""What the objects must be whatever the values are."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.chart.helm import NAMESPACE, Helm, Object, nested

ROLES = ("controller", "webhook")


def test_own_namespace_is_never_asked_about(helm4: Helm, case: Path) -> None:
    """Whatever selectors the values have, slimgate can't keep itself from starting."""
    objects = helm4.objects("--values", str(case))
    (configuration,) = objects.kind("ValidatingWebhookConfiguration")

    for hook in configuration["webhooks"]:
        left_out = [
            one["values"]
            for one in hook["namespaceSelector"]["matchExpressions"]
            if (one["key"], one["operator"]) == ("kubernetes.io/metadata.name", "NotIn")
        ]
        assert left_out == [[*objects.config()["excludedNamespaces"], NAMESPACE]]


def test_every_object_has_the_labels(helm4: Helm, case: Path) -> None:
    """Name, release and common labels, by which what is ours is found."""
    objects = helm4.objects("--values", str(case))
    everything = "everything" in case.name

    for one in objects.all:
        labels = one["metadata"]["labels"]
        assert labels["app.kubernetes.io/name"] == ("gate" if everything else "slimgate")
        assert labels["app.kubernetes.io/instance"] == "slimgate"
        assert labels.get("team") == ("platform" if everything else None)


@pytest.mark.parametrize("role", ["controller", "webhook"])
def test_selectors_never_change(helm4: Helm, role: str) -> None:
    """A Deployment's selector can't be changed, so nothing that values or versions set is in it."""
    spec = helm4.objects().one(f"Deployment/slimgate-{role}")["spec"]

    expected = {
        "app.kubernetes.io/name": "slimgate",
        "app.kubernetes.io/instance": "slimgate",
        "app.kubernetes.io/component": role,
    }
    assert spec["selector"]["matchLabels"] == expected
    assert expected.items() <= spec["template"]["metadata"]["labels"].items()


def test_releases_select_their_own_pods_only(helm4: Helm, case: Path) -> None:
    """Two releases in one namespace share no pod: each selector of each object has the release."""
    objects = helm4.objects("--values", str(case)).all
    names = {one["metadata"]["labels"]["app.kubernetes.io/name"] for one in objects}
    ours = {"app.kubernetes.io/name": names.pop(), "app.kubernetes.io/instance": "slimgate"}

    found = [selector for one in objects for selector in _selectors(one)]

    assert not names
    assert len(found) >= 4
    assert [one for one in found if not ours.items() <= one.items()] == []


def _selectors(one: Object) -> Iterator[Object]:
    """Yield the labels by which an object selects pods or Services."""
    spec = one.get("spec", {})
    if one["kind"] == "Service":
        yield spec["selector"]
    if one["kind"] in {"Deployment", "PodDisruptionBudget", "ServiceMonitor"}:
        yield spec["selector"]["matchLabels"]
    if one["kind"] == "Deployment":
        for rule in spec["template"]["spec"].get("topologySpreadConstraints", ()):
            yield rule["labelSelector"]["matchLabels"]
    if one["kind"] == "NetworkPolicy":
        yield spec["podSelector"]["matchLabels"]
        own = [peer for rule in spec.get("ingress", ()) for peer in rule.get("from", ())[-1:]]
        yield from (peer["podSelector"]["matchLabels"] for peer in own)


def test_a_single_replica_stops_no_drain(helm4: Helm) -> None:
    """A disruption budget is rendered only where a pod can be spared."""
    scaled = {"webhook": {"autoscaling": {"enabled": True, "minReplicas": 1}}}
    single = [("webhook", scaled)] + [(one, nested(f"{one}.replicas", 1)) for one in ROLES]

    for role in ROLES:
        assert helm4.objects().find(f"PodDisruptionBudget/slimgate-{role}")
    for role, values in single:
        assert not helm4.objects(values=values).find(f"PodDisruptionBudget/slimgate-{role}")


def test_pods_are_spread_by_their_own_labels(helm4: Helm) -> None:
    """A rule without a selector gets that of the Deployment."""
    for role in ROLES:
        spec = helm4.objects().one(f"Deployment/slimgate-{role}")["spec"]
        rules = spec["template"]["spec"]["topologySpreadConstraints"]
        assert [rule["labelSelector"] for rule in rules] == [spec["selector"]] * 2
        # Softly, so that a single node has both.
        assert {rule["whenUnsatisfiable"] for rule in rules} == {"ScheduleAnyway"}


@pytest.mark.parametrize("keep", [True, False])
def test_definitions_are_the_checkouts_own(helm4: Helm, *, keep: bool) -> None:
    """Nothing but labels and the choice to keep them is added to manifests/crds."""
    objects = helm4.objects("--set", f"crds.keep={str(keep).lower()}")
    folder = Path(__file__).parents[2] / "manifests" / "crds"

    found = {one["metadata"]["name"]: one for one in objects.kind("CustomResourceDefinition")}
    assert found.keys() == {
        f"{path.stem.partition('_')[2]}.slimgate.dev" for path in folder.iterdir()
    }
    for one in found.values():
        kept = one["metadata"].get("annotations", {}).get("helm.sh/resource-policy") == "keep"
        assert kept is keep


def test_registries_can_be_reached(helm4: Helm) -> None:
    """At the port that each is listed with, and 80 for plain HTTP without one."""
    hosts = ["a:5000", "[::1]:5001", "b.internal", "c:443"]
    registries = [{"host": host} for host in hosts] + [{"host": "d", "plainHTTP": True}]
    values = {"registries": registries, "networkPolicy": {"enabled": True}}
    objects = helm4.objects(values=values)

    for role in ("controller", "webhook"):
        egress = objects.one(f"NetworkPolicy/slimgate-{role}")["spec"]["egress"]
        ports = [one["port"] for one in egress[1]["ports"] if one["port"] != 10250]
        assert ports == [443, 6443, 5000, 5001, 80]


def test_platforms_can_choose_the_user(helm: Helm) -> None:
    """Null takes a user or group of the chart's away from all pods, and nothing else."""
    chosen = {"podSecurityContext": dict.fromkeys(["runAsUser", "runAsGroup", "fsGroup"])}
    objects = helm.objects(values={"webhook": chosen, "controller": chosen})
    pods = [objects.one("Pod/slimgate-test")]
    pods += [
        one["spec"]["template"] for name in ("Deployment", "Job") for one in objects.kind(name)
    ]

    kept = {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}}
    assert [pod["spec"]["securityContext"] for pod in pods] == [kept] * 4


def test_recreate_rolls_nothing(helm4: Helm) -> None:
    """The API server refuses the default's `rollingUpdate` beside it."""
    found = [
        helm4.objects(values=nested("webhook.strategy.type", kind)).one(
            "Deployment/slimgate-webhook"
        )["spec"]["strategy"]
        for kind in ("Recreate", None)
    ]

    assert found[0] == {"type": "Recreate"}
    assert found[1] == {"rollingUpdate": {"maxUnavailable": 0, "maxSurge": 1}}


def test_labels_of_the_namespace_win(helm4: Helm) -> None:
    """Over common labels, without standing there twice, which strict decoding refuses."""
    values = {
        "commonLabels": {"team": "a", "cost": "b"},
        "namespace": {"create": True, "labels": {"team": "c"}},
    }
    labels = helm4.objects(values=values).one(f"Namespace/{NAMESPACE}")["metadata"]["labels"]

    assert (labels["team"], labels["cost"]) == ("c", "b")


def test_metrics_are_at_the_port_that_pods_listen_on(helm4: Helm) -> None:
    """The Service is headless: nobody turns its port into another."""
    objects = helm4.objects("--set", "config.httpPort=81")
    service = objects.one("Service/slimgate-metrics")["spec"]

    assert service["clusterIP"] == "None"
    assert service["ports"] == [{"name": "http", "port": 81, "targetPort": "http"}]


def test_notes_have_the_users_own_values(helm4: Helm) -> None:
    """Three commands that can be copied as they are."""
    values = {
        "fullnameOverride": "gate",
        "image": {"repository": "r.example.com/slimgate"},
        "defaultPolicy": {"name": "first"},
        "webhook": {"failurePolicy": "Fail"},
    }
    options = ("--dry-run=client", "--namespace", "team-x")
    done = helm4.attempt("install", *options, values=values)

    notes = done.stdout.partition("NOTES:\n")[2]
    assert "kubectl -n team-x wait" in notes
    assert "deployment/gate-controller deployment/gate-webhook" in notes
    assert "it refuses nothing" in notes
    assert "kubectl get slimpolicy first" in notes
    assert "refused in all namespaces but kube-system, team-x" in notes
    assert "does not exist" not in notes


def test_notes_say_that_the_image_is_a_placeholder(helm4: Helm) -> None:
    """Whoever forgets the one value that is needed reads its name."""
    done = helm4.attempt("install", "--dry-run=client")

    assert "image.repository is registry.example.com/slimgate" in done.stdout


def test_notes_say_what_an_enforced_policy_does(helm4: Helm) -> None:
    """Not that it refuses nothing; and without a policy, how a POSIX shell makes one."""
    enforced = helm4.attempt(
        "install", "--dry-run=client", "--set", "defaultPolicy.spec.mode=Enforce"
    )
    none = helm4.attempt("install", "--dry-run=client", "--set", "defaultPolicy.create=false")
    command = next(line for line in none.stdout.splitlines() if "kubectl create" in line)
    echoed = subprocess.run(
        ["sh", "-c", command.partition("|")[0]], capture_output=True, text=True, check=True
    )

    assert "it refuses new workloads" in enforced.stdout
    assert "it refuses nothing" not in enforced.stdout
    assert json.loads(echoed.stdout)["kind"] == "SlimPolicy"
