"""A registry that accepts connections and never answers."""

import statistics
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field

import pytest

from tests.live.api import Answer, Api, eventually
from tests.live.conftest import MakeRoom
from tests.live.registries import Listener
from tests.live.room import Room
from tests.live.shelf import FAT, SMALL, TINY, noise, noisy, stacked
from tests.live.site import Site

pytestmark = pytest.mark.lab

TIMEOUT_SECONDS = 5.0
"""Of the shipped configuration: an answer that comes later is none."""
QUICK_SECONDS = 2.0
"""Less than half of what a hanging one takes; the machine may be busy otherwise."""
HANGING = 12
"""More than are in flight to one registry at a time."""


@dataclass
class Asked:
    """One admission that is under way in a thread."""

    room: Room
    lab_api: Api
    image: str
    answer: Answer | None = None
    seconds: float = 0.0
    thread: threading.Thread = field(init=False)

    def __post_init__(self) -> None:
        self.thread = threading.Thread(target=self._ask)
        self.thread.start()

    def _ask(self) -> None:
        began = time.monotonic()
        with closing(self.lab_api) as api:
            self.answer = api.try_create(self.room.workload(self.image), dry_run=True)
        self.seconds = time.monotonic() - began


@pytest.fixture(params=["from the start", "in the middle"])
def dead(request: pytest.FixtureRequest, room: Room, site: Site) -> Iterator[Listener]:
    """Return a registry that hangs: at the first request ever, or after having answered some."""
    if request.param == "from the start":
        yield site.hole
        return
    room.policy(limits={"pullSize": {"deny": "300k"}})
    room.shelf.noise(TINY)
    assert room.ask(room.shelf.seen_through(site.cable.registry).reference()).warnings == ()
    try:
        site.cable.hang()
        yield site.cable
    finally:
        site.cable.mend()


def test_it_holds_up_nobody_else(make_room: MakeRoom, site: Site, dead: Listener) -> None:
    """Its admissions are answered in time by onUnknown; all others come as fast as before."""
    allowing, denying, calm = make_room(), make_room(), make_room()
    for room, choice in ((allowing, "Allow"), (denying, "Deny"), (calm, "Deny")):
        room.policy(limits={"pullSize": {"deny": "300k"}}, onUnknown=choice, settle=room is calm)
    image = calm.shelf.noise(TINY)
    cold = [calm.shelf.noise(SMALL, tag=f"cold-{n}") for n in range(10)]
    fat = calm.shelf.noise(FAT, repository="fat")
    before = _seconds(calm, [image] * 20)

    hanging = [
        Asked(room, Api(site.lab), f"{dead.registry}/{room.namespace}/app:v{n}")
        for n in range(HANGING // 2)
        for room in (allowing, denying)
    ]
    eventually(lambda: dead.connections, "the registry is asked")
    warm = _seconds(calm, [image] * 40)
    fresh = _seconds(calm, cold)
    refused = calm.ask(fat)
    still_waiting = sum(asked.thread.is_alive() for asked in hanging)
    for asked in hanging:
        asked.thread.join()

    why = f"{dead.registry} did not answer in full within "
    allowed = [_answer(asked) for asked in hanging if asked.room is allowing]
    denied = [_answer(asked) for asked in hanging if asked.room is denying]
    assert still_waiting == HANGING
    assert statistics.median(warm) < 2 * statistics.median(before) + 0.02
    assert max(warm) < QUICK_SECONDS
    assert max(fresh) < QUICK_SECONDS
    assert refused.status == 403
    assert max(asked.seconds for asked in hanging) < TIMEOUT_SECONDS
    assert {(a.status, why in "".join(a.warnings)) for a in allowed} == {(201, True)}
    assert {(a.status, why in a.message) for a in denied} == {(403, True)}


def _answer(asked: Asked) -> Answer:
    assert asked.answer is not None
    return asked.answer


def _seconds(room: Room, images: list[str]) -> list[float]:
    """Have admissions one after the other, and return how long each took."""
    return list(_timed(room, images))


def _timed(room: Room, images: list[str]) -> Iterator[float]:
    for image in images:
        began = time.monotonic()
        answer = room.ask(image)
        yield time.monotonic() - began
        assert answer.status == 201


def test_a_base_that_hangs(room: Room, site: Site) -> None:
    """It holds up no admission by a rule that does not name it."""
    base = noisy(SMALL)
    known = room.shelf.push(base, repository="golden")
    image = room.shelf.push(stacked(base, noise(TINY)))
    room.base_image(f"{site.hole.registry}/b:v1")
    eventually(lambda: site.hole.connections, "the registry is asked")
    room.base_image(known)
    room.policy(bases={"allow": ["**/golden"]}, onUnknown="Deny")

    (seconds,) = _seconds(room, [image])

    assert seconds < QUICK_SECONDS
