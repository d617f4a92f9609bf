"""Attack the real roles in every known way, and see what becomes of an honest namespace."""

import argparse
import asyncio
import random
import sys
import tempfile
from pathlib import Path
from typing import Final

from bench.processes import BenchError, cpu_seconds, forget_peak, memory_mb
from bench.siege.attacks import ATTACKS, Attack
from bench.siege.controller import FLOODS, Flood, hold
from bench.siege.field import Field, Watch, besieged
from bench.siege.table import Outcome, heading, held_line, line, missed
from tests.registry import servers

_QUIET_SECONDS: Final = 3.0
_LEAST_SECONDS: Final = 0.5
_ATTACK_SECONDS: Final = 10.0
"""How long the witness looks on, at least."""
_SETTLED_CPU: Final = 0.3
"""Of a processor: what a witness alone costs is below."""
_SETTLE_SECONDS: Final = 30.0


def main() -> int:
    """Run it; 0 if every attack was withstood, 1 if one was not, 2 if it could not run."""
    parser = argparse.ArgumentParser(prog="python -m bench.siege", description=__doc__)
    parser.add_argument("--seed", type=int, default=1, help="of the order of the attacks")
    parser.add_argument("--scale", type=float, default=1.0, help="of each attack's size")
    parser.add_argument("--only", help="attacks whose name has this in it")
    options = parser.parse_args()
    if not servers.is_installed():
        print(
            "error: docker-registry is not installed: apt-get install docker-registry",
            file=sys.stderr,
        )
        return 2
    only = options.only or ""
    attacks = [one for one in ATTACKS if only in one.name]
    floods = [one for one in FLOODS if only in one.name]
    random.Random(options.seed).shuffle(attacks)
    with tempfile.TemporaryDirectory(prefix="slimgate-siege-") as folder:
        try:
            print(heading(), flush=True)
            met = not attacks or asyncio.run(_siege(Path(folder), attacks, options.scale))
            for flood in floods:
                met &= _withstood(flood, options.scale)
        except (AssertionError, BenchError) as error:
            print(f"error: {error}", file=sys.stderr)
            return 2
    return 0 if met else 1


async def _siege(folder: Path, attacks: list[Attack], scale: float) -> bool:
    met = True
    async with besieged(folder, scale) as (field, watch):
        for attack in attacks:
            outcome = await _attack(attack, field, watch)
            met &= outcome.met
            print(line(outcome), flush=True)
    return met


def _withstood(flood: Flood, scale: float) -> bool:
    held = asyncio.run(hold(flood, scale))
    print(held_line(flood.name, held), flush=True)
    return not missed(held)


async def _attack(attack: Attack, field: Field, watch: Watch) -> Outcome:
    pid = watch.program.pid
    await _settle(pid)
    await watch.seen()
    await asyncio.sleep(max(_LEAST_SECONDS, _QUIET_SECONDS * field.scale))
    before = await watch.seen()
    forget_peak(pid)
    field.answers.clear()
    spent = cpu_seconds(pid)
    await asyncio.gather(attack.act(field), asyncio.sleep(_ATTACK_SECONDS * field.scale))
    return Outcome(
        name=attack.name,
        before=before,
        meanwhile=await watch.seen(),
        answers=tuple(field.answers),
        peak=memory_mb(pid, "VmHWM"),
        cpu=cpu_seconds(pid) - spent,
    )


async def _settle(pid: int) -> None:
    """Wait until what an attack has left behind no longer costs a processor."""
    for _ in range(int(_SETTLE_SECONDS)):
        spent = cpu_seconds(pid)
        await asyncio.sleep(1)
        if cpu_seconds(pid) - spent < _SETTLED_CPU:
            return


if __name__ == "__main__":
    sys.exit(main())
