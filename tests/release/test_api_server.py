"""The API server restarted and killed under load: nothing of slimgate needs a restart for it.

While no API server is ready, what is asked says nothing of slimgate, and is counted apart.
"""

import time
from dataclasses import replace

import pytest

from tests.chart.helm import merged
from tests.live.api import eventually
from tests.release.apiserver import GRACE_SECONDS, restart
from tests.release.asking import Answer, Asker, fat
from tests.release.cluster import annotations
from tests.release.events import MENDED_SECONDS, secret_made_anew, settled
from tests.release.judging import edit, running, wait_for
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
_FOLLOWED_SECONDS = 35.0
"""Until watches that ended with the API server are there again: mirrors wait up to 30 s."""


def containers(release: Release) -> dict[str, int]:
    """Return how often each container of both roles was restarted, by its pod's UID."""
    return {
        pod["metadata"]["uid"]: status["restartCount"]
        for pod in release.get("pods", "-l", "slimgate.dev/metrics=true")["items"]
        for status in pod["status"]["containerStatuses"]
    }


def followed(release: Release) -> float:
    """Edit the policy, and return after how many seconds each of 20 answers in turn shows it."""
    message = f"edited at {time.monotonic():.3f}"
    began = time.monotonic()
    edit(release.kubectl, {"message": message})
    asker = Asker(release.lab)

    def shown() -> bool:
        # Both webhook pods answer by turns.
        return all(
            asker.ask(fat(release.lab)) is Answer.REFUSED and message in asker.said
            for _ in range(20)
        )

    try:
        eventually(shown, "the edited message", _FOLLOWED_SECONDS)
    finally:
        asker.close()
    return time.monotonic() - began


def judged(release: Release) -> float:
    """Deploy something, and return after how many seconds the controller has judged it."""
    edit(release.kubectl, {"mode": "Audit"})
    wait_for(release.lab, Answer.ADMITTED)
    began = time.monotonic()
    with running(release.kubectl, fat(release.lab)) as name:
        eventually(lambda: annotations(release.kubectl, name), "the verdict", _FOLLOWED_SECONDS)
        return time.monotonic() - began


@pytest.mark.parametrize("grace", [GRACE_SECONDS, 0.0], ids=["ended", "killed"])
def test_the_api_server_restarted(release4: Release, figures: Figures, grace: float) -> None:
    """Once it is ready again none is lost, wrong or overdue, and both roles go on by themselves."""
    release = replace(release4, values=merged(release4.values, _FAIL))
    release.install()
    edit(release.kubectl, {"mode": "Enforce"})
    wait_for(release.lab, Answer.REFUSED)
    found = taken()
    settled(release)
    before = containers(release)

    with under_load(found.half) as counted:
        outage = restart(release.lab, grace=grace)
        counted.outages.append(outage)
        webhook = followed(release)
        mended = secret_made_anew(release)
        time.sleep(10)

    word = "restarted" if grace else "killed (SIGKILL)"
    figures.add(f"the API server {word}", counted)
    controller = judged(release)
    figures.note(f"API server {word}, at half of this: {found}")
    figures.note(
        f"API server {word}: {outage.seconds:.1f} s without one that is ready; the webhook follows "
        f"an edited policy {webhook:.1f} s after that, a deleted Secret is there again after "
        f"{mended:.1f} s, the controller judges a new workload within {controller:.1f} s"
    )
    assert containers(release) == before
    assert not counted.faults, counted.said
    assert counted.unreached > 0
    assert mended < MENDED_SECONDS
    assert not counted.overdue
