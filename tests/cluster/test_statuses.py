"""Statuses: written when they change, conditions with their times, on the right object only."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import pytest

from slimgate.cluster.api import ClusterApi
from slimgate.cluster.statuses import RESOURCES, StatusWriter
from slimgate.core.errors import NotFoundError
from slimgate.core.images.facts import Digest, Platform
from slimgate.core.json_object import JsonObject, mapping_at, objects_at, text_at
from slimgate.core.wording.status import (
    BaseLookup,
    Counts,
    Excess,
    Excused,
    Status,
    Trial,
    Use,
    base_image_status,
    exception_status,
    policy_status,
)
from slimgate.core.workloads.kinds import Kind
from slimgate.engine.objects import OwnKind
from tests.cluster.verdicts import version
from tests.lab.kubectl import Kubectl

pytestmark = pytest.mark.lab

CRDS = Path("manifests/crds")
START = datetime(2026, 11, 25, 9, 30, tzinfo=UTC)
LIMITS: JsonObject = {"limits": {"layers": {"deny": 3}}}
EXCEPTION: JsonObject = {
    "policyRefs": ["default"],
    "reason": "tried",
    "expirationTime": "2040-01-01T00:00:00Z",
}
START_TEXT = "2026-11-25T09:30:00Z"


@dataclass
class Clock:
    """A clock that stands still until it is moved."""

    now: datetime = START

    def __call__(self) -> datetime:
        """Tell the time."""
        return self.now


Kinds = Mapping[OwnKind, Kind]
"""Slimgate's kinds in a group of the tests' own, since slimgate may run in this cluster."""


@pytest.fixture(scope="module")
def group(kubectl: Kubectl) -> Iterator[str]:
    """Install slimgate's CRDs in another group."""
    group = f"t{uuid4().hex[:8]}.example.com"
    names = [resource.plural for resource in RESOURCES.values()]
    manifests = [(CRDS / f"slimgate.dev_{name}.yaml").read_text() for name in names]
    text = "\n---\n".join(manifests).replace("slimgate.dev", group).replace("[slimgate]", "[]")
    text = text.replace("shortNames: [", f"shortNames: [{group[:9]}")
    kubectl("apply", "-f", "-", stdin=text)
    crds = [f"crd/{name}.{group}" for name in names]
    kubectl("wait", "--for=condition=Established", "--timeout=30s", *crds)
    yield group
    kubectl("delete", "--wait=false", *crds)


@pytest.fixture
def kinds(group: str) -> Kinds:
    """Name the kinds in that group."""
    return {kind: replace(resource, group=group) for kind, resource in RESOURCES.items()}


def statuses(api: ClusterApi, kinds: Kinds, clock: Clock | None = None) -> StatusWriter:
    """Make what writes statuses in that group."""
    return StatusWriter(api, clock or Clock(), kinds)


async def made(
    api: ClusterApi, kinds: Kinds, kind: OwnKind, spec: JsonObject, namespace: str = ""
) -> JsonObject:
    """Make an object."""
    resource = kinds[kind]
    body = {
        "apiVersion": resource.api_version,
        "kind": kind.value,
        "metadata": {"name": f"s-{uuid4().hex[:8]}"},
        "spec": spec,
    }
    return await api.create(resource.within(namespace) if namespace else resource.all(), body)


async def policy(api: ClusterApi, kinds: Kinds) -> JsonObject:
    """Make a policy."""
    return await made(api, kinds, OwnKind.POLICY, LIMITS)


def path_of(kinds: Kinds, kind: OwnKind, obj: JsonObject) -> str:
    """Tell where an object is kept."""
    metadata = mapping_at(obj, "metadata")
    return kinds[kind].one(text_at(metadata, "namespace"), text_at(metadata, "name"))


async def again(
    api: ClusterApi, kinds: Kinds, obj: JsonObject, kind: OwnKind = OwnKind.POLICY
) -> JsonObject:
    """Get an object as it is now."""
    return await api.get(path_of(kinds, kind, obj))


def conditions(resource: JsonObject) -> dict[str, tuple[str, str, str, str]]:
    """Return status, reason, message and time of each condition."""
    fields = ("status", "reason", "message", "lastTransitionTime")
    return {
        text_at(one, "type"): tuple(text_at(one, field) for field in fields)  # type: ignore[misc]
        for one in objects_at(mapping_at(resource, "status"), "conditions")
    }


def counting(workloads: int = 0, error: str | None = None) -> Status:
    """Make a policy's status."""
    return policy_status(error, (), Counts(workloads=workloads))


async def test_a_policy(api: ClusterApi, kinds: Kinds) -> None:
    """Its status says what was counted, at which generation, and that it is in use."""
    resource = await policy(api, kinds)
    wanted = policy_status(None, (), Counts(workloads=9, warned=3, denied=2, unknown=1))

    written = await statuses(api, kinds).write(OwnKind.POLICY, resource, wanted)
    found = await again(api, kinds, resource)
    status = mapping_at(found, "status")

    assert written
    assert {key: value for key, value in status.items() if key != "conditions"} == {
        "observedGeneration": 1, "workloads": 9, "warned": 3, "denied": 2, "unknown": 1,
    }  # fmt: skip
    assert conditions(found) == {
        "Accepted": ("True", "Accepted", "", START_TEXT),
        "ResolvedRefs": ("True", "Resolved", "its rules need no BaseImage", START_TEXT),
        "Ready": ("True", "Judging", "workloads are judged by it", START_TEXT),
    }


async def test_identical_write(api: ClusterApi, kinds: Kinds) -> None:
    """The same status is not written again, though the object was last seen without it."""
    resource = await policy(api, kinds)
    clock = Clock()
    office = statuses(api, kinds, clock)
    await office.write(OwnKind.POLICY, resource, counting(1))
    before = await again(api, kinds, resource)
    clock.now += timedelta(hours=1)

    stale = await office.write(OwnKind.POLICY, resource, counting(1))
    seen = await office.write(OwnKind.POLICY, before, counting(1))
    restarted = await statuses(api, kinds, clock).write(OwnKind.POLICY, before, counting(1))

    assert (stale, seen, restarted) == (False, False, False)
    assert version(await again(api, kinds, resource)) == version(before)


async def test_others_edit(api: ClusterApi, kinds: Kinds) -> None:
    """Who edits a status has it put right."""
    resource = await policy(api, kinds)
    office = statuses(api, kinds)
    await office.write(OwnKind.POLICY, resource, counting(1))
    path = path_of(kinds, OwnKind.POLICY, resource)
    edited = await api.patch_status(path, {"status": {"workloads": 7}})

    written = await office.write(OwnKind.POLICY, edited, counting(1))

    assert written
    assert mapping_at(await again(api, kinds, resource), "status")["workloads"] == 1


async def test_transition_times(api: ClusterApi, kinds: Kinds) -> None:
    """A condition's time moves with its status, not with its message or the counts."""
    resource = await policy(api, kinds)
    clock = Clock()
    office = statuses(api, kinds, clock)
    seen = []
    for status in (
        counting(),
        counting(1),
        counting(error="spec.limits.layers: bad"),
        counting(error="spec.limits.layers: worse"),
        counting(),
    ):
        await office.write(OwnKind.POLICY, resource, status)
        seen.append(conditions(await again(api, kinds, resource))["Ready"])
        clock.now += timedelta(hours=1)

    assert seen == [
        ("True", "Judging", "workloads are judged by it", START_TEXT),
        ("True", "Judging", "workloads are judged by it", START_TEXT),
        ("False", "Invalid", "spec.limits.layers: bad", "2026-11-25T11:30:00Z"),
        ("False", "Invalid", "spec.limits.layers: worse", "2026-11-25T11:30:00Z"),
        ("True", "Judging", "workloads are judged by it", "2026-11-25T13:30:00Z"),
    ]


async def test_a_base_image(api: ClusterApi, kinds: Kinds) -> None:
    """All that its status may hold is stored as it is, and what is over goes from it."""
    spec = {"references": ["r.example.com/base:1", "r.example.com/base:2"]}
    resource = await made(api, kinds, OwnKind.BASE_IMAGE, spec)
    digest = Digest(f"sha256:{'a' * 64}")
    found = BaseLookup(
        reference="r.example.com/base:1", digests=[(digest, [Platform("linux", "arm")])]
    )
    lost = BaseLookup(reference="r.example.com/base:2", error=NotFoundError("it is gone"))
    pending = BaseLookup(reference="r.example.com/base:2", pending=True)
    office = statuses(api, kinds)

    seen = []
    for lookups, images in (([found, pending], 0), ([found, lost], 3), ([found], 3)):
        await office.write(OwnKind.BASE_IMAGE, resource, base_image_status(None, lookups, images))
        status = mapping_at(await again(api, kinds, resource, OwnKind.BASE_IMAGE), "status")
        ready = conditions({"status": status})["Ready"][:2]
        seen.append((ready, status["images"], status["errors"]))

    assert seen == [
        (("Unknown", "Pending"), 0, []),
        (
            ("False", "NotFound"),
            3,
            [{"reference": "r.example.com/base:2", "message": "it is gone"}],
        ),
        (("True", "Comparing"), 3, []),
    ]
    assert status["resolved"] == [
        {"reference": "r.example.com/base:1", "digest": digest, "platforms": ["linux/arm"]}
    ]


async def test_an_exception(api: ClusterApi, kinds: Kinds, namespace: str) -> None:
    """Its status says what it excuses and how far over that is, and what it does no more."""
    resource = await made(api, kinds, OwnKind.EXCEPTION, EXCEPTION, namespace)
    excused = Excused(workloads=2, checks={"layers": Excess(workloads=2, largest=34, limit=30)})
    trial, use = Trial(expires=START + timedelta(days=1), excused=excused), Use(created=START)
    office = statuses(api, kinds)
    seen = []
    for one in (trial, Trial(expires=START)):
        use = use.then(one.excused.workloads if one.excused else 0, START)
        await office.write(OwnKind.EXCEPTION, resource, exception_status(one, use, START))
        seen.append(await again(api, kinds, resource, OwnKind.EXCEPTION))

    assert [{kind: found[:2] for kind, found in conditions(one).items()} for one in seen] == [
        {
            "Accepted": ("True", "Accepted"),
            "ResolvedRefs": ("True", "Resolved"),
            "InForce": ("True", "NotExpired"),
            "Used": ("True", "Excusing"),
        },
        {
            "Accepted": ("True", "Accepted"),
            "ResolvedRefs": ("True", "Resolved"),
            "InForce": ("False", "Expired"),
            "Used": ("True", "RecentlyUsed"),
        },
    ]
    held = [mapping_at(one, "status") for one in seen]
    assert [(one["workloads"], one["lastUsedTime"]) for one in held] == [
        (2, START_TEXT),
        (0, START_TEXT),
    ]
    assert [one["excused"] for one in held] == [
        [{"check": "layers", "workloads": 2, "largest": "34", "limit": "30"}],
        [],
    ]


async def test_gone(api: ClusterApi, kinds: Kinds) -> None:
    """A policy that is gone, or was replaced by another of its name, is no error."""
    resource = await policy(api, kinds)
    path = path_of(kinds, OwnKind.POLICY, resource)
    await api.delete(path)
    office = statuses(api, kinds)

    missing = await office.write(OwnKind.POLICY, resource, counting())
    name = text_at(mapping_at(resource, "metadata"), "name")
    await api.create(
        kinds[OwnKind.POLICY].all(),
        {
            "apiVersion": kinds[OwnKind.POLICY].api_version,
            "kind": "SlimPolicy",
            "metadata": {"name": name},
            "spec": LIMITS,
        },
    )
    replaced = await office.write(OwnKind.POLICY, resource, counting())

    assert (missing, replaced) == (False, False)
    assert "status" not in await api.get(path)
