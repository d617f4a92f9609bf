"""Every query of every dashboard, on a real Prometheus that scrapes the demo's pods."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from tests.dashboards.answers import PAGES, Answered, Span, choices
from tests.dashboards.pictures import draw
from tests.dashboards.play import Play
from tests.lab.layout import default_layout
from tests.lab.processes import is_ours, recorded
from tests.lab.prometheus import NAME

pytestmark = [
    pytest.mark.lab,
    pytest.mark.node,
    pytest.mark.slow,
    pytest.mark.prometheus,
    pytest.mark.timeout(900),
]
Pages = Mapping[str, Sequence[Answered]]


@pytest.mark.parametrize("uid", PAGES)
def test_no_panel_is_empty(pages: Pages, uid: str) -> None:
    """Prometheus takes every query, and has something to say to each."""
    answers = [(one.title, answer) for one in pages[uid] for answer in one.answers]

    assert len(pages[uid]) == sum(one["type"] != "row" for one in PAGES[uid]["panels"])
    assert [(title, answer.expr) for title, answer in answers if answer.is_empty] == []


@pytest.mark.parametrize("uid", PAGES)
def test_variables_have_choices(play: Play, span: Span, uid: str) -> None:
    """Each variable has something to choose, but for the cluster, which the lab does not name."""
    found = choices(PAGES[uid], play.prometheus, span)

    assert {name for name, values in found.items() if not values - {""}} == {"cluster"}


def test_admission_said_what_people_heard(play: Play) -> None:
    """Nothing else was said to those who deployed than each step expects."""
    assert play.traffic.surprises == []
    assert play.traffic.total("denied") > 3


def test_the_lab_ends_prometheus() -> None:
    """It is a process of the lab as all others, and so ends with it."""
    layout = default_layout()

    assert is_ours(recorded(layout.run)[NAME], layout.run)


def test_pictures(pages: Pages, tmp_path: Path) -> None:
    """Each page can be drawn from the answers, in a file that docs can hold."""
    for uid, page in PAGES.items():
        target = tmp_path / f"{uid}.png"
        draw(page, pages[uid], target)

        assert 20_000 < target.stat().st_size < 200_000
