"""The API server's ways to a webhook with two pods: by turns, by kept connections, by kube-proxy.

`WebhookRoundTripLoadBalancing` is a feature gate of kube-apiserver, beta and on since 1.37, and
means something only with `--enable-aggregator-routing=true`, by which the API server picks a pod
itself: per request where the gate is on, per connection where it is off. Without that flag, which
is the default, it calls the Service's address, and kube-proxy picks a pod per connection.
"""

import time
from dataclasses import replace
from typing import Final

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.chart.helm import merged
from tests.release.apiserver import started_with
from tests.release.asking import Answer, get
from tests.release.events import FORCED, NOTICED_SECONDS, Event, delete, pods, restart, settled
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
_FAIL: Final = {"webhook": {"failurePolicy": "Fail"}}
_GATE: Final = "--feature-gates=WebhookRoundTripLoadBalancing"
WAYS: Final = {
    "by turns": (f"{_GATE}=true",),
    "by kept connections": (f"{_GATE}=false",),
    "by kube-proxy": ("--enable-aggregator-routing=false",),
}
_EVENTS: Final = (
    Event(name="`kubectl rollout restart` of the webhook", run=restart("webhook")),
    Event(
        name="a webhook pod deleted by force",
        run=delete(*FORCED),
        unanswered=NOTICED_SECONDS,
    ),
)


def admissions(release: Release) -> dict[str, float]:
    """Return how many reviews each webhook pod has answered, by its name."""
    found = {}
    for pod in pods(release):
        name = pod["metadata"]["name"]
        path = f"/api/v1/namespaces/{release.namespace}/pods/{name}:8080/proxy/metrics"
        samples = [
            sample
            for family in text_string_to_metric_families(get(release.lab, path))
            for sample in family.samples
        ]
        found[name] = sum(one.value for one in samples if one.name == "slimgate_admissions_total")
    return found


def smaller_part(before: dict[str, float], after: dict[str, float]) -> float:
    """Return which part of the requests the less busy of two pods had."""
    asked = [after[name] - before[name] for name in after]
    assert len(asked) == 2
    return min(asked) / sum(asked)


@pytest.mark.parametrize("way", WAYS)
def test_the_ways_to_two_pods(release4: Release, figures: Figures, way: str) -> None:
    """None is wrong, and none lost but where Kubernetes must notice first; by turns is halved."""
    release = replace(release4, values=merged(release4.values, _FAIL))
    with started_with(release.lab, *WAYS[way]):
        release.install()
        edit(release.kubectl, {"mode": "Enforce"})
        wait_for(release.lab, Answer.REFUSED)
        found, faults = taken(), {}
        settled(release)
        before = admissions(release)
        with under_load(found.half) as counted:
            time.sleep(10)
        least = smaller_part(before, admissions(release))
        figures.add(f"nothing, {way}", counted)
        assert not counted.faults, counted.said
        for event in _EVENTS:
            settled(release)
            with under_load(found.half) as counted:
                event.run(release)
            figures.add(f"{event.name}, {way}", counted)
            if counted.wrong or counted.lost > event.unanswered * found.half:
                faults[event.name] = counted.said
        # The old connections are to pods that are gone.
        settled(release)
        before = admissions(release)
        with under_load(found.half, settle=5):
            pass
        later = smaller_part(before, admissions(release))
    figures.note(f"{way}, at half of this: {found}")
    figures.note(
        f"{way}: the less busy of two pods has {least:.0%} of the requests, and {later:.0%} after "
        f"the other events"
    )
    assert not faults
    if way == "by turns":
        assert min(least, later) > 0.4
