"""Every value of the chart does what its row in the table says."""

from typing import Final

import pytest

from scripts.chart.values import read_values
from tests.chart.helm import CHART, Helm, merged, nested
from tests.chart.table import Row, look_up, rows

_ROWS: Final = rows()
_OF_PARENTS: Final = {"global", "enabled"}
"""Read by parent charts alone: their rows hold that they are no error and change nothing."""


@pytest.mark.parametrize("row", _ROWS, ids=lambda row: row.path)
def test_a_value_decides_its_field(helm4: Helm, row: Row) -> None:
    """The field is as the value says, and was not so by default."""
    before = look_up(helm4.objects(values=row.given), row.at)
    after = look_up(helm4.objects(values=merged(row.given, nested(row.path, row.value))), row.at)

    assert after == row.expected
    assert (before == row.expected) is (row.path in _OF_PARENTS)


def test_every_value_has_a_row() -> None:
    """No value is there that no template reads."""
    values = read_values((CHART / "values.yaml").read_text())

    leaves = [leaf.path for value in values for leaf in value.leaves()]
    assert sorted(leaves) == sorted(row.path for row in _ROWS)
