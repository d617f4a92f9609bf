"""The status of policies and exceptions."""

import asyncio

import pytest

from slimgate.controller.statuses import Statuses
from slimgate.core.errors import ClusterError, ImageError, UnavailableError
from slimgate.core.reference import Reference
from slimgate.core.status import ExceptionStatus, PolicyStatus
from tests.controller.fakes import FAT, LIMIT, World
from tests.engine.cluster import exception, policy, workload
from tests.engine.shelf import Door, until

GOLDEN = "base.test/golden/go:1"
BASE = Reference.parse(GOLDEN)


class Office:
    """Statuses in a world, and which bases are missing."""

    def __init__(self) -> None:
        self.world = World()
        self.missing: dict[Reference, ImageError] = {}
        self.changed = self.world.reconciler.changed
        self.statuses = Statuses(
            catalog=self.world.catalog,
            ledger=self.world.ledger,
            recorder=self.world.recorder,
            missing_bases=lambda: self.missing,
            changed=self.changed,
            now=self.world.wall,
        )

    async def written(self) -> dict[str, object]:
        """Write all statuses, and give them by name."""
        self.world.recorder.of()
        await self.statuses.write()
        return dict(self.world.recorder.written)


@pytest.fixture
async def office() -> Office:
    """Make an office in whose world one fat workload has been judged."""
    office = Office()
    async with office.world.running():
        office.world.show(workload(FAT))
        await office.world.quiet()
    return office


async def test_policies(office: Office) -> None:
    """Counts of workloads, what is wrong with the policy, and which of its bases are missing."""
    put = office.world.catalog.put_policy
    known = [{"reference": GOLDEN}, {"reference": "base.test/there:1"}]
    put(
        policy(
            "bases",
            match={"resources": [{"apiGroup": "", "kind": "Pod"}]},
            bases={"maxTier": {"deny": "Full"}, "known": known},
        )
    )
    put({**policy("broken"), "spec": {"limits": LIMIT, "mode": "Strict"}})
    office.missing[BASE] = UnavailableError("down")
    office.missing[Reference.parse("base.test/not-named:1")] = UnavailableError("down")

    assert await office.written() == {
        "default": PolicyStatus(workloads=1, violating=1, denied=1),
        "bases": PolicyStatus(faults=(f"{GOLDEN}: down",)),
        "broken": PolicyStatus(error="spec.mode: must be one of Enforce, Warn, Audit."),
    }


async def test_exceptions(office: Office) -> None:
    """How many workloads each excuses, or why it excuses none."""
    put = office.world.catalog.put_exception
    put(exception("legacy"))
    put(exception("over", expires="2026-11-24T00:00:00Z"))
    put(exception("broken", reason=""))
    async with office.world.running():
        await office.world.quiet()

    found = await office.written()

    assert found.pop("default") == PolicyStatus(workloads=1)
    assert found == {
        "legacy": ExceptionStatus(matched=1),
        "over": ExceptionStatus(expired=True),
        "broken": ExceptionStatus(
            error="spec.reason: is required: say why the exception is needed."
        ),
    }


async def test_one_that_is_not_taken_holds_up_no_other(
    office: Office, caplog: pytest.LogCaptureFixture
) -> None:
    """It is logged, and written with the next change or a while later."""
    office.world.catalog.put_policy(policy("another"))
    office.world.recorder.faults["default"] = ClusterError("the API server is away")

    assert list(await office.written()) == ["default", "another"]
    assert "the status of default could not be written: the API server is away" in caplog.text


async def test_what_goes_while_statuses_are_written(office: Office) -> None:
    """A policy that is deleted meanwhile gets no status, and is no fault; an edited one counts."""
    catalog = office.world.catalog
    for name in ("gone", "edited"):
        catalog.put_policy(policy(name))
    catalog.put_exception(exception("late"))
    door = office.world.recorder.doors["default"] = Door()
    writing = asyncio.create_task(office.written())
    await door.knocked.wait()
    catalog.drop_policy("gone")
    catalog.drop_exception("shop", "late")
    catalog.put_policy({**policy("edited"), "spec": {}})
    door.opened.set()

    found = await writing

    assert list(found) == ["default", "edited"]
    edited = found["edited"]
    assert isinstance(edited, PolicyStatus)
    assert edited.error is not None


async def test_statuses_follow_changes(office: Office) -> None:
    """They are written whenever something has changed, and not before."""
    office.changed.clear()
    office.world.recorder.of()
    running = asyncio.create_task(office.statuses.run())
    await asyncio.sleep(0)
    assert office.world.recorder.written == []

    office.changed.set()
    await until(lambda: bool(office.world.recorder.written))
    running.cancel()

    assert not office.changed.is_set()


async def test_a_start_writes_no_counts_of_a_part(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is written before each workload that there is has a verdict."""
    monkeypatch.setattr("slimgate.controller.statuses._PAUSE", 0.0)
    monkeypatch.setattr("slimgate.controller.statuses._PATIENCE", 10_000)
    office = Office()
    office.world.show(workload(FAT))
    office.changed.set()
    running = asyncio.create_task(office.statuses.run())
    for _ in range(10):
        await asyncio.sleep(0)
    early = list(office.world.recorder.written)

    async with office.world.running():
        await office.world.quiet()
        await until(lambda: bool(dict(office.world.recorder.written).get("default")))
    running.cancel()

    assert early == []
    assert office.world.recorder.of("default") == [
        ("default", PolicyStatus(workloads=1, violating=1, denied=1))
    ]


async def test_a_cluster_without_workloads(monkeypatch: pytest.MonkeyPatch) -> None:
    """Policies that nothing runs under get their status after a moment, too."""
    monkeypatch.setattr("slimgate.controller.statuses._PAUSE", 0.0)
    office = Office()
    office.changed.set()
    running = asyncio.create_task(office.statuses.run())

    await until(lambda: bool(office.world.recorder.written))
    running.cancel()

    assert office.world.recorder.of("default") == [("default", PolicyStatus())]
