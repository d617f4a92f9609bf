"""A client of an API server that a test makes up."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from aiohttp import web
from aiohttp.test_utils import TestServer

from slimgate.cluster.api import ClusterApi
from slimgate.cluster.fence import Fence
from slimgate.cluster.wire import ApiObserver
from tests.support.kubeconfig import kubeconfig


@asynccontextmanager
async def client_of(
    app: web.Application,
    folder: Path,
    observer: ApiObserver | None = None,
    fence: Fence | None = None,
) -> AsyncIterator[ClusterApi]:
    """Serve the application, and log in to it by a kubeconfig."""
    async with TestServer(app) as server:
        config = kubeconfig(folder, str(server.make_url("")))
        async with ClusterApi.connect(config, observer=observer, fence=fence) as api:
            yield api
