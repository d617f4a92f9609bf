"""What nodes pulled, as metrics: bounded, whole, and nothing where nothing is known."""

from dataclasses import dataclass

from slimgate.core.nodes.pulls import Pull, PullSums, PullTable
from slimgate.metrics.named import Named
from slimgate.metrics.pulls import PullCollector
from tests.metrics import test_nodes


@dataclass
class Told:
    """What events told."""

    sums: PullSums | None


def told(nodes: int, images: int, size: int | None = 7) -> Told:
    """Make a table in which each image was pulled once by one of `nodes` and one made-up node."""
    table = PullTable()
    for number in range(images):
        node = f"node-{number % (nodes + 1)}"
        table.add(
            Pull(
                image=f"i{number}",
                node=node,
                namespace=f"n{number}",
                seconds=number,
                waited=1,
                size=size,
            )
        )
    return Told(table.sums())


def collected(pulls: Told, images: int = 20) -> dict[str, dict[str, float]]:
    """Read values by metric and label."""
    disks = test_nodes.Known([test_nodes.disk()], last_success=1.7e9)
    return {
        family.name: {next(iter(s.labels.values())): s.value for s in family.samples}
        for family in PullCollector(pulls, disks, Named(images=images, namespaces=images)).collect()
    }


def test_sums_are_whole() -> None:
    """The slowest images and the nodes that there are have a series, all else is together."""
    table = PullTable()
    for node, image, seconds in (("n1", "a", 3), ("made-up", "\x1b[2J", 40)):
        pull = Pull(image=image, node=node, namespace="x", seconds=seconds, waited=9, size=7)
        table.add(pull)

    found = collected(Told(table.sums()))

    assert found["slimgate_node_image_pull_seconds"] == {"n1": 3, "_other": 40}
    assert found["slimgate_image_pull_seconds"] == {"a": 3, "\\x1b[2J": 40}
    for name in ("pulls", "pull_bytes"):
        assert sum(found[f"slimgate_image_{name}"].values()) == {"pulls": 2, "pull_bytes": 14}[name]
    many = collected(told(3, 50))["slimgate_image_pull_seconds"]
    assert (len(many), many["i49"], many["_other"]) == (21, 49, sum(range(30)))
    spaces = collected(told(3, 50))["slimgate_namespace_image_pull_bytes"]
    assert (len(spaces), spaces["n49"], spaces["_other"]) == (21, 7, 7 * 30)


def test_unknown_is_not_zero() -> None:
    """Where events can't be read, tell no size, or are not wanted by image, there is no series."""
    assert not any(collected(Told(None)).values())
    assert not collected(told(1, 2, size=None))["slimgate_image_pull_bytes"]
    assert set(collected(told(1, 2), images=0)) == {
        f"slimgate_node_image_{name}" for name in ("pulls", "pull_seconds", "pull_bytes")
    }
