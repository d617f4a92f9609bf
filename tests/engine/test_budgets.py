"""Budgets of namespaces: judged by what is on nodes, and told of by what a status says."""

from collections.abc import Mapping

import pytest

from slimgate.core.policies.budget import STATUS, OverBudget, to_status
from slimgate.engine.budgets import Budgets
from slimgate.engine.catalog import Catalog
from tests.engine.cluster import namespace, policy

BUDGET = {"unpackedSize": "1Ki"}
SIZES = {"shop": 2048, "cart": 1024, "kube-system": 9999, "infra": 4096}
TOLD = [{"namespace": "shop", "unpackedBytes": 2048}, {"namespace": "bad", "unpackedBytes": "x"}]


def budgets(status: object = None, **more: object) -> Budgets:
    """Make them of one policy with a budget, one without, and one that can't be used."""
    catalog = Catalog(excluded=("kube-system",))
    catalog.put_namespace(namespace({"team": "a"}))
    spec = {"budget": BUDGET, **more}
    found = {**policy("tight"), "spec": spec}
    catalog.put_policy(found if status is None else {**found, "status": {STATUS: status}})
    catalog.put_policy(policy("other"))
    catalog.put_policy(policy("broken", budget={"unpackedSize": "none"}))
    return Budgets(catalog)


@pytest.mark.parametrize(
    ("match", "expected"),
    [
        # At the budget is within it, and what is excluded is nobody's.
        ({}, ["infra", "shop"]),
        ({"namespaces": {"include": ["shop", "cart"]}}, ["shop"]),
        ({"namespaces": {"exclude": ["infra"]}}, ["shop"]),
        ({"namespaceSelector": {"matchLabels": {"team": "a"}}}, ["shop"]),
        # Which workloads are judged is another matter.
        ({"objectSelector": {"matchLabels": {"x": "y"}}}, ["infra", "shop"]),
    ],
)
def test_who_is_over(match: Mapping[str, object], expected: list[str]) -> None:
    """All namespaces in which a policy applies whose images come to more, the most first."""
    found = budgets(match=match).over(lambda: SIZES)

    assert {name: [one.namespace for one in over] for name, over in found.items()} == {
        "tight": expected
    }
    assert found["tight"][-1] == OverBudget(namespace="shop", size=2048, budget=1024)
    assert to_status(found["tight"])[-1] == TOLD[0]


def test_nobody_asks_in_vain() -> None:
    """Without a budget nothing is added up."""

    def explode() -> Mapping[str, int]:
        raise AssertionError

    catalog = Catalog()
    catalog.put_policy(policy("other"))
    assert Budgets(catalog).over(explode) == {}


@pytest.mark.parametrize(
    ("status", "spec", "warned"),
    [
        (TOLD, {"mode": "Warn"}, True),
        (TOLD, {"mode": "Enforce"}, True),
        (TOLD, {"mode": "Audit"}, False),
        # The budget was raised, or is of other namespaces now.
        (TOLD, {"mode": "Warn", "budget": {"unpackedSize": "2Ki"}}, False),
        (TOLD, {"mode": "Warn", "match": {"namespaces": {"exclude": ["shop"]}}}, False),
        (None, {"mode": "Warn"}, False),
        ([], {"mode": "Warn"}, False),
        ("shop", {"mode": "Warn"}, False),
        ([None, 1, {"namespace": "shop", "unpackedBytes": -1}], {"mode": "Warn"}, False),
    ],
)
def test_warnings(status: object, spec: dict[str, object], warned: bool) -> None:  # noqa: FBT001
    """Whoever brings an image is warned, unless the policy is silent or no longer says so."""
    found = budgets(status, **spec)

    line = (
        "slimgate: namespace shop is over its budget: the images that it runs unpack to 2 KiB, "
        "each layer counted once, budget 1 KiB [policy tight, budget]"
    )
    assert [*found.warnings("shop")] == [line] * warned
    assert not [*found.warnings("bad")]
    assert not [*found.warnings("cart")]


def test_one_warning() -> None:
    """Of many budgets that a namespace is over the tightest is told, in a line that is short."""
    catalog = Catalog()
    for size in (1, 2, 3):
        name, told = f"{'p' * 250}{size}", [{"namespace": "n" * 63, "unpackedBytes": 9}]
        one = policy(name, mode="Warn", budget={"unpackedSize": size})
        catalog.put_policy({**one, "status": {STATUS: told}})

    (line,) = Budgets(catalog).warnings("n" * 63)
    assert "budget 1 B" in line
    assert len(line) <= 256
