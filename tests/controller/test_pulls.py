"""The look at what nodes pulled."""

from collections.abc import AsyncIterator

import pytest

from slimgate.controller.pulls import PullSurvey
from slimgate.core.errors import ClusterError
from slimgate.core.json_object import JsonObject
from tests.core.nodes.test_pulls import WHOLE, event


class Events:
    """Lists some events, then fails if it should."""

    def __init__(self, *events: JsonObject) -> None:
        self.events = events
        self.fails = False

    async def pulled(self) -> AsyncIterator[JsonObject]:
        """Yield them."""
        for one in self.events:
            yield one
        if self.fails:
            raise ClusterError("you may not list events")


async def test_looks(caplog: pytest.LogCaptureFixture) -> None:
    """What events tell is known until they are gone; where they can't be read nothing is."""
    events = Events(event(WHOLE), event("already present"))
    survey = PullSurvey(events)

    await survey.look()
    assert seen(survey) == {"r.io/a:1": 1}

    events.events = ()
    await survey.look()
    assert seen(survey) == {}

    events.fails = True
    await survey.look()
    assert seen(survey) is None
    assert "what nodes pulled is not known: you may not list events" in caplog.text


def seen(survey: PullSurvey) -> dict[str, int] | None:
    """Tell how often each image was pulled."""
    sums = survey.sums
    return None if sums is None else {name: one.times for name, one in sums.images.items()}
