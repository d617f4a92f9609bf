"""Panels tell what the objects say that they are about, asked of Kubernetes and not of slimgate."""

import base64
import json
import re
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest
from cryptography import x509

from tests.dashboards.answers import Answered, Json, look
from tests.dashboards.hub import HUB, PULLS_LEFT
from tests.dashboards.play import Play
from tests.dashboards.scene import SYSTEM
from tests.dashboards.traffic import DENIED
from tests.lab.kubectl import Kubectl

pytestmark = [
    pytest.mark.lab,
    pytest.mark.node,
    pytest.mark.slow,
    pytest.mark.prometheus,
    pytest.mark.timeout(900),
]
OVERVIEW, NODE = "slimgate-overview", "slimgate-node"
ADMISSION, ITSELF = "slimgate-admission", "slimgate-itself"
_PATIENCE: Final = 40.0
_VERDICT: Final = "slimgate.dev/verdict"
_CALLS: Final = re.compile(
    r'^apiserver_admission_webhook_request_total\{.*name="workloads\.slimgate\.dev".*\} (\d+)',
    re.MULTILINE,
)


@dataclass(frozen=True, slots=True)
class Watching:
    """Asks panels anew, until they agree with the objects or patience ends."""

    play: Play

    def panel(self, uid: str, title: str) -> Answered:
        """Ask a panel as of now."""
        return look(uid, title, self.play.prometheus)

    def agree(self, shown: Callable[[], object], there: Callable[[], object]) -> None:
        """Fail if what is shown never becomes what is there: both follow with a delay."""
        deadline = time.monotonic() + _PATIENCE
        while (one := shown()) != (other := there()):
            assert time.monotonic() < deadline, f"{one} is shown, {other} is there"
            time.sleep(1)

    def stat(self, uid: str, title: str) -> Callable[[], float]:
        """Return what reads a stat."""
        return lambda: self.panel(uid, title).value()

    def grown(self, counter: str, *labels: str) -> dict[tuple[str, ...], float]:
        """Return by how much a counter has grown since people began to deploy."""
        raw = f"slimgate_{counter}_total"
        query = f"sum by ({', '.join(labels)}) ({raw} - ({raw} @ {self.play.began} or {raw} * 0))"
        rows = self.play.prometheus.now(query)
        return {tuple(found[name] for name in labels): value for found, value in rows if value}


@pytest.fixture(scope="module")
def watching(play: Play) -> Watching:
    """Return what asks panels."""
    return Watching(play)


def items(kubectl: Kubectl, *what: str) -> list[dict[str, Any]]:
    """Read objects."""
    found: list[dict[str, Any]] = json.loads(kubectl("get", *what, "-o", "json"))["items"]
    return found


def judged(kubectl: Kubectl) -> Counter[tuple[str, str]]:
    """Count Deployments by namespace and the verdict that the controller annotated."""
    return Counter(
        (one["metadata"]["namespace"], verdict)
        for one in items(kubectl, "deployments", "-A")
        if (verdict := one["metadata"].get("annotations", {}).get(_VERDICT))
    )


@pytest.mark.parametrize(
    ("title", "verdict"),
    [("Over a deny limit", "deny"), ("Over a warn limit", "warn"), ("Unknown", "unknown")],
)
def test_workloads_by_verdict(
    watching: Watching, kubectl: Kubectl, title: str, verdict: str
) -> None:
    """Each number is that of Deployments with the annotation, and there are some."""

    def annotated() -> int:
        return sum(count for (_, one), count in judged(kubectl).items() if one == verdict)

    watching.agree(watching.stat(OVERVIEW, title), annotated)
    assert annotated() > 0


def test_namespaces_over_policy(watching: Watching, kubectl: Kubectl) -> None:
    """Each namespace stands there with its annotated Deployments, by verdict."""
    verdicts = ("deny", "warn", "unknown")

    def annotated() -> dict[str, list[float]]:
        found = judged(kubectl)
        places = {namespace for namespace, _ in found}
        return {place: [found[place, verdict] for verdict in verdicts] for place in places}

    def shown() -> dict[str, list[float]]:
        panel = watching.panel(OVERVIEW, "Namespaces over policy")
        columns = [panel.by("workload_namespace", query=number) for number in range(len(verdicts))]
        return {place: [column[place,] for column in columns] for (place,) in columns[0]}

    watching.agree(shown, annotated)
    assert len(annotated()) == 3


def test_policies_say_the_same_in_their_status(watching: Watching, kubectl: Kubectl) -> None:
    """Mode and numbers of the table are those of each policy's spec and status."""

    def statuses() -> dict[tuple[str, ...], tuple[float, ...]]:
        return {
            (one["metadata"]["name"], one["spec"]["mode"]): _counts(one["status"])
            for one in items(kubectl, "slimpolicies")
        }

    def shown() -> dict[tuple[str, ...], tuple[float, ...]]:
        panel = watching.panel(OVERVIEW, "Policies")
        columns = [panel.by("policy", "mode", query=number) for number in range(4)]
        return {key: tuple(column[key] for column in columns) for key in columns[0]}

    watching.agree(shown, statuses)
    assert len(statuses()) == 3


def _counts(status: Json) -> tuple[float, ...]:
    over = [status[name] for name in ("denied", "warned", "unknown")]
    return (*over, status["workloads"] - sum(over))


def test_refusals_are_those_that_people_got(watching: Watching) -> None:
    """The day's number is that of denials which kubectl printed, also a namespace's first ones."""
    heard = watching.play.traffic.total(DENIED)
    grown = watching.grown("policy_admissions", "workload_namespace", "effect")
    shown = watching.panel(OVERVIEW, "Refused, 24 h").value()

    # Prometheus stretches what it saw to the time before the first scrape and after the last.
    assert {key: grown[key] for key in grown if key[1] == DENIED} == {
        (place, DENIED): count for (place, said), count in watching.play.traffic.said.items()
        if said == DENIED
    }  # fmt: skip
    assert heard <= shown <= 1.2 * heard + 2


def test_admissions_are_the_api_servers_calls(watching: Watching, kubectl: Kubectl) -> None:
    """The API server has called as often as slimgate says to have answered, since it started."""
    pages = kubectl("get", "--raw", "/metrics")
    calls = sum(map(int, _CALLS.findall(pages)))
    grown = watching.grown("admissions", "allowed")

    assert calls >= sum(grown.values()) > watching.play.traffic.total(DENIED)
    assert grown["false",] == watching.play.traffic.total(DENIED)


def test_refused_and_warned_by_policy(watching: Watching) -> None:
    """Each policy has said what its mode lets it say."""
    said = set(watching.grown("policy_admissions", "policy", "effect"))
    shown = watching.panel(ADMISSION, "Refused and warned, by policy").by("policy", "effect")

    assert said == {("demo", "denied"), ("demo", "warned"), ("teams", "noted"),
                    ("images-known", "denied")}  # fmt: skip
    assert said <= set(shown)


def test_budgets(watching: Watching, kubectl: Kubectl) -> None:
    """Who is over a budget stands in the policy's status, as far over as the panel shows."""

    def told() -> dict[tuple[str, ...], float]:
        (policy,) = [one for one in items(kubectl, "slimpolicies") if "budget" in one["spec"]]
        over = policy["status"].get("overBudget", [])
        return {
            (policy["metadata"]["name"], one["namespace"]): one["unpackedBytes"] - 2**20
            for one in over
        }

    def shown() -> dict[tuple[str, ...], float]:
        panel = watching.panel("slimgate-namespace", "Over budgets")
        return panel.by("policy", "workload_namespace")

    watching.agree(shown, told)
    assert {namespace for _, namespace in told()} == {"shop"}


def test_webhook_pods_and_their_certificate(watching: Watching, kubectl: Kubectl) -> None:
    """Pods are counted, and the certificate's end is that of the Secret."""
    pods = items(kubectl, "pods", "-n", SYSTEM, "-l", "app.kubernetes.io/component=webhook")
    secrets = items(kubectl, "secrets", "-n", SYSTEM, "--field-selector=type=kubernetes.io/tls")
    (pem,) = (base64.b64decode(one["data"]["tls.crt"]) for one in secrets)
    left = x509.load_pem_x509_certificate(pem).not_valid_after_utc.timestamp() - time.time()

    assert watching.panel(ADMISSION, "Webhook pods").value() == len(pods)
    for uid in (ADMISSION, ITSELF):
        assert watching.panel(uid, "Certificate ends in").value() == pytest.approx(left, abs=30)


def test_what_registries_said(watching: Watching) -> None:
    """The pulls that are left are those of the second registry's header, and it was left alone."""
    skipped = watching.grown("registry_requests_skipped", "registry", "reason")

    assert watching.panel(ADMISSION, "Pulls left").by("registry") == {(HUB,): PULLS_LEFT}
    assert skipped[HUB, "unavailable"] > 0


def test_slimgate_itself(watching: Watching, kubectl: Kubectl) -> None:
    """Watched objects and invalid ones are as many as Kubernetes has, and one controller leads."""
    watched = watching.panel(ITSELF, "Watched objects").by("resource")
    kinds = ("slimpolicies.slimgate.dev", "baseimages.slimgate.dev", "nodes", "namespaces")

    assert {kind: watched[kind,] for kind in kinds if (kind,) in watched} == {
        kind: len(items(kubectl, kind)) for kind in kinds if (kind,) in watched
    }
    assert len(watched) >= 4
    assert watching.panel(ITSELF, "Leading controllers").value() == 1
    watching.agree(watching.stat(ITSELF, "Invalid objects"), lambda: _refused(kubectl))
    assert _refused(kubectl) == 1


def _refused(kubectl: Kubectl) -> int:
    objects = items(kubectl, "baseimages") + items(kubectl, "slimpolicies")
    conditions = [one for each in objects for one in each["status"]["conditions"]]
    return sum(one["type"] == "Accepted" and one["status"] == "False" for one in conditions)


@pytest.mark.parametrize(("query", "role"), [(0, "controller"), (1, "webhook")])
def test_memory_is_that_of_the_processes(watching: Watching, query: int, role: str) -> None:
    """Each pod's memory is what the kernel says of its process."""
    shown = watching.panel(ITSELF, "Memory").by("pod", query=query)
    resident = sorted(_resident(role))

    assert all(pod.startswith(f"slimgate-{role}-") for (pod,) in shown)
    assert sorted(shown.values()) == pytest.approx(resident, rel=0.2)


def _resident(role: str) -> Iterator[float]:
    """Find the resident memory of the lab's processes of a role."""
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            words = process.joinpath("cmdline").read_bytes().split(b"\0")
            if words[1:3] == [b"/opt/slimgate/bin/slimgate", role.encode()]:
                status = process.joinpath("status").read_text(encoding="utf-8")
                yield float(status.partition("VmRSS:")[2].split()[0]) * 1024
