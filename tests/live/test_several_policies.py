"""Several policies at once, and which workloads and images each of them speaks of."""

import pytest

from tests.live import make
from tests.live.api import Json, eventually
from tests.live.conftest import MakeRoom
from tests.live.room import Room
from tests.live.shelf import SMALL, TINY
from tests.live.site import Site

pytestmark = pytest.mark.lab

SOFT, HARD = {"pullSize": {"warn": "10k"}}, {"pullSize": {"deny": "10k"}}
# Limits and mode of two policies, whether a fat image is admitted, and which of the two speak.
PAIRS = {
    "both deny": ((HARD, "Enforce"), (HARD, "Enforce"), False, (), (0, 1)),
    "one denies, one warns": ((SOFT, "Enforce"), (HARD, "Enforce"), False, (0,), (1,)),
    "a denial in mode Warn": ((HARD, "Warn"), (HARD, "Enforce"), False, (0,), (1,)),
    "a denial in mode Audit": ((HARD, "Audit"), (HARD, "Enforce"), False, (), (1,)),
    "both warn": ((SOFT, "Enforce"), (HARD, "Warn"), True, (0, 1), ()),
    "one warns, one audits": ((HARD, "Warn"), (HARD, "Audit"), True, (0,), ()),
    "both audit": ((HARD, "Audit"), (SOFT, "Audit"), True, (), ()),
}


@pytest.mark.parametrize("case", PAIRS)
def test_the_strictest_wins(room: Room, case: str) -> None:
    """Any policy's denial denies; each violation names its policy where that policy may speak."""
    *pair, admitted, warns, denies = PAIRS[case]
    image = room.shelf.noise(SMALL)
    names = [
        room.policy(limits=limits, mode=mode, settle=number == 1)
        for number, (limits, mode) in enumerate(pair)
    ]

    answer = room.ask(image)

    assert answer.accepted is admitted
    assert _named(names, "".join(answer.warnings)) == warns
    assert _named(names, answer.message) == denies


def test_different_limits_are_both_told(room: Room) -> None:
    """Two checks of two policies on one image stand in one sentence, each with its limit."""
    image = room.shelf.noise(SMALL, TINY)
    size = room.policy(limits={"pullSize": {"deny": "10k"}})
    layers = room.policy(limits={"layers": {"deny": 1}})

    answer = room.ask(image)

    assert answer.status == 403
    assert f"limit 9.8 KiB [policy {size}, pullSize]; " in answer.message
    assert f"has 2 layers (linux/amd64), limit 1 [policy {layers}, layers]; " in answer.message
    assert answer.message.count('container "main"') == 1


# Globs of images, and which of a slim `app` and a fat `tool/fat` are then spoken of.
GLOBS = {
    "everything": ("**", True),
    "the registry": ("{registry}/**", True),
    "the repository": ("{repository}", True),
    "the tag": ("{repository}:v1", True),
    "any registry": ("**/tool/fat:*", True),
    "another tag": ("{repository}:v2", False),
    "another repository": ("**/app", False),
    "a part of its name": ("{registry}", False),
}


@pytest.mark.parametrize("case", GLOBS)
def test_images_by_glob(room: Room, case: str) -> None:
    """A policy speaks of images by their reference as written, with the tag and without."""
    glob, spoken_of = GLOBS[case]
    fat = room.shelf.noise(SMALL, repository="tool/fat")
    slim = room.shelf.noise(TINY)
    names = {"registry": room.shelf.registry, "repository": fat.removesuffix(":v1")}
    room.policy(
        limits={"pullSize": {"deny": "10k"}}, match={"images": {"include": [glob.format(**names)]}}
    )

    answer = room.ask(slim, fat)

    assert answer.accepted is not spoken_of
    assert ("tool/fat:v1 pulls" in answer.message) is spoken_of


def test_namespaces_by_labels(make_room: MakeRoom) -> None:
    """A namespace is spoken of by its labels as they are now."""
    tier = {"live-tier": "gold"}
    gold, plain = make_room(tier), make_room()
    both = {"include": [gold.namespace, plain.namespace]}
    gold.policy(
        limits={"pullSize": {"deny": "10k"}},
        match={"namespaces": both, "namespaceSelector": {"matchLabels": tier}},
    )
    image = gold.shelf.noise(SMALL)

    assert (gold.ask(image).accepted, plain.ask(image).accepted) == (False, True)

    relabelled = {"kind": "Namespace", "metadata": {"name": plain.namespace}}
    plain.api.patch(relabelled, {"metadata": {"labels": tier}})
    eventually(lambda: not plain.ask(image).accepted, "a namespace with the label is judged")


def test_an_exclusion_is_stronger(make_room: MakeRoom) -> None:
    """A namespace that is both included and excluded is left alone."""
    one, other = make_room(), make_room()
    globs = {"include": [f"{one.namespace[:-6]}*"], "exclude": [other.namespace]}
    one.policy(limits={"pullSize": {"deny": "10k"}}, match={"namespaces": globs})
    image = one.shelf.noise(SMALL)

    assert (one.ask(image).accepted, other.ask(image).accepted) == (False, True)


def test_slimgates_own_namespace_is_left_alone(room: Room, site: Site) -> None:
    """Whatever a policy includes, neither role judges what is in slimgate's own namespace."""
    own = f"{site.run}-system"
    names = {"namespaces": {"include": [own, room.namespace]}}
    policy = room.policy(limits={"pullSize": {"deny": "10k"}}, match=names, mode="Audit")
    image = room.shelf.noise(SMALL)
    site.roles.start("controller")
    spared = make.workload("Deployment", own, make.pod_spec(image))
    room.api.create(spared)
    try:
        room.await_verdict(room.deploy(image), "deny")
        eventually(lambda: room.status(policy).get("workloads") == 1, "one workload is counted")
        answer = site.hook.ask(spared)

        assert room.annotations(spared) == {}
        assert (answer["allowed"], answer.get("auditAnnotations")) == (True, None)
    finally:
        room.api.delete(spared)


DEPLOYMENTS = {"apiGroup": "apps", "kind": "Deployment"}
JOBS = {"apiGroup": "batch", "kind": "Job"}
# Which workloads a policy applies to, and whether a Deployment with the label team=red is meant.
SELECTORS: dict[str, tuple[Json, bool]] = {
    "its label": ({"objectSelector": {"matchLabels": {"team": "red"}}}, True),
    "another label": ({"objectSelector": {"matchLabels": {"team": "blue"}}}, False),
    "a label that it lacks": (
        {"objectSelector": {"matchExpressions": [{"key": "none", "operator": "Exists"}]}},
        False,
    ),
    "the absence of a label": (
        {"objectSelector": {"matchExpressions": [{"key": "none", "operator": "DoesNotExist"}]}},
        True,
    ),
    "its kind": (
        {"resources": [DEPLOYMENTS, JOBS]},
        True,
    ),
    "other kinds": (
        {"resources": [{"apiGroup": "", "kind": "Pod"}, JOBS]},
        False,
    ),
    "its kind in another group": (
        {"resources": [{**DEPLOYMENTS, "apiGroup": "apps.example.com"}]},
        False,
    ),
    "its kind and another label": (
        {
            "resources": [DEPLOYMENTS],
            "objectSelector": {"matchLabels": {"team": "blue"}},
        },
        False,
    ),
}


@pytest.mark.parametrize("case", SELECTORS)
def test_workloads_by_labels_and_kinds(room: Room, case: str) -> None:
    """All parts of a match must hold; labels are those of the workload itself."""
    match, meant = SELECTORS[case]
    image = room.shelf.noise(SMALL)
    room.policy(limits={"pullSize": {"deny": "10k"}}, match=match)

    answer = room.ask(image, labels={"team": "red"})

    assert answer.accepted is not meant


def _named(names: list[str], text: str) -> tuple[int, ...]:
    return tuple(n for n, name in enumerate(names) if f"policy {name}, " in text)
