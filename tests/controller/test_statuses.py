"""The statuses of policies, exceptions and BaseImages."""

import asyncio
import weakref
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from slimgate.cluster.conditions import stamp
from slimgate.controller.statuses import Statuses, pause_after
from slimgate.core.errors import ClusterError, UnavailableError
from slimgate.core.json_object import mapping_at
from slimgate.core.policies.budget import OverBudget
from slimgate.core.policies.verdict import Verdict
from slimgate.core.wording.status import Status, Tally
from slimgate.engine.objects import OwnKind
from tests.controller.fakes import FAT, LIMIT, World, fat, key_of, observed
from tests.core.wording.status.make import brief, messages
from tests.engine.cluster import base_image, exception, policy, workload
from tests.engine.shelf import Door, until
from tests.support import images

GOLDEN = "base.test/golden/go:1"
ENDED = {"expirationTime": "2026-11-24T00:00:00Z"}


class Kept(dict[str, object]):
    """An object of the cluster that tells whether anybody keeps it."""


class Office:
    """Statuses in a world."""

    def __init__(self, *, pause: float = 1.0) -> None:
        self.world = World()
        self.changed = self.world.reconciler.changed
        self.over: dict[str, list[OverBudget]] = {}
        self.statuses = Statuses(
            catalog=self.world.catalog,
            ledger=self.world.ledger,
            recorder=self.world.recorder,
            bases=self.world.inspector.bases,
            changed=self.changed,
            now=self.world.wall,
            budgets=lambda: self.over,
            pause=pause,
        )

    async def written(self) -> dict[str, Status]:
        """Write all statuses, and give them by name."""
        self.world.recorder.of()
        await self.statuses.write()
        found: dict[str, Status] = {}
        for name, status in self.world.recorder.written:
            assert isinstance(status, Status)
            found[name] = status
        return found

    async def judged(self) -> None:
        """Judge all anew."""
        async with self.world.running():
            await self.world.judged_again()

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[None]:
        """Have statuses be written as things change."""
        self.changed.set()
        running = asyncio.create_task(self.statuses.run())
        yield
        running.cancel()

    def counts(self) -> list[tuple[object, object]]:
        """Tell what was written of the policy's counts, and forget it."""
        statuses = [one for _, one in self.world.recorder.of("default") if isinstance(one, Status)]
        return [(one.fields["workloads"], one.fields["denied"]) for one in statuses]

    async def refreshed(self) -> None:
        """Look all bases up."""
        bases, catalog = self.world.inspector.bases, self.world.catalog
        await bases.refresh(catalog.base_images, catalog.platforms)


@pytest.fixture
async def office() -> Office:
    """Make an office in whose world one fat workload has been judged."""
    office = Office()
    async with office.world.running():
        await office.world.seen(workload(FAT))
    return office


async def test_policies(office: Office) -> None:
    """Counts of workloads, and what is wrong with the policy."""
    put = office.world.catalog.put_policy
    put(policy("idle", match={"namespaces": {"include": ["nowhere"]}}, limits=LIMIT))
    put({**policy("broken"), "spec": {"limits": LIMIT, "mode": "Strict"}})
    await office.judged()

    found = await office.written()

    counts = {
        name: (status.fields["denied"], status.fields["workloads"])
        for name, status in found.items()
    }
    assert counts == {"default": (1, 1), "idle": (0, 0), "broken": (0, 0)}
    assert brief(found["default"])["Ready"] == "True Judging"
    assert brief(found["broken"])["Ready"] == "False Invalid"
    assert messages(found["broken"])["Ready"].startswith("spec.mode: must be one of")


async def test_a_budget(office: Office) -> None:
    """What the last look at nodes found is told; of a policy that is newer nothing yet."""
    put = office.world.catalog.put_policy
    put(policy("tight", budget={"unpackedSize": 1}))
    put(policy("new", budget={"unpackedSize": 1}))
    office.over["tight"] = [OverBudget(namespace="shop", size=2, budget=1)]

    found = await office.written()

    assert [brief(found[name]).get("WithinBudget") for name in ("tight", "new", "default")] == [
        "False OverBudget", "Unknown Pending", None
    ]  # fmt: skip
    assert found["tight"].fields["overBudget"] == [{"namespace": "shop", "unpackedBytes": 2}]
    office.statuses.stale()
    assert not office.statuses.stale()
    office.over = {"tight": []}
    assert office.statuses.stale() == [(OwnKind.POLICY, "", "tight")]
    assert not office.statuses.stale()


async def test_a_base_that_is_not_resolved(office: Office) -> None:
    """What depends on it is not ready at once, and never was; what does not is."""
    world = office.world
    world.catalog.put_policy(policy("allow", bases={"allow": ["base.test/**"]}))
    world.catalog.put_policy(policy("other", bases={"allow": ["gcr.io/**"]}))
    world.catalog.put_base_image(base_image(GOLDEN))
    world.catalog.put_base_image(base_image(name="broken"))
    states = []

    async def look() -> None:
        found = await office.written()
        states.append([brief(found[name])["Ready"] for name in ("golden", "allow", "other")])

    await look()
    world.shelf.faults["base.test"] = UnavailableError("down")
    await office.refreshed()
    await look()
    world.shelf.faults.clear()
    world.shelf.put(GOLDEN, images.image([images.layer({"etc/golden": b"golden"})]))
    world.clock.now += 60
    await office.refreshed()
    await look()

    assert states == [
        ["Unknown Pending", "Unknown Pending", "True Judging"],
        ["False Unavailable", "False BaseUnresolved", "True Judging"],
        ["True Comparing", "True Judging", "True Judging"],
    ]
    assert brief((await office.written())["broken"])["Ready"] == "False Invalid"


async def test_base_images(office: Office) -> None:
    """What they are, by digest and platform, and how many images in use are based on them."""
    world = office.world
    world.catalog.put_base_image(base_image(GOLDEN))
    world.catalog.put_policy(policy("bases", bases={"deny": ["nothing"]}))
    digest = world.shelf.put(GOLDEN, images.image([*fat().layers]))
    await office.refreshed()
    await office.judged()

    assert (await office.written())["golden"].fields == {
        "images": 1,
        "resolved": [{"reference": GOLDEN, "digest": digest, "platforms": ["linux/amd64"]}],
        "errors": [],
    }


async def test_references_are_those_of_the_spec(office: Office) -> None:
    """In all that statuses say of them, however else they can be written."""
    catalog = office.world.catalog
    catalog.put_base_image(base_image("docker.io/golden:1", "base.test/golden/go:1"))
    catalog.put_policy(policy("allow", bases={"allow": ["golden", GOLDEN]}))
    pending = (await office.written())["golden"], (await office.written())["allow"]
    office.world.shelf.faults["docker.io"] = UnavailableError("down")
    office.world.shelf.put(GOLDEN, images.image([*fat().layers]))
    await office.refreshed()

    found = await office.written()

    said = "being looked up: docker.io/golden:1, base.test/golden/go:1"
    assert [messages(one)["ResolvedRefs"] for one in pending] == [said] * 2
    assert found["golden"].fields["errors"] == [
        {"reference": "docker.io/golden:1", "message": "down"}
    ]
    resolved = found["golden"].fields["resolved"]
    assert isinstance(resolved, list)
    assert [one["reference"] for one in resolved] == [GOLDEN]
    assert messages(found["golden"])["Ready"] == "docker.io/golden:1: down"
    assert messages(found["allow"])["Ready"] == "docker.io/golden:1 of BaseImage golden: down"


async def test_exceptions(office: Office) -> None:
    """How many workloads each excuses and how far over they are, or why it excuses none."""
    put = office.world.catalog.put_exception
    put(exception("legacy"))
    put(exception("over", **ENDED))
    put(exception("broken", reason=""))
    async with office.world.running():
        await office.world.quiet()

    found = await office.written()

    assert found["default"].fields["denied"] == 0
    assert found["legacy"].fields == {
        "workloads": 1,
        "lastUsedTime": "2026-11-25T00:00:00Z",
        "excused": [{"check": "pullSize", "workloads": 1, "largest": "50Ki", "limit": "10Ki"}],
    }
    assert brief(found["legacy"])["Used"] == "True Excusing"
    assert brief(found["over"])["InForce"] == "False Expired"
    assert brief(found["broken"])["Accepted"] == "False Invalid"


async def test_exceptions_that_policies_do_not_allow(office: Office) -> None:
    """It says which policy refuses it and why, and which policies there are not."""
    put, put_policy = office.world.catalog.put_exception, office.world.catalog.put_policy
    put_policy(policy("closed", exceptions={"allowed": False}))
    put_policy(policy("brief", exceptions={"maxDuration": "1h"}))
    put_policy({**policy("broken"), "spec": {}})
    for name, named in (
        ("refused", ["default", "closed"]),
        ("long", ["brief"]),
        ("lost", ["gone", "broken", "lost"]),
        ("alone", ["gone"]),
        ("half", ["default", "gone"]),
        ("spoilt", ["broken"]),
    ):
        put(exception(name, policyRefs=named))

    found = await office.written()

    assert brief(found["refused"])["Accepted"] == "False NotAllowed"
    assert brief(found["long"])["Accepted"] == "False TooLong"
    assert brief(found["lost"])["ResolvedRefs"] == "False PolicyNotFound"
    assert brief(found["alone"])["InForce"] == "False PolicyNotFound"
    assert brief(found["spoilt"])["ResolvedRefs"] == "True Resolved"
    names = ("refused", "long", "lost", "half", "spoilt")
    in_force = [brief(found[one])["InForce"] for one in names]
    assert in_force == [
        "True NotExpired", "False NotAccepted", "False PolicyInvalid", "True NotExpired",
        "False PolicyInvalid",
    ]  # fmt: skip
    messages = {one.type: one.message for one in found["lost"].conditions}
    assert messages["ResolvedRefs"] == "there is no SlimPolicy gone, lost"


async def test_time_brings_no_refused_exception_into_force(office: Office) -> None:
    """By what its status holds it stays refused until it is edited, or its policy is."""
    world = office.world
    world.catalog.put_policy(policy(limits=LIMIT, exceptions={"maxDuration": "240h"}))
    held = exception("legacy", expirationTime="2026-12-10T00:00:00Z")
    states = []

    async def look(generation: int = 1, **spec: object) -> None:
        """Take it as a mirror brings it, write its status, and judge."""
        edited = {**held, "spec": {**mapping_at(held, "spec"), **spec}}
        edited["metadata"] = {**mapping_at(held, "metadata"), "generation": generation}
        world.catalog.put_exception(edited)
        found = (await office.written())["legacy"]
        conditions = stamp(found.conditions, mapping_at(edited, "status"), generation, world.wall())
        held.update({**edited, "status": {"conditions": conditions}})
        await office.judged()
        (verdict,) = world.ledger.verdicts()
        states.append((brief(found)["Accepted"], verdict.outcome.label))

    await look()
    for _ in range(2):
        world.wall.move(6 * 86_400)
        await look()
    world.catalog.put_policy(policy(limits=LIMIT, exceptions={"maxDuration": "360h"}))
    await look()
    world.catalog.put_policy(policy(limits=LIMIT, exceptions={"maxDuration": "24h"}))
    await look()
    await look(2, expirationTime="2026-12-08T00:00:00Z")
    world.wall.move(3600)
    await look(2)

    assert states == [
        ("False TooLong", "deny"),
        ("False TooLong", "deny"),
        ("False TooLong", "deny"),
        ("True Accepted", "allow"),
        ("False TooLong", "deny"),
        ("True Accepted", "allow"),
        ("True Accepted", "allow"),
    ]


async def test_last_use(office: Office) -> None:
    """It is when something was last excused, whatever the mirror shows by then."""
    world = office.world
    world.catalog.put_exception(exception("legacy"))
    async with world.running():
        await world.quiet()
    times = []
    for seconds in (0, 3600, 3600):
        world.wall.move(seconds)
        times.append((await office.written())["legacy"].fields["lastUsedTime"])
    world.catalog.drop_policy("default")
    await office.judged()
    for seconds in (0, 3600):
        world.wall.move(seconds)
        times.append((await office.written())["legacy"].fields["lastUsedTime"])

    hours = ["00", "00", "00", "02", "02"]
    assert times == [f"2026-11-25T{hour}:00:00Z" for hour in hours]


class CountingTally(Tally):
    """Counts how many verdicts it has counted."""

    counted = 0

    def take(self, verdict: Verdict) -> None:
        """Count one more."""
        self.counted += 1
        super().take(verdict)


@pytest.mark.parametrize(("workloads", "objects"), [(10, 20), (20, 10)])
async def test_only_what_changed_is_counted_and_written(workloads: int, objects: int) -> None:
    """However many workloads, exceptions and policies there are."""
    office, tally = Office(), CountingTally()
    world, catalog = office.world, office.world.catalog
    world.ledger.tally = tally
    for number in range(objects):
        only = {"namespaces": {"include": [f"n{number}"]}}
        catalog.put_policy(policy(f"p{number}", match=only, limits=LIMIT))
        catalog.put_base_image(base_image(GOLDEN, name=f"b{number}"))
        catalog.put_exception(exception(f"e{number}", f"n{number}", policyRefs=[f"p{number}"]))
    async with world.running():
        for number in range(workloads):
            world.show(workload(FAT, name=f"w{number}", namespace=f"n{number % objects}"))
        await world.quiet()
        office.statuses.stale()
        await office.written()
        assert office.statuses.stale() == []
        tally.counted = 0

        world.show(workload(FAT, name="new", namespace="n1"))
        world.reconciler.judge_all("n2")
        await world.quiet()

    assert tally.counted == 1
    assert set(office.statuses.stale()) == {
        (OwnKind.POLICY, "", "default"),
        (OwnKind.POLICY, "", "p1"),
        (OwnKind.EXCEPTION, "n1", "e1"),
    }
    assert office.statuses.stale() == []


async def test_what_may_have_another_status(office: Office) -> None:
    """An object that is shown anew, what could not be written, what has ended; else all of it."""
    catalog, stale = office.world.catalog, office.statuses.stale
    for name in ("one", "two"):
        catalog.put_exception(exception(name, expirationTime="2026-11-25T01:00:00Z"))
    assert len(stale()) == 3
    office.world.recorder.faults["two"] = ClusterError("away")
    await office.written()
    assert stale() == [(OwnKind.EXCEPTION, "shop", "two")]
    office.world.recorder.faults.clear()
    await office.written()
    catalog.put_exception(exception("one", expirationTime="2026-11-25T01:00:00Z"))
    assert stale() == [(OwnKind.EXCEPTION, "shop", "one")]
    await office.written()
    office.world.wall.move(595)
    assert stale() == []
    office.world.wall.move(10)
    assert len(stale()) == 3
    await office.written()
    office.world.wall.move(3000)
    stale()
    office.world.wall.move(1)
    assert stale() == []


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
    assert brief(found["edited"])["Accepted"] == "False Invalid"


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


@pytest.mark.parametrize(("seconds", "pause"), [(0.0, 1.0), (0.5, 5.0), (100.0, 30.0)])
def test_pauses(seconds: float, pause: float) -> None:
    """A long round is followed by a longer pause, and by none in which counts stay wrong."""
    assert pause_after(seconds) == pause


async def test_a_start_writes_no_counts_of_a_part() -> None:
    """Nothing is written before each workload that there is has a verdict."""
    office = Office(pause=0.05)
    office.world.show(workload(FAT))
    async with office.writing():
        await asyncio.sleep(0.1)
        early = list(office.world.recorder.written)
        async with office.world.running():
            await until(lambda: bool(dict(office.world.recorder.written).get("default")))

    assert early == []
    assert office.counts() == [(1, 1)]


async def test_a_start_is_waited_for_as_long_as_it_goes_on() -> None:
    """However long it takes to judge all of very many; where nothing goes on, not for ever."""
    office = Office(pause=0.01)
    world = office.world
    many = [workload(FAT, name=f"w{number}") for number in range(40)]
    for one in many:
        world.show(one)
    async with office.writing():
        for one in many[:-1]:
            verdict = await world.judge.judge(one)
            world.ledger.judged(key_of(one), observed(one), verdict)
            await asyncio.sleep(0.01)
        early = list(world.recorder.written)
        await until(lambda: bool(world.recorder.written))

    assert early == []
    assert office.counts() == [(39, 39)]


async def test_a_cluster_without_workloads() -> None:
    """Policies that nothing runs under get their status after a moment, too."""
    office = Office(pause=0)
    async with office.writing():
        await until(lambda: bool(office.world.recorder.written))

    assert office.counts() == [(0, 0)]


async def test_what_is_gone_is_not_kept() -> None:
    """Exceptions come and go for as long as a cluster is there."""
    office, one = Office(), Kept(exception("ending"))
    kept = weakref.ref(one)
    office.world.catalog.put_exception(one)
    del one
    written = await office.written()
    office.world.catalog.drop_exception("shop", "ending")
    await office.statuses.write([])

    assert "ending" in written
    assert kept() is None
