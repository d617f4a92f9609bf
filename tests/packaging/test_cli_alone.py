"""The command line as a CI job installs it: the wheel and what locks/cli.txt pins, no extra."""

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest

from tests.cli.make import POLICY
from tests.sources.images import REF_NAME, add_image, set_index, tar_of, write_folder

pytestmark = pytest.mark.slow

_ROOT: Final = Path(__file__).parents[2]
_MOST: Final = 40_000_000
"""Bytes of files, compiled modules included. What they take on a disk depends on its blocks."""
_ABSENT: Final = ("cryptography", "docker", "kopf", "kubernetes", "prometheus_client", "pydantic")


@dataclass(frozen=True, slots=True)
class Installed:
    """A virtual environment with slimgate and nothing that is not ours to run."""

    folder: Path

    @property
    def packages(self) -> Path:
        """Where its packages are."""
        (found,) = self.folder.glob("lib/python3*/site-packages")
        return found

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run slimgate."""
        return _run([self.folder / "bin" / "slimgate", *arguments])

    def imports(self, name: str) -> bool:
        """Whether its Python finds a package."""
        return not _run([self.folder / "bin" / "python", "-c", f"import {name}"]).returncode


def _run(command: list[str | Path]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=100)


def _uv(*arguments: str | Path) -> None:
    done = _run([_ROOT / "scripts" / "uv", *arguments, "--quiet"])
    assert done.returncode == 0, done.stderr


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the wheel."""
    folder = tmp_path_factory.mktemp("wheel")
    lock = _ROOT / "locks" / "build.txt"
    _uv("build", "--wheel", "--build-constraints", lock, "--out-dir", folder, _ROOT)
    (found,) = folder.glob("*.whl")
    return found


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Installed:
    """Install it, compiled as pip does."""
    folder = tmp_path_factory.mktemp("cli") / "venv"
    python = folder / "bin" / "python"
    lock = _ROOT / "locks" / "cli.txt"
    _uv("venv", "--python", sys.executable, folder)
    install = ("pip", "install", "--python", python, "--compile-bytecode")
    _uv(*install, "--require-hashes", "-r", lock)
    _uv(*install, "--no-deps", wheel)
    return Installed(folder)


def test_it_is_small(installed: Installed) -> None:
    """A CI job that installs it each time does not wait for an operator."""
    files = [path for path in installed.packages.rglob("*") if path.is_file()]

    assert sum(path.stat().st_size for path in files) < _MOST


def test_what_it_does_not_bring(installed: Installed) -> None:
    """The operator's libraries are not there."""
    assert not [name for name in _ABSENT if installed.imports(name)]
    assert installed.imports("slimgate.cli.main")


def test_help_and_version(installed: Installed) -> None:
    """Every command can be asked for help."""
    for name in ("inspect", "check", "top", "nodes", "controller", "webhook", "config"):
        done = installed.run(name, "--help")
        assert (done.returncode, done.stderr) == (0, "")
    assert installed.run("version").stdout.startswith("slimgate ")


@pytest.fixture(scope="module")
def layout(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Write an OCI layout of one image."""
    folder = tmp_path_factory.mktemp("layout")
    files: dict[str, bytes] = {}
    tar = tar_of({"app": bytes(range(256)) * 400})
    set_index(files, add_image(files, [tar], more={"annotations": {REF_NAME: "v1"}}))
    write_folder(files, folder)
    return f"oci:{folder}:v1"


@pytest.mark.parametrize(("limit", "status"), [("1Gi", 0), ("100", 1)])
def test_check(installed: Installed, layout: str, tmp_path: Path, limit: str, status: int) -> None:
    """A manifest is judged by a policy, all offline."""
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "web"},
        "spec": {"containers": [{"name": "web", "image": layout}]},
    }
    (tmp_path / "pod.json").write_text(json.dumps(pod))
    (tmp_path / "policy.yaml").write_text(POLICY.replace("100Mi", limit))
    done = installed.run(
        "check", str(tmp_path / "pod.json"), "--policy", str(tmp_path / "policy.yaml")
    )

    assert (done.returncode, done.stderr) == (status, "")


CLUSTER: Final = "reading a cluster needs the Kubernetes client"
NEEDED: Final = [
    ("cluster", CLUSTER, ["top"]),
    ("cluster", CLUSTER, ["nodes"]),
    ("operator", "the controller needs the operator's libraries", ["controller"]),
    ("operator", "the webhook needs the operator's libraries", ["webhook"]),
    ("docker", "images of the Docker engine need Docker's SDK", ["inspect", "docker://web:1"]),
]


@pytest.mark.parametrize(("extra", "sentence", "command"), NEEDED)
def test_what_needs_an_extra(
    installed: Installed, extra: str, sentence: str, command: list[str]
) -> None:
    """It says in one line what to install."""
    done = installed.run(*command)

    assert done.returncode > 0
    (line,) = done.stderr.splitlines()
    assert line.endswith(
        f"{sentence}: install slimgate with its extra {extra}, "
        f"as by pip install '.[{extra}]' in its checkout"
    )
