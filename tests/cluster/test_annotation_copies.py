"""Which ReplicaSets lose what they have copied from a workload that got within policy."""

import logging
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path

import pytest
from aiohttp import web

from slimgate.cluster.records import Records
from slimgate.cluster.reports import Reports
from slimgate.core.wording.annotations import NO_ANNOTATIONS, SUMMARY, VERDICT
from slimgate.core.workloads.kinds import BUILT_IN, DEPLOYMENTS, Kind
from slimgate.core.workloads.workload import Workload
from tests.support.cluster_client import client_of

OURS = {VERDICT: "deny", SUMMARY: "too fat"}
REPLICA_SETS = "/apis/apps/v1/namespaces/shop/replicasets"


@dataclass
class Server:
    """Keeps one object named web, and five ReplicaSets that its selector matches."""

    permitted: bool = True
    labels: dict[str, str] = field(default_factory=lambda: {"app": "web", "tier": "front"})
    asked: list[str] = field(default_factory=list)
    stripped: list[str] = field(default_factory=list)

    def app(self) -> web.Application:
        """Make the server."""
        app = web.Application()
        app.router.add_patch("/apis/{group}/v1/namespaces/shop/{plural}/web", self._annotate)
        app.router.add_get(REPLICA_SETS, self._list)
        app.router.add_patch(f"{REPLICA_SETS}/{{name}}", self._strip)
        return app

    async def _annotate(self, request: web.Request) -> web.Response:
        self.asked.append(request.match_info["plural"])
        return web.json_response(
            {
                "metadata": {"name": "web", "namespace": "shop", "uid": "1"},
                "spec": {"selector": {"matchLabels": self.labels}},
            }
        )

    async def _list(self, request: web.Request) -> web.Response:
        self.asked.append(request.query["labelSelector"])
        if " " in self.asked[-1]:
            return web.json_response({"kind": "Status"}, status=HTTPStatus.BAD_REQUEST)
        copies = [
            _copy("web-1", "1", OURS),
            _copy("web-2", "1", {SUMMARY: "too fat"}),
            _copy("clean", "1", {"theirs": "kept"}),
            _copy("others", "2", OURS),
            _copy("gone", "1", OURS),
        ]
        return web.json_response({"kind": "ReplicaSetList", "metadata": {}, "items": copies})

    async def _strip(self, request: web.Request) -> web.Response:
        if not self.permitted:
            return web.json_response({"kind": "Status"}, status=HTTPStatus.FORBIDDEN)
        name, patch = request.match_info["name"], await request.json()
        if name == "gone":
            return web.json_response({"kind": "Status"}, status=HTTPStatus.NOT_FOUND)
        assert patch == {"metadata": {"uid": name, "annotations": {VERDICT: None, SUMMARY: None}}}
        self.stripped.append(name)
        return web.json_response({})


def _copy(name: str, owner: str, annotations: dict[str, str]) -> dict[str, object]:
    owners = [{"kind": "Deployment", "uid": owner, "controller": True}]
    metadata = {"name": name, "namespace": "shop", "uid": name, "ownerReferences": owners}
    return {"metadata": {**metadata, "annotations": annotations}}


async def annotated(
    server: Server, folder: Path, kind: Kind, annotations: dict[str, str | None]
) -> None:
    """Have a workload of that kind annotated twice."""
    workload = Workload(group=kind.group, kind=kind.kind, namespace="shop", name="web", uid="1")
    async with client_of(server.app(), folder) as api:
        records = Records(api, Reports(api))
        for _ in range(2):
            await records.annotate(kind, workload, annotations)


DEPLOYMENT = DEPLOYMENTS
ROLLOUT = Kind(group="argoproj.io", version="v1", plural="rollouts", kind="Rollout")
(STATEFUL_SET,) = (one for one in BUILT_IN if one.kind == "StatefulSet")


@pytest.mark.parametrize("kind", [DEPLOYMENT, ROLLOUT])
async def test_its_own_lose_them(tmp_path: Path, kind: Kind) -> None:
    """Those that it owns and that carry any; others of its labels are not touched."""
    server = Server()
    await annotated(server, tmp_path, kind, dict(NO_ANNOTATIONS))

    assert server.asked == [kind.plural, "app=web,tier=front"] * 2
    assert server.stripped == ["web-1", "web-2"] * 2


@pytest.mark.parametrize(
    ("kind", "annotations"), [(STATEFUL_SET, dict(NO_ANNOTATIONS)), (DEPLOYMENT, dict(OURS))]
)
async def test_nothing_is_asked_in_vain(
    tmp_path: Path, kind: Kind, annotations: dict[str, str | None]
) -> None:
    """Not for a kind that makes no ReplicaSets, nor while the workload is to be annotated."""
    server = Server()
    await annotated(server, tmp_path, kind, annotations)

    assert server.asked == [kind.plural] * 2


async def test_labels_that_nothing_can_have(tmp_path: Path) -> None:
    """Nobody checks what a kind of others selects by, and there is nothing to be tried again."""
    server = Server(labels={"app": "not a label"})
    await annotated(server, tmp_path, ROLLOUT, dict(NO_ANNOTATIONS))

    assert server.asked == ["rollouts", "app=not a label"] * 2
    assert server.stripped == []


async def test_without_the_right(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """It is said once, and the workload itself is annotated all the same."""
    caplog.set_level(logging.WARNING)
    server = Server(permitted=False)
    await annotated(server, tmp_path, DEPLOYMENT, dict(NO_ANNOTATIONS))

    (line,) = [record.getMessage() for record in caplog.records]
    assert line.startswith("annotations of ReplicaSets stay as they are: ")
    assert server.asked == ["deployments", "app=web,tier=front", "deployments"]
