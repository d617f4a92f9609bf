"""Annotations on workloads: set, removed, and never on another object."""

from dataclasses import replace

import pytest

from slimgate.cluster.annotations import annotate
from slimgate.cluster.api import ClusterApi
from slimgate.core.json_object import mapping_at
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

    await annotate(api, target, DENY)

    assert version(await api.get(target.path)) == version(before)


async def test_gone(api: ClusterApi, namespace: str) -> None:
    """A workload that is gone, was replaced by another, or whose namespace is gone is no error."""
    target = await deployment(api, namespace)
    await api.delete(target.path)
    await annotate(api, target, DENY)
    successor = await deployment(api, namespace)
    for one in (target, replace(target, namespace="never-was")):
        await annotate(api, one, DENY)

    assert VERDICT not in annotations(await api.get(successor.path))
