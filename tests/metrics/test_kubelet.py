"""What a real kubelet exports, as ADR 12 says: nothing of which slimgate has metrics."""

import ssl
import urllib.request

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.lab.state import Lab

pytestmark = [pytest.mark.lab, pytest.mark.node]

PAGES = ("/metrics", "/metrics/cadvisor", "/metrics/resource", "/metrics/probes")


@pytest.fixture(scope="module")
def exported(lab: Lab) -> dict[str, set[str]]:
    """Read all pages: labels by name."""
    tls = ssl.create_default_context(cafile=lab.ca_file)
    tls.load_cert_chain(lab.client_cert, lab.client_key)
    found: dict[str, set[str]] = {}
    for page in PAGES:
        with urllib.request.urlopen(f"{lab.kubelet}{page}", context=tls, timeout=30) as answer:  # noqa: S310
            for family in text_string_to_metric_families(answer.read().decode()):
                labels = (sample.labels for sample in family.samples)
                found.setdefault(family.name, set()).update(*labels)
    return found


def test_images(exported: dict[str, set[str]]) -> None:
    """Pulls and deletions are counted; what images or their file system take is not there."""
    found = {name for name in exported if "image" in name}

    assert found
    assert not {name for name in found if "bytes" in name or "fs" in name}


def test_file_systems(exported: dict[str, set[str]]) -> None:
    """They are of devices, and none says that images are on it; what is free is not there."""
    found = {name for name in exported if name.startswith("container_fs_") and "bytes" in name}

    assert {"container_fs_limit_bytes", "container_fs_usage_bytes"} <= found
    assert not {name for name in exported if "available" in name and "volume" not in name}
    for name in ("container_fs_limit_bytes", "container_fs_usage_bytes"):
        assert exported[name] <= {"id", "device", "container", "image", "name", "namespace", "pod"}
