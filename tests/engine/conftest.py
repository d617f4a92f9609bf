"""Registries, one in memory and real ones, and a judge of what the one in memory holds."""

from datetime import UTC, datetime

import pytest

from slimgate.engine.catalog import Catalog
from slimgate.engine.inspector import Inspector
from slimgate.engine.judge import Judge
from tests.engine.cluster import Keys
from tests.engine.shelf import Shelf, inspector
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


@pytest.fixture
def watched(shelf: Shelf, clock: Clock) -> Inspector:
    """Make an inspector of that source."""
    return inspector(shelf, clock)


@pytest.fixture
def catalog() -> Catalog:
    """Make a catalog."""
    return Catalog()


@pytest.fixture
def keys() -> Keys:
    """Make a keyring."""
    return Keys()


@pytest.fixture
def judge(watched: Inspector, catalog: Catalog, keys: Keys) -> Judge:
    """Make a judge."""
    now = datetime(2026, 11, 25, tzinfo=UTC)
    return Judge(inspector=watched, catalog=catalog, keyring=keys, now=lambda: now, seconds=5)
