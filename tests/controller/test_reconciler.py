"""Workloads are judged when something changed, and what was found is written down once."""

import weakref
from collections.abc import AsyncIterator, Callable
from datetime import timedelta

import pytest

from slimgate.controller import ledger
from slimgate.core.credentials.identity import ANONYMOUS
from slimgate.core.errors import ClusterError, NotFoundError, UnavailableError
from slimgate.core.images.facts import Digest, LayerContents, Size
from slimgate.core.policies.finding import Outcome
from slimgate.core.policies.verdict import Verdict
from slimgate.core.wording.annotations import (
    NO_ANNOTATIONS,
    SUMMARY,
    VERDICT,
    Annotate,
    annotations_of,
)
from slimgate.engine.ports import LayerReading
from tests.controller.fakes import FAT, LIMIT, Annotations, World, fat, key_of, observed
from tests.engine.cluster import exception, node, policy, workload
from tests.engine.shelf import (
    AMD64,
    APP,
    ARM64,
    EVERYTHING,
    REGISTRY,
    Door,
    identity,
    question,
    tiny,
    until,
)
from tests.support import images

WEB = workload(FAT)
DENIED = [
    ("note", ("web", "SlimPolicyViolation")),
    ("annotate", ("web", "deny")),
    ("report", ("web", "deny")),
]
RETRY = 0.01


@pytest.fixture
async def world() -> AsyncIterator[World]:
    """Have a reconciler be at work."""
    async with World().running() as world:
        yield world


def done(world: World) -> bool:
    """Whether everything was written in the end."""
    return world.recorder.written[-1:] == DENIED[-1:]


async def test_a_violation_is_written_down_once(world: World) -> None:
    """The Event first, since the annotation says that it was written; then the report."""
    await world.seen(WEB)

    assert world.recorder.written == DENIED


@pytest.mark.parametrize(
    ("annotate", "expected"),
    [
        (Annotate.OVER_POLICY, []),
        (Annotate.ALL, [("annotate", ("web", "allow"))]),
        (Annotate.NONE, []),
    ],
)
async def test_what_is_within_policy(
    annotate: Annotate, expected: list[tuple[str, object]]
) -> None:
    """It gets no Event, an annotation only where all get one, and it is reported."""
    async with World(annotate).running() as world:
        await world.seen(workload(APP))
        await world.judged_again()

    assert world.recorder.written == [*expected, *[("report", ("web", "allow"))] * 2]


async def test_facts_that_get_better(world: World) -> None:
    """Whatever made somebody look again, what rests on the facts is judged at once."""
    world.catalog.put_policy(policy(bases={"deny": ["alpine*"]}))
    world.inspector.reader.listen(world.reconciler.facts_changed)
    world.shelf.put(APP, tiny("slim"))
    (layer,) = tiny("slim").layers
    contents = LayerContents(paths=frozenset({"bin/busybox", "bin/sh"}))
    reading = LayerReading(unpacked=Size.measured(4), contents=contents)
    world.shelf.readings[layer.descriptor.digest] = reading
    world.shelf.faults[layer.descriptor.digest] = UnavailableError("down")
    key = world.show(workload(APP))
    await world.seen(workload(FAT, name="fat"))
    assert world.outcome(key) is Outcome.UNKNOWN
    world.shelf.faults.clear()
    world.clock.now += 61
    before = world.times.verdicts

    await world.inspector.inspect(question(wants=EVERYTHING))
    await until(lambda: world.outcome(key) is Outcome.ALLOW)
    await world.quiet()

    assert world.times.verdicts == before + 1


async def test_where_nothing_is_annotated() -> None:
    """A violation has its Event, once, and its report; old annotations are left as they are."""
    async with World(Annotate.NONE).running() as world:
        await world.seen(WEB, {VERDICT: "allow", SUMMARY: "1 image within policy"})
        await world.seen(WEB, {VERDICT: "allow", SUMMARY: "edited"})
        await world.judged_again()
        put_policy(world)
        await world.quiet()

    assert world.recorder.of("note", "annotate") == [
        ("note", ("web", "SlimPolicyViolation")),
        ("note", ("web", "WithinPolicy")),
    ]


@pytest.mark.parametrize(
    ("annotate", "old", "new"),
    [
        (Annotate.NONE, [], ["SlimPolicyViolation"]),
        (Annotate.OVER_POLICY, ["SlimPolicyViolation"], ["SlimPolicyViolation"]),
    ],
)
async def test_a_start_where_nothing_is_annotated(
    annotate: Annotate, old: list[str], new: list[str]
) -> None:
    """It repeats no Event of what was there long before, and tells of what changes or is new."""
    async with World(annotate).running() as world:
        start = world.wall.now
        world.show(WEB, created=start - timedelta(minutes=2))
        # Of which a former leader may not have told, as it ended.
        await world.seen(workload(FAT, name="new"), created=start - timedelta(seconds=20))
        first = world.recorder.of("note")
        put_policy(world)
        await world.quiet()
        later = world.recorder.of("note")

    assert sorted(first) == [
        *[("note", ("new", one)) for one in new],
        *[("note", ("web", one)) for one in old],
    ]
    assert sorted(later) == [("note", (name, "WithinPolicy")) for name in ("new", "web")]


async def test_a_start_where_annotations_were_left() -> None:
    """What another setting has written, and is still so, is told of when it changes."""
    left = await annotations_left()
    async with World(Annotate.NONE).running() as world:
        await world.seen(WEB, left, created=world.wall.now - timedelta(days=1))
        first = world.recorder.of("note")
        put_policy(world)
        await world.quiet()

    assert (first, world.recorder.of("note")) == ([], [("note", ("web", "WithinPolicy"))])


async def annotations_left() -> Annotations:
    """Have another controller judge the workload, and end."""
    async with World().running() as old:
        return old.record(await old.seen(WEB)).observed.annotations


@pytest.mark.parametrize("annotate", Annotate)
async def test_annotations_of_another_mode(annotate: Annotate) -> None:
    """What all had is taken from those within policy, unless all keep it or none is written."""
    async with World(annotate).running() as world:
        held = {VERDICT: "allow", SUMMARY: "1 image within policy"}
        key = await world.seen(workload(APP), held)
        record = world.record(key)

    removed = annotate is Annotate.OVER_POLICY
    assert world.recorder.of("note", "annotate") == [("annotate", ("web", None))] * removed
    assert record.observed.annotations == (NO_ANNOTATIONS if removed else held)


async def test_no_policy_no_annotation(world: World) -> None:
    """A workload that no policy speaks of is left as it is."""
    world.catalog.drop_policy("default")
    await world.seen(WEB)

    assert world.recorder.of("note", "annotate") == []


async def test_annotations_that_were_removed_come_back(world: World) -> None:
    """Without another Event; an event that changes nothing is not even looked at."""
    right = world.record(await world.seen(WEB)).observed.annotations
    world.recorder.of()
    for _ in range(5):
        await world.seen(WEB, right)
    assert world.recorder.written == []

    await world.seen(WEB, {VERDICT: "allow", SUMMARY: "all is well"})

    assert world.recorder.of("note", "annotate") == [("annotate", ("web", "deny"))]


async def test_a_report_that_is_lost_comes_back(world: World) -> None:
    """And one of a workload that is gone does not."""
    await world.seen(WEB)
    world.recorder.of()
    for uid in ("nobody", "web"):
        world.reconciler.record_anew(uid)
    await world.quiet()

    assert world.recorder.written == [DENIED[-1]]


async def test_an_old_event_that_comes_late_repeats_nothing(world: World) -> None:
    """The API server may show a workload as it was before its annotations were written."""
    world.recorder.on_annotate = None
    door = world.recorder.doors["note"] = Door()
    world.show(WEB)
    await door.knocked.wait()
    world.show(WEB)
    door.opened.set()
    await world.quiet()
    await world.seen(WEB)

    notes = [what for kind, what in world.recorder.written if kind == "note"]
    assert notes == [("web", "SlimPolicyViolation")]


async def test_an_old_event_that_comes_late_hides_nothing(world: World) -> None:
    """What was said last is what an Event is written against, not what is shown late."""
    world.recorder.on_annotate = None
    await world.seen(WEB)
    world.recorder.of()
    put_policy(world)
    await world.quiet()

    assert world.recorder.of("note") == [("note", ("web", "WithinPolicy"))]


async def test_a_restart_writes_nothing(world: World) -> None:
    """A new controller finds all as the old one left it."""
    await world.seen(WEB, await annotations_left())

    assert world.recorder.of("note", "annotate") == []


async def test_a_restart_between_event_and_annotation(world: World) -> None:
    """The new controller finishes it; an Event may be posted again, but is never lost."""
    async with World().running() as old:
        door = old.recorder.doors["annotate"] = Door()
        old.show(WEB)
        await door.knocked.wait()

    await world.seen(WEB)

    assert (old.recorder.written, world.recorder.written) == (DENIED[:2], DENIED)


@pytest.mark.parametrize("fails", ["note", "annotate", "report"])
async def test_what_was_not_taken_is_written_again(
    fails: str, caplog: pytest.LogCaptureFixture
) -> None:
    """From where it failed, with a warning; an Event that was taken is not repeated."""
    async with World(retry_seconds=RETRY).running() as world:
        world.recorder.faults[fails] = ClusterError("the API server is away")
        world.show(WEB)
        await until(lambda: fails in dict(world.recorder.written))
        await world.quiet()
        tried = len(world.recorder.written)
        world.recorder.faults.clear()
        await until(lambda: len(world.recorder.written) > tried and done(world))

        counts = [kind for kind, _ in world.recorder.written]
    assert {kind for kind in ("note", "annotate", "report") if counts.count(kind) > 1} == {fails}
    assert "the API server is away" in caplog.text
    assert {(one.levelname, one.exc_info) for one in caplog.records} == {("WARNING", None)}


async def test_the_observer_hears_of_all_work() -> None:
    """Of what waited, of verdicts, and of what could not be written."""
    async with World(retry_seconds=0.05).running() as world:
        world.recorder.faults = {"note": ClusterError("down")}
        world.show(workload())
        await world.seen(workload(FAT, name="fat"))
    times = world.times

    assert times.waits == times.verdicts == len(times.ended)
    assert {*times.ended} == {"done", "failed"}


async def test_one_workloads_trouble_is_its_own(caplog: pytest.LogCaptureFixture) -> None:
    """A fault of slimgate's own is logged, and the other workloads are judged."""
    async with World(Annotate.ALL, workers=1).running() as world:
        world.recorder.faults["note"] = ZeroDivisionError()
        world.show(WEB)
        await world.seen(workload(APP, name="other"))

        assert ("annotate", ("other", "allow")) in world.recorder.written
    assert "deployment shop/web could not be judged" in caplog.text.lower()


async def test_a_workload_that_changes_while_it_is_judged() -> None:
    """The verdict on what it was is written nowhere; what it is now is judged."""
    async with World(Annotate.ALL).running() as world:
        door = world.shelf.doors["document"] = Door()
        world.show(WEB)
        await door.knocked.wait()
        world.show(workload(APP))
        door.opened.set()
        await world.quiet()

        assert world.recorder.of("note", "annotate") == [("annotate", ("web", "allow"))]


async def test_a_workload_that_goes_while_it_is_judged() -> None:
    """Nothing is written of it, and it is not judged again."""
    async with World(drift_seconds=RETRY).running() as world:
        door = world.shelf.doors["document"] = Door()
        key = world.show(WEB)
        await door.knocked.wait()
        world.reconciler.drop(key)
        door.opened.set()
        await world.quiet()

        assert world.recorder.written == []
        assert key not in world.reconciler.rechecks.schedule
        assert world.reconciler.changed.is_set()


async def test_a_workload_that_goes_as_its_verdict_is_kept() -> None:
    """Its images are not looked at for ever: whose login they need is asked before."""
    async with World(drift_seconds=RETRY).running() as world:
        # The judge asks twice before, since one look does not tell it all.
        door = world.keys.doors[3] = Door()
        key = world.show(WEB)
        await door.knocked.wait()
        world.reconciler.drop(key)
        door.opened.set()
        await world.quiet()

    assert world.recorder.written == []
    assert world.reconciler.rechecks.schedule.due() is None


def test_what_comes_and_goes_while_another_leads() -> None:
    """Nothing of it is kept for who stands by, which may be for months."""

    class Known(str):
        """A digest that tells whether anybody keeps it."""

        __slots__ = ("__weakref__",)

    world, digest = World(), Known("sha256:1")
    kept = weakref.ref(digest)
    for number in range(3):
        key = world.show(workload(APP, name=f"job-{number}"))
        world.reconciler.judge_all()
        world.reconciler.drop(key)
    world.reconciler.facts_changed(Digest(digest))
    del digest
    left = world.show(WEB)
    world.reconciler.release(left, observed(WEB, {VERDICT: "deny"}))
    waiting = [world.reconciler.queue.waiting]
    world.reconciler.drop(left)
    waiting.append(world.reconciler.queue.waiting)

    assert waiting == [1, 0]
    assert kept() is None


def put_exception(world: World) -> None:
    """Excuse everything."""
    world.catalog.put_exception(exception("legacy"))


def put_policy(world: World) -> None:
    """Allow more."""
    world.catalog.put_policy(policy(limits={"pullSize": {"deny": "1Gi"}}))


def drop_policy(world: World) -> None:
    """Have no policy any more."""
    world.catalog.drop_policy("default")


CHANGES: list[tuple[Annotate, Callable[[World], None], str, str | None]] = [
    (Annotate.OVER_POLICY, put_exception, "WithinPolicy", None),
    (Annotate.OVER_POLICY, put_policy, "WithinPolicy", None),
    (Annotate.OVER_POLICY, drop_policy, "NoPolicy", None),
    (Annotate.ALL, put_exception, "WithinPolicy", "allow"),
    (Annotate.ALL, put_policy, "WithinPolicy", "allow"),
    (Annotate.ALL, drop_policy, "NoPolicy", None),
]


@pytest.mark.parametrize(("annotate", "act", "reason", "verdict"), CHANGES)
async def test_verdicts_follow_policies_and_exceptions(
    annotate: Annotate, act: Callable[[World], None], reason: str, verdict: str | None
) -> None:
    """All workloads are judged again, and those whose verdict is another are told."""
    async with World(annotate).running() as world:
        await world.seen(WEB)
        world.recorder.of()

        act(world)
        await world.quiet()

        assert world.recorder.of("note", "annotate") == [
            ("note", ("web", reason)),
            ("annotate", ("web", verdict)),
        ]


async def test_an_exception_is_of_its_namespace(world: World) -> None:
    """Whoever may write exceptions there has no other workloads judged again."""
    for name in ("a", "b", "c"):
        world.show(workload(FAT, name=name))
        world.show(workload(FAT, name=name, namespace="other"))
    await world.quiet()
    before = world.times.verdicts
    put_exception(world)
    await world.quiet()
    judged = world.times.verdicts - before
    put_policy(world)
    await world.quiet()

    assert (judged, world.times.verdicts - before) == (3, 9)


async def test_an_exception_that_expires() -> None:
    """Whoever was excused is judged again then, whatever else is due later."""
    async with World(Annotate.ALL).running() as world:
        world.catalog.put_exception(exception("legacy", expirationTime="2026-11-25T00:00:01Z"))
        await world.seen(WEB)
        assert world.recorder.of("annotate") == [("annotate", ("web", "allow"))]
        assert 0 < (world.reconciler.rechecks.schedule.due() or 0) <= 1

        world.wall.move(0.99)
        await world.judged_again()
        world.wall.move(0.02)
        await until(lambda: done(world))

        assert world.recorder.of("note", "annotate") == DENIED[:2]


async def test_a_tag_that_moves() -> None:
    """Nobody deployed anything, and the workload is found to be fat all the same."""
    async with World(drift_seconds=RETRY).running() as world:
        await world.seen(workload(APP))
        world.shelf.put(APP, tiny("x" * 9, *map(str, range(40))))
        world.catalog.put_policy(policy(limits={"layers": {"deny": 30}}))
        await world.quiet()
        world.recorder.of()

        world.clock.now += 400
        await until(lambda: done(world))

        assert world.recorder.of("note", "annotate") == DENIED[:2]


@pytest.mark.parametrize("number", [10, 40])
async def test_one_looks_for_all(number: int) -> None:
    """An image is looked at again once, however many run it; all are judged when its tag moved."""
    async with World(drift_seconds=0.3).running() as world:
        many = [workload(FAT if one % 2 else APP, name=f"w{one}") for one in range(number)]
        for one in many:
            world.show(one)
        await world.quiet()
        world.shelf.asked.clear()
        world.clock.now += 400
        before = world.times.verdicts
        await until(lambda: len(world.shelf.asked) == 2)
        await world.quiet()
        assert world.shelf.count() == {"resolve": 2}
        assert world.times.verdicts <= before + 6

        world.shelf.put(APP, fat())
        world.clock.now += 400
        await until(lambda: all(world.outcome(key_of(one)) is Outcome.DENY for one in many))
        assert world.times.verdicts <= before + 12 + number / 2


@pytest.mark.parametrize("number", [10, 40])
async def test_one_looks_for_all_while_a_registry_is_away(number: int) -> None:
    """Once it is back, all are judged."""
    async with World(retry_seconds=0.3).running() as world:
        world.shelf.faults["document"] = UnavailableError("down")
        many = [workload(FAT, name=f"w{one}") for one in range(number)]
        for one in many:
            world.show(one)
        await world.quiet()
        before = world.times.verdicts
        await until(lambda: world.times.verdicts > before)
        await world.quiet()
        assert world.times.verdicts <= before + 4

        world.shelf.faults.clear()
        world.clock.now += 16
        await until(lambda: all(world.outcome(key_of(one)) is Outcome.DENY for one in many))


async def test_credentials_that_are_mended() -> None:
    """Each workload whose image can't be seen looks for itself: its own secret may be it."""
    async with World(drift_seconds=RETRY).running() as world:
        world.shelf.keys[f"{REGISTRY}/team/fat"] = {identity("me")}
        keys = [world.show(workload(FAT, name=name)) for name in ("web", "api")]
        await world.quiet()
        assert {world.outcome(key) for key in keys} == {Outcome.UNKNOWN}

        world.keys.answer = identity("me")
        await until(lambda: {world.outcome(key) for key in keys} == {Outcome.DENY})


async def test_credentials_that_can_not_be_read() -> None:
    """They are tried again soon."""
    async with World(retry_seconds=RETRY).running() as world:
        world.keys.answer = ClusterError("the API server is away")
        key = await world.seen(WEB)
        world.keys.answer = ANONYMOUS
        await until(lambda: world.outcome(key) is Outcome.DENY)


async def test_the_same_verdict_has_nothing_counted_anew() -> None:
    """A look that finds what was known is no change; another image, or policy, is one."""
    async with World(Annotate.ALL).running() as world:
        seen = []

        async def look() -> None:
            world.reconciler.changed.clear()
            await world.judged_again()
            seen.append(world.reconciler.changed.is_set())

        world.show(WEB)
        await world.seen(workload(f"{REGISTRY}/team/none:1", name="unknown"))
        seen.append(world.reconciler.changed.is_set())
        await look()
        world.clock.now += 400
        await look()
        world.clock.now += 400
        world.shelf.put(FAT, images.image([*fat().layers, images.layer({"more": b"x"})]))
        await look()
        put_policy(world)
        await look()

    assert seen == [True, False, False, True, True]


async def test_what_is_not_known_is_tried_again() -> None:
    """As soon as it is known, it is written; no Event comes for each new reason meanwhile."""
    async with World(retry_seconds=RETRY).running() as world:
        world.shelf.faults["document"] = UnavailableError("down 1")
        await world.seen(WEB)
        assert world.recorder.of("note") == [("note", ("web", "ImageUnknown"))]
        for number in range(2, 5):
            world.shelf.faults["document"] = UnavailableError(f"down {number}")
            world.clock.now += 16
            await until(lambda: "annotate" in dict(world.recorder.written))
            await world.quiet()
            assert world.recorder.of("note") == []

        world.shelf.faults.clear()
        world.clock.now += 16
        await until(lambda: done(world))
        assert world.recorder.of("note", "annotate") == DENIED[:2]


async def test_what_does_not_pass_is_not_tried_every_moment() -> None:
    """An image that is not there, or does not tell its size, waits as long as any other."""
    async with World(drift_seconds=300, retry_seconds=RETRY).running() as world:
        world.shelf.faults[REGISTRY] = NotFoundError("gone")
        await world.seen(WEB)

    assert (world.reconciler.rechecks.schedule.due() or 0) > 290


@pytest.mark.parametrize("away", ["a layer", "a platform"])
async def test_what_is_known_in_part_is_tried_again(away: str) -> None:
    """Soon, where what is lacking may pass; once it is there, as seldom as any other."""
    async with World(drift_seconds=300, retry_seconds=RETRY).running() as world:
        world.catalog.put_node(node("n1", "amd64"))
        world.catalog.put_node(node("n2", "arm64"))
        several = images.index([tiny("one", platform=AMD64), tiny("two", platform=ARM64)])
        world.shelf.put(APP, several)
        world.catalog.put_policy(policy(bases={"deny": ["nobody/**"]}))
        lacking = "layer" if away == "a layer" else several.images[1].digest
        world.shelf.faults[lacking] = UnavailableError("down")
        world.show(workload(APP))
        await until(lambda: world.times.verdicts > 1)
        world.shelf.faults.clear()
        world.clock.now += 120
        await until(lambda: (world.reconciler.rechecks.schedule.due() or 0) > 290)


async def test_a_verdict_that_says_the_same_is_written_once(world: World) -> None:
    """However often the workload is judged."""
    world.catalog.put_policy(policy("second", limits={**LIMIT, "layers": {"deny": 1}}))
    key = await world.seen(WEB)
    world.recorder.of()
    for _ in range(5):
        await world.judged_again()

    assert world.recorder.of("note", "annotate") == []
    record = world.record(key)
    assert record.verdict is not None
    assert record.observed.annotations == annotations_of(record.verdict)


async def test_a_verdict_is_put_into_words_once(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It takes as long as to reach it, and each echo of what was written asks for the words."""
    written: list[Verdict] = []

    def write(verdict: Verdict) -> Annotations:
        written.append(verdict)
        return annotations_of(verdict)

    monkeypatch.setattr(ledger, "annotations_of", write)
    key = await world.seen(WEB)
    for _ in range(3):
        record = world.record(key)
        assert world.reconciler.echoes(key, record.observed)
        await world.judged_again()

    assert len(written) == world.times.verdicts == 4
    assert world.record(key).says is world.record(key).said


async def test_many_workloads_with_few_workers() -> None:
    """All are judged, each once, whatever the order that they come in."""
    async with World(workers=3).running() as world:
        for number in range(200):
            one = workload(FAT if number % 2 else APP, name=f"w{number}")
            world.reconciler.observe(key_of(one), observed(one))
            world.reconciler.observe(key_of(one), observed(one))
        await world.quiet()

    notes = [what for kind, what in world.recorder.written if kind == "note"]
    assert sorted(notes) == sorted((f"w{n}", "SlimPolicyViolation") for n in range(1, 200, 2))  # type: ignore[type-var]
    assert len(list(world.ledger.verdicts())) == 200
    assert world.shelf.count() == {"document": 2, "config": 1}


@pytest.mark.parametrize("number", [50, 200])
async def test_a_workload_waits_for_no_policy(number: int) -> None:
    """However many are judged again since a policy has changed, one that is new is judged next."""
    async with World(workers=1, reserve=0).running() as world:
        for one in range(number):
            world.show(workload(APP, name=f"w{one}"))
        await world.quiet()
        world.recorder.written.clear()
        world.recorder.on_report = lambda: world.show(workload(APP, name="new"))
        put_policy(world)
        await world.quiet()

    order = [what for kind, what in world.recorder.written if kind == "report"]
    assert order.index(("new", "allow")) == 1
    assert world.times.verdicts == 2 * number + 1


async def test_a_workload_waits_for_no_registry() -> None:
    """While all that is judged again waits for registries, others are judged."""
    async with World(workers=2, reserve=1).running() as world:
        for one in range(3):
            world.show(workload(FAT, name=f"w{one}"))
        await world.quiet()
        door = world.recorder.doors["report"] = Door()
        world.reconciler.judge_all()
        await until(lambda: world.reconciler.queue.active == 2)
        world.recorder.doors.clear()

        world.show(workload(APP, name="new"))
        await until(lambda: ("report", ("new", "allow")) in world.recorder.written)

        assert world.reconciler.queue.active >= 2
        door.opened.set()
        await world.quiet()


@pytest.mark.parametrize("policies", [1, 100])
async def test_a_crowd_of_policies_is_one_change(world: World, policies: int) -> None:
    """However many come at once, and exceptions besides, each workload is judged again once."""
    for one in range(20):
        world.show(workload(APP, name=f"w{one}"))
    await world.quiet()
    before = world.times.verdicts
    for one in range(policies):
        world.catalog.put_policy(policy(f"p{one}", limits=LIMIT))
        world.catalog.put_exception(exception(f"e{one}"))
    await world.quiet()

    assert world.times.verdicts == before + 20
