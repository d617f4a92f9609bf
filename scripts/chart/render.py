"""manifests/install.yaml: what the chart renders by default, for those who do not use Helm."""

import subprocess
from pathlib import Path
from typing import Final

from scripts.chart.values import CHART

NAMESPACE: Final = "slimgate-system"
_HEAD: Final = """\
# slimgate in the namespace slimgate-system, with its definitions; rendered from charts/slimgate by
# `make manifests`. Kubernetes 1.30 or newer. The image is {image}: it is the one
# value to change.
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
    lines = [line.rstrip() for line in rendered.splitlines() if _is_kept(line)]
    return _HEAD.format(image=image) + "\n".join(lines).strip() + "\n"


def _is_kept(line: str) -> bool:
    text = line.strip()
    return bool(text) and not text.startswith(("# Source: ", *_LABELS_OF_HELM))
