"""What the controller and the engine ask of the cluster, as the cluster gives it."""

from datetime import UTC, datetime

import pytest

from slimgate.cluster.api import ClusterApi
from slimgate.cluster.records import Records
from slimgate.cluster.reports import Reports
from slimgate.cluster.resources import EVENTS, Target
from slimgate.core.json_object import text_at
from slimgate.core.policies.finding import Outcome
from slimgate.core.wording.notes import Note
from slimgate.core.workloads.workload import Workload
from tests.cluster.verdicts import THINGS, annotations, thing, verdict

pytestmark = pytest.mark.lab

KIND = THINGS
NOW = datetime(2026, 11, 25, tzinfo=UTC)


def workload_of(target: Target) -> Workload:
    """Make a workload of an object."""
    return Workload(kind=THINGS.kind, namespace=target.namespace, name=target.name, uid=target.uid)


async def test_recorder(api: ClusterApi, namespace: str) -> None:
    """Annotations and Events reach the object that a workload and its kind name."""
    target = await thing(api, namespace)
    workload = workload_of(target)
    records = Records(api, Reports(api), instance="i", now=lambda: NOW)

    await records.annotate(KIND, workload, {"tests.slimgate.dev/verdict": "deny"})
    await records.note(KIND, workload, Note("SlimPolicyViolation", "too fat", warning=True))
    await records.report(KIND, workload, verdict(target, Outcome.DENY))

    query = {"fieldSelector": f"regarding.uid={target.uid}"}
    notes = [text_at(e, "note") async for e in api.list(EVENTS.within(namespace), query)]
    assert notes == ["too fat"]
    assert annotations(await api.get(target.path))["tests.slimgate.dev/verdict"] == "deny"
