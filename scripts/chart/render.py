"""manifests/: what the chart renders, for those who do not use Helm."""

import subprocess
from pathlib import Path
from typing import Final

from scripts.chart.values import CHART

NAMESPACE: Final = "slimgate-system"
_INSTALL: Final = """\
# slimgate in the namespace slimgate-system, with its definitions; rendered from charts/slimgate by
# `make manifests`. Kubernetes 1.30 or newer. There is one thing to change: the image,
# {image}, in both Deployments.
"""
_READERS: Final = """\
# Optional: everybody who is signed in may read policies and known bases. Rendered from
# charts/slimgate by `make manifests`.
"""
_LABELS_OF_HELM: Final = ("helm.sh/chart: ", "app.kubernetes.io/managed-by: ")


class RenderError(Exception):
    """Helm has refused the chart."""


def template(helm: Path, *options: str) -> str:
    """Render the chart."""
    chart = ["slimgate", str(CHART), "--namespace", NAMESPACE]
    command = [str(helm), "template", *chart, *options]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RenderError(done.stderr.strip())
    return done.stdout


def install(helm: Path, image: str) -> str:
    """Render the chart without hooks and without what only Helm makes use of."""
    rendered = template(helm, "--no-hooks", "--set", "namespace.create=true")
    return _INSTALL.format(image=image) + _plain(rendered)


def readers(helm: Path) -> str:
    """Render the right of everybody to read policies."""
    only = ("--show-only", "templates/rights/readers.yaml")
    return _READERS + _plain(template(helm, *only, "--set", "rbac.readableByAuthenticated=true"))


def _plain(rendered: str) -> str:
    lines = [line.rstrip() for line in rendered.splitlines() if _is_kept(line)]
    return "\n".join(lines).strip() + "\n"


def _is_kept(line: str) -> bool:
    text = line.strip()
    return bool(text) and not text.startswith(("# Source: ", *_LABELS_OF_HELM))
