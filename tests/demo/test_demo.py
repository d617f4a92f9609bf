"""What `make demo` prints, part by part, from a real run on the lab."""

import json
import re

import pytest

from tests.lab.kubectl import Kubectl
from tests.lab.state import Lab

pytestmark = [pytest.mark.lab, pytest.mark.node, pytest.mark.slow, pytest.mark.timeout(900)]
HERE = ("--namespace", "slimgate-demo")

KINDS = ("Pod", "ReplicationController", "ReplicaSet", "StatefulSet", "DaemonSet", "Job", "CronJob")
VERSIONS = {"Pod": "v1", "ReplicationController": "v1", "Job": "batch/v1", "CronJob": "batch/v1"}


def part(printed: str, number: int) -> str:
    """Return one of the numbered parts, without its heading."""
    found = re.search(
        rf"^{number}\. .*?$(.*?)(?=^\d\. |^demo: all|\Z)", printed, re.MULTILINE | re.DOTALL
    )
    assert found, printed
    return found[1].strip()


def rows(table: str) -> dict[str, list[str]]:
    """Return a table's rows by their first column, cells separated by two spaces or more."""
    lines = [re.split(r"\s{2,}", line.strip()) for line in table.splitlines() if line.strip()]
    return {cells[0]: cells[1:] for cells in lines}


def test_each_verdict_comes_with_its_image(printed: str) -> None:
    """What slimgate check says of an image is shown before the next one is built."""
    built = r"^demo: building and pushing (hello:\w+): done in "
    judged = r"^demo: (hello:\w+: \w+) by slimgate check, after \d+ s$"
    found = [one[1] or one[2] for one in re.finditer(f"{built}|{judged}", printed, re.MULTILINE)]

    assert found == [
        "hello:fat",
        "hello:fat: deny",
        "hello:semi",
        "hello:semi: warn",
        "hello:soya",
        "hello:soya: allow",
    ]


def test_the_table_compares_the_three_images(printed: str, lab: Lab) -> None:
    """Each image has sizes, its base with tier and evidence, and its verdict."""
    found = rows(part(printed, 1))

    columns = found["IMAGE"]
    tiers = {kind: found[f"{lab.registry}/hello:{kind}"] for kind in ("fat", "semi", "soya")}
    assert columns == ["PULL", "UNPACKED", "BASE", "TIER", "EVIDENCE", "VERDICT"]
    assert {kind: cells[3:] for kind, cells in tiers.items()} == {
        "fat": ["Builder", "Proven", "deny"],
        "semi": ["Distroless", "Proven", "warn"],
        "soya": ["Scratch", "Proven", "allow"],
    }
    assert all(re.fullmatch(r"[\d.]+ MiB", size) for cells in tiers.values() for size in cells[:2])


def test_the_fat_deployment_is_denied_in_full(printed: str, lab: Lab) -> None:
    """The denial names container, image, size, limit, largest layer, base and the way out."""
    text = part(printed, 2)

    assert "Error from server" in text
    assert 'admission webhook "workloads.slimgate.dev" denied the request' in text
    assert f'container "hello": {lab.registry}/hello:fat pulls ' in text
    assert "limit 100 MiB [policy demo, pullSize]" in text
    assert "its largest layer pulls" in text
    assert "(Builder, Proven)" in text
    assert "Build in a first stage and copy only what runs into the final one" in text
    assert "SlimException" in text


def test_the_semi_skimmed_one_is_admitted_with_a_warning(printed: str) -> None:
    """Kubectl shows the warning, and the Deployment is made."""
    text = part(printed, 3)

    assert "Warning: slimgate: " in text
    assert "limit 10 MiB [policy demo, pullSize]" in text
    assert "deployment.apps/hello-semi created" in text


def test_the_soya_one_runs_and_answers(printed: str) -> None:
    """No warning; its pod is Running, answers, and keeps a user."""
    text = part(printed, 4)

    assert "Warning" not in text
    assert re.search(r"^hello-soya-\S+ +1/1 +Running", text, re.MULTILINE)
    assert '"name":"Ada"' in text


def test_the_policy_counts(printed: str) -> None:
    """The policy is Ready and knows both admitted workloads, one of which it warns of."""
    found = rows("\n".join(part(printed, 5).splitlines()[1:]))

    policy = dict(zip(found["NAME"], found["demo"], strict=True))
    assert {name: policy[name] for name in ("MODE", "WORKLOADS", "WARNED", "READY")} == {
        "MODE": "Enforce",
        "WORKLOADS": "2",
        "WARNED": "1",
        "READY": "True",
    }


def test_workloads_are_annotated(printed: str) -> None:
    """The one that is warned of has its verdict and a summary; the other is left alone."""
    found = rows("\n".join(part(printed, 6).splitlines()[1:]))

    assert {name: cells[0] for name, cells in found.items() if name != "NAME"} == {
        "hello-semi": "warn",
        "hello-soya": "<none>",
    }
    assert found["hello-semi"][1].startswith("hello: pulls ")
    assert found["hello-soya"][1] == "<none>"


def test_the_node_is_measured(printed: str, lab: Lab) -> None:
    """The node's metrics say in bytes what images take."""
    lines = part(printed, 7).splitlines()[1:]

    assert any(lab.node_name in line and float(line.split()[-1]) > 2**20 for line in lines)


def test_dashboards_answer(printed: str) -> None:
    """Their own queries count the refusal and the warning that the demo has shown."""
    lines = [line for line in part(printed, 8).splitlines() if "slimgate / " in line]
    values = dict(re.split(r"\s{2,}", line.strip())[1:] for line in lines)

    assert len(lines) == 9
    assert int(values["Refused, 24 h"]) >= 1
    assert values["Over a warn limit"] == "1"
    assert values["Over a deny limit"] == values["Unknown"] == "0"
    assert values["Webhook pods"] == "2"
    assert values["Images on disk"].endswith("iB")


@pytest.mark.usefixtures("printed")
@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_is_refused(lab: Lab, kubectl: Kubectl, kind: str) -> None:
    """A fat image is refused in whatever kind it comes."""
    fat = json.dumps(workload(kind, f"{lab.registry}/hello:fat"))
    refused = kubectl.attempt(*HERE, "create", "-f", "-", stdin=fat)

    assert refused.returncode == 1
    assert 'admission webhook "workloads.slimgate.dev" denied the request' in refused.stderr


@pytest.mark.usefixtures("printed")
def test_an_update_is_judged_when_it_brings_an_image(lab: Lab, kubectl: Kubectl) -> None:
    """Another image is refused; scaling is none, and passes without a word."""
    fat = f"hello={lab.registry}/hello:fat"
    refused = kubectl.attempt(*HERE, "set", "image", "deployment/hello-soya", fat)
    scaled = kubectl.attempt(*HERE, "scale", "deployment/hello-semi", "--replicas=2")

    assert "denied the request" in refused.stderr
    assert (scaled.returncode, scaled.stderr) == (0, "")


@pytest.mark.usefixtures("printed")
def test_a_debug_container_is_judged(lab: Lab, kubectl: Kubectl) -> None:
    """An ephemeral container with a fat image is refused too."""
    soya = ("-l", "app.kubernetes.io/component=soya")
    path = "jsonpath={.items[0].metadata.name}"
    name = kubectl(*HERE, "get", "pods", *soya, "-o", path)
    container = {"name": "debug", "image": f"{lab.registry}/hello:fat"}
    patch = json.dumps({"spec": {"ephemeralContainers": [container]}})

    change = ("patch", "pod", name, "--subresource=ephemeralcontainers", "-p", patch)
    refused = kubectl.attempt(*HERE, *change)

    assert refused.returncode == 1
    assert "denied the request" in refused.stderr


def workload(kind: str, image: str) -> dict[str, object]:
    """Return an object of a kind whose pods run an image."""
    labels = {"app": "refused"}
    pod: dict[str, object] = {
        "restartPolicy": "Never" if kind in {"Job", "CronJob"} else "Always",
        "containers": [{"name": "main", "image": image}],
    }
    template = {"metadata": {"labels": labels}, "spec": pod}
    selector = labels if kind == "ReplicationController" else {"matchLabels": labels}
    specs: dict[str, dict[str, object]] = {
        "Pod": pod,
        "Job": {"template": template},
        "CronJob": {"schedule": "0 0 1 1 *", "jobTemplate": {"spec": {"template": template}}},
        "StatefulSet": {"serviceName": "refused", "selector": selector, "template": template},
    }
    return {
        "apiVersion": VERSIONS.get(kind, "apps/v1"),
        "kind": kind,
        "metadata": {"name": "refused", "labels": labels},
        "spec": specs.get(kind, {"selector": selector, "template": template}),
    }
