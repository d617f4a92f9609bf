"""Very many verdicts at once, while policies change, registries fail, and callers give up."""

import asyncio
import random
from datetime import UTC, datetime

from slimgate.core.errors import UnavailableError
from slimgate.core.images.facts import Inspection
from slimgate.core.policies.finding import Outcome
from slimgate.core.policies.verdict import Verdict
from slimgate.engine.catalog import Catalog
from slimgate.engine.inspector import Inspector
from slimgate.engine.judge import Judge
from tests.engine.cluster import Keys, policy, workload
from tests.engine.shelf import APP, REGISTRY, Shelf, identity, settled, tiny
from tests.support.clock import Clock

NOW = datetime(2026, 11, 25, tzinfo=UTC)
NAMES = [f"{REGISTRY}/team/app:{number}" for number in range(40)]
PRIVATE = f"{REGISTRY}/private/app:1"


def honest(verdict: Verdict) -> bool:
    """Whether a verdict says of every image what its own policies say, or that it is unknown."""
    (one,) = verdict.policies
    limit = one.limits.layers
    assert limit is not None
    assert limit.deny is not None
    for use, seen in verdict.subject.images.items():
        found = [f.outcome for f in verdict.findings if f.use == use]
        expected = [Outcome.UNKNOWN]
        if isinstance(seen, Inspection):
            expected = [Outcome.DENY] if len(seen.images[0].layers) > limit.deny else []
        if found != expected:
            return False
    return True


async def test_every_verdict_is_honest(
    shelf: Shelf, clock: Clock, catalog: Catalog, judge: Judge
) -> None:
    """By the policies that it names, whatever changed while it was reached."""
    chance = random.Random(7)  # noqa: S311 - a test that fails must fail again
    for number, name in enumerate(NAMES):
        shelf.put(name, tiny(*map(str, range(1 + number % 4))))

    async def disturb() -> None:
        for round_ in range(200):
            catalog.put_policy(policy(limits={"layers": {"deny": 1 + round_ % 4}}))
            clock.now += chance.choice([0, 1, 20, 400])
            shelf.faults = {REGISTRY: UnavailableError("down")} if round_ % 5 == 0 else {}
            await asyncio.sleep(0)

    async def ask() -> Verdict | None:
        for _ in range(chance.randrange(200)):
            await asyncio.sleep(0)
        one = workload(*chance.sample(NAMES, 3))
        if (known := judge.at_hand(one)) is not None:
            return known
        task = asyncio.create_task(judge.judge(one))
        if chance.random() < 0.1:
            await asyncio.sleep(0)
            task.cancel()
        await asyncio.wait([task])
        return None if task.cancelled() else task.result()

    catalog.put_policy(policy(limits={"layers": {"deny": 1}}))
    asking = [asyncio.create_task(ask()) for _ in range(2_000)]
    await settled(disturb)
    verdicts = [verdict for task in asking if (verdict := task.result()) is not None]

    assert len(verdicts) > 1_500
    assert {verdict.outcome for verdict in verdicts} >= {Outcome.ALLOW, Outcome.DENY}
    assert all(map(honest, verdicts))
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_no_right_is_lent_under_load(
    shelf: Shelf, clock: Clock, catalog: Catalog, watched: Inspector
) -> None:
    """Those who may see an image and those who may not ask for it at the same time."""
    alice, eve = identity("alice"), identity("eve")
    shelf.put(PRIVATE, tiny("private"))
    shelf.put(APP, tiny("public"))
    shelf.keys[f"{REGISTRY}/private/app"] = {alice}
    catalog.put_policy(policy(limits={"layers": {"deny": 1}}, bases={"maxTier": {"deny": "Full"}}))
    judges = {
        who: Judge(inspector=watched, catalog=catalog, keyring=Keys(who), now=lambda: NOW)
        for who in (alice, eve)
    }
    chance = random.Random(7)  # noqa: S311 - a test that fails must fail again

    async def ask(number: int) -> bool:
        for _ in range(chance.randrange(50)):
            await asyncio.sleep(0)
        clock.now += chance.choice([0, 0, 0, 20, 400])
        who = alice if number % 2 else eve
        verdict = await judges[who].judge(workload(PRIVATE, APP))
        seen = {use.reference for use in verdict.subject.inspected()}
        return seen == ({PRIVATE, APP} if who is alice else {APP})

    assert all(await asyncio.gather(*map(ask, range(400))))
