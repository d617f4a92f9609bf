"""Statuses: written when they change, conditions with their times, on the right object only."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import pytest

from slimgate.cluster.api import ClusterApi
from slimgate.cluster.resources import SLIM_EXCEPTIONS, SLIM_POLICIES, Resource
from slimgate.cluster.statuses import Statuses
from slimgate.core.workload import JsonObject, mapping_at, objects_at, text_at
from tests.cluster.verdicts import version
from tests.lab.kubectl import Kubectl

pytestmark = pytest.mark.lab

CRDS = Path("manifests/crds")
START = datetime(2026, 11, 25, 9, 30, tzinfo=UTC)
START_TEXT = "2026-11-25T09:30:00Z"


@dataclass(frozen=True, kw_only=True)
class Policy:
    """What there is to say of a policy."""

    error: str | None = None
    faults: tuple[str, ...] = ()
    workloads: int = 0
    violating: int = 0
    denied: int = 0
    unknown: int = 0


@dataclass(frozen=True, kw_only=True)
class Leave:
    """What there is to say of an exception."""

    error: str | None = None
    expired: bool = False
    matched: int = 0


@dataclass
class Clock:
    """A clock that stands still until it is moved."""

    now: datetime = START

    def __call__(self) -> datetime:
        """Tell the time."""
        return self.now


@dataclass(frozen=True)
class Kinds:
    """Slimgate's kinds in a group of the tests' own, since slimgate may run in this cluster."""

    policies: Resource
    exceptions: Resource


@pytest.fixture(scope="module")
def group(kubectl: Kubectl) -> Iterator[str]:
    """Install slimgate's CRDs in another group."""
    group = f"t{uuid4().hex[:8]}.example.com"
    names = ("slimpolicies", "slimexceptions")
    manifests = [(CRDS / f"slimgate.dev_{name}.yaml").read_text() for name in names]
    text = "\n---\n".join(manifests).replace("slimgate.dev", group).replace("[slimgate]", "[]")
    text = text.replace("shortNames: [slim", f"shortNames: [{group[:9]}")
    kubectl("apply", "-f", "-", stdin=text)
    crds = [f"crd/{name}.{group}" for name in names]
    kubectl("wait", "--for=condition=Established", "--timeout=30s", *crds)
    yield group
    kubectl("delete", "--wait=false", *crds)


@pytest.fixture
def kinds(group: str, monkeypatch: pytest.MonkeyPatch) -> Kinds:
    """Have statuses written to that group."""
    kinds = Kinds(replace(SLIM_POLICIES, group=group), replace(SLIM_EXCEPTIONS, group=group))
    monkeypatch.setattr("slimgate.cluster.statuses.SLIM_POLICIES", kinds.policies)
    monkeypatch.setattr("slimgate.cluster.statuses.SLIM_EXCEPTIONS", kinds.exceptions)
    return kinds


async def policy(api: ClusterApi, kinds: Kinds, *known: str) -> JsonObject:
    """Make a policy that names known bases."""
    bases = {"bases": {"known": [{"reference": one, "tier": "Slim"} for one in known]}}
    body = {
        "apiVersion": kinds.policies.api_version,
        "kind": "SlimPolicy",
        "metadata": {"name": f"p-{uuid4().hex[:8]}"},
        "spec": {"limits": {"layers": {"deny": 3}}, **(bases if known else {})},
    }
    return await api.create(kinds.policies.all(), body)


async def again(api: ClusterApi, kinds: Kinds, resource: JsonObject) -> JsonObject:
    """Get a policy as it is now."""
    return await api.get(kinds.policies.one("", text_at(mapping_at(resource, "metadata"), "name")))


def conditions(resource: JsonObject) -> dict[str, tuple[str, str, str, str]]:
    """Return status, reason, message and time of each condition."""
    fields = ("status", "reason", "message", "lastTransitionTime")
    return {
        text_at(one, "type"): tuple(text_at(one, field) for field in fields)  # type: ignore[misc]
        for one in objects_at(mapping_at(resource, "status"), "conditions")
    }


async def test_counts_and_ready(api: ClusterApi, kinds: Kinds) -> None:
    """A policy's status says what was counted, at which generation, and that it is in use."""
    resource = await policy(api, kinds)
    wanted = Policy(workloads=9, violating=3, denied=2, unknown=1)

    written = await Statuses(api, Clock()).write_policy(resource, wanted)
    found = await again(api, kinds, resource)
    status = mapping_at(found, "status")

    assert written
    assert {key: value for key, value in status.items() if key != "conditions"} == {
        "observedGeneration": 1, "workloads": 9, "violating": 3, "denied": 2, "unknown": 1,
    }  # fmt: skip
    assert conditions(found) == {
        "Ready": ("True", "Ready", "workloads are judged by it", START_TEXT)
    }


async def test_identical_write(api: ClusterApi, kinds: Kinds) -> None:
    """The same status is not written again, though the object was last seen without it."""
    resource = await policy(api, kinds)
    clock = Clock()
    statuses = Statuses(api, clock)
    await statuses.write_policy(resource, Policy(workloads=1))
    before = await again(api, kinds, resource)
    clock.now += timedelta(hours=1)

    stale = await statuses.write_policy(resource, Policy(workloads=1))
    seen = await statuses.write_policy(before, Policy(workloads=1))
    restarted = await Statuses(api, clock).write_policy(before, Policy(workloads=1))

    assert (stale, seen, restarted) == (False, False, False)
    assert version(await again(api, kinds, resource)) == version(before)


async def test_others_edit(api: ClusterApi, kinds: Kinds) -> None:
    """Who edits a status has it put right."""
    resource = await policy(api, kinds)
    statuses = Statuses(api, Clock())
    await statuses.write_policy(resource, Policy(workloads=1))
    name = text_at(mapping_at(resource, "metadata"), "name")
    edited = await api.patch_status(kinds.policies.one("", name), {"status": {"workloads": 7}})

    written = await statuses.write_policy(edited, Policy(workloads=1))

    assert written
    assert mapping_at(await again(api, kinds, resource), "status")["workloads"] == 1


async def test_transition_times(api: ClusterApi, kinds: Kinds) -> None:
    """A condition's time moves with its status, not with its message or the counts."""
    resource = await policy(api, kinds)
    clock = Clock()
    statuses = Statuses(api, clock)
    seen = []
    for status in (
        Policy(),
        Policy(workloads=1),
        Policy(error="spec.limits.layers: bad"),
        Policy(error="spec.limits.layers: worse"),
        Policy(),
    ):
        await statuses.write_policy(resource, status)
        seen.append(conditions(await again(api, kinds, resource))["Ready"])
        clock.now += timedelta(hours=1)

    assert seen == [
        ("True", "Ready", "workloads are judged by it", START_TEXT),
        ("True", "Ready", "workloads are judged by it", START_TEXT),
        ("False", "InvalidPolicy", "spec.limits.layers: bad", "2026-11-25T11:30:00Z"),
        ("False", "InvalidPolicy", "spec.limits.layers: worse", "2026-11-25T11:30:00Z"),
        ("True", "Ready", "workloads are judged by it", "2026-11-25T13:30:00Z"),
    ]


FAULTS = [
    ((), ("True", "Resolved", "")),
    (("a: gone",), ("False", "Unresolved", "a: gone")),
    (
        tuple(f"{number}: gone" for number in range(7)),
        ("False", "Unresolved", "0: gone; 1: gone; 2: gone; 3: gone; 4: gone; and 2 more"),
    ),
]


@pytest.mark.parametrize(("faults", "expected"), FAULTS)
async def test_bases(
    api: ClusterApi, kinds: Kinds, faults: tuple[str, ...], expected: tuple[str, str, str]
) -> None:
    """A policy that names known bases says whether they were found, and which were not."""
    resource = await policy(api, kinds, "r.example.com/base:1")

    await Statuses(api, Clock()).write_policy(resource, Policy(faults=faults))

    found = conditions(await again(api, kinds, resource))["BasesResolved"]
    assert found == (*expected, START_TEXT)


async def test_exceptions(api: ClusterApi, kinds: Kinds, namespace: str) -> None:
    """An exception's status says whether it is honoured, whether it has ended, what it excuses."""
    body = {
        "apiVersion": kinds.exceptions.api_version,
        "kind": "SlimException",
        "metadata": {"name": "legacy"},
        "spec": {"reason": "tried", "expires": "2040-01-01T00:00:00Z"},
    }
    resource = await api.create(kinds.exceptions.within(namespace), body)
    path = kinds.exceptions.one(namespace, "legacy")
    statuses = Statuses(api, Clock())

    await statuses.write_exception(resource, Leave(matched=2))
    in_force = await api.get(path)
    await statuses.write_exception(in_force, Leave(expired=True))
    ended = await api.get(path)
    await statuses.write_exception(ended, Leave(error="spec.expires: bad"))
    broken = await api.get(path)

    assert mapping_at(in_force, "status")["matched"] == 2
    assert [
        {kind: found[:2] for kind, found in conditions(one).items()}
        for one in (in_force, ended, broken)
    ] == [
        {"Ready": ("True", "Ready"), "Expired": ("False", "InForce")},
        {"Ready": ("True", "Ready"), "Expired": ("True", "Expired")},
        {"Ready": ("False", "InvalidException"), "Expired": ("False", "InForce")},
    ]


async def test_gone(api: ClusterApi, kinds: Kinds) -> None:
    """A policy that is gone, or was replaced by another of its name, is no error."""
    resource = await policy(api, kinds)
    name = text_at(mapping_at(resource, "metadata"), "name")
    path = kinds.policies.one("", name)
    await api.delete(path)
    statuses = Statuses(api, Clock())

    missing = await statuses.write_policy(resource, Policy())
    await api.create(
        kinds.policies.all(),
        {
            "apiVersion": kinds.policies.api_version,
            "kind": "SlimPolicy",
            "metadata": {"name": name},
            "spec": {"limits": {"layers": {"deny": 3}}},
        },
    )
    replaced = await statuses.write_policy(resource, Policy())

    assert (missing, replaced) == (False, False)
    assert "status" not in await api.get(path)
