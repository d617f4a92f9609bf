"""The table of life: what becomes of admissions while something happens to a release.

Asked at half of the rate that the same API server and webhook have answered just before.

By `failurePolicy: Fail`, so that the API server says of each call to the webhook that failed, but
for the last row.
"""

from dataclasses import replace

import pytest

from tests.chart.helm import merged
from tests.release.asking import Answer
from tests.release.cluster import unasked
from tests.release.events import EVENTS, away, settled
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
]
_FAIL = {"webhook": {"failurePolicy": "Fail"}}


@pytest.mark.timeout(1500)
def test_what_a_release_goes_through(release4: Release, figures: Figures) -> None:
    """None is wrong while anything answers, none lost or overdue but where nothing can answer."""
    release = replace(release4, values=merged(release4.values, _FAIL))
    release.install()
    edit(release.kubectl, {"mode": "Enforce"})
    wait_for(release.lab, Answer.REFUSED)
    found = taken()
    figures.note(f"what a release goes through, at half of this: {found}")
    faults = {}
    for event in EVENTS:
        settled(release)
        with under_load(found.half) as counted:
            event.run(release)
        figures.add(event.name, counted)
        is_overdue = counted.overdue and not event.unanswered
        if counted.wrong or is_overdue or counted.lost > event.unanswered * found.half:
            faults[event.name] = f"{counted.overdue} overdue, {counted.said}"

    # While nothing answers, what would be refused is admitted.
    release.upgrade({"webhook": {"failurePolicy": "Ignore"}})
    settled(release)
    before = unasked(release.kubectl)
    with under_load(found.half) as counted:
        away("webhook", 2, 10)(release)
    figures.add("all webhook pods away, Ignore", counted)

    assert not faults
    assert 0 < counted.wrong <= unasked(release.kubectl) - before
    assert not counted.lost
