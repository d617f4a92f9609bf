"""What the cluster says that verdicts depend on, and who hears when it changes."""

from collections.abc import Callable, Mapping

import pytest

from slimgate.core.image import Platform
from slimgate.core.workload import Workload
from slimgate.engine.catalog import Catalog, Change
from tests.engine.cluster import exception, namespace, node, policy, workload

AMD64, ARM64 = Platform("linux", "amd64"), Platform("linux", "arm64")
SOME = {"matchLabels": {"slim": "yes"}}


@pytest.fixture
def catalog() -> Catalog:
    """Make a catalog that leaves kube-system alone."""
    return Catalog(excluded=["kube-system"])


@pytest.fixture
def heard(catalog: Catalog) -> list[Change]:
    """Write down what listeners of the catalog hear."""
    changes: list[Change] = []
    catalog.listen(changes.append)
    return changes


def matching(catalog: Catalog, one: Workload) -> list[str]:
    """Name the policies that speak of a workload."""
    return [found.name for found in catalog.matching(one)]


def test_policies_come_by_name(catalog: Catalog) -> None:
    """Whatever the order they were made in."""
    for name in ("soya", "fat", "slim"):
        catalog.put_policy(policy(name))

    assert matching(catalog, workload()) == ["fat", "slim", "soya"]


def test_excluded_namespaces_are_left_alone(catalog: Catalog) -> None:
    """Whatever a policy says of them."""
    catalog.put_policy(policy(match={"namespaces": {"include": ["kube-system"]}}))

    assert matching(catalog, workload(namespace="kube-system")) == []


def test_a_broken_policy_is_kept_apart(catalog: Catalog, heard: list[Change]) -> None:
    """Its former version is not used any more, the other policies are, and the reason is told."""
    catalog.put_policy(policy("good"))
    catalog.put_policy(policy("edited"))
    catalog.put_policy({**policy("edited"), "spec": {"limits": {"pullSize": {"deny": "a lot"}}}})

    assert matching(catalog, workload()) == ["good"]
    assert str(catalog.broken["edited"]).startswith("spec.limits.pullSize.deny: 'a lot'")
    assert ("", "edited") in catalog.resources
    assert heard == [Change.POLICIES] * 3

    catalog.put_policy(policy("edited"))
    assert matching(catalog, workload()) == ["edited", "good"]
    assert catalog.broken == {}


def test_a_broken_exception_excuses_nothing(catalog: Catalog, heard: list[Change]) -> None:
    """Its former version is not used either, and the reason is told."""
    catalog.put_exception(exception("late"))
    catalog.put_exception(exception("late", expires="never"))

    assert catalog.exceptions_for(workload()) == ()
    assert str(catalog.broken_exceptions["shop", "late"]).startswith("spec.expires: ")
    assert heard == [Change.EXCEPTIONS] * 2


def test_exceptions_are_those_of_the_namespace(catalog: Catalog) -> None:
    """They come by name, so that the same one excuses whatever was written last."""
    for name in ("b", "a", "c"):
        catalog.put_exception(exception(name))
    catalog.put_exception(exception("elsewhere", namespace="other"))
    catalog.put_exception({**exception("a"), "status": {"matched": 3}})
    catalog.put_exception(exception("b", reason="another"))

    assert [one.name for one in catalog.exceptions_for(workload())] == ["a", "b", "c"]
    for name in ("a", "b", "c"):
        catalog.drop_exception("shop", name)
    assert catalog.exceptions_for(workload()) == ()
    assert [key[1] for key in catalog.exceptions] == ["elsewhere"]


def put_policy(catalog: Catalog) -> None:
    """Have a policy."""
    catalog.put_policy(policy("slim", generation=3))


def put_exception(catalog: Catalog) -> None:
    """Have an exception."""
    catalog.put_exception(exception("late"))


def put_node(catalog: Catalog) -> None:
    """Have a node."""
    catalog.put_node(node("n1", "arm64"))


def put_namespace(catalog: Catalog) -> None:
    """Have a namespace that a policy selects by its labels."""
    catalog.put_policy(policy(match={"namespaceSelector": SOME}))
    catalog.put_namespace(namespace({"slim": "yes"}))


def broken() -> Mapping[str, object]:
    """Make a policy without limits."""
    return {**policy("slim"), "spec": {}}


Act = Callable[[Catalog], object]
CHANGES: list[tuple[Act, Act, list[Change]]] = [
    (put_policy, lambda c: c.put_policy(policy("slim", generation=4)), [Change.POLICIES]),
    (put_policy, lambda c: c.put_policy(policy("slim", generation=3)), []),
    (put_policy, lambda c: c.put_policy({**policy("slim", generation=3), "status": {}}), []),
    (put_policy, lambda c: c.put_policy(broken()), [Change.POLICIES]),
    (lambda c: c.put_policy(broken()), lambda c: c.put_policy(broken()), []),
    (lambda c: c.put_policy(broken()), lambda c: c.drop_policy("slim"), []),
    (put_policy, lambda c: c.drop_policy("slim"), [Change.POLICIES]),
    (put_policy, lambda c: c.drop_policy("other"), []),
    (put_exception, lambda c: c.put_exception({**exception("late"), "status": {}}), []),
    (put_exception, lambda c: c.put_exception(exception("late", reason="x")), [Change.EXCEPTIONS]),
    (put_exception, lambda c: c.drop_exception("shop", "late"), [Change.EXCEPTIONS]),
    (put_exception, lambda c: c.drop_exception("other", "late"), []),
    (put_node, lambda c: c.put_node(node("n2", "arm64")), []),
    (put_node, lambda c: c.put_node(node("n2", "amd64")), [Change.PLATFORMS]),
    (put_node, lambda c: c.put_node(node("n1", "")), []),
    (put_node, lambda c: c.drop_node("n1"), [Change.PLATFORMS]),
    (put_namespace, lambda c: c.put_namespace(namespace({"slim": "yes", "a": "b"})), []),
    (put_namespace, lambda c: c.put_namespace(namespace({"slim": "no"})), [Change.NAMESPACES]),
    (put_namespace, lambda c: c.put_namespace(namespace({"slim": "no"}, "new")), []),
    (
        put_namespace,
        lambda c: c.put_namespace(namespace({"slim": "yes"}, "new")),
        [Change.NAMESPACES],
    ),
]


@pytest.mark.parametrize(("before", "act", "expected"), CHANGES)
def test_listeners_hear_of_real_changes(before: Act, act: Act, expected: list[Change]) -> None:
    """Of what may make verdicts others, and of nothing that slimgate writes itself."""
    catalog, changes = Catalog(), list[Change]()
    before(catalog)
    catalog.listen(changes.append)
    generation = catalog.generation

    act(catalog)

    assert changes == expected
    assert catalog.generation == generation + len(expected)


def test_namespace_labels(catalog: Catalog) -> None:
    """A policy follows the labels of namespaces as they come, change and go."""
    catalog.put_policy(policy(match={"namespaceSelector": SOME}))
    found = []
    for labels in ({"slim": "yes"}, {"slim": "no"}, {"slim": "yes"}):
        catalog.put_namespace(namespace(labels))
        found.append(bool(matching(catalog, workload())))
    catalog.drop_namespace("shop")

    assert found == [True, False, True]
    assert matching(catalog, workload()) == []


def test_platforms_are_those_of_the_nodes(catalog: Catalog) -> None:
    """Each once, the default where no node is known."""
    found = [catalog.platforms]
    for name, architecture in (("n1", "arm64"), ("n2", "arm64"), ("n3", "amd64")):
        catalog.put_node(node(name, architecture))
        found.append(catalog.platforms)
    for name in ("n3", "n2", "n1"):
        catalog.drop_node(name)
        found.append(catalog.platforms)

    arm, both, default = (ARM64,), (AMD64, ARM64), (AMD64,)
    assert found == [default, arm, arm, both, arm, arm, default]


def test_named_bases_are_those_of_sound_policies(catalog: Catalog) -> None:
    """A policy that can't be read names none."""
    known = {"deny": ["debian"], "known": [{"reference": "base.test/golden/go:1"}]}
    catalog.put_policy(policy("a", bases=known))
    catalog.put_policy({**policy("b"), "spec": {"bases": known, "odd": 1}})

    assert [str(base.reference) for base in catalog.named_bases] == ["base.test/golden/go:1"]
