"""Annotations on workloads: set, removed, and never on another object."""

import asyncio
from dataclasses import replace

import pytest

from slimgate.cluster.annotations import annotate, strip_copies
from slimgate.cluster.api import ClusterApi
from slimgate.cluster.resources import Target
from slimgate.core.json_object import mapping_at, objects_at, text_at
from slimgate.core.workloads.kinds import REPLICA_SETS
from tests.cluster.conftest import eventually
from tests.cluster.verdicts import annotations, deployment, thing, version

pytestmark = pytest.mark.lab

VERDICT = "tests.slimgate.dev/verdict"
SUMMARY = "tests.slimgate.dev/summary"
DENY = {VERDICT: "deny", SUMMARY: "web: has 2 layers"}


async def test_set_and_remove(api: ClusterApi, namespace: str) -> None:
    """They are set on the workload alone, others are kept, and None removes them."""
    target = await deployment(api, namespace)

    await annotate(api, target, DENY)
    after = await api.get(target.path)
    await annotate(api, target, dict.fromkeys(DENY))
    removed = await api.get(target.path)

    template = mapping_at(mapping_at(after, "spec"), "template")
    assert annotations(after).items() >= DENY.items()
    assert annotations(after)["theirs"] == "kept"
    assert annotations(template) == {}
    assert not annotations(removed).keys() & DENY.keys()


async def test_unchanged(api: ClusterApi, namespace: str) -> None:
    """What the object says already changes nothing when it is written again."""
    target = await thing(api, namespace)
    await annotate(api, target, DENY)
    before = await api.get(target.path)

    written = await annotate(api, target, DENY)

    assert version(written) == version(before)


async def test_copies(api: ClusterApi, namespace: str) -> None:
    """What the Deployment controller has copied to ReplicaSets goes, and does not come again."""
    target = await deployment(api, namespace)
    bystander = await deployment(api, namespace, "bystander")
    for one in (target, bystander):
        await annotate(api, one, DENY)
    await eventually(lambda: _copied(api, namespace, target, bystander))

    written = await annotate(api, target, dict.fromkeys(DENY))
    await strip_copies(api, written, DENY.keys())
    await asyncio.sleep(0.5)

    assert not await _copied(api, namespace, target)
    assert await _copied(api, namespace, bystander)


async def _copied(api: ClusterApi, namespace: str, *owners: Target) -> bool:
    """Whether each has a ReplicaSet that carries its annotations."""
    found = [one async for one in api.list(REPLICA_SETS.within(namespace))]
    marked = {
        text_at(owner, "uid")
        for one in found
        for owner in objects_at(mapping_at(one, "metadata"), "ownerReferences")
        if annotations(one).keys() & DENY.keys()
    }
    return {one.uid for one in owners} <= marked


async def test_gone(api: ClusterApi, namespace: str) -> None:
    """A workload that is gone, was replaced by another, or whose namespace is gone is no error."""
    target = await deployment(api, namespace)
    await api.delete(target.path)
    missing = await annotate(api, target, DENY)
    successor = await deployment(api, namespace)
    replaced = await annotate(api, target, DENY)
    nowhere = await annotate(api, replace(target, namespace="never-was"), DENY)

    assert (missing, replaced, nowhere) == ({}, {}, {})
    assert VERDICT not in annotations(await api.get(successor.path))
