"""Where the demo runs: the lab that it starts, or the cluster of the user's KUBECONFIG."""

import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from examples.demo import lab
from examples.demo.errors import DemoError
from examples.demo.programs import Programs
from tests.lab import state
from tests.lab.layout import default_layout
from tests.lab.tools import HELM3
from tests.support.configuration import plain, write_configuration

_FOLDER: Final = Path("build/demo")
_LAB_KUBECONFIG: Final = Path(".lab/kubeconfig")


@dataclass(frozen=True, slots=True, kw_only=True)
class Base:
    """A base image as Dockerfiles take it, and the tier that the demo's policy gives it."""

    reference: str
    tier: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A cluster, a Docker engine, and a registry that both reach."""

    kubectl: str
    helm: str
    kubeconfig: str
    registry: str
    docker_host: str
    golang: Base
    distroless: Base
    python: str = ""
    """What slimgate's own image is built in; its Dockerfile's own choice if empty."""
    config: str = ""
    """slimgate's configuration file, if any: what the registry is exempt from."""
    lab: bool = False
    build_options: tuple[str, ...] = ()
    build_environment: Mapping[str, str] = field(default_factory=dict)

    def programs(self) -> Programs:
        """Return what runs programs against this cluster, engine and registry."""
        found = {"KUBECONFIG": self.kubeconfig, **self.build_environment}
        if self.docker_host:
            found["DOCKER_HOST"] = self.docker_host
        if self.config:
            found["SLIMGATE_CONFIG"] = self.config
        return Programs(environment=found)


@dataclass(frozen=True, slots=True)
class Opened:
    """A target whose engine and registry are there; the rest may still be built."""

    target: Target
    await_bases: Callable[[], None]
    await_cluster: Callable[[], None]


@contextmanager
def opened() -> Iterator[Opened]:
    """Open the user's cluster if KUBECONFIG names one, else the lab's, started if need be."""
    given = os.environ.get("KUBECONFIG", "")
    if given and Path(given).resolve() != _LAB_KUBECONFIG.resolve():
        yield Opened(of_user(given, os.environ), lambda: None, lambda: None)
        return
    with lab.starting() as starting:
        found = of_lab(starting.engine())
        yield Opened(found, starting.await_bases, starting.await_cluster)


def of_lab(found: state.Lab) -> Target:
    """Return the lab."""
    bases = f"{found.registry}/bases"
    return Target(
        kubectl=found.kubectl,
        helm=str(HELM3.path(default_layout())),
        kubeconfig=found.kubeconfig,
        registry=found.registry,
        docker_host=found.docker_host,
        golang=Base(reference=f"{bases}/golang:bookworm", tier="Builder"),
        distroless=Base(reference=f"{bases}/distroless:bookworm", tier="Distroless"),
        python=f"{bases}/python:bookworm",
        config=write_configuration(_FOLDER, registries=plain([found.registry], loopback=False)),
        lab=True,
        build_options=("--network=host", "--force-rm"),
        # The lab's engine is Debian's, whose client has no plug-in for BuildKit.
        build_environment={"DOCKER_BUILDKIT": "0"},
    )


def of_user(kubeconfig: str, environment: Mapping[str, str]) -> Target:
    """Return the user's cluster, after a look at whether all that it takes is there."""
    registry = environment.get("DEMO_REGISTRY", "").rstrip("/")
    if not registry:
        raise DemoError(
            "KUBECONFIG is set, so the demo runs on that cluster: set DEMO_REGISTRY too, to a "
            "registry that it and your Docker engine reach, as in registry.example.com/team; "
            "without KUBECONFIG the demo starts a cluster of its own"
        )
    for program in ("kubectl", "helm", "docker"):
        if not shutil.which(program):
            raise DemoError(f"{program} is not on PATH, and the demo on your cluster needs it")
    target = Target(
        kubectl="kubectl",
        helm="helm",
        kubeconfig=kubeconfig,
        registry=registry,
        docker_host=environment.get("DOCKER_HOST", ""),
        golang=Base(reference="golang:1.26", tier="Builder"),
        distroless=Base(reference="gcr.io/distroless/base-debian12:nonroot", tier="Distroless"),
        config=environment.get("SLIMGATE_CONFIG", ""),
    )
    programs = target.programs()
    if programs.attempt(["docker", "version"]).code:
        raise DemoError("no Docker engine answers: start one, or set DOCKER_HOST")
    if (asked := programs.attempt(["kubectl", "version", "--request-timeout=10s"])).code:
        raise DemoError(f"the cluster of KUBECONFIG does not answer: {asked.reason}")
    return target
