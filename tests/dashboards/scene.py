"""What a cluster has that dashboards are for, brought about on the demo's installation.

Teams beside the demo's with policies of their own, images over and within them, some that nobody
knows, unused ones on the node, a second registry, an invalid object, and a webhook that was
unregistered for a moment.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import yaml

from tests.dashboards.hub import HUB
from tests.lab.api import wait_until
from tests.lab.kubectl import Kubectl

Json = Mapping[str, Any]
SYSTEM: Final = "slimgate-system"
TEAMS: Final = ("shop", "billing")
POLICIES: Final = ("teams", "images-known")
_RETIRED: Final = "reports"
_RUNNING: Final = ("storefront", "cart", "catalog", _RETIRED)
BROKEN: Final = "no-reference"
_TOO_LONG: Final = f"docker.io/{'a' * 248}"
"""Its name, with library/ before it; the API server does not count that."""
UNREGISTERED_SECONDS: Final = 5.0
_API: Final = "slimgate.dev/v1alpha1"
_ROLES: Final = ("deployment/slimgate-controller", "deployment/slimgate-webhook")
_CONFIG: Final = ("configmap", "slimgate-config", "-n", SYSTEM)
_HOOK: Final = ("validatingwebhookconfiguration", "slimgate")
_CA: Final = "jsonpath={.webhooks[*].clientConfig.caBundle}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """One lab with the demo in it."""

    kubectl: Kubectl

    @property
    def hello(self) -> str:
        """The demo's images, without their tags."""
        return f"{self.kubectl.lab.registry}/hello"

    def set(self) -> None:
        """Bring everything about, and wait until pods run; `remove` undoes it."""
        self._trust_hub()
        self.apply(*map(_namespace, TEAMS), *self._policies(), _broken())
        self.apply(*self._workloads())
        self._use_and_leave("bases/golang:bookworm")
        for role in _ROLES:
            self.kubectl("rollout", "status", role, "-n", SYSTEM, "--timeout=55s")
        for name in _RUNNING:
            self.kubectl("rollout", "status", f"deployment/{name}", "-n", "shop", "--timeout=50s")

    def retire(self) -> None:
        """Delete a workload whose image nobody else uses, and which stays on the node."""
        self.kubectl("delete", "deployment", _RETIRED, "-n", "shop", "--wait=false")

    def remove(self) -> None:
        """Remove what `set` has made."""
        self.kubectl("delete", "namespace", *TEAMS, "--ignore-not-found", "--wait=false")
        self.kubectl("delete", "slimpolicy", *POLICIES, "--ignore-not-found")
        self.kubectl("delete", "baseimage", BROKEN, "--ignore-not-found")

    def unregister(self) -> None:
        """Empty the webhook's caBundle, as a GitOps tool does; the controller mends it."""
        count = len(self.kubectl("get", *_HOOK, "-o", _CA).split())
        empty = [
            {"op": "replace", "path": f"/webhooks/{one}/clientConfig/caBundle", "value": ""}
            for one in range(count)
        ]
        self.kubectl("patch", *_HOOK, "--type=json", "-p", json.dumps(empty))
        wait_until(
            lambda: len(self.kubectl("get", *_HOOK, "-o", _CA).split()) == count,
            what="the caBundle is not mended",
            seconds=UNREGISTERED_SECONDS,
            hint=lambda: self.kubectl("get", *_HOOK, "-o", "json"),
        )

    def apply(self, *objects: Json) -> None:
        """Apply objects."""
        self.kubectl("apply", "-f", "-", stdin=_list(objects))

    def get(self, *what: str) -> list[Json]:
        """Read objects."""
        found: list[Json] = json.loads(self.kubectl("get", *what, "-o", "json"))["items"]
        return found

    def _trust_hub(self) -> None:
        """Let slimgate call the second registry over plain HTTP, from its next start on."""
        kept = json.loads(self.kubectl("get", *_CONFIG, "-o", "json"))
        settings = yaml.safe_load(kept["data"]["config.yaml"])
        registries = [one for one in settings.get("registries", []) if one["host"] != HUB]
        settings["registries"] = [*registries, {"host": HUB, "plainHTTP": True}]
        patch = json.dumps({"data": {"config.yaml": yaml.safe_dump(settings)}})
        self.kubectl("patch", *_CONFIG, "-p", patch)
        self.kubectl("rollout", "restart", *_ROLES, "-n", SYSTEM)

    def _use_and_leave(self, *images: str) -> None:
        """Have the kubelet pull images that no pod uses afterwards."""
        names = [f"once-{number}" for number, _ in enumerate(images)]
        pods = [
            _object("v1", "Pod", name, "shop", _once(f"{self.kubectl.lab.registry}/{image}"))
            for name, image in zip(names, images, strict=True)
        ]
        self.apply(*pods)
        for name in names:
            done = "--for=jsonpath={.status.phase}=Succeeded"
            self.kubectl("wait", f"pod/{name}", "-n", "shop", done, "--timeout=55s")
        self.kubectl("delete", "pod", *names, "-n", "shop", "--wait=false")

    def _policies(self) -> list[Json]:
        limits = {"pullSize": {"warn": "10Mi", "deny": "100Mi"}, "unpackedSize": {"deny": "300Mi"}}
        teams = {
            "match": {"namespaces": {"include": list(TEAMS)}},
            "mode": "Audit",
            "limits": limits,
            "bases": {"maxTier": {"warn": "Slim"}},
            "budget": {"unpackedSize": "1Mi"},
        }
        known = {
            "match": {"namespaces": {"include": ["billing"]}},
            "mode": "Enforce",
            "onUnknown": "Deny",
            "limits": {"layers": {"warn": 40}},
        }
        named = zip(POLICIES, (teams, known), strict=True)
        return [_object(_API, "SlimPolicy", name, "", spec) for name, spec in named]

    def _workloads(self) -> list[Json]:
        return [
            deployment("storefront", "shop", f"{self.hello}:fat", replicas=1),
            deployment("cart", "shop", f"{self.hello}:semi", replicas=2),
            deployment(
                _RETIRED,
                "shop",
                f"{self.kubectl.lab.registry}/bases/python:bookworm",
                "sleep",
                "3600",
                replicas=1,
            ),
            deployment("catalog", "shop", f"{self.hello}:soya", replicas=1),
            deployment("search", "shop", f"{self.kubectl.lab.registry}/search:latest"),
            deployment("reviews", "shop", f"{self.kubectl.lab.registry}/reviews:latest"),
            deployment("mail", "shop", f"{HUB}/hello:semi"),
            deployment("ledger", "billing", f"{self.hello}:fat"),
            deployment("invoices", "billing", f"{self.hello}:soya"),
        ]


def deployment(name: str, namespace: str, image: str, *command: str, replicas: int = 0) -> Json:
    """Return a Deployment of one container; without replicas it is judged all the same."""
    labels = {"app": name}
    return _object(
        "apps/v1",
        "Deployment",
        name,
        namespace,
        {
            "replicas": replicas,
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": _pod(image, *command)},
        },
    )


def _pod(image: str, *command: str) -> Json:
    container = {"name": "main", "image": image, **({"command": command} if command else {})}
    return {"terminationGracePeriodSeconds": 1, "containers": [container]}


def _once(image: str) -> Json:
    return {"restartPolicy": "Never", **_pod(image, "true")}


def _namespace(name: str) -> Json:
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}


def _broken() -> Json:
    spec = {"references": [_TOO_LONG], "tier": "Slim"}
    return _object(_API, "BaseImage", BROKEN, "", spec)


def _object(api: str, kind: str, name: str, namespace: str, spec: Json) -> Json:
    placed = {"namespace": namespace} if namespace else {}
    return {"apiVersion": api, "kind": kind, "metadata": {"name": name, **placed}, "spec": spec}


def _list(objects: tuple[Json, ...]) -> str:
    return json.dumps({"apiVersion": "v1", "kind": "List", "items": objects})
