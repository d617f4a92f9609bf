"""Building images with the lab's engine and pushing them to the lab's registry."""

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

from tests.lab.errors import LabError
from tests.lab.layout import Layout
from tests.lab.progress import step
from tests.lab.state import Lab, load

HELLO = ("fat", "semi", "soya")
PROXIES = ("http_proxy", "https_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY")


def docker(host: str, *argv: str | Path) -> str:
    """Run the Docker client against the lab's engine and return what it prints."""
    # The engine is Debian's; its BuildKit would need a client plug-in that Debian does not have.
    env = os.environ | {"DOCKER_BUILDKIT": "0", "DOCKER_HOST": host}
    env.pop("DOCKER_CONTEXT", None)
    result = subprocess.run(
        ["docker", *map(str, argv)], capture_output=True, text=True, check=False, env=env
    )
    if result.returncode:
        lines = (result.stderr.strip() or result.stdout.strip()).splitlines()[-3:]
        raise LabError(f"docker {argv[0]} {argv[-1]} failed: {' | '.join(lines)}")
    return result.stdout


def build(
    host: str,
    context: Path,
    reference: str,
    *,
    dockerfile: Path | None = None,
    args: Mapping[str, str] | None = None,
) -> str:
    """Build a context on the machine's own network and return its reference."""
    proxies = {name: os.environ[name] for name in PROXIES if os.environ.get(name)}
    given = [f"--build-arg={name}={value}" for name, value in (proxies | dict(args or {})).items()]
    file = dockerfile or context / "Dockerfile"
    options: list[str | Path] = ["--network=host", "--force-rm", "--file", file, "--tag", reference]
    docker(host, "build", *options, *given, context)
    return reference


def push(host: str, reference: str) -> str:
    """Push what was built and return its reference."""
    docker(host, "push", reference)
    return reference


def build_for(
    lab: Lab,
    context: Path,
    name: str,
    *,
    dockerfile: Path | None = None,
    args: Mapping[str, str] | None = None,
) -> str:
    """Build a context and push it into a running lab's registry under a short name and tag."""
    require_engine(lab)
    reference = f"{lab.registry}/{name}"
    build(lab.docker_host, context, reference, dockerfile=dockerfile, args=args)
    return push(lab.docker_host, reference)


def require_engine(lab: Lab) -> None:
    """Refuse to build where the lab has no engine."""
    if not lab.docker_host:
        raise LabError("building images needs the lab's Docker engine, which needs root")


def build_hello(lab: Lab, example: Path) -> list[str]:
    """Build and push the three images of the example: fat, semi-skimmed and soya."""
    require_engine(lab)
    bases = {
        "BUILD_BASE": f"{lab.registry}/bases/golang:bookworm",
        "RUNTIME_BASE": f"{lab.registry}/bases/distroless:bookworm",
    }
    built: list[str] = []
    for kind in HELLO:
        dockerfile = example / f"Dockerfile.{kind}"
        if not dockerfile.is_file():
            raise LabError(f"{dockerfile} is missing: run this from the checkout's root")
        declared = dockerfile.read_text(encoding="utf-8")
        args = {name: value for name, value in bases.items() if f"ARG {name}" in declared}
        with step(f"building and pushing hello:{kind}", quiet_below=0):
            built.append(build_for(lab, example, f"hello:{kind}", dockerfile=dockerfile, args=args))
    return built


def build_examples(layout: Layout) -> list[str]:
    """Build and push everything that the demo and the tests run."""
    return build_hello(load(layout.lab_json), layout.checkout / "examples" / "hello")
