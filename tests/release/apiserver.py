"""Ending the lab's API server and starting it again, with other flags or the same."""

import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Final

from tests.lab import state
from tests.lab.api import Api, wait_until
from tests.lab.control_plane import ControlPlane
from tests.lab.layout import choose_addresses, default_layout
from tests.lab.parts import kube_program
from tests.lab.processes import Processes, alive, recorded, tail
from tests.lab.state import Lab
from tests.release.counting import Outage

_NAME: Final = "kube-apiserver"
_SECONDS: Final = 90.0


def restart(lab: Lab, *flags: str, how: signal.Signals = signal.SIGTERM) -> Outage:
    """End it, start it again with more flags, and wait until it says that it is ready."""
    layout = default_layout()
    processes = Processes(layout=layout)
    plane = ControlPlane(
        layout=layout,
        addresses=choose_addresses(node=lab.node),
        processes=processes,
        kube=kube_program(layout, processes),
    )
    api, log = Api(server=lab.apiserver, pki=layout.pki), layout.logs / f"{_NAME}.log"
    pid = recorded(layout.run)[_NAME]
    began = time.monotonic()
    os.kill(pid, how)
    wait_until(
        lambda: not alive(pid),
        what="the API server does not end",
        seconds=_SECONDS,
        hint=lambda: tail(log),
    )
    plane.launch(_NAME, [*plane.apiserver(), *flags])
    wait_until(
        api.ready, what="the API server is not ready", seconds=_SECONDS, hint=lambda: tail(log)
    )
    ended = time.monotonic()
    # Others ask there which processes should run.
    found = state.load(layout.lab_json)
    pids = found.pids | {_NAME: recorded(layout.run)[_NAME]}
    state.save(replace(found, pids=pids), layout.lab_json)
    return Outage(began=began, ended=ended)


@contextmanager
def started_with(lab: Lab, *flags: str) -> Iterator[None]:
    """Have it run with more flags, for as long as the context lasts."""
    try:
        restart(lab, *flags)
        yield
    finally:
        restart(lab)
