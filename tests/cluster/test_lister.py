"""What the API server lists, and what is no listing."""

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import web

from slimgate.cluster.api import ClusterApi
from slimgate.cluster.lister import ClusterLister
from slimgate.core.errors import ClusterError
from slimgate.core.json_object import mapping_at
from slimgate.core.matching.selector_text import read_selector
from slimgate.core.workloads.kinds import BUILT_IN, Kind
from tests.lab.state import Lab
from tests.support.cluster_client import client_of

JOBS = Kind(group="batch", version="v1", plural="jobs", kind="Job")
FIRST = {
    "metadata": {"resourceVersion": "7", "continue": "x"},
    "items": [{"metadata": {"uid": "1"}}, {"metadata": {"uid": "2"}}],
}
LAST = {"metadata": {"resourceVersion": "7"}, "items": [{"metadata": {"uid": "3"}}]}


class Answers:
    """An API server that gives one answer after another."""

    def __init__(self) -> None:
        self.answers: list[tuple[int, str]] = []
        self.asked: list[str] = []

    async def answer(self, request: web.Request) -> web.Response:
        """Give the next."""
        self.asked.append(request.path_qs)
        assert "PartialObjectMetadataList" in request.headers["Accept"]
        status, text = self.answers.pop(0)
        return web.Response(status=status, text=text, content_type="application/json")


@pytest.fixture
def answers() -> Answers:
    """Make one."""
    return Answers()


@pytest.fixture
async def lister(answers: Answers, tmp_path: Path) -> AsyncIterator[ClusterLister]:
    """List what it answers."""
    app = web.Application()
    app.router.add_get("/{path:.*}", answers.answer)
    async with client_of(app, tmp_path) as api:
        yield ClusterLister(api)


async def test_uids(answers: Answers, lister: ClusterLister) -> None:
    """They come page by page, of nothing but metadata."""
    answers.answers = [(200, json.dumps(FIRST)), (200, json.dumps(LAST))]

    pages = [page async for page in lister.uids(JOBS)]

    assert pages == [{"1", "2"}, {"3"}]
    assert answers.asked == [
        "/apis/batch/v1/jobs?limit=500",
        "/apis/batch/v1/jobs?limit=500&continue=x",
    ]


async def test_chosen_nodes(tmp_path: Path) -> None:
    """Only nodes whose labels match are listed, all where nothing is chosen."""
    items = [{"metadata": {"name": name, "labels": {"zone": name}}} for name in "abc"]

    async def nodes(request: web.Request) -> web.Response:
        del request
        return web.json_response({"metadata": {"resourceVersion": "7"}, "items": items})

    app = web.Application()
    app.router.add_get("/api/v1/nodes", nodes)
    async with client_of(app, tmp_path) as api:
        chosen = ClusterLister(api, read_selector("zone in (a,c)"))

        some = [mapping_at(node, "metadata")["name"] async for node in chosen.nodes()]
        every = [node async for node in ClusterLister(api).nodes()]

    assert (some, len(every)) == (["a", "c"], 3)


BROKEN = [
    (410, '{"kind": "Status", "code": 410}'),
    (404, "{}"),
    (403, '{"kind": "Status", "message": "it cannot list jobs"}'),
    (500, ""),
    (200, ""),
    (200, "{}"),
    (200, "[]"),
    (200, json.dumps(LAST)[:-1]),
    (200, '{"kind": "Status", "status": "Failure", "metadata": {}}'),
]


@pytest.mark.parametrize("whole", [0, 1])
@pytest.mark.parametrize("broken", BROKEN)
async def test_what_is_no_listing(
    answers: Answers, lister: ClusterLister, broken: tuple[int, str], whole: int
) -> None:
    """A page that is missing or no page is an error, and never an empty one."""
    answers.answers = [*[(200, json.dumps(FIRST))] * whole, broken]
    pages: list[frozenset[str]] = []

    async def collect() -> None:
        async for page in lister.uids(JOBS):
            pages.append(page)  # noqa: PERF401 - what came before the error is of interest

    with pytest.raises(ClusterError):
        await collect()

    assert pages == [{"1", "2"}] * whole


@pytest.mark.lab
async def test_every_built_in_kind_is_listed(lab: Lab) -> None:
    """The API server knows all their paths."""
    async with ClusterApi.connect(lab.kubeconfig) as api:
        for kind in BUILT_IN:
            assert [page async for page in ClusterLister(api).uids(kind)]
