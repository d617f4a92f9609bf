"""Each row of the table through everything that judges: every cell is equal, and stays so.

| column | sees | cannot see |
|---|---|---|
| webhook | the new workload and the old one | |
| check --cluster | the same | |
| check | the new workload | what runs: it is judged as a CREATE; what runs on nodes |
| preview | what runs, by each policy alone, as if it were enforced | what an update would replace |
| controller | what runs | what an update would replace |
| inspect, top | images | policies; `inspect` has no namespace either |
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest

from slimgate.cluster.revisions import revisions
from slimgate.controller.measuring import Measuring
from slimgate.core.credentials.identity import ANONYMOUS
from slimgate.core.errors import ImageError, UnavailableError
from slimgate.core.images.facts import Platform
from slimgate.core.images.reference import Reference
from slimgate.engine.inspector import Question
from tests.engine.cluster import Keys
from tests.engine.shelf import EVERYTHING, until
from tests.judging.cells import brief, whole
from tests.judging.cluster import Controller, Webhook
from tests.judging.commands import Commands, commands
from tests.judging.rows import Row, rows
from tests.judging.stock import Registry, digests, reference
from tests.support.clock import Clock

ROWS = rows()


@dataclass(frozen=True, kw_only=True)
class World:
    """Everything that judges one row."""

    row: Row
    registry: Registry
    clock: Clock
    webhook: Webhook
    controller: Controller
    user: Commands


@pytest.fixture(params=ROWS, ids=[row.name for row in ROWS])
async def world(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[World]:
    """Let the row's workload run, and its registry be as it is at first."""
    row: Row = request.param
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path / "no-logins"))
    registry, clock = Registry(), Clock()
    registry.faults.update(dict.fromkeys(row.down, UnavailableError("down")))
    async with AsyncExitStack() as stack:
        webhook, controller = Webhook(row, registry, clock), Controller(row, registry, clock)
        stack.push_async_callback(webhook.close)
        stack.push_async_callback(controller.close)
        await stack.enter_async_context(controller.running(row.workload(row.new)))
        user = await stack.enter_async_context(commands(row, registry, clock, tmp_path))
        webhook.history = partial(revisions, user.api)
        yield World(
            row=row,
            registry=registry,
            clock=clock,
            webhook=webhook,
            controller=controller,
            user=user,
        )


async def test_every_cell(world: World) -> None:
    """All say the same of the row, in the same words, now and when they are asked later."""
    row = world.row
    await _check_all(world, row.says, row.created)
    await _read_everything(world)
    later = row.says if row.later is None else row.later
    await _check_all(world, later, row.then or row.created)
    await _check_after_a_restart(world)


async def _check_all(world: World, says: Sequence[str], does: str) -> None:
    row, user = world.row, world.user
    new = row.workload(row.new)
    old = None if row.old is None else row.workload(row.old)

    verdict = await world.controller.verdict()
    assert brief(verdict) == tuple(sorted(says))
    wanted = verdict.outcome.label if verdict.outcome else None
    assert world.controller.recorder.annotated == wanted

    created = await world.webhook.admit(new)
    assert (created.does, created.findings) == (does, whole(verdict))
    alone = await user.check(new)
    if row.alone is None:
        assert alone == created
    else:
        assert alone.brief == tuple(sorted(row.alone))
    assert await user.check_by_the_cluster(new, None) == created
    assert await user.preview(new) == tuple(sorted(whole(verdict)))

    if old is not None:
        updated = await world.webhook.admit(new, old)
        grown = tuple(sorted(says if row.grown is None else row.grown))
        assert (updated.does, updated.brief) == (row.updated, grown)
        assert await user.check_by_the_cluster(new, old) == updated

    images = list(dict.fromkeys(row.new.values()))
    assert await user.inspect(images) == await user.top(new)


async def _read_everything(world: World) -> None:
    """Have the registry answer, and everybody read all of all images, for whatever reason."""
    world.registry.faults.clear()
    world.clock.now += 61
    row, roles = world.row, (world.webhook, world.controller)
    for inspector in (*(role.inspector for role in roles), *world.user.inspectors):
        for image in (*row.new.values(), *(row.old or {}).values()):
            with suppress(ImageError):
                await inspector.inspect(_question(row, reference(image)))
    catalog = world.webhook.catalog
    for inspector in (world.webhook.inspector, *world.user.inspectors):
        await inspector.bases.refresh(catalog.base_images, catalog.platforms)
    await world.controller.refresh_bases()
    for _ in range(100):
        await asyncio.sleep(0)  # what is read once more is read in the background
    if "length" in row.down or any("inspection" in one for one in row.says):
        world.controller.reconciler.judge_all()  # as it does by itself, soon


def _question(row: Row, text: str) -> Question:
    platforms = tuple(Platform("linux", one) for one in sorted(row.nodes))
    return Question(Reference.parse(text), ANONYMOUS, platforms, EVERYTHING, text)


async def _check_after_a_restart(world: World) -> None:
    row, before = world.row, world.webhook
    again = Webhook(row, world.registry, world.clock)
    again.start_as(before, [digest for name in row.new.values() for digest in digests(name)])
    new = row.workload(row.new)

    assert await again.admit(new) == await before.admit(new)
    await again.close()


async def test_what_is_measured_in_spare_time() -> None:
    """The controller's verdict by an estimate is another once the layer has been read whole."""
    row = Row(
        name="spare time",
        policies={"slim": {"limits": {"unpackedSize": {"deny": "20Mi"}}}},
        new={"web": "understated"},
    )
    registry, clock = Registry(), Clock()
    controller = Controller(row, registry, clock)
    measuring = Measuring(
        ledger=controller.ledger, inspector=controller.inspector, keyring=Keys(), clock=clock
    )
    async with controller.running(row.workload(row.new)):
        assert brief(await controller.verdict()) == ()
        await measuring.round(rest=0)
        await until(lambda: controller.recorder.annotated == "deny")

        assert brief(await controller.verdict()) == ("web unpackedSize deny",)
    again = Webhook(row, registry, clock)
    again.start_as(controller, digests("understated"))
    assert (await again.admit(row.workload(row.new))).does == "denied"
    await again.close()
    await controller.close()


def test_the_size_of_the_table() -> None:
    """It does not shrink: each fault that is found adds a row."""
    assert len(ROWS) >= 60
    assert len({row.name for row in ROWS}) == len(ROWS)
