"""What the survey of nodes lists."""

from pathlib import Path

import pytest
from aiohttp import web

from slimgate.cluster.lister import ClusterLister
from slimgate.core.errors import ClusterError
from slimgate.core.json_object import mapping_at
from slimgate.core.matching.selector_text import read_selector
from tests.support.cluster_client import client_of


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


async def test_pods_of_a_node(tmp_path: Path) -> None:
    """They are asked for by the API server's own index, from its memory, within a limit."""
    asked: list[dict[str, str]] = []

    async def pods(request: web.Request) -> web.Response:
        asked.append({**request.query})
        name = request.query["fieldSelector"].removeprefix("spec.nodeName=")
        items = [{"metadata": {"name": name if name == "n1" else "x" * (33 * 2**20)}}]
        return web.json_response({"metadata": {"resourceVersion": "7"}, "items": items})

    app = web.Application()
    app.router.add_get("/api/v1/pods", pods)
    async with client_of(app, tmp_path) as api:
        found = [
            mapping_at(pod, "metadata")["name"] async for pod in ClusterLister(api).pods_on("n1")
        ]
        with pytest.raises(ClusterError, match="is larger than"):
            _ = [pod async for pod in ClusterLister(api).pods_on("hostile")]

    assert (found, {query["resourceVersion"] for query in asked}) == (["n1"], {"0"})


async def test_pulled(tmp_path: Path) -> None:
    """Of all events only those of a pod's images are asked for, or those of one namespace."""

    async def events(request: web.Request) -> web.Response:
        chosen = request.query["fieldSelector"] == "reason=Pulled,regarding.kind=Pod"
        items = [{"metadata": {"name": "e"}}] if chosen else []
        return web.json_response({"metadata": {"resourceVersion": "7"}, "items": items})

    app = web.Application()
    app.router.add_get("/apis/events.k8s.io/v1/events", events)
    app.router.add_get("/apis/events.k8s.io/v1/namespaces/shop/events", events)
    async with client_of(app, tmp_path) as api:
        found = [event async for event in ClusterLister(api).pulled()]
        of_shop = [event async for event in ClusterLister(api).pulled("shop")]

    assert len(found) == len(of_shop) == 1
