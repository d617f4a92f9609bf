"""Full collections leave alone what lives long, and lose nothing for good."""

import gc
import weakref
from collections.abc import Iterator

import pytest

from slimgate.process.garbage import SetAside, short_collections


class Thing:
    """Something that may refer to itself."""

    def __init__(self, *, cyclic: bool) -> None:
        self.other: object = self if cyclic else None


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    """Leave nothing set aside."""
    yield
    gc.unfreeze()


def test_what_is_left_is_set_aside() -> None:
    """What a full collection has left is not gone through again, and goes when nobody needs it."""
    before = [*gc.callbacks]
    with short_collections():
        plain, cyclic = Thing(cyclic=False), Thing(cyclic=True)
        gone, stays = weakref.ref(plain), weakref.ref(cyclic)
        gc.collect()
        assert gc.get_freeze_count() > 1_000
        assert len(gc.get_objects()) < 1_000

        del plain, cyclic
        assert (gone() is None, stays() is None) == (True, False)
    assert gc.get_freeze_count() == 0
    gc.collect()
    assert (stays(), gc.callbacks) == (None, before)


def test_what_refers_to_itself_goes_in_the_end() -> None:
    """Once in a while all is gone through, if much more is there than was then."""
    now = 0.0
    aside = SetAside(seconds=60, clock=lambda: now)
    gc.callbacks.append(aside)
    try:
        cyclic = Thing(cyclic=True)
        there = weakref.ref(cyclic)
        gc.collect()
        del cyclic
        now = 61.0
        gc.collect()
        assert there() is not None  # no more is there than before
        more = [[number] for number in range(gc.get_freeze_count())]
        gc.collect()
        assert there() is not None  # it was looked at only now
        now = 122.0
        gc.collect()
        assert there() is None
        assert len(more) < gc.get_freeze_count()
    finally:
        gc.callbacks.remove(aside)
