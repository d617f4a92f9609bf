"""Building and pushing the images: the example's three, and slimgate's own."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from examples.demo.errors import DemoError
from examples.demo.programs import Programs
from examples.demo.progress import step
from examples.demo.target import Target

KINDS: Final = ("fat", "semi", "soya")
HELLO: Final = Path("examples/hello")
_PROXIES: Final = ("http_proxy", "https_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY")


@dataclass(frozen=True, slots=True, kw_only=True)
class Images:
    """Builds and pushes for one target."""

    target: Target
    programs: Programs

    def hello(self, kind: str) -> None:
        """Build and push one of the example's three images."""
        bases = {
            "BUILD_BASE": self.target.golang.reference,
            "RUNTIME_BASE": self.target.distroless.reference,
        }
        dockerfile = HELLO / f"Dockerfile.{kind}"
        declared = dockerfile.read_text(encoding="utf-8")
        args = {name: value for name, value in bases.items() if f"ARG {name}" in declared}
        with step(f"building and pushing hello:{kind}"):
            self.build(HELLO, dockerfile, f"hello:{kind}", args)

    def slimgate(self) -> str:
        """Build and push slimgate's own image; return its reference by digest."""
        args = {"RUNTIME_BASE": self.target.distroless.reference}
        if self.target.python:
            args["BUILD_BASE"] = self.target.python
        with step("building and pushing slimgate's own image"):
            self.programs.run(["scripts/wheels"])
            return self.build(Path(), Path("Dockerfile"), "slimgate:demo", args)

    def build(self, context: Path, dockerfile: Path, name: str, args: Mapping[str, str]) -> str:
        """Build, push, and return what the registry has by digest: a tag is pushed again."""
        reference = f"{self.target.registry}/{name}"
        proxies = {key: os.environ[key] for key in _PROXIES if os.environ.get(key)}
        given = [f"--build-arg={key}={value}" for key, value in (proxies | dict(args)).items()]
        files: list[str | Path] = ["--file", dockerfile, "--tag", reference]
        self.programs.run(["docker", "build", *self.target.build_options, *files, *given, context])
        self.programs.run(["docker", "push", reference])
        listing = "{{range .RepoDigests}}{{println .}}{{end}}"
        found = self.programs.run(["docker", "image", "inspect", "--format", listing, reference])
        repository = reference.rpartition(":")[0]
        for line in found.splitlines():
            if line.startswith(f"{repository}@"):
                return line.strip()
        raise DemoError(f"the Docker engine does not know the digest of {reference} that it pushed")
