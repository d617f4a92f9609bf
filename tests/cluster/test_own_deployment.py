"""Which Deployment slimgate's own pod belongs to, from what an API server says."""

import logging
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from slimgate.cluster.own_deployment import OwnDeployment
from tests.support.cluster_client import client_of

Json = dict[str, Any]
POD = "/api/v1/namespaces/ops/pods/gate-5c9-x"
REPLICA_SET = "/apis/apps/v1/namespaces/ops/replicasets/gate-5c9"


def owned(kind: str, name: str, *, controller: bool = True) -> Json:
    """Write an object with an owner."""
    owner = {"apiVersion": "apps/v1", "kind": kind, "name": name, "uid": f"uid-of-{name}"}
    return {"metadata": {"ownerReferences": [{**owner, "controller": controller}]}}


class Answers:
    """An API server that has these objects; a number is a status."""

    def __init__(self, objects: dict[str, Json | int]) -> None:
        self.objects = objects
        self.asked = 0

    async def answer(self, request: web.Request) -> web.Response:
        """Answer."""
        self.asked += 1
        found = self.objects.get(request.path, 404)
        if isinstance(found, int):
            status = {"kind": "Status", "message": "pods cannot be had", "details": {"name": "x"}}
            return web.json_response(status, status=found)
        return web.json_response(found)


async def references(answers: Answers, folder: Path, pod: str | None, times: int = 1) -> list[Json]:
    """Ask so many times; return the last answer."""
    app = web.Application()
    app.router.add_get("/{path:.*}", answers.answer)
    async with client_of(app, folder) as api:
        owner = OwnDeployment(api, "ops", pod)
        found = [await owner.references() for _ in range(times)]
    return found[-1]


async def test_the_deployment(tmp_path: Path) -> None:
    """It is found by way of the ReplicaSet, and looked for once."""
    answers = Answers(
        {POD: owned("ReplicaSet", "gate-5c9"), REPLICA_SET: owned("Deployment", "gate")}
    )

    found = await references(answers, tmp_path, "gate-5c9-x", times=3)

    assert found == [
        {"apiVersion": "apps/v1", "kind": "Deployment", "name": "gate", "uid": "uid-of-gate"}
    ]
    assert answers.asked == 2


@pytest.mark.parametrize(
    "objects",
    [
        {POD: {"metadata": {}}},
        {POD: owned("StatefulSet", "gate")},
        {POD: owned("ReplicaSet", "gate-5c9", controller=False)},
        {POD: owned("ReplicaSet", "gate-5c9"), REPLICA_SET: {"metadata": {}}},
        {POD: owned("ReplicaSet", "gate-5c9"), REPLICA_SET: owned("Rollout", "gate")},
        {POD: owned("ReplicaSet", "../../x")},
    ],
)
async def test_others(objects: dict[str, Json | int], tmp_path: Path) -> None:
    """What no Deployment made has no owner that would take anything along."""
    assert await references(Answers(objects), tmp_path, "gate-5c9-x") == []


async def test_outside_of_a_cluster(tmp_path: Path) -> None:
    """Without a pod nobody is asked."""
    answers = Answers({})

    assert await references(answers, tmp_path, None) == []
    assert answers.asked == 0


@pytest.mark.parametrize(("status", "asked"), [(404, 1), (403, 1)])
async def test_what_may_not_be_seen(
    status: int, asked: int, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """It is said once."""
    answers = Answers({POD: status})
    with caplog.at_level(logging.WARNING):
        assert await references(answers, tmp_path, "gate-5c9-x", times=3) == []

    assert (answers.asked, len(caplog.records)) == (asked, 1)
    assert "what slimgate writes will outlive its Deployment" in caplog.text


async def test_an_api_server_that_fails(tmp_path: Path) -> None:
    """It is asked again the next time."""
    answers = Answers({POD: 500})

    assert await references(answers, tmp_path, "gate-5c9-x", times=3) == []
    assert answers.asked == 3
