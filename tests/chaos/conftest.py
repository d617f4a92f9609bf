"""One scene for all faults: they come one after another, as they do."""

import os
import random
from collections.abc import Iterator
from contextlib import closing
from typing import Final

import pytest

from tests.chaos.registry import MoodyRegistry
from tests.chaos.scene import Place, Scene
from tests.chaos.stage import Stage
from tests.chaos.witness import Witness
from tests.lab.state import Lab
from tests.live.api import Api
from tests.live.conftest import api, installed, unshared
from tests.live.front import Front
from tests.live.shelf import FAT, TINY, noisy
from tests.live.site import new_room, open_site, reports_served, reviewing

__all__ = ["api", "installed", "unshared"]

_LOCAL: Final = {"plainHTTP": True, "allowLoopback": True}


@pytest.fixture(scope="package")
def seed() -> int:
    """Return what all that happens by chance follows from: CHAOS_SEED, 1 unless set."""
    return int(os.environ.get("CHAOS_SEED", "1"))


@pytest.fixture(scope="package")
def report_kind(api: Api, installed: None) -> Iterator[None]:
    """Install the kind of report, unless the cluster has it."""
    del installed
    with reports_served(api):
        yield


@pytest.fixture(scope="package")
def stage(
    lab: Lab,
    api: Api,
    seed: int,
    tmp_path_factory: pytest.TempPathFactory,
    request: pytest.FixtureRequest,
) -> Iterator[Stage]:
    """Return both roles at work, on a scene that has settled."""
    for needed in ("unshared", "report_kind"):
        request.getfixturevalue(needed)
    folder = tmp_path_factory.mktemp("chaos")
    registry = MoodyRegistry(address=lab.host_address, target=lab.registry)
    front = Front(lab=lab, address=lab.host_address)
    front.mend()
    settings = {
        "registries": [{"host": registry.host, **_LOCAL}],
        "annotations": "OverPolicy",
        "tagRefreshInterval": "2s",
    }
    with open_site(lab, api, folder, **settings) as site, reviewing(site) as sentinel:
        # The other webhook has told when the API server calls it; this one may be killed.
        site.roles.stop("webhook")
        places = [
            Place(room=new_room(site, sentinel, reviewed=False), registry=registry)
            for _ in range(3)
        ]
        edited, moved, passing = places
        scene = Scene(
            edited=edited,
            moved=moved,
            passing=passing,
            random=random.Random(seed),  # noqa: S311
        )
        stage = Stage(site=site, front=front, registry=registry, scene=scene, folder=folder)
        with closing(stage):
            stage.start("webhook")
            stage.start("controller")
            for place in places:
                place.open()
            scene.fill(6)
            stage.witness = Witness(
                hook=site.hook,
                fat=moved.room.workload(moved.push("steady-fat", noisy(FAT))),
                slim=moved.room.workload(moved.push("steady-slim", noisy(TINY))),
            )
            stage.settle()
            yield stage
        for place in places:
            place.room.close()
