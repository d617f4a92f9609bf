"""Ending the lab's API server and starting it again, with other flags or the same."""

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
from tests.lab.processes import Processes, end, recorded, tail
from tests.lab.state import Lab
from tests.release.counting import Outage

_NAME: Final = "kube-apiserver"
_SECONDS: Final = 90.0
GRACE_SECONDS: Final = 30.0
"""What a kubelet leaves an API server, which with watches open would take a minute to end."""


def restart(lab: Lab, *flags: str, grace: float = 0.0) -> Outage:
    """End it, start it again with more flags, and wait until it says that it is ready.

    It hears nothing any more once it is asked to end, and is killed after the grace period.
    """
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
    end({pid}, grace=grace)
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
