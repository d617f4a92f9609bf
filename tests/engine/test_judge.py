"""Verdicts: what is looked up for them, what is not, and what becomes of what is not known."""

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import product

import pytest

from slimgate.core.admission.decision import decide
from slimgate.core.errors import (
    ClusterError,
    ImageError,
    NotFoundError,
    UnauthorizedError,
    UnavailableError,
)
from slimgate.core.images.facts import Inspection
from slimgate.core.images.oci import parse_document
from slimgate.core.images.reference import Reference
from slimgate.core.policies.finding import Outcome, Subject
from slimgate.core.policies.verdict import Verdict
from slimgate.engine.catalog import Catalog
from slimgate.engine.inspector import Inspector
from slimgate.engine.judge import Judge
from tests.engine.cluster import Keys, policy, use, workload
from tests.engine.shelf import AMD64, APP, REGISTRY, Door, Shelf, identity, tiny
from tests.support import images
from tests.support.calls import Calls

NOW = datetime(2026, 11, 25, tzinfo=UTC)
FAT, OTHER = f"{REGISTRY}/team/fat:1", "other.test/team/app:1"
NOISE = bytes((i * i * 31 + i // 7) % 256 for i in range(40_000))
LIMIT = {"pullSize": {"deny": "10Ki"}}


@pytest.fixture(autouse=True)
def pushed(shelf: Shelf) -> None:
    """Push a slim image, a fat one, and a slim one of another registry."""
    shelf.put(APP, tiny("slim"))
    shelf.put(FAT, images.image([images.layer({"fat": NOISE}, compression="none")]))
    shelf.put(OTHER, tiny("other"))


def said(verdict: Verdict) -> list[tuple[str, str, Outcome]]:
    """Tell the findings of a verdict by container, check and outcome."""
    return [(f.use.name if f.use else "", f.check, f.outcome) for f in verdict.findings]


def reasons(verdict: Verdict) -> list[str | None]:
    """Tell why things are unknown."""
    return [finding.reason for finding in verdict.findings]


async def test_no_policy_no_look(judge: Judge, shelf: Shelf, keys: Keys) -> None:
    """Where no policy speaks of a workload, nobody is asked for anything."""
    verdict = await judge.judge(workload(APP))

    assert verdict == Verdict(subject=Subject(workload=workload(APP), images={}))
    assert (verdict.policies, verdict.outcome) == ((), Outcome.ALLOW)
    assert (shelf.count(), keys.asked) == ({}, 0)


async def test_only_images_that_a_policy_speaks_of_are_looked_up(
    judge: Judge, shelf: Shelf, catalog: Catalog, keys: Keys
) -> None:
    """By the policy's globs, and for what those policies want of each image."""
    catalog.put_policy(policy("all", match={"images": {"include": [f"{REGISTRY}/**"]}}))
    catalog.put_policy(
        policy(
            "some",
            match={"images": {"include": ["**/fat"]}},
            limits={"unpackedSize": {"deny": "100Mi"}},
        )
    )

    verdict = await judge.judge(workload(APP, FAT, OTHER))

    assert [one.reference for one in verdict.subject.images] == [APP, FAT]
    assert shelf.count() == {"document": 2, "config": 1, "layer": 1}
    assert (await judge.judge(workload(OTHER))).subject.images == {}
    assert keys.asked == 1


async def test_a_reference_is_looked_up_once(judge: Judge, shelf: Shelf, catalog: Catalog) -> None:
    """However many containers use it, and each has its own finding."""
    catalog.put_policy(policy(limits=LIMIT))

    verdict = await judge.judge(workload(FAT, FAT, FAT))

    assert said(verdict) == [(f"c{n}", "pullSize", Outcome.DENY) for n in range(3)]
    assert shelf.count() == {"document": 1, "config": 1}


async def test_a_document_is_parsed_once(judge: Judge, catalog: Catalog) -> None:
    """Though it is looked at to tell an index from an image, and then as what it is."""
    catalog.put_policy(policy(limits=LIMIT))

    with Calls(parse_document) as calls:
        await judge.judge(workload(APP, FAT))

    assert calls.count == 2


async def test_violations_alone_are_worth_a_config(
    judge: Judge, shelf: Shelf, catalog: Catalog
) -> None:
    """A denial names the platform and the base; an image within policy is not looked into."""
    catalog.put_policy(policy(limits=LIMIT))
    await judge.judge(workload(APP))
    assert shelf.count() == {"document": 1}

    (finding,) = (await judge.judge(workload(FAT))).findings

    assert finding.image is not None
    assert finding.image.platform == AMD64
    assert shelf.count() == {"document": 1, "config": 1}


async def test_a_violation_stands_without_its_config(
    judge: Judge, shelf: Shelf, catalog: Catalog
) -> None:
    """A config that can't be had leaves a denial less to tell, and no less a denial."""
    catalog.put_policy(policy(limits=LIMIT))
    shelf.faults["config"] = UnavailableError("down")

    verdict = await judge.judge(workload(FAT))

    assert said(verdict) == [("c0", "pullSize", Outcome.DENY)]


async def test_a_warm_verdict_takes_no_task(judge: Judge, shelf: Shelf, catalog: Catalog) -> None:
    """What is at hand is answered without a request, and without waiting for the loop."""
    catalog.put_policy(policy("a", limits={**LIMIT, "growth": {"deny": "10%"}}))
    catalog.put_policy(policy("b", bases={"maxTier": {"deny": "Full"}}))
    new, old = workload(APP, FAT), workload(FAT, APP)
    cold = await judge.judge(new, old=old)
    shelf.count()
    before = asyncio.all_tasks()

    warm = judge.judge(new, old=old)
    with pytest.raises(StopIteration) as stop:
        warm.send(None)

    assert said(stop.value.value) == said(cold)
    assert (shelf.count(), asyncio.all_tasks()) == ({}, before)


@pytest.mark.parametrize(
    "case", [*product([None, "alice", "mallory"], [UnauthorizedError, NotFoundError])]
)
async def test_credentials_that_are_refused_are_looked_for_again(
    judge: Judge,
    shelf: Shelf,
    catalog: Catalog,
    keys: Keys,
    case: tuple[str | None, type[ImageError]],
) -> None:
    """Once for a review, whether a registry says so or denies that there is the image."""
    newer, denies = case
    catalog.put_policy(policy(limits=LIMIT))
    shelf.keys[f"{REGISTRY}/team/fat"] = {identity("alice")}
    shelf.denies = denies
    keys.answer = identity("eve")
    keys.next = identity(newer) if newer else None

    verdict = await judge.judge(workload(APP, FAT))

    outcome = Outcome.DENY if newer == "alice" else Outcome.UNKNOWN
    assert [f.outcome for f in verdict.findings] == [outcome]
    shelf.count()
    again = await judge.judge(workload(APP))
    assert again.findings == ()


async def test_the_deadline_is_kept_and_the_look_goes_on(
    judge: Judge, shelf: Shelf, catalog: Catalog
) -> None:
    """A registry that hangs leaves its own image unknown, and answers for the next one."""
    catalog.put_policy(policy(limits=LIMIT))
    door = shelf.doors["other.test"] = Door()
    started = time.monotonic()

    late = await judge.judge(workload(FAT, OTHER), seconds=0.1)

    assert 0.1 <= time.monotonic() - started < 2
    assert said(late) == [("c1", "inspection", Outcome.UNKNOWN), ("c0", "pullSize", Outcome.DENY)]
    assert (
        reasons(late)[0]
        == "other.test did not answer in full within 0.1 s; slimgate goes on asking"
    )
    door.opened.set()
    again = await judge.judge(workload(FAT, OTHER))
    assert said(again) == [("c0", "pullSize", Outcome.DENY)]
    assert [words for _, words in shelf.asked if "other.test" in words] == ["other.test/team/app@1"]


async def test_a_hanging_registry_slows_nobody_else(
    judge: Judge, shelf: Shelf, catalog: Catalog
) -> None:
    """Workloads of other registries are judged as fast as ever meanwhile."""
    catalog.put_policy(policy(limits=LIMIT))
    door = shelf.doors["other.test"] = Door()
    slow = [asyncio.create_task(judge.judge(workload(OTHER), seconds=3)) for _ in range(50)]
    await door.knocked.wait()

    for _ in range(20):
        assert (await judge.judge(workload(APP))).outcome is Outcome.ALLOW

    assert not any(task.done() for task in slow)
    door.opened.set()
    assert {(await task).outcome for task in slow} == {Outcome.ALLOW}


UNKNOWN: list[tuple[str, object, str]] = [
    ("Not A Reference", None, "'Not A Reference' is not an image reference"),
    (f"{REGISTRY}/team/none:1", None, f"there is no {REGISTRY}/team/none:1"),
    (APP, NotFoundError("gone for good"), "gone for good"),
    (APP, ZeroDivisionError("secret"), "slimgate itself failed (ZeroDivisionError)"),
]


@pytest.mark.parametrize(("reference", "fault", "expected"), UNKNOWN)
async def test_an_image_that_is_not_known(
    judge: Judge,
    shelf: Shelf,
    catalog: Catalog,
    *,
    reference: str,
    fault: Exception | None,
    expected: str,
) -> None:
    """One image's trouble is a finding of its own, and the others are judged all the same."""
    catalog.put_policy(policy(limits=LIMIT, onUnknown="Deny", mode="Enforce"))
    if fault is not None:
        shelf.faults[REGISTRY] = fault
    else:
        await judge.judge(workload(FAT))

    verdict = await judge.judge(workload(use(reference, "odd"), use(OTHER, "fine")))

    assert said(verdict) == [("odd", "inspection", Outcome.UNKNOWN)]
    assert (reasons(verdict)[0] or "").startswith(expected)
    assert "secret" not in str(reasons(verdict))
    assert not decide(verdict).allowed


KEYRINGS = [
    (NotFoundError("the pull secret names no registry"), "the pull secret names no registry"),
    (ClusterError("the API server is away"), "the API server is away"),
    (ValueError("secret"), "slimgate itself failed (ValueError); see its log"),
]


@pytest.mark.parametrize(("error", "expected"), KEYRINGS)
async def test_pull_secrets_that_cannot_be_read(
    judge: Judge,
    catalog: Catalog,
    keys: Keys,
    caplog: pytest.LogCaptureFixture,
    *,
    error: Exception,
    expected: str,
) -> None:
    """All images are unknown then, for that reason; a fault of slimgate's own is in its log."""
    catalog.put_policy(policy(limits=LIMIT))
    keys.answer = error

    verdict = await judge.judge(workload(APP, OTHER))

    assert reasons(verdict) == [expected] * 2
    assert verdict.outcome is Outcome.UNKNOWN
    logged = [(one.message, one.exc_info and one.exc_info[1]) for one in caplog.records]
    assert logged == [("slimgate itself failed", error)] * isinstance(error, ValueError)


async def test_where_an_image_is_is_found_once(
    watched: Inspector, catalog: Catalog, keys: Keys
) -> None:
    """A reference is read once, and the answer is called what whoever finds it calls it."""
    catalog.put_policy(policy(limits=LIMIT))
    located: list[str] = []

    def locate(text: str) -> tuple[Reference, str]:
        located.append(text)
        return Reference.parse(FAT), f"the one of {text}"

    judge = Judge(inspector=watched, catalog=catalog, keyring=keys, now=lambda: NOW, locate=locate)
    verdicts = [await judge.judge(workload("fat")) for _ in range(3)]

    names = {one.reference for verdict in verdicts for one in seen_in(verdict)}
    assert (located, names) == (["fat"], {"the one of fat"})


def seen_in(verdict: Verdict) -> list[Inspection]:
    """List what was found."""
    return [one for one in verdict.subject.images.values() if isinstance(one, Inspection)]


async def test_pull_secrets_that_take_too_long(
    judge: Judge, catalog: Catalog, keys: Keys, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The deadline holds for them too."""
    catalog.put_policy(policy(limits=LIMIT))

    async def hang(_: object) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(keys, "identity", hang)
    verdict = await judge.judge(workload(APP), seconds=0.05)

    assert reasons(verdict) == ["the workload's pull secrets could not be read in time"]


@dataclass
class _Namespaces:
    answer: Mapping[str, str] | ClusterError | None
    asked: int = 0

    async def labels(self, namespace: str) -> Mapping[str, str]:
        """Answer, or never, or not."""
        assert namespace == "shop"
        self.asked += 1
        if self.answer is None:
            await asyncio.Event().wait()
        if isinstance(self.answer, ClusterError):
            raise self.answer
        return self.answer or {}


NAMED = {"matchLabels": {"kubernetes.io/metadata.name": "shop"}}
UNSEEN = [("", "inspection", Outcome.UNKNOWN)]


@pytest.mark.parametrize(
    ("selector", "answer", "expected"),
    [
        ({"matchLabels": {"team": "a"}}, {"team": "a"}, [("c0", "pullSize", Outcome.DENY)]),
        ({"matchLabels": {"team": "a"}}, {"team": "b"}, []),
        ({"matchLabels": {"team": "a"}}, ClusterError("away"), UNSEEN),
        ({"matchLabels": {"team": "a"}}, None, UNSEEN),
        (
            {"matchExpressions": [{"key": "team", "operator": "DoesNotExist"}]},
            ClusterError("away"),
            UNSEEN,
        ),
        (NAMED, ClusterError("away"), [("c0", "pullSize", Outcome.DENY)]),
        (
            {"matchLabels": {"kubernetes.io/metadata.name": "other", "team": "a"}},
            ClusterError("away"),
            [],
        ),
    ],
)
async def test_a_namespace_that_no_mirror_has_heard_of(
    watched: Inspector,
    selector: dict[str, object],
    answer: Mapping[str, str] | ClusterError | None,
    expected: list[object],
) -> None:
    """Its labels are asked for once if they matter; else it is unknown whether a policy applies."""
    catalog, reader = Catalog(follows=True), _Namespaces(answer)
    catalog.put_policy(
        policy(
            match={"namespaceSelector": selector},
            mode="Enforce",
            limits=LIMIT,
            onUnknown="Deny",
        )
    )
    judge = Judge(
        inspector=watched, catalog=catalog, keyring=Keys(), now=lambda: NOW, namespaces=reader
    )

    verdict = await judge.judge(workload(FAT), seconds=0.2)

    assert said(verdict) == expected
    assert reader.asked == ("team" in str(selector) and "other" not in str(selector))
    old = workload(OTHER)
    assert decide(verdict, old).allowed is not bool(expected)
    unknown = [("inspection", "unavailable")] if expected == UNSEEN else []
    assert list(verdict.unknown()) == unknown
    why = "the API server did not answer in time" if answer is None else "away"
    because = f"the labels of namespace shop are not known: {why}"
    assert reasons(verdict) == [because if unknown else None] * len(expected)


async def test_growth(judge: Judge, shelf: Shelf, catalog: Catalog) -> None:
    """Each container is compared with what it runs now, and a new one with what stays (ADR 22)."""
    catalog.put_policy(policy(limits={"growth": {"deny": "50%"}}))
    shelf.put(f"{REGISTRY}/team/fat:2", images.index([tiny("slim")]))
    old = workload(use(f"{REGISTRY}/team/fat:2", "web"), use(APP, "side"))
    new = workload(use(FAT, "web"), use(APP, "side"), use(FAT, "new"))

    verdict = await judge.judge(new, old=old)

    assert said(verdict) == [(name, "growth", Outcome.DENY) for name in ("web", "new")]
    value = verdict.findings[0].value
    assert isinstance(value, int)
    assert value > 10_000
    assert said(await judge.judge(new)) == []


@pytest.mark.parametrize(
    ("limits", "expected"),
    [
        ({"pullSize": {"deny": "1Gi"}}, []),
        ({"growth": {"deny": "50%"}}, [FAT]),
        ({"workloadPullSize": {"deny": "1Gi"}}, [FAT, OTHER]),
    ],
)
async def test_what_runs_is_looked_up_as_far_as_it_is_compared(
    judge: Judge, catalog: Catalog, limits: dict[str, object], expected: list[str]
) -> None:
    """Growth needs the images of the names that stay, and a sum all of them."""
    catalog.put_policy(policy(limits=limits))

    verdict = await judge.judge(workload(APP), old=workload(FAT, OTHER))

    assert [one.reference for one in verdict.subject.running] == expected


async def test_close_ends_what_goes_on(
    watched: Inspector, judge: Judge, shelf: Shelf, catalog: Catalog
) -> None:
    """A look-up that outlived its verdict does not outlive the judge."""
    catalog.put_policy(policy(limits=LIMIT))
    shelf.doors["other.test"] = Door()
    before = asyncio.all_tasks()
    await judge.judge(workload(OTHER), seconds=0.1)
    assert asyncio.all_tasks() != before

    await judge.close()
    await watched.close()

    assert asyncio.all_tasks() == before
