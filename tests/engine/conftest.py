"""Registries: one in memory, and real ones."""

import pytest

from tests.engine.shelf import Shelf
from tests.registry.conftest import folder, locked, plain, push, push_locked
from tests.support.clock import Clock

__all__ = ["clock", "folder", "locked", "plain", "push", "push_locked", "shelf"]


@pytest.fixture
def clock() -> Clock:
    """Make time that passes only when told to."""
    return Clock()


@pytest.fixture
def shelf() -> Shelf:
    """Make an empty source in memory."""
    return Shelf()
