"""What is rendered is the same by both Helms, each time, and is what Kubernetes takes."""

import subprocess
from pathlib import Path

import pytest

from tests.chart.helm import CHART, NAMESPACE, Helm, Objects, normal, parse
from tests.lab.schemas import LOCATION

_FOREIGN = "Certificate,GrafanaDashboard,Issuer,PrometheusRule,ServiceMonitor"


def test_both_helms_render_the_same(helm3: Helm, helm4: Helm, case: Path) -> None:
    """Blanks and the order of documents apart."""
    options = ("--values", case)

    assert normal(helm3.render(*options)) == normal(helm4.render(*options))


def test_the_same_bytes_come_twice(helm: Helm, case: Path) -> None:
    """Nothing is random, and nothing is looked up: GitOps tools render again and again."""
    command = ("template", "--namespace", NAMESPACE, "--values", case)
    first, second = (helm.attempt(*command).stdout for _ in range(2))

    assert first == second
    assert first


def test_lint_finds_nothing(helm: Helm, case: Path) -> None:
    """Not even what is only a warning."""
    done = helm.attempt("lint", "--strict", "--values", case)

    assert done.returncode == 0, done.stdout + done.stderr


def test_kubernetes_knows_every_field(
    helm4: Helm, case: Path, kubeconform: Path, schemas: Path
) -> None:
    """Each object is valid by the schemas of Kubernetes, which refuse fields they don't know."""
    location = ("-schema-location", f"{schemas}/{LOCATION}")
    done = subprocess.run(
        [kubeconform, "-strict", "-summary", "-skip", _FOREIGN, *location],
        input=helm4.render("--values", case),
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stdout + done.stderr
    assert "Invalid: 0, Errors: 0" in done.stdout


@pytest.mark.parametrize("version", ["1.29.14", "1.20.0"])
def test_older_kubernetes_is_refused_in_one_line(helm: Helm, version: str) -> None:
    """The line names both versions."""
    done = helm.attempt("template", "--kube-version", version)

    (line,) = [line for line in done.stderr.splitlines() if line and "--debug" not in line]
    assert done.returncode != 0
    assert ">=1.30.0" in line
    assert version in line


@pytest.mark.parametrize("version", ["1.30.0", "1.30.4-gke.1348000", "1.37.2", "1.38.0-alpha.1"])
def test_newer_kubernetes_is_taken(helm: Helm, version: str) -> None:
    """Suffixes of vendors and of early releases included."""
    assert helm.attempt("template", "--kube-version", version).returncode == 0


@pytest.mark.parametrize("name", ["789", "true", "a" * 40])
def test_odd_names_stay_names(helm4: Helm, name: str) -> None:
    """What looks like a number or a flag is quoted where YAML would take it for one."""
    options = ("--set-string", f"fullnameOverride={name}", "--set-string", f"nameOverride={name}")
    objects = helm4.objects(*options, "--namespace", "456")

    assert {type(one["metadata"]["name"]) for one in objects.all} == {str}
    assert objects.one(f"Service/{name}-webhook")["metadata"]["namespace"] == "456"
    assert objects.config()["name"] == name
    for role in ("controller", "webhook"):
        deployment = objects.one(f"Deployment/{name}-{role}")
        labels = deployment["spec"]["selector"]["matchLabels"]
        assert labels["app.kubernetes.io/name"] == name
        assert labels.items() <= deployment["spec"]["template"]["metadata"]["labels"].items()


@pytest.mark.parametrize(
    ("release", "name"),
    [
        ("gate", "gate-slimgate"),
        ("my.app", "my-app-slimgate"),
        ("slimgate.v1", "slimgate-v1"),
        (f"slimgate-{'a' * 30}.b", f"slimgate-{'a' * 30}"),
    ],
)
def test_names_follow_the_release(helm: Helm, release: str, name: str) -> None:
    """Each is one that a Service can have, which takes no dots."""
    done = subprocess.run(
        [helm.path, "template", release, CHART], capture_output=True, text=True, check=True
    )
    objects = Objects(parse(done.stdout))

    assert objects.one(f"Service/{name}-webhook")
    assert objects.config()["name"] == name
    assert not [one for one in objects.kind("Service") if "." in one["metadata"]["name"]]


def test_the_ca_bundle_is_never_rendered(helm4: Helm, case: Path) -> None:
    """An upgrade would take back what the controller or cert-manager has written there."""
    assert "caBundle:" not in helm4.render("--values", case)
