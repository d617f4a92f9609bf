"""A node drained under load where there is another, to which all pods move."""

from dataclasses import replace

import pytest

from tests.chart.helm import merged
from tests.release.asking import Answer
from tests.release.events import drain, pods, rolled_out, settled
from tests.release.joined import second_node
from tests.release.judging import edit, wait_for
from tests.release.load import taken, under_load
from tests.release.release import Release
from tests.release.table import Figures

pytestmark = [
    pytest.mark.lab,
    pytest.mark.node,
    pytest.mark.helm,
    pytest.mark.slow,
    pytest.mark.life,
    pytest.mark.timeout(600),
]
_FAIL = {"webhook": {"failurePolicy": "Fail"}}


def nodes(release: Release) -> list[str]:
    """Return the nodes of the webhook's pods."""
    return sorted(one["spec"]["nodeName"] for one in pods(release))


def test_a_drained_node(release4: Release, figures: Figures) -> None:
    """The webhook's pods are spread over both nodes; none is lost while one is emptied."""
    release = replace(release4, values=merged(release4.values, _FAIL))
    kubectl, first = release.kubectl, release.lab.node_name
    with second_node(kubectl) as second:
        release.install()
        assert nodes(release) == sorted([first, second])
        edit(kubectl, {"mode": "Enforce"})
        wait_for(release.lab, Answer.REFUSED)
        found = taken()
        settled(release)

        with under_load(found.half) as counted:
            try:
                drained = drain(release, first, seconds=50)
                rolled_out(release, "controller")
                rolled_out(release, "webhook")
                settled(release)
                after = nodes(release)
            finally:
                kubectl("uncordon", first)

        figures.add("`kubectl drain` of one of two nodes", counted)
        figures.note(f"drain, at half of this: {found}")
        release.uninstall()
    assert drained.returncode == 0, drained.stderr
    assert after == [second, second]
    assert not counted.faults, counted.said
