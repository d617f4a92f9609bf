"""What all tests share: which run side by side, and how many examples property tests try.

By default few, and the same in every run; `--hypothesis-profile=fuzz` tries many new ones.
"""

import os

import pytest
from hypothesis import settings

settings.register_profile("quick", max_examples=100, derandomize=True, deadline=None)
settings.register_profile(
    "fuzz", max_examples=int(os.environ.get("FUZZ_EXAMPLES", "20000")), deadline=None
)
settings.load_profile("quick")

pytest_plugins = ("tests.lab.fixtures", "tests.chart.fixtures")


# First, since xdist reads the groups in the same hook.
@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let a worker (`-n`) take whole files, and one of them all that share a thing."""
    for item in items:
        item.add_marker(pytest.mark.xdist_group(_group(item)))
    # Last, since those who measure images keep the disk for minutes when they begin.
    items.sort(key=lambda item: item.path.name == "test_node_disk.py")


def _group(item: pytest.Item) -> str:
    """Name what a test may not share with another worker's."""
    if item.get_closest_marker("lab") is None and item.get_closest_marker("engine") is None:
        return item.location[0]
    # Who pulls images to measure them needs the engine, or containerd by turns (own_disk), but no
    # cluster; the rest share one.
    measures = item.get_closest_marker("engine") or "sizes" in item.path.parts
    return "images" if measures else "cluster"
