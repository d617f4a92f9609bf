"""Models of many nodes: what becomes known counts, and what many nodes have is there once."""

from dataclasses import replace

from slimgate.core.images.facts import Base, Size
from slimgate.core.images.tier import Tier
from slimgate.core.nodes.held import Sharing
from slimgate.core.nodes.layout import Layout
from slimgate.core.nodes.model import model, node_disk
from slimgate.core.nodes.roster import Roster
from slimgate.core.nodes.uses import UniqueSum
from tests.core.disks import digest, facts, listed, node, pod
from tests.core.nodes.test_node import NODE


def test_what_becomes_known_counts() -> None:
    """A tier, a size or an image that was looked up since is in the next model."""
    has, one = node(listed("a")), facts("a")
    sized = replace(one, layers=(replace(one.layers[0], unpacked=Size.measured(7)),))
    found = []
    for options in ((), (one,), (replace(one, base=Base(tier=Tier.FULL)),), (sized,)):
        disk = node_disk(has, [], {digest("a"): options})
        found.append((disk.images[0].tier, disk.total.unpacked))

    assert found == [(None, 0), (None, 10), (Tier.FULL, 10), (None, 7)]


def test_nodes_share_what_they_hold() -> None:
    """An image that two nodes list is one object, until none lists it; a node that is gone is."""
    roster = Roster()
    for name in ("n1", "n2"):
        roster.put({**NODE, "metadata": {"name": name}})
    one, two = roster.nodes()

    assert all(map(lambda a, b: a is b, one.images, two.images))
    roster.drop("", "n1")
    assert [has.name for has in roster.nodes()] == ["n2"]
    roster.put({**NODE, "metadata": {"name": "n2"}, "status": {}})
    assert roster.nodes()[0].images == ()


def test_pods_share_what_they_run() -> None:
    """All that is kept of pods is how often somebody runs an image, once for all nodes."""
    sharing = Sharing()
    one = sharing.of([pod("red", "a", "a"), pod("red", "a"), pod("blue", "b")])
    two = sharing.of([pod("red", "a")])

    assert [*one.values()] == [3, 1]
    assert next(iter(one)) is next(iter(two))
    assert len([*sharing]) == 2


def test_unique_bytes() -> None:
    """Each layer that a namespace uses counts once, whatever images, pods and nodes have it."""
    layout = Layout({digest(one): (facts(one),) for one in ("ab", "ad", "c", "abc")})
    pods = [pod("red", "ab"), pod("red", "ad", called="q"), pod("blue", "ad"), pod("lost", "e")]
    one = node(*map(listed, ("ab", "ad", "c", "e")))
    two = replace(node(*map(listed, ("ab", "c"))), name="n2")
    unique = UniqueSum()
    for has, using in ((one, pods), (two, [pod("red", "ab", "c")])):
        unique.add(model(has, Sharing().of(using), layout))

    # What is unused or not known does not count.
    assert unique.sizes(layout.unpacked) == {"red": 10 + 20 + 40 + 30, "blue": 10 + 40}
