"""Policy reports, as dashboards of other tools read them, from a controller that runs."""

from collections.abc import Iterator

import pytest

from slimgate.cluster.resources import OPEN_REPORTS
from tests.live import make
from tests.live.api import Api, Json, eventually
from tests.live.room import Room
from tests.live.shelf import SMALL
from tests.live.site import Site, reports_served

pytestmark = pytest.mark.lab


@pytest.fixture
def report_kind(api: Api) -> Iterator[None]:
    """Install the kind of report for the test's time, unless the cluster has it."""
    with reports_served(api):
        yield


@pytest.mark.usefixtures("report_kind", "alone")
def test_a_report_for_each_workload(room: Room, site: Site) -> None:
    """It says what the policies say, follows them, and belongs to the workload."""
    site.roles.stop("controller")
    controller = site.roles.start("controller")
    policy = room.policy(limits={"pullSize": {"deny": "10k"}}, mode="Audit")
    image = room.shelf.noise(SMALL)
    deployment = room.deploy(image)

    report = eventually(lambda: _reports(room).get(_uid(deployment)), "it is reported")
    room.edit(policy, limits={"pullSize": {"deny": "10M"}})
    passed = eventually(lambda: _results(room, deployment, "pass"), "the report follows the policy")
    room.api.delete(make.policy(policy, {}))
    eventually(lambda: _reports(room) == {}, "without a policy there is none")

    (result,), (owner,) = report["results"], report["metadata"]["ownerReferences"]
    # By this the garbage collector has the report go with the workload.
    assert owner["uid"] == _uid(deployment)
    assert (report["scope"]["kind"], report["scope"]["name"]) == ("Deployment", "web")
    assert report["summary"] == {"fail": 1, "error": 0, "warn": 0, "skip": 0, "pass": 0}
    assert (result["policy"], result["rule"], result["result"]) == (policy, "pullSize", "fail")
    assert result["message"].startswith(f'container "main": {image} pulls 49.1 KiB')
    assert [one["policy"] for one in passed] == [policy]
    assert controller.runs()


def _reports(room: Room) -> dict[str, Json]:
    """Return the reports of the namespace by the uid of what they are about."""
    found = room.api.call("GET", OPEN_REPORTS.within(room.namespace)).body["items"]
    return {report["scope"]["uid"]: report for report in found}


def _results(room: Room, obj: Json, result: str) -> list[Json]:
    """Return the results of an object's report that are of one kind."""
    report = _reports(room).get(_uid(obj), {})
    return [one for one in report.get("results", []) if one["result"] == result]


def _uid(obj: Json) -> str:
    return str(obj["metadata"]["uid"])
