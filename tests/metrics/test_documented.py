"""docs/metrics.md and what is exposed are the same: names, types, units, labels, bounds, texts."""

import re
from collections.abc import Iterator

import pytest
from prometheus_client.metrics_core import Metric

from slimgate.core.errors import IMAGE_REASONS
from slimgate.core.policies.checks import CHECKS
from slimgate.metrics import bounded
from slimgate.metrics.bounded import OTHER
from slimgate.settings import Settings
from tests.metrics import documented, full
from tests.metrics.reference import exposed, with_tables

SIZES = {**documented.fixed(), "nodes": full.NODES}
# Prometheus and its operator set these, and rename ours.
TAKEN = {"cluster", "container", "endpoint", "instance", "job", "namespace", "pod", "service"}


@pytest.fixture(scope="module")
def pages() -> dict[str, dict[str, Metric]]:
    """Read both roles' pages."""
    return {role: exposed(role) for role in ("controller", "webhook")}


Pages = dict[str, dict[str, Metric]]


def every(pages: Pages) -> Iterator[tuple[documented.Documented, Metric]]:
    """Yield each metric of each role beside its row."""
    table = documented.metrics()
    for page in pages.values():
        for name, family in page.items():
            yield table[name], family


@pytest.mark.parametrize("role", ["controller", "webhook"])
def test_names(pages: Pages, role: str) -> None:
    """Nothing is exposed that is not documented for that role, and nothing the other way round."""
    expected = {name for name, row in documented.metrics().items() if role in row.roles}

    assert set(pages[role]) == expected


def test_labels(pages: Pages) -> None:
    """Every series of a metric has the same labels."""
    for row, family in every(pages):
        found = {frozenset(sample.labels) - {"le"} for sample in family.samples}
        assert (row.name, found) == (row.name, {frozenset(row.labels)})


def test_the_page_is_made_of_the_code(pages: Pages) -> None:
    """Types, units, labels, meanings and examples are the code's.

    `python -m tests.metrics.reference` writes them anew.
    """
    text = documented.PAGE.read_text(encoding="utf-8")

    assert text == with_tables(text, pages)


def test_label_values(pages: Pages) -> None:
    """Labels are all in their table, with every value that they can have if those are few."""
    table = documented.labels()
    seen: dict[str, set[str]] = {}
    for _, family in every(pages):
        for sample in family.samples:
            for label, value in sample.labels.items():
                seen.setdefault(label, set()).add(value)
    assert seen.keys() - {"le"} == table.keys()
    for label, values in table.items():
        if values:
            assert (label, frozenset(seen[label])) == (label, values)
    words = {word for word in seen["outcome"] if not re.fullmatch("[0-9]{3}|[1-5]xx", word)}
    assert words == documented.outcomes() | table["verdict"] | set(IMAGE_REASONS) | {OTHER}


def test_checks(pages: Pages) -> None:
    """Checks are called as everywhere."""
    for _, family in every(pages):
        found = {sample.labels["check"] for sample in family.samples if "check" in sample.labels}
        assert found <= CHECKS.keys()


def test_other_pages() -> None:
    """Whatever else is written for people names metrics that there are."""
    root = documented.PAGE.parents[1]
    pages = [root / "README.md", *root.glob("docs/**/*.md")]
    series = re.compile(r"(?<!:)\bslimgate_[a-z_]*[a-z]\b(?!:)")  # rules have colons
    named = {
        name.removesuffix("_bucket")
        for page in pages
        for name in series.findall(page.read_text(encoding="utf-8"))
    }

    assert "slimgate_node_image_bytes" in named
    assert named - documented.metrics().keys() == set()


def test_no_label_is_renamed() -> None:
    """A scrape sets some labels itself, and would call ours `exported_…`."""
    assert not documented.labels().keys() & TAKEN


def test_bounds(pages: Pages) -> None:
    """Whatever others do, a pod has no more series of a metric than documented."""
    for row, family in every(pages):
        assert len(family.samples) <= row.bound(SIZES), row.name


def test_bounds_are_no_wishes(pages: Pages) -> None:
    """Bounds are reached where something in the tests tries to, so that they mean something."""
    reached = {row.name for row, family in every(pages) if len(family.samples) == row.bound(SIZES)}
    unreached = {name for name in documented.metrics() if name not in reached}

    # Not every verdict or reason is there of what is counted together.
    assert unreached == {"slimgate_workloads", "slimgate_workload_unknown_findings"}


def test_fixed_numbers() -> None:
    """The page names the limits that the code has."""
    assert documented.fixed() == {
        "policies": bounded.MAX_POLICIES,
        "namespaces": bounded.MAX_NAMESPACES,
        "registries": bounded.MAX_REGISTRIES,
        "checks": len(CHECKS),
        "top": Settings().metric_images,
        "resources": len(set(full.watched())),
    }
    places = documented.metrics()["slimgate_policy_admissions_total"]
    assert str(bounded.MAX_PLACES) in places.at_most
