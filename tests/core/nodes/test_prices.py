"""Prices: money where somebody gave prices, and cents that add up."""

from decimal import Decimal
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from slimgate.core.nodes.prices import GIB, Billed, Prices, cost, costs

GP3 = Prices(node_disk=Decimal("0.08"), registry=Decimal("0.10"), pull=Decimal("0.045"))
sizes = st.integers(0, 2**50)


def test_off_by_default() -> None:
    """Without prices there is no money, not even none of it."""
    assert costs({"red": Billed(node_disk=GIB)}, Prices()) is None


def test_costs() -> None:
    """100 GiB on disks, 10 in a registry, 20 pulled."""
    used = Billed(node_disk=100 * GIB, registry=10 * GIB, pulled=20 * GIB)

    assert cost(used, GP3) == Fraction("9.9")
    assert costs({"red": used, "blue": Billed()}, GP3) == {
        "red": Decimal("9.9"), "blue": Decimal(0)
    }  # fmt: skip


@given(st.lists(st.builds(Billed, node_disk=sizes, registry=sizes, pulled=sizes), max_size=9))
def test_cents_add_up(billed: list[Billed]) -> None:
    """They come to the whole's, and each is within a cent of what is exact."""
    found = costs(dict(enumerate(billed)), GP3)
    whole = Billed(
        node_disk=sum(one.node_disk for one in billed),
        registry=sum(one.registry for one in billed),
        pulled=sum(one.pulled for one in billed),
    )

    assert found is not None
    assert abs(Fraction(sum(found.values())) - cost(whole, GP3)) <= Fraction(1, 200)
    for number, one in enumerate(billed):
        assert abs(Fraction(found[number]) - cost(one, GP3)) < Fraction(1, 100)
