"""Programs that tests and benches run: Helms, kubeconform and its schemas, a DNS server, kwok.

Each is a Go module of its own below programs/, pinned by its go.sum, since two Helms in one module
would share their dependencies' versions.
"""

import fcntl
import json
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from tests.lab.layout import Layout
from tests.lab.parts import KUBERNETES, content_hash, go_build, go_minimum, kube_source, part
from tests.lab.processes import Processes
from tests.lab.progress import step
from tests.lab.schemas import write_schemas
from tests.lab.system import go_toolchain

SWAGGER = "api/openapi-spec/swagger.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tool:
    """A program: its folder, its package, and the variables that releases set when they link."""

    name: str
    package: str
    module: str
    version_variable: str
    kubernetes_packages: tuple[str, ...] = ()
    """Those that hold the version of Kubernetes that is assumed while none is asked."""
    lasts: str

    @property
    def source(self) -> Path:
        """The folder with its go.mod."""
        return Path(__file__).parent / "programs" / self.name

    def required(self, module: str) -> str:
        """Return the version of a module that its go.mod requires."""
        lines = (self.source / "go.mod").read_text(encoding="utf-8").splitlines()
        words = [line.removeprefix("require ").split() for line in lines]
        return next(found[1] for found in words if found[:1] == [module] and len(found) > 1)

    @property
    def version(self) -> str:
        """Its own version."""
        return self.required(self.module)

    @property
    def flags(self) -> str:
        """What the linker sets, as in the Makefile that releases are made with."""
        values = {self.version_variable: self.version}
        if self.kubernetes_packages:
            # The client of Kubernetes 1.37.2 is v0.37.2.
            minor = self.required("k8s.io/client-go").split(".")[1]
            for package in self.kubernetes_packages:
                values |= {f"{package}.k8sVersionMajor": "1", f"{package}.k8sVersionMinor": minor}
        return " ".join(f"-X {variable}={value}" for variable, value in values.items())

    @property
    def part(self) -> str:
        """The name of the cached part."""
        files = [self.source / name for name in ("go.mod", "go.sum")]
        files += self.source.glob("*.go")
        return f"{self.name}-{content_hash(files, self.package, self.flags)}"

    def path(self, layout: Layout) -> Path:
        """Return where the program is once it was built."""
        return layout.cache / self.part / self.name


HELM4 = Tool(
    name="helm4",
    package="helm.sh/helm/v4/cmd/helm",
    module="helm.sh/helm/v4",
    version_variable="helm.sh/helm/v4/internal/version.version",
    lasts="about 4 minutes",
)
HELM3 = Tool(
    name="helm3",
    package="helm.sh/helm/v3/cmd/helm",
    module="helm.sh/helm/v3",
    version_variable="helm.sh/helm/v3/internal/version.version",
    # Helm 4 asks its own list of modules.
    kubernetes_packages=("helm.sh/helm/v3/pkg/chartutil", "helm.sh/helm/v3/pkg/lint/rules"),
    lasts="about 75 seconds",
)
KUBECONFORM = Tool(
    name="kubeconform",
    package="github.com/yannh/kubeconform/cmd/kubeconform",
    module="github.com/yannh/kubeconform",
    version_variable="main.version",
    lasts="some seconds",
)
COREDNS = Tool(
    name="coredns",
    package=".",
    module="github.com/coredns/coredns",
    version_variable="github.com/coredns/coredns/coremain.GitCommit",
    lasts="1 to 4 minutes",
)
CERT_MANAGER = Tool(
    name="cert-manager",
    package=".",
    module="github.com/cert-manager/cert-manager",
    version_variable="github.com/cert-manager/cert-manager/pkg/util.AppVersion",
    lasts="about 2 minutes",
)
KWOK = Tool(
    name="kwok",
    package="sigs.k8s.io/kwok/cmd/kwok",
    module="sigs.k8s.io/kwok",
    version_variable="sigs.k8s.io/kwok/pkg/consts.Version",
    lasts="about 3 minutes",
)
TOOLS = (KUBECONFORM, COREDNS, HELM3, HELM4)
LIFE_TOOLS = (*TOOLS, CERT_MANAGER)


def ensure(layout: Layout, tools: Iterable[Tool] = TOOLS) -> None:
    """Build what is not there; whoever else wants it at the same time waits for it."""
    for folder in (layout.cache, layout.logs):
        folder.mkdir(parents=True, exist_ok=True)
    # They are no part of a lab: another checkout that takes its own down is to leave them alone.
    processes = Processes(layout=replace(layout, run=layout.cache / "tools"))
    with (layout.cache / "tools.lock").open("w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        for tool in tools:
            program(tool, layout, processes)
        if KUBECONFORM in tools:
            schemas(layout, processes)


def program(tool: Tool, layout: Layout, processes: Processes) -> Path:
    """Return a tool's program, built from Go modules once."""

    def build(folder: Path) -> None:
        go = go_toolchain(layout, processes, go_minimum(tool.source))
        title = f"building {tool.name} {tool.version} from Go modules ({tool.lasts}, once)"
        output = folder / tool.name
        with step(title):
            go_build(processes, go, tool.source, output, flags=tool.flags, package=tool.package)

    part(layout.cache, tool.part, build)
    return tool.path(layout)


def schemas_path(layout: Layout) -> Path:
    """Return where kubeconform's schemas are once they were made."""
    source = Path(__file__).with_name("schemas.py")
    return layout.cache / f"schemas-{content_hash([source], KUBERNETES)}"


def schemas(layout: Layout, processes: Processes) -> Path:
    """Return the schemas of what Kubernetes serves, made from its own OpenAPI document once."""

    def build(folder: Path) -> None:
        go = go_toolchain(layout, processes, go_minimum(kube_source()))
        write_schemas(json.loads(swagger(go).read_text(encoding="utf-8")), folder)

    return part(layout.cache, schemas_path(layout).name, build)


def swagger(go: Path) -> Path:
    """Return the OpenAPI document in the sources of Kubernetes, fetched if need be."""
    command = [str(go), "mod", "download", "-json", "k8s.io/kubernetes"]
    done = subprocess.run(command, cwd=kube_source(), capture_output=True, check=True)
    return Path(json.loads(done.stdout)["Dir"]) / SWAGGER
