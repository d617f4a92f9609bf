"""What the cluster says that verdicts depend on, and who hears when it changes."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime

import pytest

from slimgate.core.images.facts import Platform
from slimgate.core.json_object import mapping_at
from slimgate.core.workloads.workload import Workload
from slimgate.engine.catalog import Catalog, Change
from slimgate.engine.objects import OwnKind
from tests.engine.cluster import base_image, exception, namespace, node, policy, workload
from tests.support.work import calls_of

GOLDEN = "base.test/go:1"
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
    catalog.listen(lambda change, _: changes.append(change))
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
    assert catalog.find_policy("edited") is catalog.broken["edited"]
    assert catalog.find_policy("good") is catalog.policies["good"]
    assert catalog.find_policy("gone") is None
    assert (OwnKind.POLICY, "", "edited") in catalog.objects
    assert heard == [Change.POLICIES] * 3

    catalog.put_policy(policy("edited"))
    assert matching(catalog, workload()) == ["edited", "good"]
    assert catalog.broken == {}


def test_a_broken_exception_excuses_nothing(catalog: Catalog, heard: list[Change]) -> None:
    """Its former version is not used either, and the reason is told."""
    catalog.put_exception(exception("late"))
    catalog.put_exception(exception("late", expirationTime="never"))

    assert catalog.exceptions_for(workload()) == ()
    assert str(catalog.broken_exceptions["shop", "late"]).startswith("spec.expirationTime: ")
    assert heard == [Change.EXCEPTIONS] * 2
    catalog.drop_exception("shop", "late")
    assert catalog.broken_exceptions == {}


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


def put_base_image(catalog: Catalog) -> None:
    """Have a BaseImage."""
    catalog.put_base_image(base_image("base.test/go:1"))


def put_namespace(catalog: Catalog) -> None:
    """Have a namespace that a policy selects by its labels."""
    catalog.put_policy(policy(match={"namespaceSelector": SOME}))
    catalog.put_namespace(namespace({"slim": "yes"}))


def broken() -> Mapping[str, object]:
    """Make a policy without limits."""
    return {**policy("slim"), "spec": {}}


RESOLVED = {"resolved": [{"reference": "base.test/go:1", "digest": f"sha256:{'a' * 64}"}]}
REFUSED = {
    "conditions": [
        {
            "type": "Accepted",
            "status": "False",
            "reason": "TooLong",
            "lastTransitionTime": "2026-11-25T00:00:00Z",
        }
    ]
}
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
    (put_exception, lambda c: c.put_exception({**exception("late"), "status": REFUSED}), []),
    (put_exception, lambda c: c.put_exception(exception("late", reason="x")), [Change.EXCEPTIONS]),
    (put_exception, lambda c: c.drop_exception("shop", "late"), [Change.EXCEPTIONS]),
    (put_exception, lambda c: c.drop_exception("other", "late"), []),
    (put_base_image, lambda c: c.put_base_image(base_image("base.test/go:1")), []),
    (
        put_base_image,
        lambda c: c.put_base_image(base_image("base.test/go:1", status=RESOLVED)),
        [],
    ),
    (
        put_base_image,
        lambda c: c.put_base_image(base_image("base.test/go:1", tier="Slim")),
        [Change.BASE_IMAGES],
    ),
    (put_base_image, lambda c: c.put_base_image(base_image()), [Change.BASE_IMAGES]),
    (put_base_image, lambda c: c.drop_base_image("golden"), [Change.BASE_IMAGES]),
    (put_base_image, lambda c: c.drop_base_image("other"), []),
    (lambda c: c.put_base_image(base_image()), lambda c: c.drop_base_image("golden"), []),
    (put_node, lambda c: c.put_node(node("n2", "arm64")), []),
    (put_node, lambda c: c.put_node(node("n2", "amd64")), [Change.PLATFORMS]),
    (put_node, lambda c: c.put_node(node("n1", "")), []),
    (put_node, lambda c: c.drop_node("n1"), [Change.PLATFORMS]),
    (put_node, lambda c: c.put_node(node("n2", "arm64", "cri-o://1.34.1")), [Change.PLATFORMS]),
    (put_node, lambda c: c.put_node(node("n1", "arm64", "cri-o://1.34.1")), [Change.PLATFORMS]),
    (put_node, lambda c: c.put_node(node("n1", "arm64", "containerd://1.7.0")), []),
    (lambda _: None, lambda c: c.put_namespace(namespace({})), []),
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
    catalog.listen(lambda change, _: changes.append(change))
    generation = catalog.generation

    act(catalog)

    assert changes == expected
    assert catalog.generation == generation + len(expected)


def test_listeners_hear_where(catalog: Catalog) -> None:
    """What speaks of one namespace only makes no other verdicts elsewhere."""
    put_policy(catalog)
    put_namespace(catalog)
    wheres: list[tuple[Change, str]] = []
    catalog.listen(lambda change, namespace: wheres.append((change, namespace)))

    put_exception(catalog)
    catalog.put_exception(exception("late", expirationTime="never"))
    put_exception(catalog)
    catalog.drop_exception("shop", "late")
    catalog.put_namespace(namespace({"slim": "no"}))
    catalog.drop_policy("slim")

    assert wheres == [
        *[(Change.EXCEPTIONS, "shop")] * 4,
        (Change.NAMESPACES, "shop"),
        (Change.POLICIES, ""),
    ]


def of(edited: Mapping[str, object], generation: int, uid: str = "u1") -> Mapping[str, object]:
    """Give an object a generation and a uid."""
    metadata = {**mapping_at(edited, "metadata"), "generation": generation, "uid": uid}
    return {**edited, "metadata": metadata}


Put = Callable[[Catalog, Mapping[str, object]], None]
EDITED: list[tuple[Put, Mapping[str, object], Act]] = [
    (Catalog.put_policy, policy("x"), lambda c: c.drop_policy("x")),
    (Catalog.put_policy, {**policy("x"), "spec": {}}, lambda c: c.drop_policy("x")),
    (Catalog.put_exception, exception("x"), lambda c: c.drop_exception("shop", "x")),
    (Catalog.put_exception, exception("x", reason=""), lambda c: c.drop_exception("shop", "x")),
    (Catalog.put_base_image, base_image(GOLDEN, name="x"), lambda c: c.drop_base_image("x")),
    (Catalog.put_base_image, base_image(name="x"), lambda c: c.drop_base_image("x")),
]


@pytest.mark.parametrize(("put", "resource", "drop"), EDITED)
def test_who_writes_statuses_hears_of_every_edit(
    put: Put, resource: Mapping[str, object], drop: Act
) -> None:
    """Of one that reads the same too, and of invalid ones; of nothing that is no edit."""
    catalog, heard, told = Catalog(), list[None](), list[int]()
    catalog.objects.listen(lambda: heard.append(None))
    status = {"observedGeneration": 1}

    for shown in (of(resource, 1), {**of(resource, 1), "status": status}, of(resource, 2)):
        put(catalog, shown)
        told.append(len(heard))
    put(catalog, of(resource, 2, "u2"))
    told.append(len(heard))
    for _ in range(2):
        drop(catalog)
        told.append(len(heard))

    assert told == [1, 1, 2, 3, 4, 4]
    assert len(catalog.objects) == 0


def test_labels_of_a_namespace(catalog: Catalog) -> None:
    """As far as they are known."""
    catalog.put_namespace(namespace({"slim": "yes"}))

    assert [catalog.label("slim", name) for name in ("shop", "other")] == ["yes", ""]
    assert catalog.label("team", "shop") == ""


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


@pytest.mark.parametrize(
    ("runtime", "believes"),
    [
        ("containerd://2.1.4", False),
        ("containerd://1.6.20~ds1", False),
        ("cri-o://1.34.1", True),
        ("docker://28.5.0", True),
        ("another://1", True),
        ("cri-o", True),
        ("", False),
    ],
)
def test_nodes_that_believe_manifests(catalog: Catalog, runtime: str, believes: bool) -> None:  # noqa: FBT001
    """All but containerd's; who tells nothing of a runtime has none yet."""
    catalog.put_node(node("n1", "amd64"))
    catalog.put_node(node("n2", "arm64", runtime))
    trusting = [catalog.trusting]
    catalog.drop_node("n2")
    trusting.append(catalog.trusting)

    assert trusting == [frozenset({ARM64} if believes else ()), frozenset()]


def test_nodes_cost_the_same_however_many_there_are() -> None:
    """A listing of twice as many takes twice the work, and not four times."""

    def listing(count: int) -> int:
        catalog = Catalog()
        nodes = [node(f"n{number}", "arm64") for number in range(count)]

        def put() -> None:
            for one in (*nodes, *nodes):
                catalog.put_node(one)

        return calls_of(put)

    few = listing(200)

    assert listing(400) < 2.2 * few


def test_base_images_come_by_name(catalog: Catalog) -> None:
    """One that can't be read is kept apart, with the reason, and its former version is not used."""
    for name in ("b", "a", "c"):
        catalog.put_base_image(base_image(f"base.test/{name}:1", name=name))
    catalog.put_base_image(base_image("a b", name="c"))
    catalog.put_base_image(base_image("base.test/b:1", name="b", status=RESOLVED))

    assert [image.name for image in catalog.base_images] == ["a", "b"]
    assert catalog.base_image("a") is catalog.base_images[0]
    assert str(catalog.broken_base_images["c"]).startswith("spec.references[0]: 'a b'")
    assert (OwnKind.BASE_IMAGE, "", "c") in catalog.objects
    catalog.put_base_image(base_image("base.test/c:1", name="c"))
    assert catalog.broken_base_images == {}


def test_refusals_are_taken_from_the_status(catalog: Catalog) -> None:
    """Nobody hears of one, and the next verdict takes it into account."""
    put_exception(catalog)
    catalog.put_exception({**exception("late"), "status": REFUSED})

    (found,) = catalog.exceptions_for(workload())
    assert found.refused_since == datetime(2026, 11, 25, tzinfo=UTC)


def test_earlier_digests_are_taken_from_the_status(catalog: Catalog) -> None:
    """Nobody hears of them, and the next look-up of bases takes them into account."""
    put_base_image(catalog)
    catalog.put_base_image(base_image("base.test/go:1", status=RESOLVED))

    assert [digest for _, digest in catalog.base_images[0].earlier] == [f"sha256:{'a' * 64}"]


@pytest.mark.parametrize(("follows", "expected"), [(True, [Change.NAMESPACES]), (False, [])])
def test_a_namespace_that_was_not_known(*, follows: bool, expected: list[Change]) -> None:
    """What was unknown for want of its labels is judged again, whatever they are."""
    catalog, changes = Catalog(follows=follows), list[Change]()
    catalog.put_policy(policy(match={"namespaceSelector": SOME}))
    catalog.listen(lambda change, _: changes.append(change))

    catalog.put_namespace(namespace({}))
    catalog.put_namespace(namespace({}))

    assert changes == expected
    assert catalog.undecided(workload(namespace="shop")) == frozenset()
