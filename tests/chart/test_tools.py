"""The programs are those that their go.mod pins, and assume a Kubernetes of today."""

import subprocess

import pytest

from tests.lab.layout import default_layout
from tests.lab.tools import COREDNS, HELM3, HELM4, KUBECONFORM, Tool


@pytest.mark.parametrize(
    ("tool", "argv", "version"),
    [
        (HELM4, ["version", "--short"], "v4.3.1"),
        (HELM3, ["version", "--short"], "v3.22.0"),
        (KUBECONFORM, ["-v"], "v0.8.0"),
        (COREDNS, ["-version"], "v1.15.0"),
    ],
    ids=lambda one: getattr(one, "name", None),
)
def test_a_program_says_its_version(tool: Tool, argv: list[str], version: str) -> None:
    """The linker was given what releases are given."""
    program = tool.path(default_layout())
    if not program.exists():
        pytest.skip("not built: run python -m tests.lab tools")

    done = subprocess.run([program, *argv], capture_output=True, text=True, check=True)

    assert tool.version == version
    assert version in done.stdout.split()


def test_helm_3_assumes_the_kubernetes_of_its_client() -> None:
    """Otherwise it takes the cluster for one of 1.20 wherever it does not ask."""
    assert "k8sVersionMinor=37" in HELM3.flags
    assert "k8sVersion" not in HELM4.flags
