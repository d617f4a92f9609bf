"""The demo, run once on the lab as a newcomer runs it, and removed afterwards."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from tests.dashboards.answers import PAGES, Answered, Span, ask
from tests.dashboards.play import Play, prepare
from tests.dashboards.scene import Scene
from tests.lab.kubectl import Kubectl
from tests.lab.layout import default_layout
from tests.lab.state import Lab

_ROOT: Final = Path(__file__).parents[2]
_SECONDS: Final = 24.0
_DEMO: Final = (sys.executable, "-m", "examples.demo")


@pytest.fixture(scope="package")
def printed(lab_node: Lab) -> Iterator[str]:
    """Run the demo on the lab and return all that it printed; remove it in the end."""
    environment = os.environ | {"KUBECONFIG": lab_node.kubeconfig}
    try:
        done = subprocess.run(
            _DEMO, cwd=_ROOT, env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        yield done.stdout
    finally:
        remove = (*_DEMO, "remove")
        subprocess.run(remove, cwd=_ROOT, env=environment, capture_output=True, check=True)


@pytest.fixture(scope="package")
def play(printed: str, kubectl: Kubectl) -> Iterator[Play]:
    """Let teams deploy beside the demo while Prometheus scrapes."""
    assert printed
    played = prepare(default_layout(), Scene(kubectl=kubectl))
    try:
        played.act(_SECONDS)
        yield played
    finally:
        played.hub.stop()
        played.scene.remove()


@pytest.fixture(scope="package")
def span(play: Play) -> Span:
    """Return the time that pages show: while people deployed."""
    assert play.prometheus.ready()
    end = time.time()
    return Span(start=end - _SECONDS, end=end)


@pytest.fixture(scope="package")
def pages(play: Play, span: Span) -> dict[str, list[Answered]]:
    """Ask every query of every dashboard."""
    return {uid: list(ask(page, play.prometheus, span)) for uid, page in PAGES.items()}
