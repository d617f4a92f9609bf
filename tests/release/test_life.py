"""A release from its install to its end, by both Helms, as a user of the chart has it.

What is measured is printed (`pytest -s`, or `make life`).
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import pytest

from tests.live.api import eventually
from tests.release.asking import Answer, fat, slim
from tests.release.cluster import annotations, left, unasked
from tests.release.judging import edit, policy, running, wait_for
from tests.release.load import under_load
from tests.release.release import Release
from tests.release.table import Figures

pytestmark = [
    pytest.mark.lab,
    pytest.mark.node,
    pytest.mark.helm,
    pytest.mark.slow,
    pytest.mark.timeout(600),
]

_HOOK: Final = "validatingwebhookconfiguration/slimgate"
_EDIT: Final = {"mode": "Enforce", "message": "mine"}


def bundles(release: Release) -> set[str]:
    """Return the CAs in the webhook's configuration; an empty one where there is none."""
    hooks = release.get(_HOOK)["webhooks"]
    return {hook["clientConfig"].get("caBundle", "") for hook in hooks}


@contextmanager
def known(release: Release) -> Iterator[None]:
    """Have what is asked for run as well, so that pods which come know it from their start.

    Else they look it up, and let in what that takes too long for, as on a machine that is busy.
    """
    with running(release.kubectl, fat(release.lab)), running(release.kubectl, slim(release.lab)):
        eventually(lambda: len(release.get("imageprofiles")["items"]) > 1, "both profiles", 60)
        yield


def uids(release: Release) -> set[str]:
    """Return the UIDs of the pods of both roles that are not ending."""
    pods = release.get("pods", "-l", "slimgate.dev/metrics=true")["items"]
    return {one["metadata"]["uid"] for one in pods if "deletionTimestamp" not in one["metadata"]}


@pytest.mark.parametrize(
    "helm", ["helm4", pytest.param("helm3", marks=pytest.mark.life)], indirect=True
)
@pytest.mark.usefixtures("cluster_dns")
def test_a_release_from_install_to_uninstall(release: Release, figures: Figures) -> None:
    """What a user has made of the first policy survives, and the webhook judges all the time.

    In the end nothing of slimgate is left but that policy and the definitions.
    """
    kubectl = release.kubectl
    began = time.monotonic()
    release.install()
    ready = time.monotonic() - began
    assert policy(kubectl)["mode"] == "Audit"
    with known(release):
        began = time.monotonic()
        edit(kubectl, _EDIT)
        wait_for(release.lab, Answer.REFUSED)
        denied = ready + time.monotonic() - began
        release.run("test", release.name, "--timeout", "2m")

        before, pods, missed = bundles(release), uids(release), unasked(kubectl)
        assert "" not in before
        began = time.monotonic()
        with under_load() as counted:
            release.upgrade(
                {"config": {"logFormat": "Text"}, "defaultPolicy": {"spec": {"mode": "Warn"}}}
            )
        upgraded = time.monotonic() - began
        assert not counted.faults, counted.said
        assert unasked(kubectl) == missed
        assert not uids(release) & pods
        assert _EDIT.items() <= policy(kubectl).items()
        assert bundles(release) == before

        release.rollback(1)
        assert _EDIT.items() <= policy(kubectl).items()
        assert bundles(release) == before
        wait_for(release.lab, Answer.REFUSED)

    edit(kubectl, {"mode": "Audit"})
    wait_for(release.lab, Answer.ADMITTED)
    with running(kubectl, fat(release.lab)) as name:
        eventually(lambda: annotations(kubectl, name), "annotations with the verdict", 60)
        began = time.monotonic()
        release.uninstall()
        gone = time.monotonic() - began
        assert not annotations(kubectl, name)
    eventually(lambda: not left(kubectl, release.namespace), "an empty namespace", 60)
    assert (_EDIT | {"mode": "Audit"}).items() <= policy(kubectl).items()
    assert "status" not in release.get("slimpolicy", "default")
    figures.note(
        f"{release.helm.path.name}: ready {ready:.1f} s after `helm install`, first denial "
        f"{denied:.1f} s; upgrade {upgraded:.1f} s; uninstall {gone:.1f} s"
    )
    figures.add(f"upgrade, {release.helm.path.name}, Ignore", counted)
