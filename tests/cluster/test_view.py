"""The CLI's view of a cluster: what it asks for, and what it does without a right."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from aiohttp import web

from slimgate.cluster.api import ClusterApi
from slimgate.cluster.view import ApiView
from slimgate.core.credentials.identity import ANONYMOUS, Identity
from slimgate.core.errors import ClusterError
from slimgate.core.images.facts import Inspection, Platform
from slimgate.core.workloads.workload import Workload
from slimgate.engine.inspector import Inspector, Question
from slimgate.settings import Settings
from tests.support.cluster_client import client_of

POD = {
    "metadata": {"name": "web", "namespace": "shop"},
    "spec": {"containers": [{"name": "c", "image": "shop:1"}]},
}
WEB = Workload(kind="Pod", namespace="shop", name="web")


class Server:
    """An API server that has one Pod, and refuses nodes to those without a right."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    async def answer(self, request: web.Request) -> web.Response:
        """Give lists."""
        self.asked.append(request.path)
        if request.path.endswith("/nodes"):
            text = '{"kind": "Status", "message": "nodes is forbidden: you cannot list nodes"}'
            return web.Response(status=403, text=text)
        if request.path.endswith("/jobs/web"):
            text = '{"kind": "Status", "message": "jobs is forbidden: you cannot get jobs"}'
            return web.Response(status=403, text=text)
        if request.path.rpartition("/")[2] == "web":
            return web.json_response({"apiVersion": "v1", "kind": "Pod", **POD})
        if request.path.rpartition("/")[2] == "other":
            return web.Response(status=404, text='{"kind": "Status", "message": "not found"}')
        items = [POD] if request.path.endswith("/pods") else []
        return web.json_response({"kind": "List", "metadata": {}, "items": items})


class Asked(Inspector):
    """Keeps the questions, and answers none."""

    def __init__(self) -> None:
        self.questions: list[Question] = []

    async def inspect(self, question: Question) -> Inspection:
        """Keep it."""
        self.questions.append(question)
        return Inspection(reference="", digest=None, media_type="", images=())


class Nobody:
    """A keyring without keys."""

    def known(self, workload: Workload) -> Identity:
        """Know that there are none."""
        del workload
        return ANONYMOUS

    async def identity(self, workload: Workload) -> Identity:
        """Give none."""
        return self.known(workload)

    async def newer(self, workload: Workload, refused: Identity) -> None:
        """Have no others."""


@pytest.fixture
def server() -> Server:
    """Make one."""
    return Server()


@pytest.fixture
async def api(server: Server, tmp_path: Path) -> AsyncIterator[ClusterApi]:
    """Log in to it."""
    app = web.Application()
    app.router.add_get("/{path:.*}", server.answer)
    async with client_of(app, tmp_path) as api:
        yield api


async def test_workloads_of_one_namespace(server: Server, api: ClusterApi) -> None:
    """One namespace's workloads take requests for that namespace alone."""
    view = ApiView(api, Settings(), Asked(), Nobody())
    found = await view.workloads("shop")

    assert [str(workload) for workload in found] == ["pod shop/web"]
    assert {path.rpartition("/namespaces/")[2].partition("/")[0] for path in server.asked} == {
        "shop"
    }


async def test_one_workload_as_it_is_now(server: Server, api: ClusterApi) -> None:
    """It is read by its kind and name, and nothing else is; what may not be read is noted."""
    view = ApiView(api, Settings(), Asked(), Nobody())
    there = await view.current(WEB)
    gone = await view.current(replace(WEB, name="other"))
    denied = await view.current(replace(WEB, group="batch", kind="Job"))
    unknown = await view.current(replace(WEB, group="batch.volcano.sh", kind="Job"))

    assert [use.reference for use in (there.images if there else ())] == ["shop:1"]
    assert (gone, denied, unknown) == (None, None, None)
    assert server.asked == [
        "/api/v1/namespaces/shop/pods/web",
        "/api/v1/namespaces/shop/pods/other",
        "/apis/batch/v1/namespaces/shop/jobs/web",
    ]
    (note,) = view.notes
    assert note.startswith("job shop/web is judged as if it were new: a right is missing: jobs is")


async def test_what_ran_before(server: Server, api: ClusterApi) -> None:
    """Revisions are asked for by what was read already."""
    view = ApiView(api, Settings(), Asked(), Nobody())
    gone = replace(WEB, name="other")
    for one in (WEB, gone):
        await view.current(one)
        assert await view.former(one) == []

    assert server.asked == [
        "/api/v1/namespaces/shop/pods/web",
        "/api/v1/namespaces/shop/pods/other",
    ]


async def test_without_the_right_to_nodes(api: ClusterApi) -> None:
    """Who may not list nodes has the platforms of the settings, and a note, once."""
    inspector = Asked()
    view = ApiView(api, Settings(), inspector, Nobody())
    await view.inspect(WEB, "shop:1")
    await view.inspect(WEB, "shop:2")

    assert {question.platforms for question in inspector.questions} == {
        (Platform("linux", "amd64"),)
    }
    assert view.notes == ("you may not list nodes: platform linux/amd64 is assumed",)
    with pytest.raises(ClusterError, match="a right is missing"):
        await view.platforms()
