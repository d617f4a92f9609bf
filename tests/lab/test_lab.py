"""The lab is what it says: a real node, a real registry, real images."""

import http.client
import json
import subprocess
from pathlib import Path

import pytest

from tests.lab.kubectl import Kubectl
from tests.lab.state import Lab

pytestmark = pytest.mark.lab

MANIFEST_TYPE = "application/vnd.docker.distribution.manifest.v2+json"
SERVER = """
import http.server
class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"served by a pod")
http.server.HTTPServer(("", 8080), Answer).serve_forever()
"""


def registry_get(lab: Lab, path: str, headers: dict[str, str]) -> tuple[int, dict[str, str], bytes]:
    """Return status, headers and body of one request to the lab's registry."""
    connection = http.client.HTTPConnection(lab.registry, timeout=10)
    connection.request("GET", path, headers=headers)
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    return answer.status, {name.lower(): value for name, value in answer.getheaders()}, body


@pytest.mark.node
def test_the_node_is_ready(lab_node: Lab, kubectl: Kubectl) -> None:
    """The kubelet reports the node Ready, with containerd below it."""
    node = json.loads(kubectl("get", "node", lab_node.node_name, "-o", "json"))

    ready = [one["status"] for one in node["status"]["conditions"] if one["type"] == "Ready"]
    assert ready == ["True"]
    assert node["status"]["nodeInfo"]["containerRuntimeVersion"].startswith("containerd://")


@pytest.mark.node
def test_a_pod_runs_and_its_service_answers(
    lab_node: Lab, kubectl: Kubectl, namespace: str
) -> None:
    """A pod pulled from the lab's registry runs, and its Service answers another pod."""
    image = f"{lab_node.registry}/bases/python:bookworm"
    container = {"name": "web", "image": image, "command": ["python3", "-c", SERVER]}
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "web", "labels": {"app": "web"}},
        "spec": {"containers": [container]},
    }
    kubectl("apply", "-f", "-", "--namespace", namespace, stdin=json.dumps(pod))
    kubectl("expose", "pod", "web", "--port=80", "--target-port=8080", "--namespace", namespace)
    kubectl("wait", "pod/web", "--for=condition=Ready", "--timeout=60s", "--namespace", namespace)
    address = kubectl(
        "get", "service", "web", "-o", "jsonpath={.spec.clusterIP}", "--namespace", namespace
    )
    fetch = (
        "import time, urllib.request\n"
        "for attempt in range(50):\n"
        "    try:\n"
        f"        print(urllib.request.urlopen('http://{address}', timeout=2).read().decode())\n"
        "        break\n"
        "    except OSError:\n"
        "        time.sleep(0.2)\n"
    )

    answer = kubectl("--namespace", namespace, "exec", "web", "--", "python3", "-c", fetch)

    assert answer.strip() == "served by a pod"


@pytest.mark.node
def test_kubelet_stats_are_readable(lab_node: Lab, kubectl: Kubectl) -> None:
    """The kubelet's image file system statistics come through the API server."""
    path = f"/api/v1/nodes/{lab_node.node_name}/proxy/stats/summary"

    stats = json.loads(kubectl("get", "--raw", path))

    assert stats["node"]["nodeName"] == lab_node.node_name
    assert stats["node"]["runtime"]["imageFs"]["capacityBytes"] > 0


@pytest.mark.node
def test_the_registry_answers_ranges(lab_node: Lab) -> None:
    """A ranged request for a layer's last bytes gets just those, and the log names the request."""
    status, _, body = registry_get(
        lab_node, "/v2/bases/distroless/manifests/bookworm", {"Accept": MANIFEST_TYPE}
    )
    assert status == 200
    layer = json.loads(body)["layers"][0]
    path = f"/v2/bases/distroless/blobs/{layer['digest']}"

    status, headers, body = registry_get(lab_node, path, {"Range": "bytes=-4"})

    assert status == 206
    assert headers["content-range"].endswith(f"/{layer['size']}")
    assert len(body) == 4
    assert path in Path(lab_node.registry_log).read_text(encoding="utf-8")


@pytest.mark.node
@pytest.mark.parametrize("name", ["debian", "golang", "python", "distroless"])
def test_bases_come_from_debian(lab_node: Lab, name: str) -> None:
    """Each base image holds Debian's own os-release."""
    host = ["docker", "--host", lab_node.docker_host]
    image = f"{lab_node.registry}/bases/{name}:bookworm"
    subprocess.run([*host, "pull", "--quiet", image], check=True, capture_output=True)
    created = subprocess.run(
        [*host, "create", image, "none"], check=True, capture_output=True, text=True
    ).stdout.strip()
    archive = subprocess.run(
        [*host, "cp", f"{created}:/usr/lib/os-release", "-"], check=True, capture_output=True
    ).stdout
    subprocess.run([*host, "rm", created], check=True, capture_output=True)

    assert b"VERSION_CODENAME=bookworm" in archive


def test_the_api_server_takes_resource_definitions(lab: Lab, kubectl: Kubectl) -> None:
    """The API server serves custom resource definitions and both kinds of webhooks."""
    served = kubectl("api-resources", "-o", "name").split()

    assert lab.apiserver in kubectl("cluster-info")
    assert "customresourcedefinitions.apiextensions.k8s.io" in served
    assert "validatingwebhookconfigurations.admissionregistration.k8s.io" in served
    assert "mutatingwebhookconfigurations.admissionregistration.k8s.io" in served
