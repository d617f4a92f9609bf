"""Policy reports: in whichever API there is, one a workload, written on change, never orphaned."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from uuid import uuid4

import pytest

from slimgate.cluster.api import ClusterApi
from slimgate.cluster.errors import ForbiddenError
from slimgate.cluster.reports import Reports
from slimgate.cluster.resources import OPEN_REPORTS, POLICY_REPORTS, Target
from slimgate.core.errors import MissingError
from slimgate.core.json_object import JsonObject, mapping_at, objects_at, text_at
from slimgate.core.policies.finding import Outcome
from slimgate.core.workloads.kinds import Kind
from tests.cluster.conftest import CRDS, Login, eventually
from tests.cluster.verdicts import deployment, thing, verdict, version
from tests.lab.kubectl import Kubectl

pytestmark = pytest.mark.lab

NOWHERE = Kind(group="nowhere.example.com", version="v1", kind="Report", plural="reports")


@asynccontextmanager
async def running(reports: Reports) -> AsyncIterator[Reports]:
    """Run reports; they must not end by themselves."""
    task = asyncio.create_task(reports.run())
    try:
        async with asyncio.timeout(60):
            yield reports
    finally:
        task.cancel()
        await asyncio.wait([task])
        assert task.cancelled()


@asynccontextmanager
async def ready(api: ClusterApi, *choices: Kind) -> AsyncIterator[Reports]:
    """Run reports until they have chosen an API and know what is there."""
    switched = asyncio.Event()
    async with running(Reports(api, choices=choices, on_switch=switched.set)) as reports:
        await switched.wait()
        yield reports


async def report(api: ClusterApi, resource: Kind, target: Target) -> dict[str, object]:
    """Get a workload's report."""
    return await api.get(resource.one(target.namespace, f"slimgate-{target.uid}"))


async def gone(api: ClusterApi, target: Target) -> None:
    """Wait until a workload has no report any more."""

    async def look() -> bool:
        try:
            return not await report(api, OPEN_REPORTS, target)
        except MissingError:
            return True

    await eventually(look, 60)


def outcomes(obj: JsonObject) -> list[str]:
    """Return a report's results."""
    return [text_at(one, "result") for one in objects_at(obj, "results")]


@pytest.mark.usefixtures("report_crds")
@pytest.mark.parametrize(
    ("choices", "expected"),
    [
        ((OPEN_REPORTS, POLICY_REPORTS), OPEN_REPORTS),
        ((POLICY_REPORTS,), POLICY_REPORTS),
        ((NOWHERE, POLICY_REPORTS), POLICY_REPORTS),
    ],
    ids=["both", "older", "first is missing"],
)
async def test_written(
    api: ClusterApi, namespace: str, choices: tuple[Kind, ...], expected: Kind
) -> None:
    """A report is of its workload, by which it is collected with it, labelled, and in full."""
    target = await deployment(api, namespace)

    async with ready(api, *choices) as reports:
        written = await reports.record(target, verdict(target, Outcome.DENY, Outcome.WARN))
        found = await report(api, expected, target)

    metadata = mapping_at(found, "metadata")
    assert written
    assert reports.resource == expected
    assert metadata["ownerReferences"] == [
        {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web", "uid": target.uid}
    ]
    assert metadata["labels"] == {"app.kubernetes.io/managed-by": "slimgate"}
    assert found["scope"] == target.reference()
    assert found["summary"] == {"pass": 0, "fail": 1, "warn": 1, "error": 0, "skip": 0}
    assert outcomes(found) == ["fail", "warn"]
    assert ("source" in found) is (expected == OPEN_REPORTS)


@pytest.mark.usefixtures("report_crds")
async def test_on_change_only(api: ClusterApi, namespace: str) -> None:
    """The same verdict is not written twice, not even by a controller that starts anew."""
    target = await thing(api, namespace)
    deny = verdict(target, Outcome.DENY)
    async with ready(api, OPEN_REPORTS) as reports:
        first = await reports.record(target, deny)
        second = await reports.record(target, deny)
        before = await report(api, OPEN_REPORTS, target)

    async with ready(api, OPEN_REPORTS) as reports:
        third = await reports.record(target, deny)
        unchanged = await report(api, OPEN_REPORTS, target)
        fourth = await reports.record(target, verdict(target))
        changed = await report(api, OPEN_REPORTS, target)

    assert (first, second, third, fourth) == (True, False, False, True)
    assert version(unchanged) == version(before)
    assert outcomes(changed) == ["pass"]


@pytest.mark.usefixtures("report_crds")
async def test_removed(api: ClusterApi, namespace: str) -> None:
    """A workload that no policy speaks of any more has no report, and removing it twice is fine."""
    target = await thing(api, namespace)
    async with ready(api, OPEN_REPORTS) as reports:
        await reports.record(target, verdict(target, Outcome.DENY))
        done = [await reports.record(target, verdict(target, policies=())) for _ in range(2)]

        with pytest.raises(MissingError):
            await report(api, OPEN_REPORTS, target)

    assert done == [True, False]


@pytest.mark.usefixtures("report_crds")
async def test_left(api: ClusterApi, namespace: str) -> None:
    """The report of what is judged no more goes, also if it is not known of yet.

    Where that fails it is tried again; whatever is judged after all gets one as ever.
    """
    first, second = await thing(api, namespace, "first"), await thing(api, namespace, "second")
    async with ready(api, OPEN_REPORTS) as reports:
        for target in (first, second):
            await reports.record(target, verdict(target, Outcome.DENY))

    later = Reports(api, choices=(OPEN_REPORTS,))
    for target in (first, second):
        await later.withdraw(target)
    await later.record(second, verdict(second, Outcome.DENY))
    async with running(later):
        await gone(api, first)
        kept = await report(api, OPEN_REPORTS, second)
        await later.withdraw(second)
        with pytest.raises(MissingError):
            await report(api, OPEN_REPORTS, second)
    assert outcomes(kept) == ["fail"]


@pytest.mark.usefixtures("report_crds")
async def test_left_without_the_right(api: ClusterApi, namespace: str, login: Login) -> None:
    """A report that could not be deleted is not forgotten."""
    target = await thing(api, namespace)
    async with ClusterApi.connect(await login(namespace, "poor")) as poor:
        reports = Reports(poor)
        reports.resource = OPEN_REPORTS
        reports.put({"metadata": {"namespace": namespace, "name": f"slimgate-{target.uid}"}})
        for _ in range(2):
            with pytest.raises(ForbiddenError, match='cannot delete resource "reports"'):
                await reports.withdraw(target)


@pytest.mark.usefixtures("report_crds")
async def test_deleted_by_others(api: ClusterApi, namespace: str) -> None:
    """A report that somebody deleted is written anew."""
    target = await thing(api, namespace)
    deny = verdict(target, Outcome.DENY)
    async with ready(api, OPEN_REPORTS) as reports:
        await reports.record(target, deny)
        await api.delete(OPEN_REPORTS.one(namespace, f"slimgate-{target.uid}"))
        await eventually(lambda: reports.record(target, deny), 60)

        assert outcomes(await report(api, OPEN_REPORTS, target)) == ["fail"]


@pytest.mark.usefixtures("report_crds")
async def test_namespace_gone(api: ClusterApi, namespace: str) -> None:
    """A workload whose namespace is gone has no report, and that is no error."""
    target = replace(await thing(api, namespace), namespace="never-was")

    async with ready(api, OPEN_REPORTS) as reports:
        assert not await reports.record(target, verdict(target, Outcome.DENY))


async def test_none(api: ClusterApi, namespace: str) -> None:
    """Without a report API nothing is written, and nothing goes wrong."""
    target = await thing(api, namespace)
    async with running(Reports(api, choices=(NOWHERE,))) as reports:
        written = await reports.record(target, verdict(target, Outcome.DENY))
        removed = await reports.remove(target)

    assert (written, removed, reports.resource) == (False, False, None)


@pytest.mark.usefixtures("report_crds")
async def test_without_the_right(api: ClusterApi, namespace: str, login: Login) -> None:
    """Where the right to write reports is missing, the error names it."""
    target = await thing(api, namespace)

    async with ClusterApi.connect(await login(namespace, "poor")) as poor:
        reports = Reports(poor)
        reports.resource = OPEN_REPORTS
        with pytest.raises(ForbiddenError, match='cannot patch resource "reports"'):
            await reports.record(target, verdict(target, Outcome.DENY))


def own_crd(group: str, kind: Kind) -> str:
    """Write a report CRD in a group of the tests' own: others may use the real ones."""
    text = CRDS[kind.kind].read_text().replace(kind.group, group)
    return text.replace("    shortNames: [reps]\n", "").replace("    shortNames: [polr]\n", "")


async def test_switches(api: ClusterApi, namespace: str, kubectl: Kubectl) -> None:
    """The API is looked for again and again; its reports move along, and verdicts are asked for."""
    older = replace(POLICY_REPORTS, group=f"o{uuid4().hex[:8]}.example.com")
    newer = replace(OPEN_REPORTS, group=f"n{uuid4().hex[:8]}.example.com")
    target = await thing(api, namespace)
    deny = verdict(target, Outcome.DENY)
    switched = asyncio.Event()
    reports = Reports(api, choices=(newer, older), seconds=0.1, on_switch=switched.set)
    used: list[Kind | None] = []

    async def next_api() -> None:
        await switched.wait()
        switched.clear()
        used.append(reports.resource)

    async with running(reports):
        try:
            await asyncio.to_thread(_apply, kubectl, own_crd(older.group, POLICY_REPORTS))
            await next_api()
            await reports.record(target, deny)
            await asyncio.to_thread(_apply, kubectl, own_crd(newer.group, OPEN_REPORTS))
            await next_api()
            await reports.record(target, deny)
            moved = await report(api, newer, target)
            with pytest.raises(MissingError, match="not found"):
                await report(api, older, target)
            await asyncio.to_thread(_drop, kubectl, f"{newer.plural}.{newer.group}")
            await next_api()
            await reports.record(target, deny)
            back = await report(api, older, target)
            await asyncio.to_thread(_drop, kubectl, f"{older.plural}.{older.group}")
            await next_api()
            written = await reports.record(target, deny)
        finally:
            for kind in (older, newer):
                await asyncio.to_thread(_drop, kubectl, f"{kind.plural}.{kind.group}")

    assert used == [older, newer, older, None]
    assert outcomes(moved) == outcomes(back) == ["fail"]
    assert not written


def _apply(kubectl: Kubectl, manifest: str) -> None:
    kubectl("apply", "-f", "-", stdin=manifest)


def _drop(kubectl: Kubectl, crd: str) -> None:
    kubectl("delete", "crd", crd, "--ignore-not-found")
