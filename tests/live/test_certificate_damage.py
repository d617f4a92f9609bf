"""The API server's trust in the webhook: lost by damage, back within seconds, nothing missed."""

import base64
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import pytest

from slimgate.cluster.certificates.authority import make as make_certificates
from tests.lab.state import Lab
from tests.live import make
from tests.live.api import Api, Json, eventually
from tests.live.guard import Guard
from tests.live.room import VERDICT
from tests.live.shelf import SMALL, Shelf
from tests.live.site import Site

pytestmark = [pytest.mark.lab, pytest.mark.slow, pytest.mark.usefixtures("alone")]

MENDED_SECONDS = 5.0
_SLIMGATE = Path(sys.executable).with_name("slimgate")


@pytest.fixture(scope="module")
def guard(
    lab: Lab, site: Site, alone: None, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Guard]:
    """Return a slimgate whose webhook refuses by a policy of its own, and no other one runs."""
    del alone
    site.roles.stop("controller")
    name = f"guard-{uuid4().hex[:6]}"
    guard = Guard(lab=lab, api=site.api, name=name, folder=tmp_path_factory.mktemp("guard"))
    guard.install()
    try:
        yield guard
    finally:
        guard.remove()


class Fat:
    """A namespace that is reviewed, with a policy that its one image is over."""

    def __init__(self, guard: Guard, shelf: Shelf, namespace: str) -> None:
        self.api = guard.api
        self.namespace = namespace
        self.image = shelf.noise(SMALL)
        self.policy = make.policy(
            namespace,
            {
                "match": {"namespaces": {"include": [namespace]}},
                "mode": "Enforce",
                "limits": {"pullSize": {"deny": "10k"}},
            },
        )
        self._count = 0

    def deploy(self) -> Json | None:
        """Try to deploy it once more; return the Deployment if it was admitted."""
        self._count += 1
        obj = make.workload(
            "Deployment", self.namespace, make.pod_spec(self.image), f"fat-{self._count}"
        )
        answer = self.api.try_create(obj)
        if answer.accepted:
            return answer.body
        assert f"[policy {self.namespace}, pullSize]" in answer.message
        return None

    def verdict(self, obj: Json) -> str | None:
        """Return what the controller has annotated."""
        held: Mapping[str, str] = self.api.get(obj)["metadata"].get("annotations", {})
        return held.get(VERDICT)


@pytest.fixture
def fat(guard: Guard, site: Site) -> Iterator[Fat]:
    """Return a place where everything is refused."""
    namespace = f"{guard.name}-{uuid4().hex[:6]}"
    shelf = Shelf(registry=guard.lab.registry, path=namespace, pushed=site.pushed)
    metadata = {"name": namespace, "labels": guard.labels}
    guard.api.create({"apiVersion": "v1", "kind": "Namespace", "metadata": metadata})
    fat = Fat(guard, shelf, namespace)
    guard.api.create(fat.policy)
    try:
        eventually(lambda: fat.deploy() is None, "the fat image is refused")
        yield fat
    finally:
        guard.api.delete(fat.policy)
        guard.api.delete({"kind": "Namespace", "metadata": {"name": namespace}})


def _delete_secret(guard: Guard) -> None:
    guard.api.delete(guard.secret)


def _foreign_key(guard: Guard) -> None:
    guard.api.patch(guard.secret, {"data": {"tls.key": ""}})


SECRETS: Mapping[str, Callable[[Guard], None]] = {
    "deleted Secret": _delete_secret,
    "emptied key": _foreign_key,
}
FOREIGN = base64.b64encode(make_certificates(["foreign.svc"], datetime.now(UTC)).ca_bundle)
BUNDLES: Mapping[str, str | None] = {
    "emptied caBundle": "",
    "removed caBundle": None,
    "foreign caBundle": FOREIGN.decode(),
}


@pytest.mark.parametrize("damage", SECRETS)
def test_a_damaged_secret_lets_nothing_through(guard: Guard, fat: Fat, damage: str) -> None:
    """Every fat Deployment is refused, before, while and after another certificate is served."""
    before = guard.api.get(guard.secret)["data"]
    guard.start_controller()
    SECRETS[damage](guard)
    admitted, started = 0, time.monotonic()
    served = (guard.folder / "tls" / "tls.crt").read_bytes()
    changed = False
    while time.monotonic() - started < MENDED_SECONDS or not changed:
        admitted += fat.deploy() is not None
        changed = changed or (guard.folder / "tls" / "tls.crt").read_bytes() != served
        assert time.monotonic() - started < 6 * MENDED_SECONDS, "no other certificate is served"

    assert admitted == 0
    assert guard.api.get(guard.secret)["data"] != before
    assert len(set(guard.bundles())) == 1


@pytest.mark.parametrize("damage", BUNDLES)
def test_a_lost_ca_bundle_is_back(guard: Guard, fat: Fat, damage: str) -> None:
    """Within five seconds; what was admitted meanwhile is judged, and the loss is counted."""
    controller = guard.start_controller()
    name = "slimgate_webhook_configuration_unguarded_seconds_total"
    before, admitted, lost = guard.bundles(), [], controller.metric(name)
    for _ in range(5):
        guard.set_bundle(BUNDLES[damage])
        started = time.monotonic()
        while guard.bundles() != before:
            if (obj := fat.deploy()) is not None:
                admitted.append(obj)
            assert time.monotonic() - started < MENDED_SECONDS
    eventually(lambda: fat.deploy() is None, "the fat image is refused again", MENDED_SECONDS)

    for obj in admitted:
        eventually(lambda obj=obj: fat.verdict(obj) == "deny", "what passed is judged")  # type: ignore[misc]
    assert controller.metric(name) > lost


def test_what_passed_while_the_controller_was_away(guard: Guard, fat: Fat) -> None:
    """It is mended and judged within seconds of the controller's return."""
    guard.roles.stop("controller")
    guard.set_bundle("")
    passed = eventually(fat.deploy, "a fat Deployment is admitted")
    time.sleep(2)

    controller = guard.start_controller()
    ready = time.monotonic()
    eventually(lambda: fat.deploy() is None, "the fat image is refused again", MENDED_SECONDS)
    eventually(lambda: fat.verdict(passed) == "deny", "what passed is judged")

    assert time.monotonic() - ready < 2 * MENDED_SECONDS
    lost = controller.metric("slimgate_webhook_configuration_unguarded_seconds_total")
    assert lost > 2


def test_cleanup_leaves_nothing(guard: Guard, fat: Fat, lab: Lab) -> None:
    """What a real controller has written is gone, and what it was written about stays."""
    guard.start_controller()

    def unguarded() -> Json | None:
        # It is mended within milliseconds, which the API server may not even notice.
        guard.set_bundle("")
        return fat.deploy()

    passed = eventually(unguarded, "a fat Deployment is admitted")
    eventually(lambda: fat.verdict(passed) == "deny", "what passed is judged")
    eventually(lambda: _verdicts(guard.api, "ReplicaSet", fat) == 1, "its ReplicaSet is annotated")
    memory = {**guard.secret, "metadata": {"name": f"{guard.name}-memory", "namespace": guard.name}}
    eventually(lambda: guard.api.find(memory), "what is known is saved", 40)
    guard.roles.stop("controller")

    done = subprocess.run(
        [_SLIMGATE, "cleanup", "--timeout", "60s"],
        env={"KUBECONFIG": lab.kubeconfig, **guard.roles.common},
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.returncode, done.stderr) == (0, "")
    assert f"deleted the ValidatingWebhookConfiguration {guard.name}\n" in done.stdout
    assert fat.verdict(passed) is None
    assert _verdicts(guard.api, "ReplicaSet", fat) == 0
    assert [guard.api.find(one) for one in (guard.secret, memory, guard.configuration)] == [
        None
    ] * 3
    assert guard.api.list("ImageProfile") == []
    assert (
        guard.api.get(fat.policy)["spec"] == fat.policy["spec"] | guard.api.get(fat.policy)["spec"]
    )


def _verdicts(api: Api, kind: str, fat: Fat) -> int:
    found = api.list(kind, fat.namespace)
    return sum(VERDICT in obj["metadata"].get("annotations", {}) for obj in found)
