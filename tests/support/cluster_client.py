"""A client of an API server that a test makes up."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from aiohttp import web
from aiohttp.test_utils import TestServer

from slimgate.cluster.api import ClusterApi
from slimgate.cluster.wire import ApiObserver


@asynccontextmanager
async def client_of(
    app: web.Application, folder: Path, observer: ApiObserver | None = None
) -> AsyncIterator[ClusterApi]:
    """Serve the application, and log in to it by a kubeconfig."""
    async with TestServer(app) as server:
        config = {
            "current-context": "x",
            "contexts": [{"name": "x", "context": {"cluster": "x", "user": "x"}}],
            "clusters": [{"name": "x", "cluster": {"server": str(server.make_url(""))}}],
            "users": [{"name": "x", "user": {"token": "x"}}],
        }
        path = folder / "made-up.yaml"
        path.write_text(json.dumps(config))
        async with ClusterApi.connect(str(path), observer=observer) as api:
            yield api
