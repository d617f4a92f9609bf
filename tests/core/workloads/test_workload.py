"""Workloads: where each kind keeps its pod template, and every place that names an image."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given

from slimgate.core.workloads.kinds import TEMPLATE_PATHS
from slimgate.core.workloads.workload import (
    MAX_WEIGHT,
    ImageUse,
    Owner,
    Role,
    Workload,
    selector_of,
    workload_of,
)
from tests.core.make import json_of

POD_SPEC = {
    "initContainers": [{"name": "setup", "image": "init:1"}],
    "containers": [
        {"name": "web", "image": "registry.example.com/shop:1.2"},
        {"name": "sidecar", "image": "proxy"},
    ],
    "ephemeralContainers": [{"name": "debug", "image": "busybox"}],
    "volumes": [
        {"name": "model", "image": {"reference": "models/llama:1", "pullPolicy": "Always"}},
        {"name": "cache", "emptyDir": {}},
    ],
    "imagePullSecrets": [{"name": "one"}, {"name": "two"}, {}],
    "serviceAccountName": "robot",
}
USES = (
    ImageUse(role=Role.INIT, name="setup", reference="init:1"),
    ImageUse(role=Role.CONTAINER, name="web", reference="registry.example.com/shop:1.2"),
    ImageUse(role=Role.CONTAINER, name="sidecar", reference="proxy"),
    ImageUse(role=Role.EPHEMERAL, name="debug", reference="busybox"),
    ImageUse(role=Role.VOLUME, name="model", reference="models/llama:1"),
)


def manifest(group: str, kind: str, path: tuple[str, ...], pod_spec: object) -> dict[str, object]:
    """Make an object whose pod template is at a path."""
    template: dict[str, object] = {"spec": pod_spec, "metadata": {"labels": {"of": "template"}}}
    for step in reversed(path):
        template = {step: template}
    metadata = {"name": "web", "namespace": "team-a", "uid": "u", "labels": {"app": "web", "n": 1}}
    api_version = f"{group}/v1" if group else "v1"
    return {"apiVersion": api_version, "kind": kind, **template, "metadata": metadata}


@pytest.mark.parametrize(("group", "kind"), TEMPLATE_PATHS)
def test_kinds(group: str, kind: str) -> None:
    """Every built-in kind gives its images, secrets and account; labels are its own."""
    found = workload_of(manifest(group, kind, TEMPLATE_PATHS[group, kind], POD_SPEC))

    assert found == Workload(
        group=group,
        kind=kind,
        namespace="team-a",
        name="web",
        uid="u",
        labels={"app": "web"},
        images=USES,
        pull_secrets=("one", "two"),
        service_account="robot",
    )


@pytest.mark.parametrize(
    ("group", "kind"),
    [
        ("", "Service"),
        ("apps", "deployment"),
        ("apps", ""),
        ("argoproj.io", "Rollout"),
        ("batch.volcano.sh", "Job"),
        ("apps.kruise.io", "StatefulSet"),
        ("", "Deployment"),
        ("apps", "Pod"),
    ],
)
def test_other_kinds(group: str, kind: str) -> None:
    """What has no pod template that slimgate knows is not a workload: Volcano's Job is another."""
    assert workload_of(manifest(group, kind, ("spec", "template"), POD_SPEC)) is None


def test_own_kinds() -> None:
    """Settings may say where another kind keeps its template."""
    rollout = manifest("argoproj.io", "Rollout", ("spec", "pod"), POD_SPEC)
    found = workload_of(rollout, {("argoproj.io", "Rollout"): ("spec", "pod")})

    assert found is not None
    assert found.images == USES
    assert found.group_kind == ("argoproj.io", "Rollout")


def test_without_anything() -> None:
    """What is left out is empty; the service account has its default."""
    assert workload_of({"kind": "Pod"}) == Workload(kind="Pod", namespace="", name="")


@pytest.mark.parametrize(
    ("metadata", "expected"),
    [
        ({"name": "a", "generateName": "b-"}, "a"),
        ({"generateName": "web"}, "web*****"),
        ({"generateName": "w" * 70}, "w" * 58 + "*****"),
        ({"name": 5}, ""),
    ],
)
def test_names(metadata: dict[str, object], expected: str) -> None:
    """Before the API server has made up the end of a name, it is no other workload's."""
    found = workload_of({"kind": "Pod", "metadata": metadata})

    assert found is not None
    assert found.name == expected


OWNER = {
    "apiVersion": "apps/v1",
    "kind": "ReplicaSet",
    "name": "web-5d9",
    "uid": "u-1",
    "controller": True,
}
REPLICA_SET = Owner(group="apps", kind="ReplicaSet", name="web-5d9")


@pytest.mark.parametrize(
    ("owners", "expected"),
    [
        ([OWNER], REPLICA_SET),
        ([{**OWNER, "controller": False}, {"kind": "Node", "name": "n"}], None),
        ([{"kind": "X", "name": "x"}, OWNER], REPLICA_SET),
        ([{**OWNER, "controller": "true"}], None),
        (None, None),
    ],
    ids=["controller", "others", "second", "text", "none"],
)
def test_owners(owners: object, expected: Owner | None) -> None:
    """The owner is the one that controls; others only keep it from being forgotten."""
    found = workload_of({"kind": "Pod", "metadata": {"ownerReferences": owners}})

    assert found is not None
    assert found.owner == expected
    known = {(REPLICA_SET.group_kind, "", REPLICA_SET.name): "known"}
    assert found.of_owner(known) == ("known" if expected else None)
    assert found.owner is None or found.owner.uid == "u-1"


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ({"selector": {"matchLabels": {"app": "web", "n": 1}}}, {"app": "web"}),
        ({"selector": {"matchExpressions": []}}, {}),
        (None, {}),
    ],
)
def test_selectors(spec: object, expected: dict[str, str]) -> None:
    """A workload selects what it makes by labels; those that are no texts are none."""
    assert selector_of({"spec": spec}) == expected


@pytest.mark.parametrize(
    "spec",
    [
        {"containers": None},
        {"containers": {}},
        {"containers": [None, "x", {}, {"name": "a"}, {"name": "a", "image": ""}]},
        {"containers": [{"name": "a", "image": 5}]},
        {"volumes": [{"name": "a", "image": "nginx"}, {"name": "b", "image": {"reference": None}}]},
        "text",
    ],
    ids=["null", "object", "no image", "number", "volumes", "no spec"],
)
def test_no_images(spec: object) -> None:
    """Places without an image, or of a wrong form, are left to the API server's validation."""
    found = workload_of({"kind": "Pod", "spec": spec})

    assert found is not None
    assert found.images == ()


def test_very_many_images() -> None:
    """They are counted, and no more of them kept than anything is compared with."""
    containers = [{"name": f"c{number}", "image": "a"} for number in range(9_999)]

    found = workload_of({"kind": "Pod", "spec": {"containers": containers}})

    assert found is not None
    assert (len(found.images), found.beyond) == (2_048, 7_951)
    assert found.excess == "it has 9,999 images, and slimgate judges 512 of a workload at most"


def test_text() -> None:
    """A workload is called by kind, namespace and name."""
    assert str(Workload(group="apps", kind="Deployment", namespace="team-a", name="web")) == (
        "deployment team-a/web"
    )


KEYS = ("kind", "metadata", "spec", "template", "containers", "image", "name", "ownerReferences")


@given(json_of(*KEYS))
def test_nothing_raises(raw: object) -> None:
    """Whatever an object holds, it is a workload or none."""
    whole = raw if isinstance(raw, dict) else {"spec": raw}
    for group, kind in TEMPLATE_PATHS:
        assert workload_of({**whole, "apiVersion": f"{group}/v1", "kind": kind})


MUCH = "x" * (MAX_WEIGHT + 1)
FAT: list[dict[str, object]] = [
    {"labels": {"a": MUCH}},
    {"labels": {MUCH: ""}},
    {"images": (ImageUse(role=Role.CONTAINER, name="c", reference=MUCH),)},
    {"images": (ImageUse(role=Role.CONTAINER, name=MUCH, reference="a"),)},
    {"pull_secrets": ("a", MUCH)},
    {"service_account": MUCH},
    {"owner": Owner(group="apps", kind="Deployment", name="web", uid=MUCH)},
]


@pytest.mark.parametrize("fat", FAT, ids=[next(iter(one)) for one in FAT])
def test_too_much_to_remember(fat: dict[str, Any]) -> None:
    """Of what would take much memory no more is kept than what names it, and it says so."""
    small = Workload(kind="Deployment", namespace="shop", name="web", uid="1")
    kept = replace(small, **fat).to_remember()

    assert small.to_remember() is small
    assert (kept.key, kept.uid, kept.weight < 100) == (small.key, "1", True)
    assert kept.excess is not None
    assert kept.excess.endswith("and slimgate remembers 65,536 of a workload")
