"""Who fills all disks, as metrics: few series whatever tenants do, and sums that stay whole."""

from dataclasses import replace
from functools import cached_property

import pytest
from prometheus_client import CollectorRegistry, generate_latest

from slimgate.core.images.tier import Tier
from slimgate.core.nodes.disk import NodeDisk
from slimgate.core.nodes.fleet import Fleet, FleetImage
from slimgate.core.nodes.look import Look
from slimgate.core.nodes.over_limits import FleetOver, OverSum, SizeLimit
from slimgate.core.nodes.stored import NOTHING, Stored
from slimgate.core.policies.budget import OverBudget, OverBudgets
from slimgate.metrics import ControllerMetrics, Named
from slimgate.metrics.bounded import OTHER
from slimgate.metrics.images import repository_of
from tests.core.disks import REPOSITORY, pod
from tests.metrics.series import Page, by
from tests.metrics.test_nodes import MEASURED, PODS, Known, disk

SOME = Named(namespaces=2, workloads=2, images=2)
FAMILIES = {
    "slimgate_namespace_image_share_bytes": "namespaces",
    "slimgate_namespace_registry_bytes": "namespaces",
    "slimgate_workload_image_bytes": "workloads",
    "slimgate_image_bytes": "images",
    "slimgate_image_exclusive_bytes": "images",
    "slimgate_repository_image_bytes": "images",
    "slimgate_namespace_over_limits_bytes": "namespaces",
    "slimgate_workload_over_limits_bytes": "workloads",
    "slimgate_image_over_limits_bytes": "images",
}
CLUSTER = "slimgate_cluster_image_bytes"
MANY = 10_000


def image(name: str, size: int = 1, *, unused: int = 0) -> FleetImage:
    """Make an image of so many bytes on one node."""
    return FleetImage(
        name=name,
        digest=None,
        tier=None,
        nodes=1,
        containers=2,
        exclusive=Stored(unpacked=size),
        shared=NOTHING,
        share=Stored(unpacked=size),
        unused=Stored(unpacked=unused),
        unknown_on=0,
    )


class Crowded(Known):
    """Very many namespaces, workloads and images, by names that tenants have made up."""

    @property
    def last(self) -> Look:
        """Have all of them have something in registries."""
        return replace(super().last, registry={f"n{n}": n + 1 for n in range(MANY)})

    def fleet(self) -> Fleet:
        """Return them."""
        return self._made

    @cached_property
    def _made(self) -> Fleet:
        each = {f"n{number}": Stored(unpacked=number + 1) for number in range(MANY)}
        return replace(
            super().fleet(),
            namespaces=each,
            workloads={(name, "Deployment", "x" * 253): part for name, part in each.items()},
            images=tuple(
                replace(
                    image(f"r.io/{number}/" + '\ud800\n"' * 200, number + 1, unused=number // 2),
                    pull=1,
                    unpacked=2,
                )
                for number in range(MANY)
            ),
        )

    def crowd(self, made: NodeDisk, count: int = 30) -> NodeDisk:
        """Have a node hold the largest images, each used by many in the largest namespaces."""
        fleet = self.fleet()
        images = [
            replace(made.images[0], names=(one.name,), digest=None) for one in fleet.images[-count:]
        ]
        uses = [
            ((name, "Deployment", f"w{place}"), place, Stored(unpacked=place + 1))
            for name in list(fleet.namespaces)[-count:]
            for place in range(count)
        ]
        shares = [Stored(unpacked=place + 1) for place in range(count)]
        owners = replace(made.owners, images=shares, uses=uses)
        return replace(made, images=tuple(images), owners=owners)

    def over_budget(self) -> OverBudgets:
        """Have all of them be over."""
        spaces = self.fleet().namespaces
        return {"p": [OverBudget(namespace=name, size=2, budget=1) for name in spaces]}

    def over(self) -> FleetOver:
        """Have all of it be won, by as many policies."""
        fleet = self.fleet()
        return FleetOver(
            total=sum(fleet.namespaces.values(), NOTHING),
            images={one.name: one.share for one in fleet.images},
            workloads=fleet.workloads,
            policies=fleet.namespaces,
        )


@pytest.fixture(scope="module")
def crowded() -> Crowded:
    """Make up very many of all, once, since it takes its time."""
    return Crowded()


def shown(known: Known, named: Named = SOME) -> CollectorRegistry:
    """Show all disks."""
    metrics = ControllerMetrics()
    metrics.show_nodes(known, named)
    return metrics.nodes


def test_states() -> None:
    """What somebody uses, what nobody does and what no image explains is all that there is."""
    known = Known([disk(*PODS, image_fs=replace(MEASURED, used=10_110)), disk()])
    counted = by(shown(known), CLUSTER)

    assert {state for (state,) in counted} == {"used", "unused", "pinned", "unexplained"}
    assert counted["unexplained",] > 0
    assert sum(counted.values()) == known.fleet().total.disk


def test_shares_add_up() -> None:
    """Each way to divide the bytes comes to the same, named or not."""
    pods = (pod("red", "ab"), pod("blue", "ad"), pod("green", "ab"), pod("red", "c", called="q"))
    registry = shown(Known([disk(*pods, image_fs=MEASURED), disk(pod("blue", "c"))]), SOME)
    whole = by(registry, CLUSTER)

    namespaces = by(registry, "slimgate_namespace_image_share_bytes")
    workloads = by(registry, "slimgate_workload_image_bytes")
    assert sum(namespaces.values()) == sum(workloads.values()) == whole["used",]
    assert {len(namespaces), len(workloads)} == {2 + 1}
    assert (OTHER,) in namespaces
    assert (OTHER, OTHER, OTHER) in workloads
    images = by(registry, "slimgate_image_bytes")
    tiers = by(registry, "slimgate_tier_image_bytes")
    unexplained = whole["unexplained",]
    assert sum(images.values()) == sum(tiers.values()) == sum(whole.values()) - unexplained
    unused = sum(size for (_, state), size in images.items() if state == "unused")
    assert unused == whole["unused",]


def test_images() -> None:
    """The largest have names, in use or not, with how often and where they run."""
    fleet = (image("a", 7, unused=7), image("b", 9), image("c", 1), image("b", 2, unused=1))
    registry = shown(Listed(fleet))

    assert by(registry, "slimgate_image_bytes") == {
        ("a", "used"): 0,
        ("a", "unused"): 7,
        ("b", "used"): 10,
        ("b", "unused"): 1,
        (OTHER, "used"): 1,
        (OTHER, "unused"): 0,
    }
    assert by(registry, "slimgate_image_exclusive_bytes") == {("a",): 7, ("b",): 11, (OTHER,): 1}
    assert by(registry, "slimgate_image_nodes") == {("a",): 1, ("b",): 2}
    assert by(registry, "slimgate_image_containers") == {("a",): 2, ("b",): 4}


def test_what_images_are() -> None:
    """Each named one has its repository, base and sizes once; of what is unknown there is none."""
    large, small = "r.io/web:2", "r.io/web:1"
    fleet = (
        replace(image(large, 9), pull=3, unpacked=30, base="debian 12", tier=Tier.FULL),
        replace(image(large, 8), pull=2, unpacked=20),
        replace(image(small, 7), pull=1, unpacked=10, containers=0),
        replace(image("r.io/web:0", 1), pull=9, unpacked=90, containers=0),
        image("nameless@sha256:1", 6),
    )
    registry = shown(Listed(fleet), Named(images=3))

    assert by(registry, "slimgate_image_info") == {
        ("debian 12", large, "r.io/web", "full"): 1,
        ("unknown", small, "r.io/web", "unknown"): 1,
        ("unknown", "nameless@sha256:1", "nameless", "unknown"): 1,
    }
    assert by(registry, "slimgate_image_size_bytes") == {
        ("compressed", large, "r.io/web"): 3,
        ("unpacked", large, "r.io/web"): 30,
        ("compressed", small, "r.io/web"): 1,
        ("unpacked", small, "r.io/web"): 10,
    }
    # Only of what runs: what nobody uses any more is no growth.
    assert by(registry, "slimgate_repository_size_bytes") == {
        ("compressed", "r.io/web"): 3,
        ("unpacked", "r.io/web"): 30,
    }
    assert by(registry, "slimgate_repository_image_bytes") == {("r.io/web",): 25, ("nameless",): 6}


@pytest.mark.parametrize(
    ("name", "repository"),
    [
        ("r.io:5000/a/b:1@sha256:2", "r.io:5000/a/b"),
        ("r.io:5000/a", "r.io:5000/a"),
        ("nginx:1", "nginx"),
        ("", ""),
    ],
)
def test_repositories(name: str, repository: str) -> None:
    """A port is no tag, and what has no name is of no repository."""
    assert repository_of(name) == repository


def test_where_images_are() -> None:
    """By node and by use the sums are those of the images, and of what is used."""
    two = replace(disk(pod("red", "c"), pod("blue", "ab")), node="n2")
    known = Known([disk(*PODS, pod("red", "ab", called="q"), image_fs=MEASURED), two])
    registry = shown(known, SOME)

    nodes, uses = (
        by(registry, "slimgate_image_node_bytes"),
        by(registry, "slimgate_image_use_bytes"),
    )
    assert sum(nodes.values()) == sum(by(registry, "slimgate_image_bytes").values())
    assert sum(uses.values()) == by(registry, CLUSTER)["used",]
    for (name, state), size in by(registry, "slimgate_image_bytes").items():
        other = by(registry, "slimgate_image_bytes")[name, "unused" if state == "used" else "used"]
        assert sum(part for (one, _), part in nodes.items() if one == name) == size + other
    for (space,), size in by(registry, "slimgate_namespace_image_share_bytes").items():
        assert sum(part for labels, part in uses.items() if labels[-1] == space) == size


def test_nobody_crowds_out_where_images_are() -> None:
    """Ten nodes an image and ten uses a namespace, fewer where there are many; the rest is one."""
    crowded = Crowded()
    crowded.kept = [replace(crowded.crowd(disk()), node=f"n{number}") for number in range(12)]
    whole = sum(range(1, 31))

    # Of those that are on no node of the test all is elsewhere.
    for named, nodes, uses in ((3, 3 * 11 + 1, 3 * 11 + 1), (500, 30 * 3 + 470 + 1, 30 * 3)):
        page = Page(shown(crowded, Named(namespaces=named, workloads=3, images=named)).collect())
        on_nodes = by(page, "slimgate_image_node_bytes")
        by_use = by(page, "slimgate_image_use_bytes")

        assert (len(on_nodes), len(by_use)) == (nodes, uses)
        assert sum(on_nodes.values()) == sum(by(page, "slimgate_image_bytes").values())
        assert sum(by_use.values()) == 12 * 30 * whole


class Limited(Known):
    """Nodes on which all that red and blue run is over their policies' limits."""

    def over(self) -> FleetOver:
        """Halve their images, or leave a quarter of them."""
        lines = {
            ((name, "Pod", "p"), REPOSITORY): [SizeLimit(policy=name, pull=pull)]
            for name, pull in (("red", 1), ("blue", 4), ("green", 1000))
        }
        together = OverSum(lines)
        for one in self.kept:
            together.add(one)
        return together.over(self.fleet())


def test_over_limits() -> None:
    """What would be won is a whole, of which namespaces, workloads and images have their parts."""
    known = Limited([disk(*PODS, pod("green", "c")), disk(*PODS)])
    registry = shown(known, replace(SOME, namespaces=1))
    (whole,) = by(registry, "slimgate_cluster_over_limits_bytes").values()

    assert whole == known.over().total.disk > 0
    for what in ("namespace", "workload", "image"):
        parts = by(registry, f"slimgate_{what}_over_limits_bytes")
        assert (what, sum(parts.values())) == (what, whole)
    assert {*by(registry, "slimgate_namespace_over_limits_bytes")} == {("red",), (OTHER,)}
    policies = by(registry, "slimgate_policy_over_limits_bytes")
    assert policies.keys() == {("red",), ("blue",), ("green",)}
    assert policies["green",] == 0 < policies["blue",]


def test_budgets() -> None:
    """Namespaces that are over have a series by policy, and all that are within have none."""
    known = Known()
    sizes = {"a": 9, "b": 8, "c": 3, "d": 2}
    over = [OverBudget(namespace=name, size=size, budget=1) for name, size in sizes.items()]
    known.over_budget = lambda: {"tight": over, "wide": []}  # type: ignore[method-assign]

    assert by(shown(known), "slimgate_namespace_over_budget_bytes") == {
        ("tight", "a"): 8, ("tight", "b"): 7, (OTHER, OTHER): 3
    }  # fmt: skip
    known.over_budget = lambda: {"wide": []}  # type: ignore[method-assign]
    assert by(shown(known), "slimgate_namespace_over_budget_bytes") == {}


def test_limits_that_are_not_known() -> None:
    """Then nothing is said of them, and no zero."""
    registry = shown(Known([disk(*PODS)]))

    assert not [one for one in registry.collect() if one.name.endswith("over_limits_bytes")]


class Listed(Known):
    """Just these images."""

    def __init__(self, images: tuple[FleetImage, ...]) -> None:
        super().__init__()
        self._images = images

    def fleet(self) -> Fleet:
        """Return them."""
        return replace(super().fleet(), images=self._images)


def test_an_image_that_is_called_other() -> None:
    """Whoever names an image so has its bytes among those of all others, and breaks nothing."""
    fleet = (image(OTHER, 7), image("b", 9), image("c", 1))
    counted = by(shown(Listed(fleet)), "slimgate_image_exclusive_bytes")

    assert counted == {("b",): 9, (OTHER,): 7 + 1}


def test_tiers() -> None:
    """Every tier has a series, and so has what is not known."""
    tiers = {("unknown",), *((tier.name.lower(),) for tier in Tier)}
    counted = by(shown(Known([disk(*PODS)])), "slimgate_tier_image_bytes")

    assert counted.keys() == tiers
    assert counted["unknown",] == 110


@pytest.mark.parametrize("family", FAMILIES)
def test_nobody_blows_it_up(crowded: Crowded, family: str) -> None:
    """Ten thousand names, and such as nothing can encode, are as many series as are wanted."""
    registry, fleet = shown(crowded, Named(namespaces=3, workloads=3, images=3)), crowded.fleet()

    counted = by(registry, family)
    assert len({tuple({*labels} - {"used", "unused"}) for labels in counted}) == 3 + 1
    assert sum(counted.values()) == sum(one.share.disk for one in fleet.images)
    assert max(len(label) for labels in counted for label in labels) <= 256
    assert len(generate_latest(registry)) < 64 * 1024


@pytest.mark.parametrize("switch", ["namespaces", "workloads", "images"])
def test_switches(switch: str) -> None:
    """With none of its names wanted a family is not there, and all others are."""
    registry = shown(Limited([disk(*PODS)]), replace(Named(), **{switch: 0}))
    there = {family.name for family in registry.collect()}

    assert FAMILIES.keys() - there == {name for name, of in FAMILIES.items() if of == switch}


def test_a_scrape_computes_nothing() -> None:
    """What the last look found is written once, and every scrape has that."""
    known = Known([disk(*PODS)])
    metrics = ControllerMetrics()
    metrics.show_nodes(known)
    before = metrics.page()
    metrics.nodes_looked_at()
    first = metrics.page()
    known.kept = []

    assert CLUSTER.encode() not in before
    assert CLUSTER.encode() in first
    assert b'{node="n1"' in metrics.page()
    metrics.nodes_looked_at()
    assert b'{node="n1"' not in metrics.page()
