"""Bounds on what label values others can bring in, with sums that stay whole."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from slimgate.metrics.bounded import OTHER, Hosts, Places, largest

EVENTS = st.lists(st.tuples(st.sampled_from("abcdef"), st.sampled_from("uvwxyz")))


def test_hosts_that_never_answer() -> None:
    """Names that only fail get no label of their own, however often they come."""
    hosts = Hosts(limit=2)

    assert [hosts.label(name, answers=False) for name in ("a", "b", "a")] == [OTHER] * 3


def test_hosts() -> None:
    """The first that answer are known by name from then on, answer or not."""
    hosts = Hosts(limit=2)
    for name in ("a", "b", "c"):
        hosts.label(name, answers=True)

    assert [hosts.label(name, answers=False) for name in ("a", "b", "c")] == ["a", "b", OTHER]


@given(EVENTS)
def test_places(events: list[tuple[str, str]]) -> None:
    """Policies keep their sums until there are too many, all sums stay whole, series are few."""
    places = Places(limit=5, policies=3)
    counted = Counter(places.labels(*event) for event in events)

    assert counted.total() == len(events)
    assert len(counted) <= 5 + 3 + 1
    by_policy, whole = Counter[str](), Counter(policy for policy, _ in events)
    for (policy, _), number in counted.items():
        by_policy[policy] += number
    assert all(by_policy[policy] == whole[policy] for policy in by_policy if policy != OTHER)
    assert len([policy for policy in by_policy if policy != OTHER]) <= 3


@given(EVENTS)
def test_places_are_kept(events: list[tuple[str, str]]) -> None:
    """What once had a series of its own has it ever after, and what had none gets none."""
    places = Places(limit=5, policies=3)
    first = [places.labels(*event) for event in events]

    again = [places.labels(*event) for event in events]
    assert dict(zip(events, again, strict=True)) == dict(zip(events, first, strict=True))


def test_policies_that_are_gone() -> None:
    """Their places are given back, and those of others are kept."""
    places = Places(limit=3, policies=2)
    for pair in (("a", "x"), ("a", "y"), ("b", "x")):
        places.labels(*pair)
    full = [places.labels("c", "x"), places.labels("b", "y")]

    gone = places.keep({"b", "c"})

    assert full == [(OTHER, OTHER), ("b", OTHER)]
    assert gone == {("a", "x"), ("a", "y"), ("a", OTHER)}
    after = [places.labels(*pair) for pair in (("c", "x"), ("b", "y"), ("b", "x"), ("a", "x"))]
    assert after == [("c", "x"), ("b", "y"), ("b", "x"), (OTHER, OTHER)]
    assert places.keep({"b", "c"}) == frozenset()


def test_largest() -> None:
    """The largest are chosen, and of equal ones always the same."""
    assert largest({"a": 1, "b": 3, "c": 1, "d": 2}, 3) == {"a", "b", "d"}
    assert largest({}, 3) == frozenset()
