"""Pulled events, as kubelets write them and as others forge them."""

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slimgate.core.nodes import pulls
from slimgate.core.nodes.pulls import Pull, Pulls, PullTable, pull_of

PULLED = 'Successfully pulled image "r.io/a:1" in '
MESSAGES = [
    # what follows, seconds, waited, size
    ("1.5s (1m2.3s including waiting). Image size: 42 bytes.", 1.5, 62.3, 42),
    ("27.9s (27.9s including waiting)", 27.9, 27.9, None),
    ("1h0m3s", 3603, 3603, None),
    ("850ms (2s including waiting). Image size: 0 bytes.", 0.85, 2, 0),
    ("12\N{MICRO SIGN}s", 12e-6, 12e-6, None),
    # Larger than any number of bytes, and longer than any pull.
    (f"1s (1s including waiting). Image size: {2**63} bytes.", 1, 1, None),
    ("999999999h", 604800, 604800, None),
]
WHOLE = PULLED + MESSAGES[0][0]
OTHERS = [
    "",
    'Container image "r.io/a:1" already present on machine and can be accessed by the pod',
    'Successfully pulled image "" in 1s',
    'Successfully pulled image "r.io/a:1" in ',
    'Successfully pulled image "r.io/a:1\n" in 1s',
    f'Successfully pulled image "{"a" * 3000}" in 1s',
]


def event(message: str, **more: object) -> dict[str, object]:
    """Make a kubelet's event."""
    return {
        "reason": "Pulled",
        "message": message,
        "source": {"component": "kubelet", "host": "n1"},
        "involvedObject": {"kind": "Pod", "namespace": "shop", "name": "web"},
        **more,
    }


def pulled(message: str, **more: object) -> Pull:
    """Read an event that tells of a pull."""
    found = pull_of(event(message, **more))
    assert found is not None
    return found


@pytest.mark.parametrize("before", ["", "spec.containers{web}: "])
@pytest.mark.parametrize(("rest", "seconds", "waited", "size"), MESSAGES)
def test_messages(rest: str, seconds: float, waited: float, size: int | None, before: str) -> None:
    """Of all releases since 1.26, with and without a size."""
    found = pulled(before + PULLED + rest)

    assert (found.image, found.node, found.namespace, found.size) == (
        "r.io/a:1", "n1", "shop", size
    )  # fmt: skip
    assert [found.seconds, found.waited] == pytest.approx([seconds, waited])


@pytest.mark.parametrize(
    ("written", "listed"),
    [
        ("nginx", "docker.io/library/nginx:latest"),
        ("index.docker.io/team/web:2", "docker.io/team/web:2"),
        ("r.io/a", "r.io/a:latest"),
        ("R.io/A:1", "R.io/A:1"),
    ],
)
def test_names(written: str, listed: str) -> None:
    """An image is called as nodes list it, however a pod does, so that both can be put together."""
    assert pulled(f'Successfully pulled image "{written}" in 1s').image == listed


@pytest.mark.parametrize("message", OTHERS)
def test_what_is_no_pull(message: str) -> None:
    """An image that was there is none, nor is what no kubelet writes."""
    assert pull_of(event(message)) is None


@pytest.mark.parametrize(
    "more",
    [
        {"reason": "Pulling"},
        {"source": {"component": "somebody", "host": "n1"}},
        {"source": {"component": "kubelet"}},
        {"source": 3},
        {"source": {"component": "kubelet", "host": "n" * 254}},
        {"involvedObject": {"kind": "Node"}},
    ],
)
def test_whose_events_count(more: Mapping[str, object]) -> None:
    """Only a kubelet's about a pod, that says which node it was."""
    assert pull_of(event(WHOLE, **more)) is None


@pytest.mark.parametrize(
    ("more", "times"),
    [
        ({}, 1),
        ({"count": 3}, 3),
        ({"series": {"count": 5}, "count": 3}, 5),
        ({"count": -1}, 1),
        ({"count": 10**12}, 100_000),
    ],
)
def test_how_often(more: Mapping[str, object], times: int) -> None:
    """One event may stand for several pulls, and for no endless number."""
    assert pulled(WHOLE, **more).times == times


def test_the_newer_api() -> None:
    """events.k8s.io/v1 has the same under other names."""
    new = {
        "reason": "Pulled",
        "note": WHOLE,
        "reportingController": "kubelet",
        "reportingInstance": "n1",
        "regarding": {"kind": "Pod", "namespace": "shop"},
        "deprecatedCount": 2,
    }

    assert pull_of(new) == Pull(
        image="r.io/a:1", node="n1", namespace="shop", seconds=1.5, waited=62.3, size=42, times=2
    )


@given(st.dictionaries(st.text(max_size=9), st.none() | st.integers() | st.text()))
def test_any_object(thing: dict[str, object]) -> None:
    """Whatever is in an event, it is read or left."""
    assert pull_of(thing) is None


def test_sums() -> None:
    """By image and node: how often, how long, how slow at worst, and how many bytes."""
    slow = Pull(image="a", node="n1", namespace="x", seconds=3, waited=5, size=10, times=2)
    old = Pull(image="a", node="n1", namespace="y", seconds=1, waited=1)
    other = Pull(image="a", node="n2", namespace="x", seconds=1, waited=1, size=7)

    table = PullTable()
    for pull in (slow, old, other):
        table.add(pull)

    n1 = Pulls(times=3, seconds=7, waited=11, slowest=3, size=20, without_size=1)
    n2 = Pulls(times=1, seconds=1, waited=1, slowest=1, size=7)
    assert table.pairs == {("a", "n1"): n1, ("a", "n2"): n2}
    assert table.sums().nodes == {"n1": n1, "n2": n2}
    assert table.sums().images == {"a": n1 + n2}
    assert table.rest == Pulls()
    old_one = Pulls(times=1, seconds=1, waited=1, slowest=1, without_size=1)
    assert table.sums().namespaces["y"] == old_one
    assert (n1.known_size, Pulls(times=2, without_size=2).known_size) == (20, None)
    assert Pulls().known_size == 0


def test_the_number_of_pairs_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Names that somebody makes up fill no memory, and leave room for others; none is lost."""
    monkeypatch.setattr(pulls, "MAX_PULLS", 8)
    table = PullTable()
    for namespace, number in (("forger", 50), ("honest", 2)):
        for n in range(number):
            table.add(
                Pull(image=f"{namespace}{n}", node="n", namespace=namespace, seconds=1, waited=1)
            )

    assert [image for image, _ in table.pairs] == [
        "forger0", "forger1", "forger2", "forger3", "honest0", "honest1"
    ]  # fmt: skip
    assert (table.rest.times, sum(one.times for one in table.sums().nodes.values())) == (46, 6)
