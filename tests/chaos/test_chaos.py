"""Whatever happens, all is as a fresh start would have it, and nothing is lost or said twice."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import pytest

from tests.chaos.faults import FAULTS
from tests.chaos.stage import Stage
from tests.chaos.witness import TIMEOUT_SECONDS

pytestmark = [pytest.mark.lab, pytest.mark.node, pytest.mark.slow]

_TABLE: Final = Path(__file__).parents[2] / "build" / "chaos.md"
_SHORT: Final[Sequence[str]] = ("both killed", "the registry lying")


@pytest.mark.timeout(400)
@pytest.mark.parametrize("name", _SHORT)
def test_a_few_faults(stage: Stage, name: str) -> None:
    """Each fault of a short run leaves everything right."""
    _survives(stage, name)


@pytest.mark.chaos
@pytest.mark.timeout(3600)
def test_all_faults(stage: Stage, seed: int) -> None:
    """Each fault, in an order by chance, leaves everything right; a table says what it took."""
    wanted = os.environ.get("CHAOS_ONLY", "")
    names = [name for name in FAULTS if wanted in name]
    stage.scene.random.shuffle(names)
    rows = [
        f"| seed {seed} | held | settled after s | admissions answered | slowest s |",
        "|---|---|--:|--:|--:|",
    ]
    failed: list[str] = []
    for name in names:
        try:
            row = _survives(stage, name)
        except AssertionError as error:
            failed.append(f"{name}: {error}")
            row = f"| {name} | NO | | | |"
            print(failed[-1])
            # The next fault is not to blame for it.
            stage.scene.settled()
        rows.append(row)
        print(row, flush=True)
        _TABLE.parent.mkdir(exist_ok=True)
        _TABLE.write_text("\n".join(rows) + "\n", encoding="utf-8")

    assert not failed, "\n\n".join(failed)


def _survives(stage: Stage, name: str) -> str:
    """Let a fault happen, see that nothing is wrong after it, and return a row of a table."""
    assert stage.witness is not None
    stage.witness.reset()
    FAULTS[name](stage)
    settled = stage.settle()
    stage.ask_the_oracle()
    answered, slowest = stage.witness.answered, stage.witness.slowest
    assert stage.witness.admitted == 0, "a fat image was admitted"
    assert slowest < TIMEOUT_SECONDS, f"an admission took {slowest:.1f} s"
    assert answered > 0, "the webhook answered nothing"
    return f"| {name} | yes | {settled:.1f} | {answered} | {slowest:.2f} |"
