"""The lab that the demo starts: its engine and registry are there long before its Kubernetes."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from examples.demo.errors import DemoError
from tests.lab import state, tools
from tests.lab.errors import LabError
from tests.lab.layout import Layout, default_layout
from tests.lab.tools import HELM3

_POLL_SECONDS: Final = 0.3


@dataclass(frozen=True, slots=True, kw_only=True)
class Starting:
    """A lab that is being started, and says itself what it does; or one that is up."""

    layout: Layout
    process: subprocess.Popen[bytes]
    began: float = field(default_factory=time.time)

    def engine(self) -> state.Lab:
        """Wait until images can be built and pushed."""
        self._await(self.layout.images_ready)
        return _load(self.layout)

    def await_bases(self) -> None:
        """Wait until what slimgate's own image is built in is there, too."""
        self._await(self.layout.bases_ready)

    def await_cluster(self) -> None:
        """Wait until Kubernetes runs, and Helm is there."""
        if self.process.wait():
            raise DemoError("the lab did not start: its last line above says why")
        try:
            # Of the two it is built three times as fast.
            tools.ensure(self.layout, [HELM3])
        except LabError as error:
            raise DemoError(str(error)) from error

    def _await(self, file: Path) -> None:
        while not self._is_new(file):
            if self.process.poll() is not None:
                self.await_cluster()
                return
            time.sleep(_POLL_SECONDS)

    def _is_new(self, file: Path) -> bool:
        try:
            # What a lab that was killed has left is older.
            return file.stat().st_mtime >= self.began
        except FileNotFoundError:
            return False


@contextmanager
def starting() -> Iterator[Starting]:
    """Start the lab if need be; without a node nothing would run there."""
    if os.geteuid():
        raise DemoError(
            "a pod needs the lab's node, which needs root: run make demo as root, or give it a "
            "cluster by KUBECONFIG and a registry by DEMO_REGISTRY"
        )
    process = subprocess.Popen([sys.executable, "-m", "tests.lab", "up"])
    try:
        yield Starting(layout=default_layout(), process=process)
    except BaseException:
        # A lab that is only half up takes down what it has started.
        process.terminate()
        process.wait()
        raise


def _load(layout: Layout) -> state.Lab:
    try:
        return state.load(layout.lab_json)
    except LabError as error:
        raise DemoError(str(error)) from error
