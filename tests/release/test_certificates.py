"""The webhook's certificate by cert-manager, and given; all other tests have slimgate's own."""

import base64
import json
import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import pytest

from slimgate.cluster.certificates.authority import make
from tests.chart.fixtures import built
from tests.chart.helm import CHART
from tests.lab import tools
from tests.lab.kubectl import Kubectl
from tests.live.api import eventually
from tests.release.asking import Answer, Asker, fat, get
from tests.release.certmanager import running
from tests.release.cluster import unasked
from tests.release.events import HOOK, pods, rotate
from tests.release.judging import edit, policy, wait_for
from tests.release.load import under_load
from tests.release.release import Release
from tests.release.table import Figures

pytestmark = [
    pytest.mark.lab,
    pytest.mark.node,
    pytest.mark.helm,
    pytest.mark.slow,
    pytest.mark.timeout(600),
]

_NAME: Final = "given"
_HASTY: Final = {"webhook": {"drainDuration": "1s"}}


@pytest.fixture
def cert_manager(bare: Kubectl, tmp_path: Path) -> Iterator[None]:
    """Run cert-manager's controllers and CA injector beside the cluster."""
    with running(bare, built(tools.CERT_MANAGER), tmp_path):
        yield


def secret(release: Release) -> str:
    """Make a Secret as somebody gives it, by a CA that the controller has not seen."""
    names = [f"slimgate-webhook.{release.namespace}.svc{end}" for end in ("", ".cluster.local")]
    made = make(names, datetime.now(UTC))
    files = {"ca.crt": made.ca_bundle, "tls.crt": made.certificate, "tls.key": made.key}
    return json.dumps(
        {
            "apiVersion": "v1",
            "kind": "Secret",
            "type": "kubernetes.io/tls",
            "metadata": {"name": _NAME, "namespace": release.namespace},
            "data": {name: base64.b64encode(body).decode() for name, body in files.items()},
        }
    )


def readiness(release: Release) -> Mapping[str, str]:
    """Return what each webhook pod says at /readyz, by name."""
    names = [one["metadata"]["name"] for one in pods(release)]
    path = f"/api/v1/namespaces/{release.namespace}/pods"
    return {name: get(release.lab, f"{path}/{name}:8080/proxy/readyz") for name in names}


@pytest.mark.life
def test_a_given_certificate(release4: Release, figures: Figures) -> None:
    """Until it is there, pods are unready and say why, and nobody is kept from anything."""
    release = release4
    given = {"certificates": {"source": "Secret", "secretName": _NAME}, **_HASTY}
    release.run("install", release.name, CHART, *release.given(given))
    eventually(
        lambda: (
            all("/tls/tls.crt is not there yet" in said for said in readiness(release).values())
            and len(readiness(release)) == 2
        ),
        "both pods without certificate",
        60,
    )
    logs = release.kubectl("logs", "-n", release.namespace, pods(release)[0]["metadata"]["name"])
    assert "/tls/tls.crt is not there yet" in logs
    assert policy(release.kubectl)
    edit(release.kubectl, {"mode": "Enforce"})
    asker = Asker(release.lab)
    assert asker.ask(fat(release.lab)) is Answer.ADMITTED
    asker.close()

    began = time.monotonic()
    release.kubectl("create", "-f", "-", stdin=secret(release))
    wait_for(release.lab, Answer.REFUSED, 90)
    figures.note(f"given certificate: first denial {time.monotonic() - began:.1f} s after it came")
    release.uninstall()

    # It is somebody else's.
    assert release.get("secret", _NAME)


@pytest.mark.life
@pytest.mark.usefixtures("cert_manager")
def test_a_certificate_of_cert_manager(release4: Release, figures: Figures) -> None:
    """cert-manager signs it, and injects its CA into the webhook's configuration."""
    release = release4
    began = time.monotonic()
    release.install(values={"certificates": {"source": "CertManager"}, **_HASTY})
    ready = time.monotonic() - began
    edit(release.kubectl, {"mode": "Enforce"})
    wait_for(release.lab, Answer.REFUSED, 120)
    figures.note(
        f"certificate of cert-manager: ready {ready:.1f} s after `helm install`, first denial "
        f"after {time.monotonic() - began:.1f} s"
    )
    fields = release.get("--show-managed-fields", HOOK)["metadata"]["managedFields"]
    assert {one["manager"] for one in fields if "caBundle" in json.dumps(one)} == {
        "cert-manager-cainjector"
    }

    before = unasked(release.kubectl)
    with under_load() as counted:
        rotate(release)
    figures.add("certificate of cert-manager made anew, Ignore", counted)
    assert not counted.faults, counted.said
    assert unasked(release.kubectl) == before
    release.uninstall()
